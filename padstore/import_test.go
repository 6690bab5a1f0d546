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
	"onetimechat/padstore/padtest"
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
		"decrypt_log without max":    folder2015(t, "alice", "bob", pad, set("decrypt_log", "none")),
		"decrypt_log of other lane":  folder2015(t, "alice", "bob", pad, used(0, 48, "0-48,")),
		"decrypt_log backwards":      folder2015(t, "alice", "bob", pad, used(0, 4000, "4000-4095,")),
		"decrypt_log no range":       folder2015(t, "alice", "bob", pad, used(0, 4000, "4095,")),
		"decrypt_log negative":       folder2015(t, "alice", "bob", pad, used(0, 4000, "4095--5,")),
		"decrypt_log too long":       folder2015(t, "alice", "bob", pad, used(0, 4000, "99999999999999999999-4000,")),
		"decrypt_log endless":        folder2015(t, "alice", "bob", pad, used(0, 4000, strings.Repeat("7", 1<<20))),
		"encrypt_index endless":      folder2015(t, "alice", "bob", pad, set("encrypt_index", json.Number(strings.Repeat("7", 1<<20)))),
		"suite endless":              folder2015(t, "alice", "bob", pad, set("suite", strings.Repeat("7", 1<<20))),
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
		"hash key unlike its sum": folder2015(t, "alice", "bob", pad, func(m map[string]any) {
			m["suite"], m["bucket"], m["key_sum"] = "unconditional", 32, "0123456789abcdef 0123456789abcdef"
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
	contacts, err := store.Import(source, "folder", nil)
	if err == nil || errors.Is(err, padstore.ErrFault) {
		t.Fatalf("imported from %v: %v", contacts, err)
	}
	if n := len(err.Error()); n > 400 {
		t.Fatalf("%d bytes for a screen: %.100v", n, err)
	}
	sameFiles(t, before, folder.Image())
	if names := padFiles(disk); len(names) > 0 || len(store.Pads()) > 0 {
		t.Fatalf("left behind: %q", names)
	}
	if _, err := store.Import(generate(t, seal.Paper, 256, padtest.Stream("good")), "good", nil); err != nil {
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
	folder := generate(t, seal.Unconditional, 4096, padtest.Stream(t.Name()))
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

func TestASourceThatCannotBeReadLeavesNothingBehind(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		for sector := range 2048 / 512 {
			folder := generate(t, suite, 2048, padtest.Stream(t.Name()))
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

// A stick that is pulled out may come again, and its pad serve: what was copied
// of it by then must not stay on the card where the file was.
func TestACopyThatIsGivenUpIsOverwritten(t *testing.T) {
	folder := generate(t, seal.Unconditional, 3<<20, padtest.Stream(t.Name()))
	folder.Unreadable(padName, 2<<20/512)
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	var kept durable.File // as a thief finds what was removed
	_, err := store.Import(folder, "folder", func(int64, int64) {
		if kept == nil {
			var err error
			kept, err = disk.Open(padName + ".partial")
			mustDo(t, err)
		}
	})
	if err == nil || store.Fault() != nil {
		t.Fatalf("%v, and then %v", err, store.Fault())
	}
	size, err := kept.Size()
	mustDo(t, err)
	b := make([]byte, size)
	if _, err := kept.ReadAt(b, 0); err != nil || !bytes.Equal(b, make([]byte, size)) || size == 0 {
		t.Errorf("%d bytes were removed and still hold pad, %v", size, err)
	}
}
