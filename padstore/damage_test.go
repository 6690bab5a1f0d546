package padstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

const (
	metadataName = "alice.bob.random.metadata"
	padName      = "alice.bob.random.store"
)

// damaged tells what the store says of its pad with contact.
func damaged(t testing.TB, s *padstore.Store, contact string) bool {
	t.Helper()
	for _, p := range s.Pads() {
		if p.Contact == contact {
			return p.Fault
		}
	}
	t.Fatalf("no pad with %s", contact)
	return false
}

// mustServeNothing shows that a pad is at fault: neither way does it serve,
// the fault is in the log, and nothing on disk but the log changes.
func mustServeNothing(t testing.TB, s *padstore.Store, disk *durabletest.Disk, l *ledger, pkg []byte) {
	t.Helper()
	before := disk.Image()
	if !damaged(t, s, "bob") {
		t.Fatal("the pad is not at fault")
	}
	if s.Fault() != nil {
		t.Fatal("one pad's fault has stopped the device")
	}
	if err := l.seal(t, s, "x"); !errors.Is(err, padstore.ErrFault) {
		t.Fatalf("seal: %v", err)
	}
	if _, err := s.Verify("bob", pkg); !errors.Is(err, padstore.ErrFault) {
		t.Fatalf("verify: %v", err)
	}
	if _, err := s.Unseal("bob", pkg); !errors.Is(err, padstore.ErrFault) {
		t.Fatalf("unseal: %v", err)
	}
	if timesFaulty(s) == 0 {
		t.Fatal("the fault is not in the log")
	}
	sameFiles(t, before, disk.Image(), "device.log")
}

// timesFaulty is how often the log tells of a fault of a pad with bob.
func timesFaulty(s *padstore.Store) int {
	return len(slices.DeleteFunc(s.Log(), func(e padstore.Entry) bool { return e.Kind != padstore.KindFault || e.Contact != "bob" }))
}

// sameFiles fails if any file but the named ones differs.
func sameFiles(t testing.TB, before, after durabletest.Image, apart ...string) {
	t.Helper()
	for name := range before {
		if !slices.Contains(apart, name) && !bytes.Equal(before[name], after[name]) {
			t.Fatalf("%s has changed", name)
		}
	}
	if len(before) != len(after) {
		t.Fatal("files came or went")
	}
}

// twoContacts is alice's device with pads shared with bob and with carol.
func twoContacts(t testing.TB, suite seal.Suite) (*durabletest.Disk, *ledger, *ledger) {
	t.Helper()
	store, disk, l := imported(t, suite, 4096)
	made := padBytes(t, "carol's", 4096)
	g := padstore.Generation{A: "alice", B: "carol", Bytes: 4096, Suite: suite, Source: "random", Bucket: l.bucket}
	folder := durabletest.New(1)
	if err := padstore.Generate(folder, g, bytes.NewReader(made), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Import(folder, "carol's", nil); err != nil {
		t.Fatal(err)
	}
	return disk, l, newLedger(suite, "alice", "carol", made)
}

func TestMetadataRolledBackAloneNeverBringBackWhatWasServed(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		store, disk, l := imported(t, suite, 8192)
		old := [][]byte{disk.Bytes(metadataName)}
		size := l.segmentSize("in")
		// In order, skipping, late: after each change an older image is kept.
		for _, k := range []int64{0, 1, 4, 2, 9, 8} {
			if err := l.seal(t, store, fmt.Sprint("out ", k)); err != nil {
				t.Fatal(err)
			}
			old = append(old, disk.Bytes(metadataName))
			if _, err := l.open(t, store, l.incoming(t, l.base()+k*size, "in")); err != nil {
				t.Fatal(err)
			}
			old = append(old, disk.Bytes(metadataName))
		}
		was := store.Pads()[0]
		for i, image := range old[:len(old)-2] {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				l := l.clone()
				disk := disk.Clone(uint64(i))
				disk.Put(metadataName, image)
				store := open(t, disk, "alice")
				l.check(t, disk)
				if !slices.ContainsFunc(store.Log(), func(e padstore.Entry) bool { return e.Kind == padstore.KindRecovered }) {
					t.Error("what was recovered is not in the log")
				}
				// All marks are where they were; in paper a zero may follow.
				now := store.Pads()[0]
				if d := was.SendLeft - now.SendLeft; d < 0 || d > lastByte(suite)*3 {
					t.Errorf("%d bytes are left to send, not %d", now.SendLeft, was.SendLeft)
				}
				if d := was.ReceiveLeft - now.ReceiveLeft; d < 0 || d > lastByte(suite)*3 {
					t.Errorf("%d bytes are left to receive, not %d", now.ReceiveLeft, was.ReceiveLeft)
				}
				l.probe(t, store)
				// What had not come yet can still be read, apart from paper,
				// where a zero behind a burned run cannot be told from it.
				for _, k := range []int64{3, 5, 10} {
					pkg := l.incoming(t, l.base()+k*size, "in")
					if _, err := l.open(t, store, pkg); err != nil && !(suite == seal.Paper && errors.Is(err, padstore.ErrNotVerified)) {
						t.Errorf("package %d no longer opens: %v", k, err)
					}
				}
				l.check(t, disk)
			})
		}
	})
}

func TestAnotherPadsMetadataAreAFault(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		disk, bob, carol := twoContacts(t, suite)
		pkg := bob.incoming(t, bob.base(), "in")
		// A second pad with bob, from a later import.
		store := open(t, disk, "alice")
		if _, err := store.Import(generate(t, suite, 4096, padtest.Stream("second")), "second", nil); err != nil {
			t.Fatal(err)
		}
		second := ""
		for name := range disk.Image() {
			if name != metadataName && name != carol.file+".metadata" && len(name) > 9 && name[len(name)-9:] == ".metadata" {
				second = name
			}
		}
		for _, from := range []string{carol.file + ".metadata", second} {
			t.Run(from, func(t *testing.T) {
				disk := disk.Clone(1)
				disk.Put(metadataName, disk.Bytes(from))
				store := open(t, disk, "alice")
				faults := 0
				for _, p := range store.Pads() {
					if p.Fault {
						faults++
					}
				}
				if faults != 1 {
					t.Fatalf("%d pads at fault", faults)
				}
				if _, err := store.Verify("bob", pkg); err == nil {
					t.Fatal("the pad with swapped metadata serves")
				}
				carol := carol.clone()
				if err := carol.seal(t, store, "still here"); err != nil {
					t.Fatalf("the other contact's pad: %v", err)
				}
				carol.check(t, disk)
			})
		}
	})
}

func TestTheLossOfBothSlotsIsThatPadsFaultAlone(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		disk, bob, carol := twoContacts(t, suite)
		pkg := bob.incoming(t, bob.base(), "in")
		for name, harm := range map[string]func(*durabletest.Disk){
			"zeros":            func(d *durabletest.Disk) { d.Put(metadataName, make([]byte, 16384)) },
			"empty":            func(d *durabletest.Disk) { d.Put(metadataName, nil) },
			"unreadable":       func(d *durabletest.Disk) { d.Unreadable(metadataName, 0); d.Unreadable(metadataName, 16) },
			"both headers bad": func(d *durabletest.Disk) { d.FlipSector(metadataName, 0); d.FlipSector(metadataName, 16) },
			"JSON for another program": func(d *durabletest.Disk) {
				d.Put(metadataName, bytes.Repeat([]byte(`{"uid":"alice"}`), 1093)[:16384])
			},
			"pad absent":  func(d *durabletest.Disk) { mustDo(t, d.Remove(padName)) },
			"pad empty":   func(d *durabletest.Disk) { d.Put(padName, nil) },
			"pad shorter": func(d *durabletest.Disk) { d.Put(padName, d.Bytes(padName)[:4095]) },
			"pad longer":  func(d *durabletest.Disk) { d.Put(padName, append(d.Bytes(padName), 1)) },
		} {
			t.Run(name, func(t *testing.T) {
				disk, bob, carol := disk.Clone(1), bob.clone(), carol.clone()
				harm(disk)
				before := disk.Image()
				store := open(t, disk, "alice")
				mustServeNothing(t, store, disk, bob, pkg)
				for _, name := range []string{metadataName, padName} {
					if !bytes.Equal(before[name], disk.Bytes(name)) {
						t.Errorf("%s was rebuilt", name)
					}
				}
				if err := carol.seal(t, store, "still here"); err != nil {
					t.Fatal(err)
				}
				carol.check(t, disk)
			})
		}
	})
}

func mustDo(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOneBadSectorOfTheMetadataCostsNoPromise(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		sc := lived(t, suite)
		tr := &trial{T: t}
		tr.start(sc, 1)
		mustDo(t, tr.open())
		// The newest change is one that served.
		mustDo(t, tr.seal(t, tr.store, "newest"))
		mustDo(t, tr.receive(sc.next, "newest"))
		sc = &scene{tr.disk, tr.ledger, 0, 0, tr.stock}
		for sector := range 16384 / durable.SectorSize {
			for name, harm := range map[string]func(*durabletest.Disk, string, int){
				"flip": (*durabletest.Disk).FlipSector, "drop": (*durabletest.Disk).DropSector, "unreadable": (*durabletest.Disk).Unreadable,
			} {
				tr := &trial{T: t}
				tr.start(sc, uint64(sector))
				harm(tr.disk, metadataName, sector)
				mustDo(t, tr.open())
				if damaged(t, tr.store, "bob") {
					t.Fatalf("%s of sector %d: one bad sector is a fault", name, sector)
				}
				if name != "unreadable" { // there the ledger reads what the store cannot
					tr.check(t, tr.disk)
				}
				tr.probe(t, tr.store)
			}
		}
	})
}

func TestADamagedHashKeyIsAFaultAtOpeningAndAtUse(t *testing.T) {
	clampedToZero := []byte{0, 0, 0, 0xf0, 3, 0, 0, 0xf0, 3, 0, 0, 0xf0, 3, 0, 0, 0xf0}
	for name, with := range map[string][]byte{
		"zeros": make([]byte, 16), "zero once clamped": clampedToZero, "another": padBytes(t, "another", 16), "unreadable": nil,
	} {
		for lane, at := range map[string]int64{"forward": 0, "backward": 4096 - 16} {
			t.Run(name+" "+lane, func(t *testing.T) {
				store, disk, l := imported(t, seal.Unconditional, 4096)
				pkg := l.incoming(t, 512, "in") // not in the key's own sector
				harm := func(d *durabletest.Disk) {
					if with == nil {
						d.Unreadable(padName, int(at/512))
					} else {
						overwrite(d, l, at, with)
					}
				}
				reopened := disk.Clone(1)
				harm(reopened)
				again := open(t, reopened, "alice")
				mustServeNothing(t, again, reopened, l, pkg)
				if n := timesFaulty(again); n != 1 {
					t.Errorf("the log tells of the one fault %d times", n)
				}

				harm(disk)
				image := disk.Image()
				// At use, of the lane that is used.
				err := l.seal(t, store, "out")
				if lane == "backward" {
					_, err = store.Unseal("bob", pkg)
				}
				if !errors.Is(err, padstore.ErrFault) {
					t.Fatalf("used with a damaged key: %v", err)
				}
				if lane == "forward" {
					sameFiles(t, image, disk.Image(), "device.log")
					mustServeNothing(t, store, disk, l, pkg)
				}
				if n := timesFaulty(store); n != 1 {
					t.Errorf("the log tells of the one fault %d times", n)
				}
			})
		}
	}
}

// Their numbers are in the names of their files.
func TestPadsThatLostBothSlotsAreToldApart(t *testing.T) {
	disk, bob, _ := twoContacts(t, seal.Unconditional)
	store := open(t, disk, "alice")
	if _, err := store.Import(generate(t, seal.Unconditional, 4096, padtest.Stream("second")), "second", nil); err != nil {
		t.Fatal(err)
	}
	second := store.Pads()[0].Number
	mustDo(t, store.Close())
	for name := range disk.Image() {
		if strings.HasSuffix(name, ".random.metadata") {
			disk.Put(name, make([]byte, 16384))
		}
	}
	store = open(t, disk, "alice")
	numbers := map[string]bool{}
	for _, p := range store.Pads() {
		if !p.Fault || numbers[p.Number] {
			t.Errorf("a damaged pad is number %s, damaged: %v", p.Number, p.Fault)
		}
		numbers[p.Number] = true
	}
	if len(numbers) != 3 || store.Pads()[0].Number != second {
		t.Errorf("pads %v, newest %s, want 3 and %s", numbers, store.Pads()[0].Number, second)
	}
	mustServeNothing(t, store, disk, bob, bob.incoming(t, bob.base(), "in"))
}

// Once there is another pad with the contact, a damaged one can be discarded, and no
// other contact's goes instead.
func TestADamagedPadThatWasReplacedCanBeDiscarded(t *testing.T) {
	disk, _, carol := twoContacts(t, seal.Unconditional)
	disk.Put(metadataName, make([]byte, 16384))
	disk.Put(carol.file+".metadata", make([]byte, 16384))
	store := open(t, disk, "alice")
	broken := store.Pads()[slices.IndexFunc(store.Pads(), func(p padstore.Pad) bool { return p.Contact == "bob" })].Number
	if err := store.Discard(broken, nil); !errors.Is(err, padstore.ErrState) {
		t.Fatalf("the only pad: %v", err)
	}
	if _, err := store.Import(generate(t, seal.Unconditional, 4096, padtest.Stream("second")), "second", nil); err != nil {
		t.Fatal(err)
	}
	mustDo(t, store.Discard(broken, nil))
	if disk.Bytes(padName) != nil || disk.Bytes(carol.file+".store") == nil {
		t.Errorf("left are %q", disk.Names())
	}
	mustSeal(t, store, "bob", "with the second")
}

// An older pad does not take the place of a newer one that is damaged.
func TestADamagedPadStaysTheNewest(t *testing.T) {
	disk, bob, _ := twoContacts(t, seal.Unconditional)
	store := open(t, disk, "alice")
	if _, err := store.Import(generate(t, seal.Unconditional, 4096, padtest.Stream("second")), "second", nil); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("alice.bob.%s.random.metadata", store.Pads()[0].Number)
	mustDo(t, store.Close())
	disk.Put(name, make([]byte, 16384))
	store = open(t, disk, "alice")
	if err := bob.seal(t, store, "x"); !errors.Is(err, padstore.ErrFault) {
		t.Errorf("sealed with the pad before: %v", err)
	}
	if _, err := bob.open(t, store, bob.incoming(t, bob.base(), "in")); err != nil {
		t.Errorf("what was sealed with the pad before: %v", err)
	}
}
