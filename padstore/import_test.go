package padstore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

// padFiles lists the names of pads' files, whole or not.
func padFiles(d *durabletest.Disk) []string {
	names, err := d.List()
	if err != nil {
		panic(err) // a disk at rest does not fail
	}
	return slices.DeleteFunc(names, func(n string) bool { return !strings.Contains(n, "random") })
}

// readOnly is a Disk whose pads cannot be opened for writing.
type readOnly struct{ durable.Disk }

func (d readOnly) Open(name string) (durable.File, error) {
	if strings.HasSuffix(name, ".store") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return d.Disk.Open(name)
}

func TestImportRefusesWhatIsNotConsistent(t *testing.T) {
	pad := padBytes(t, t.Name(), 4096)
	set := func(key string, value any) func(map[string]any) {
		return func(m map[string]any) { m[key] = value }
	}
	used := func(encrypt, top int64, log string) func(map[string]any) {
		return func(m map[string]any) { m["encrypt_index"], m["decrypt_max"], m["decrypt_log"] = encrypt, top, log }
	}
	const meta, store = "alice.bob.random.metadata", "alice.bob.random.store"
	for name, folder := range map[string]*durabletest.Disk{
		"uid of another":             folder2015(t, "alice", "bob", pad, set("uid", "carol")),
		"uid of the contact":         folder2015(t, "alice", "bob", pad, set("uid", "bob")),
		"uid like a path":            folder2015(t, "alice", "bob", pad, set("uid", "../alice")),
		"rid like a path":            folder2015(t, "alice", "bob", pad, set("rid", "../bob")),
		"rid of the owner":           folder2015(t, "alice", "bob", pad, set("rid", "alice")),
		"rid not in the name":        folder2015(t, "alice", "bob", pad, set("rid", "carol")),
		"direction":                  folder2015(t, "alice", "bob", pad, set("direction", -1)),
		"no direction":               folder2015(t, "alice", "bob", pad, set("direction", 0)),
		"split":                      folder2015(t, "alice", "bob", pad, set("split_index", 2047)),
		"n_bytes too small":          folder2015(t, "alice", "bob", pad, set("n_bytes", 4095)),
		"n_bytes too large":          folder2015(t, "alice", "bob", pad, set("n_bytes", 1<<50)),
		"n_bytes negative":           folder2015(t, "alice", "bob", pad, set("n_bytes", -4096)),
		"n_bytes none":               folder2015(t, "alice", "bob", pad, set("n_bytes", 0)),
		"n_bytes text":               folder2015(t, "alice", "bob", pad, set("n_bytes", "4096")),
		"encrypt_index beyond":       folder2015(t, "alice", "bob", pad, set("encrypt_index", 2049)),
		"encrypt_index negative":     folder2015(t, "alice", "bob", pad, set("encrypt_index", -1)),
		"encrypt_index least":        folder2015(t, "alice", "bob", pad, set("encrypt_index", -1<<63)),
		"encrypt_index largest":      folder2015(t, "alice", "bob", pad, set("encrypt_index", 1<<63-1)),
		"decrypt_max beyond":         folder2015(t, "alice", "bob", pad, used(0, 2000, "4095-2000,")),
		"decrypt_max without log":    folder2015(t, "alice", "bob", pad, used(0, 4000, "")),
		"decrypt_max not at the end": folder2015(t, "alice", "bob", pad, used(0, 4000, "4095-4010,")),
		"decrypt_log of other lane":  folder2015(t, "alice", "bob", pad, used(0, 48, "0-48,")),
		"decrypt_log backwards":      folder2015(t, "alice", "bob", pad, used(0, 4000, "4000-4095,")),
		"decrypt_log no range":       folder2015(t, "alice", "bob", pad, used(0, 4000, "4095,")),
		"decrypt_log negative":       folder2015(t, "alice", "bob", pad, used(0, 4000, "4095--5,")),
		"decrypt_log too long":       folder2015(t, "alice", "bob", pad, used(0, 4000, "99999999999999999999-4000,")),
		"suite":                      folder2015(t, "alice", "bob", pad, set("suite", "none")),
		"bucket with paper":          folder2015(t, "alice", "bob", pad, set("bucket", 32)),
		"checksum": folder2015(t, "alice", "bob", pad, func(m map[string]any) {
			m["checksum"] = strings.Repeat("0", 64)
		}),
		"off the cells": folder2015(t, "alice", "bob", pad, func(m map[string]any) {
			m["suite"], m["bucket"], m["encrypt_index"] = "unconditional", 32, 17
		}),
		"pad_id like a path": folder2015(t, "alice", "bob", pad, set("pad_id", "../../x")),
		"pad_id too long":    folder2015(t, "alice", "bob", pad, set("pad_id", strings.Repeat("ab", 400))),
		"state":              folder2015(t, "alice", "bob", pad, set("state", "prepared")),
		"no such state":      folder2015(t, "alice", "bob", pad, set("state", "open")),
		"source too long":    folder2015(t, "alice", "bob", pad, set("rservice", strings.Repeat("x", 10000))),
		"overwritten pad":    folder2015(t, "alice", "bob", make([]byte, 4096), nil),
		"pad shorter":        folder2015(t, "alice", "bob", pad[:4095], set("n_bytes", 4096)),
		"pad longer":         folder2015(t, "alice", "bob", append(slices.Clone(pad), 0), func(m map[string]any) { m["n_bytes"], m["split_index"], m["decrypt_max"] = 4096, 2048, 4095 }),
		"pad absent":         with(folder2015(t, "alice", "bob", pad, nil), func(d *durabletest.Disk) { mustDo(t, d.Remove(store)) }),
		"metadata empty":     with(folder2015(t, "alice", "bob", pad, nil), func(d *durabletest.Disk) { d.Put(meta, nil) }),
		"metadata no JSON":   with(folder2015(t, "alice", "bob", pad, nil), func(d *durabletest.Disk) { d.Put(meta, []byte("{'uid': 'alice'}")) }),
		"metadata huge": with(folder2015(t, "alice", "bob", pad, nil), func(d *durabletest.Disk) {
			d.Put(meta, append(d.Bytes(meta), bytes.Repeat([]byte(" "), 8<<20)...))
		}),
		"slots without a record": with(folder2015(t, "alice", "bob", pad, nil), func(d *durabletest.Disk) {
			d.Put(meta, append([]byte("otc-slot 1 0"), make([]byte, 16384)...))
		}),
		"hash key zero": with(folder2015(t, "alice", "bob", pad, func(m map[string]any) { m["suite"], m["bucket"] = "unconditional", 32 }), func(d *durabletest.Disk) {
			d.Put(store, append(make([]byte, 16), pad[16:]...))
		}),
		"nothing":                durabletest.New(1),
		"another owner's folder": folder2015(t, "bob", "alice", pad, nil),
	} {
		t.Run(name, func(t *testing.T) { mustRefuse(t, folder, folder) })
	}
	folder := folder2015(t, "alice", "bob", pad, nil)
	t.Run("a source that cannot be overwritten", func(t *testing.T) { mustRefuse(t, folder, readOnly{folder}) })
}

func with(d *durabletest.Disk, change func(*durabletest.Disk)) *durabletest.Disk {
	change(d)
	return d
}

// mustRefuse shows that an import is refused and leaves both sides as they
// were, and that the device can still import.
func mustRefuse(t *testing.T, folder *durabletest.Disk, source durable.Disk) {
	t.Helper()
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	before := folder.Image()
	if contacts, err := store.Import(source, "folder", nil); err == nil || errors.Is(err, padstore.ErrFault) {
		t.Fatalf("imported from %v: %v", contacts, err)
	}
	sameFiles(t, before, folder.Image())
	if names := padFiles(disk); len(names) > 0 || len(store.Pads()) > 0 {
		t.Fatalf("left behind: %q", names)
	}
	if _, err := store.Import(generate(t, seal.Paper, 256, &stream{seed: "good"}), "good", nil); err != nil {
		t.Fatalf("a good import afterwards: %v", err)
	}
}

func TestImportMovesAPadAndTakesItOnce(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		made := padBytes(t, t.Name(), 4096)
		folder := generate(t, suite, 4096, bytes.NewReader(made))
		again := folder.Clone(1)
		disk := durabletest.New(1)
		store := open(t, disk, "alice")
		var told []int64
		contacts, err := store.Import(folder, "folder", func(done, total int64) { told = append(told, done, total) })
		if err != nil || !slices.Equal(contacts, []string{"bob"}) {
			t.Fatal(contacts, err)
		}
		if !slices.Equal(told, []int64{4096, 4096}) {
			t.Errorf("progress %v", told)
		}
		if got := padFiles(folder); !slices.Equal(got, []string{"bob.alice.random.metadata", "bob.alice.random.store"}) {
			t.Errorf("the source is left with %q", got)
		}
		if p := store.Pads()[0]; p.State != padstore.InUse || p.Source != "random" || p.Suite != suite || p.Contact != "bob" {
			t.Errorf("%+v", p)
		}
		l := newLedger(suite, "alice", "bob", made)
		mustDo(t, l.seal(t, store, "first"))
		if _, err := store.Import(folder, "folder", nil); !errors.Is(err, padstore.ErrNothingToImport) {
			t.Errorf("importing twice: %v", err)
		}
		for range 2 {
			before := again.Image()
			if _, err := store.Import(again, "copy", nil); err == nil || errors.Is(err, padstore.ErrNothingToImport) {
				t.Fatalf("a copy of the pad: %v", err)
			}
			sameFiles(t, before, again.Image())
			mustDo(t, store.Close())
			store = open(t, disk, "alice")
		}
		// Also when the pad itself is gone from the device.
		mustDo(t, store.Close())
		mustDo(t, disk.Remove(metadataName))
		gone := disk.Clone(1)
		store = open(t, gone, "alice")
		if _, err := store.Import(again, "copy", nil); err == nil {
			t.Error("a pad came back that was on this device before")
		}
	})
}

func TestAnImportedPadIsInUseByBothSlots(t *testing.T) {
	_, disk, l := imported(t, seal.Unconditional, 4096)
	for _, sector := range []int{0, 16} {
		disk := disk.Clone(1)
		disk.DropSector(metadataName, sector)
		store := open(t, disk, "alice")
		if p := store.Pads()[0]; p.State != padstore.InUse || p.Fault {
			t.Errorf("without sector %d: %+v", sector, p)
		}
		l := l.clone()
		mustDo(t, l.seal(t, store, "first"))
		l.check(t, disk)
	}
}

func TestTheSourceIsOverwrittenBeforeItIsRemoved(t *testing.T) {
	folder := generate(t, seal.Unconditional, 4096, &stream{seed: t.Name()})
	kept, err := folder.Open(padName) // as a thief's open file
	mustDo(t, err)
	store := open(t, durabletest.New(1), "alice")
	if _, err := store.Import(folder, "folder", nil); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	if _, err := kept.ReadAt(b, 0); err != nil || !bytes.Equal(b, make([]byte, 4096)) {
		t.Errorf("the removed source still holds pad, %v", err)
	}
}

func TestImportOverwritesWhatWasUsed(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		made := padBytes(t, t.Name(), 32768)
		l := newLedger(suite, "alice", "bob", made)
		// 150 gaps of one segment, and replays that overlap what was opened.
		var log strings.Builder
		size := l.segmentSize("")
		last := l.base()
		for k := range int64(150) {
			from := l.base() + (2*k+1)*size
			last = from + size
			fmt.Fprintf(&log, "%d-%d,", l.offset("bob", from), l.offset("bob", last))
			if k%10 == 0 {
				fmt.Fprintf(&log, "%d-%d,%d-%d,", l.offset("bob", from), l.offset("bob", last), l.offset("bob", from+16), l.offset("bob", last))
			}
			for p := from; p < last; p++ {
				l.served[l.offset("bob", p)] = true
			}
		}
		cursor := l.base() + 20*size
		for p := l.base(); p < cursor; p++ {
			l.served[p] = true
		}
		folder := folder2015(t, "alice", "bob", made, func(m map[string]any) {
			m["encrypt_index"], m["decrypt_log"], m["decrypt_max"] = cursor, log.String(), l.offset("bob", last)
			m["store_filename"], m["metadata_filename"] = "../../etc/store", "/etc/passwd"
			if suite == seal.Unconditional {
				m["suite"], m["bucket"] = "unconditional", 32
			}
		})
		disk := durabletest.New(1)
		store := open(t, disk, "alice")
		if _, err := store.Import(folder, "folder", nil); err != nil {
			t.Fatal(err)
		}
		if got := padFiles(disk); !slices.Equal(got, []string{metadataName, padName}) {
			t.Errorf("%q", got)
		}
		// The oldest 50 gaps are closed, and overwritten; the others open.
		for k := range int64(50) {
			l.checkUsed(t, disk, l.incoming(t, l.base()+2*k*size, ""))
			for _, o := range l.where(t, "bob", l.incoming(t, l.base()+2*k*size, "")) {
				l.served[o] = true
			}
		}
		l.check(t, disk)
		if v, err := store.Verify("bob", l.incoming(t, last, "")); err != nil || v.Skip {
			t.Fatalf("the next one: %+v, %v", v, err)
		}
		for k := int64(50); k < 150; k++ {
			if _, err := l.open(t, store, l.incoming(t, l.base()+2*k*size, "")); err != nil {
				t.Fatalf("gap %d: %v", k, err)
			}
		}
		mustDo(t, l.seal(t, store, "fresh"))
		l.check(t, disk)
	})
}

func TestAnotherDevicesFormatIsImportedToo(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		sc := closing(t, suite)
		l := sc.ledger
		disk := durabletest.New(1)
		store := open(t, disk, "alice")
		source := sc.disk.Clone(1)
		if _, err := store.Import(source, "old card", nil); err != nil {
			t.Fatal(err)
		}
		if got := padFiles(source); len(got) > 0 {
			t.Errorf("the old card is left with %q", got)
		}
		l.check(t, disk)
		l.probe(t, store)
		if _, err := l.open(t, store, l.incoming(t, sc.next, "")); err != nil {
			t.Error(err)
		}
		l.check(t, disk)
		// The old card's copy is a pad that was here before.
		if _, err := store.Import(sc.disk.Clone(1), "copy of the old card", nil); err == nil {
			t.Error("imported twice")
		}
	})
}

func TestA2015PadOfUrandomIsImportedAsSuch(t *testing.T) {
	pad := padBytes(t, t.Name(), 1024)
	plain := folder2015(t, "alice", "bob", pad, func(m map[string]any) { m["rservice"] = "urandom" })
	folder := durabletest.New(1)
	folder.Put("alice.bob.urandom.metadata", plain.Bytes(metadataName))
	folder.Put("alice.bob.urandom.store", pad)
	store, disk := open(t, durabletest.New(1), "alice"), folder
	if _, err := store.Import(disk, "folder", nil); err != nil {
		t.Fatal(err)
	}
	if p := store.Pads()[0]; p.Source != "urandom" {
		t.Errorf("%+v", p)
	}
	if got := padFiles(folder); len(got) > 0 {
		t.Errorf("%q is left", got)
	}
}

// move is an import of two pads shared with bob and one with carol.
type move struct {
	*testing.T
	folder, disk *durabletest.Disk
	pads         map[string][]byte // by content
}

func newMove(t *testing.T, suite seal.Suite) *move {
	mv := &move{T: t, folder: generate(t, suite, 1024, &stream{seed: "one"}), disk: durabletest.New(1), pads: map[string][]byte{}}
	mustDo(t, open(t, mv.disk, "alice").Close())
	second := generate(t, suite, 1024, &stream{seed: "two"})
	mv.folder.Put("alice.bob.2.random.metadata", second.Bytes(metadataName))
	mv.folder.Put("alice.bob.2.random.store", second.Bytes(padName))
	mv.pads["one"], mv.pads["two"] = padBytes(t, "one", 1024), padBytes(t, "two", 1024)
	return mv
}

func (mv *move) again(seed uint64) *move {
	c := *mv
	c.folder, c.disk = mv.folder.Clone(seed), mv.disk.Clone(seed)
	return &c
}

// safe shows that no pad is lost, half there, or in two places when it serves.
func (mv *move) safe(store *padstore.Store) {
	mv.Helper()
	serving := 0
	for _, p := range store.Pads() {
		if p.Fault {
			mv.Fatal("a pad is damaged")
		}
		if p.State == padstore.InUse {
			serving++
		}
	}
	whole, sources := 0, 0
	for _, made := range mv.pads {
		here, there := 0, 0
		for _, name := range padFiles(mv.disk) {
			if !strings.HasSuffix(name, ".partial") && bytes.Equal(mv.disk.Bytes(name), made) {
				here++
			}
		}
		for _, name := range padFiles(mv.folder) {
			if strings.HasPrefix(name, "alice.") && bytes.Equal(mv.folder.Bytes(name), made) {
				there++
			}
		}
		if here+there == 0 {
			mv.Fatal("a pad is lost")
		}
		if here > 0 {
			whole++
		}
		if there > 0 {
			sources++
		}
	}
	if serving+sources > len(mv.pads) {
		mv.Fatalf("%d pads serve while %d sources are whole", serving, sources)
	}
	if _, err := store.Seal("bob", "x"); serving == 0 && !errors.Is(err, padstore.ErrNoPad) {
		mv.Fatalf("a pad serves before its import is finished: %v", err)
	}
}

// finish imports what is left, and shows that everything has arrived.
func (mv *move) finish() {
	mv.Helper()
	store, err := padstore.Open(mv.disk, "alice")
	mustDo(mv, err)
	if _, err := store.Import(mv.folder, "folder", nil); err != nil && !errors.Is(err, padstore.ErrNothingToImport) {
		mv.Fatalf("taking it up again: %v", err)
	}
	if n := len(store.Pads()); n != 2 {
		mv.Fatalf("%d pads", n)
	}
	for _, p := range store.Pads() {
		if p.State != padstore.InUse || p.Fault {
			mv.Fatalf("%+v", p)
		}
	}
	if got := padFiles(mv.folder); !slices.Equal(got, []string{"bob.alice.random.metadata", "bob.alice.random.store"}) {
		mv.Fatalf("the source is left with %q", got)
	}
	if got := padFiles(mv.disk); len(got) != 4 {
		mv.Fatalf("the device has %q", got)
	}
	// What came here before does not come again.
	for _, made := range mv.pads {
		copied := durabletest.New(1)
		g := generate(mv, mv.suite(store), 1024, bytes.NewReader(made))
		copied.Put(metadataName, g.Bytes(metadataName))
		copied.Put(padName, made)
		if _, err := store.Import(copied, "copied", nil); err == nil || errors.Is(err, padstore.ErrNothingToImport) {
			mv.Fatalf("a pad was taken twice: %v", err)
		}
	}
}

func (mv *move) suite(store *padstore.Store) seal.Suite { return store.Pads()[0].Suite }

func TestAnImportCutAnywhereIsTakenUpAgain(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		start := newMove(t, suite)
		for _, where := range []string{"device", "source"} {
			t.Run(where, func(t *testing.T) {
				t.Parallel()
				var ops []string
				start.run(t, where, 0, func(side *durabletest.Disk) { side.Trace(func(op string) { ops = append(ops, op) }) })
				for _, fate := range fates {
					for k, op := range append(ops, "end") {
						if !isRead(op) {
							cutMove(t, start, where, k+1, fate)
						}
					}
				}
			})
		}
	})
}

// run imports on a copy of mv, with plan made for one side of it.
func (mv *move) run(t *testing.T, where string, seed uint64, plan func(side *durabletest.Disk)) (c *move, store *padstore.Store, side *durabletest.Disk, err error) {
	t.Helper()
	c = mv.again(seed)
	c.T = t
	store, err = padstore.Open(c.disk, "alice")
	mustDo(t, err)
	side = c.disk
	if where == "source" {
		side = c.folder
	}
	plan(side)
	_, err = store.Import(c.folder, "folder", nil)
	return c, store, side, err
}

// cutMove cuts the power of one side at its k-th operation; the other goes with
// it, as both are in one device.
func cutMove(t *testing.T, start *move, where string, k int, fate durabletest.Unsynced) {
	defer func() {
		if t.Failed() {
			t.Fatalf("cut of the %s at %d, unsynced %v", where, k, fate)
		}
	}()
	mv, _, side, err := start.run(t, where, uint64(k), func(side *durabletest.Disk) { side.CutAt(k) })
	done := err == nil
	if done == side.Failed() {
		t.Fatalf("import: %v", err)
	}
	for _, d := range []*durabletest.Disk{mv.disk, mv.folder} {
		d.PowerOff()
		d.PowerOn(fate)
	}
	if !done {
		store, err := padstore.Open(mv.disk, "alice")
		mustDo(t, err)
		mv.safe(store)
	}
	mv.finish()
}

func TestAnImportThatFailsAnywhereIsTakenUpAgain(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		start := newMove(t, suite)
		for _, where := range []string{"device", "source"} {
			t.Run(where, func(t *testing.T) {
				for k, done := 1, false; !done; k++ {
					mv, store, side, err := start.run(t, where, 1, func(side *durabletest.Disk) { side.FailAt(k) })
					done = !side.Failed()
					side.FailAt(1 << 30)
					if done && err != nil {
						t.Fatalf("operation %d: %v", k, err)
					}
					if where == "source" && store.Fault() != nil {
						t.Fatalf("operation %d of the source stopped the device: %v", k, store.Fault())
					}
					if where == "device" && err == nil && !done && store.Fault() != nil {
						t.Fatalf("operation %d: latched, and the import says it is done", k)
					}
					mv.disk.PowerOff()
					mv.disk.PowerOn(durabletest.Lost)
					mv.finish()
				}
			})
		}
	})
}

func TestASourceThatCannotBeReadLeavesNothingBehind(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		for sector := range 2048 / 512 {
			folder := generate(t, suite, 2048, &stream{seed: t.Name()})
			before := folder.Image()
			folder.Unreadable(padName, sector)
			disk := durabletest.New(1)
			store := open(t, disk, "alice")
			if _, err := store.Import(folder, "folder", nil); err == nil || errors.Is(err, padstore.ErrFault) {
				t.Fatalf("sector %d: %v", sector, err)
			}
			sameFiles(t, before, folder.Image())
			if got := padFiles(disk); len(got) > 0 {
				t.Fatalf("left behind: %q", got)
			}
		}
	})
}

func TestGenerateMakesTheSamePadForBoth(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		made := padBytes(t, t.Name(), 3<<20)
		g := padstore.Generation{A: "bob", B: "alice", Bytes: 3 << 20, Suite: suite, Source: "random"}
		if suite == seal.Unconditional {
			g.Bucket = 64
		}
		folder := durabletest.New(1)
		var told []int64
		mustDo(t, padstore.Generate(folder, g, bytes.NewReader(made), func(done int64) { told = append(told, done) }))
		if !slices.IsSorted(told) || told[len(told)-1] != 3<<20 {
			t.Errorf("progress %v", told)
		}
		for _, name := range []string{"alice.bob.random.store", "bob.alice.random.store"} {
			if !bytes.Equal(folder.Bytes(name), made) {
				t.Errorf("%s is not what was read", name)
			}
		}
		if got := padFiles(folder); !slices.Equal(got, slices.Sorted(slices.Values(g.Files()))) || len(got) != 4 {
			t.Errorf("%q, not %q", got, g.Files())
		}
		var m map[string]any
		mustDo(t, json.Unmarshal(folder.Bytes("bob.alice.random.metadata"), &m))
		for _, field := range strings.Fields("uid rid store_filename metadata_filename n_bytes rservice split_index direction encrypt_index decrypt_log decrypt_max n_eles checksum") {
			if _, ok := m[field]; !ok {
				t.Errorf("field %s is missing", field)
			}
		}
		if m["n_eles"] != float64(len(m)) {
			t.Errorf("n_eles is %v of %d fields", m["n_eles"], len(m))
		}
	})
}

// failing is a source of randomness that ends early, with an error or without.
type failing struct {
	left int
	err  error
}

func (f *failing) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, f.err
	}
	n := min(f.left, len(p))
	f.left -= n
	for i := range p[:n] {
		p[i] = byte(i*7 + 1)
	}
	return n, nil
}

func TestGenerateLeavesNothingBehindWhenItsSourceFails(t *testing.T) {
	wrong := errors.New("the source is broken")
	for _, source := range []*failing{{0, wrong}, {2047, wrong}, {2047, fs.ErrClosed}, {0, errors.ErrUnsupported}} {
		folder := durabletest.New(1)
		folder.Put("mine.txt", []byte("mine"))
		before := folder.Image()
		g := padstore.Generation{A: "alice", B: "bob", Bytes: 2048, Suite: seal.Paper, Source: "random"}
		if err := padstore.Generate(folder, g, source, nil); !errors.Is(err, source.err) {
			t.Errorf("%v", err)
		}
		sameFiles(t, before, folder.Image())
	}
	folder := durabletest.New(1)
	g := padstore.Generation{A: "alice", B: "bob", Bytes: 2048, Suite: seal.Paper, Source: "random"}
	if err := padstore.Generate(folder, g, bytes.NewReader(make([]byte, 2047)), nil); err == nil || len(folder.Image()) > 0 {
		t.Errorf("a short source: %v", err)
	}
}

func TestGenerateNeverWritesOverAPad(t *testing.T) {
	g := padstore.Generation{A: "alice", B: "bob", Bytes: 2048, Suite: seal.Paper, Source: "random"}
	for _, name := range g.Files() {
		folder := durabletest.New(1)
		folder.Put(name, []byte("an older pad"))
		before := folder.Image()
		if err := padstore.Generate(folder, g, &stream{seed: "x"}, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("over %s: %v", name, err)
		}
		sameFiles(t, before, folder.Image())
	}
}

func TestGenerateFailsWholeWhenTheDiskDoes(t *testing.T) {
	g := padstore.Generation{A: "alice", B: "bob", Bytes: 2048, Suite: seal.Unconditional, Bucket: 32, Source: "random"}
	for k := 1; ; k++ {
		folder := durabletest.New(1)
		folder.FailAt(k)
		err := padstore.Generate(folder, g, &stream{seed: "x"}, nil)
		if !folder.Failed() {
			mustDo(t, err)
			break
		}
		if err == nil {
			t.Errorf("operation %d failed, and a pad was made", k)
		}
	}
}

func TestGenerationsThatMakeNoSenseAreRefusedWithAdvice(t *testing.T) {
	good := padstore.Generation{A: "alice", B: "bob", Bytes: 2048, Suite: seal.Unconditional, Bucket: 32, Source: "random"}
	mustDo(t, good.Check())
	for advice, change := range map[string]func(*padstore.Generation){
		"nearest is 2048": func(g *padstore.Generation) { g.Bytes = 2050 },
		"nearest is 2080": func(g *padstore.Generation) { g.Bytes = 2079 },
		"too small":       func(g *padstore.Generation) { g.Bytes = 64 },
		"different users": func(g *padstore.Generation) { g.B = "alice" },
		"not a user id":   func(g *padstore.Generation) { g.A = "../alice" },
		"bucket":          func(g *padstore.Generation) { g.Bucket = 33 },
		"suite":           func(g *padstore.Generation) { g.Suite = 0 },
	} {
		g := good
		change(&g)
		folder := durabletest.New(1)
		err := padstore.Generate(folder, g, &stream{seed: "x"}, nil)
		if err == nil || !strings.Contains(err.Error(), advice) || len(folder.Image()) > 0 {
			t.Errorf("want %q: %v", advice, err)
		}
	}
}
