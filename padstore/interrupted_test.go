package padstore_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// A store file that no metadata lists would be a copy of the pad that is never
// burned.
func TestAnInterruptedImportLeavesNoCopyOfThePad(t *testing.T) {
	folder := generate(t, seal.Unconditional, 4096, padtest.Stream(t.Name()))
	for _, fate := range []durabletest.Unsynced{durabletest.Lost, durabletest.Kept, durabletest.PartlyKept} {
		for k, done := 1, false; !done; k++ {
			disk := durabletest.New(uint64(k))
			store, err := padstore.Open(disk, "alice")
			if err != nil {
				t.Fatal(err)
			}
			disk.CutAt(k)
			_, err = store.Import(durabletest.From(folder.Image(), 1), "folder", nil)
			done = err == nil && !disk.Failed()
			disk.PowerOn(fate)
			open(t, disk, "alice").Close()
			for name, bytes := range disk.Image() {
				stem, isPad := strings.CutSuffix(name, ".random.store")
				if isPad && disk.Bytes(stem+".random.metadata") == nil {
					t.Fatalf("cut at %d, unsynced %v: %s of %d bytes is listed nowhere", k, fate, name, len(bytes))
				}
			}
		}
	}
}

// A message that comes late lies below the mark, where recovery does not look
// for zeros: if the power takes it, the metadata must know.
func TestALateMessageLostToAPowerCutIsTold(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		folder := generate(t, suite, 4096, padtest.Stream(t.Name()))
		alice, disk := device(t, folder, "alice")
		bob, _ := device(t, folder, "bob")
		late, early := mustSeal(t, bob, "alice", "late"), mustSeal(t, bob, "alice", "early")
		if _, err := alice.Unseal("bob", early); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(alice.Settle("bob"), alice.Close()); err != nil {
			t.Fatal(err)
		}
		image := disk.Image()
		for _, fate := range []durabletest.Unsynced{durabletest.Lost, durabletest.Kept, durabletest.PartlyKept} {
			for seed := range uint64(4) {
				for k, done := 1, false; !done; k++ {
					disk := durabletest.From(image, seed)
					store, err := padstore.Open(disk, "alice")
					if err != nil {
						t.Fatal(err)
					}
					disk.CutAt(k)
					_, err = store.Unseal("bob", late)
					done = err == nil && !disk.Failed()
					disk.PowerOn(fate)
					again := open(t, disk, "alice")
					told := slices.Contains(again.Unfinished(), padstore.Unfinished{Contact: "bob"})
					if _, err := again.Verify("bob", late); err != nil && !told {
						t.Fatalf("cut at %d, unsynced %v, seed %d: the message is gone (%v) and nothing is said", k, fate, seed, err)
					}
					again.Close()
				}
			}
		}
	})
}

// The same for a message that begins where recovery just looks, and of which
// only the end was overwritten.
func TestAMessageFarAheadLostToAPowerCutIsTold(t *testing.T) {
	store, disk, l := imported(t, seal.Unconditional, 3<<20)
	mustDo(t, store.Close())
	pkg := l.incoming(t, l.base()+l.suite.MaxSegment()-seal.CellSize, strings.Repeat("x", 6000))
	for seed := range uint64(8) {
		for k, done := 1, false; !done; k++ {
			disk := disk.Clone(seed)
			store := open(t, disk, "alice")
			disk.CutAt(k)
			_, err := store.Unseal("bob", pkg)
			done = err == nil && !disk.Failed()
			disk.PowerOn(durabletest.PartlyKept)
			again := open(t, disk, "alice")
			told := slices.Contains(again.Unfinished(), padstore.Unfinished{Contact: "bob"})
			if _, err := again.Verify("bob", pkg); err != nil && !told {
				t.Fatalf("cut at %d, seed %d: the message is gone (%v) and nothing is said", k, seed, err)
			}
		}
	}
}

// What recovery finds of a message it tells also after a cut of its own.
func TestAMessageLostToTwoPowerCutsIsTold(t *testing.T) {
	folder := generate(t, seal.Unconditional, 4096, padtest.Stream(t.Name()))
	alice, disk := device(t, folder, "alice")
	bob, _ := device(t, folder, "bob")
	pkg := mustSeal(t, bob, "alice", strings.Repeat("x", 300))
	mustDo(t, alice.Close())
	fresh := alice.Pads()[0].SendLeft
	lost := map[bool]func(*padstore.Store) bool{
		true:  func(s *padstore.Store) bool { return s.Pads()[0].SendLeft != fresh },
		false: func(s *padstore.Store) bool { _, err := s.Verify("bob", pkg); return err != nil },
	}
	// cut does something until the power goes, starts until it goes again, and
	// starts; false if it did not go.
	cut := func(sent bool, seed uint64, k, j int) (*padstore.Store, bool) {
		disk := disk.Clone(seed)
		store := open(t, disk, "alice")
		disk.CutAt(k)
		if sent {
			_, _ = store.Seal("bob", strings.Repeat("x", 300))
		} else {
			_, _ = store.Unseal("bob", pkg)
		}
		if !disk.Failed() {
			return nil, false
		}
		disk.PowerOn(durabletest.Lost)
		disk.CutAt(j)
		if _, err := padstore.Open(disk, "alice"); err == nil {
			return nil, false
		}
		disk.PowerOn(durabletest.Lost)
		return open(t, disk, "alice"), true
	}
	for sent, lost := range lost {
		for seed := range uint64(2) { // the one of two files is synced first, or the other
			for k, j := 1, 1; ; j++ {
				store, again := cut(sent, seed, k, j)
				if !again && j == 1 {
					break
				} else if !again {
					k, j = k+1, 0
				} else if lost(store) && !slices.Contains(store.Unfinished(), padstore.Unfinished{Contact: "bob", Sent: sent}) {
					t.Fatalf("sent %v, cut at %d and then at %d, seed %d: a message is gone, and nothing is said", sent, k, j, seed)
				}
			}
		}
	}
}

// A card that does not answer is a fault; it must not cost a lane.
func TestACardThatCannotBeReadCostsNoPad(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	folder := generate(t, seal.Unconditional, 1<<20, padtest.Stream(t.Name()))
	if _, err := store.Import(durabletest.From(folder.Image(), 1), "folder", nil); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	const name = "alice.bob.random.store"
	before := disk.Bytes(name)
	for sector := 1; sector < len(before)/durable.SectorSize-1; sector++ { // the key cells stay readable
		disk.Unreadable(name, sector)
	}
	if _, err := padstore.Open(disk, "alice"); !errors.Is(err, padstore.ErrFault) {
		t.Fatalf("opening: %v", err)
	}
	if !bytes.Equal(disk.Bytes(name), before) {
		t.Error("pad was overwritten")
	}
}

// A sector that cannot be read counts as used, and is then overwritten as all that is
// used: the next time it may be read again.
func TestWhatRecoveryCannotReadIsOverwritten(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		store, disk, l := imported(t, suite, 4096)
		rest(t, store)
		for _, sector := range []int{2, 5} { // in either lane
			disk.Unreadable(padName, sector)
			open(t, disk, "alice")
			l.check(t, disk)
		}
	})
}
