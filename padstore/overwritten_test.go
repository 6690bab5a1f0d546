package padstore_test

import (
	"bytes"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// goesAsZeros does something on copies of a disk, and checks that each file with
// pad or noise is zeros, durably, when its name is to go. It answers how many are.
func goesAsZeros(t *testing.T, disk *durabletest.Disk, do func(*durabletest.Disk)) (gone int) {
	t.Helper()
	type removal struct {
		at   int
		name string
	}
	var all []removal
	ops := 0
	first := disk.Clone(1)
	first.Trace(func(op string) {
		ops++
		if verb, name, _ := strings.Cut(op, " "); verb == "remove" && strings.Contains(name, ".store") {
			all = append(all, removal{ops, name})
		}
	})
	do(first)
	first.Trace(nil)
	for _, r := range all {
		for _, fate := range []durabletest.Unsynced{durabletest.Lost, durabletest.Kept} {
			now := disk.Clone(1)
			now.CutAt(r.at)
			do(now)
			now.PowerOn(fate)
			b := now.Bytes(r.name)
			if !bytes.Equal(b, make([]byte, len(b))) {
				t.Errorf("%s goes before it is overwritten, unsynced data %v", r.name, fate)
			}
		}
		if len(first.Bytes(r.name)) == 0 {
			gone++
		}
	}
	return gone
}

// Pad and noise that were somewhere for a while are overwritten there before their
// names go: what is moved in, where it came from; and at the start whatever a cut,
// or damage, has left.
func TestNoPadIsLeftBehind(t *testing.T) {
	opens := func(disk *durabletest.Disk) {
		if store, err := padstore.Open(disk, "alice"); err == nil {
			_ = store.Close()
		}
	}
	folder := generate(t, seal.Unconditional, 4096, padtest.Stream("left"))
	moves := func(source *durabletest.Disk) {
		store, err := padstore.Open(durabletest.New(1), "alice")
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		_, _ = store.Import(source, "folder", nil)
	}
	if goesAsZeros(t, folder, moves) == 0 {
		t.Error("the pad is left where it came from")
	}

	used := durabletest.New(1)
	opens(used)
	leftovers := used.Clone(1)
	leftovers.Put("alice.bob.random.store.partial", padBytes(t, "half", 4096))
	leftovers.Put("alice.carol.random.store", padBytes(t, "whole", 4096))
	if n := goesAsZeros(t, leftovers, opens); n != 2 {
		t.Errorf("%d of 2 leftovers go", n)
	}
	damaged := copied(t, seal.Unconditional).disk.Clone(1)
	for _, record := range []string{"reservoir.record", "draft.record"} {
		damaged.Put(record, make([]byte, len(damaged.Bytes(record))))
	}
	if len(damaged.Bytes("reservoir.store")) == 0 || len(damaged.Bytes("draft.store")) == 0 {
		t.Fatal("there is no noise and no draft")
	}
	if n := goesAsZeros(t, damaged, opens); n == 0 {
		t.Error("a draft without a record stays")
	}

	gone, large := 0, generate(t, seal.Unconditional, 3<<20, padtest.Stream("large")) // is copied in pieces
	for k := 1; k < 20; k++ {                                                         // a stick that cannot be read any more, at each operation
		gone += goesAsZeros(t, used, func(disk *durabletest.Disk) {
			source := large.Clone(1)
			source.FailAt(k)
			store, err := padstore.Open(disk, "alice")
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			_, _ = store.Import(source, "folder", nil)
		})
	}
	if gone == 0 {
		t.Error("no copy came to nothing")
	}
}
