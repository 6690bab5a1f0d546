package padstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

// Whoever has had many contacts, one after the other, is told of the packages that do
// not verify of each.
func TestTheLogCountsForEveryContactOfALongLife(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	for i := range 150 {
		contact := fmt.Sprintf("friend%d", i)
		made := padBytes(t, contact, 256)
		moveIn(t, store, contact, made)
		l := newLedger(seal.Unconditional, "alice", contact, made)
		forged := l.incoming(t, 16, "in")
		forged[len(forged)-1] ^= 1
		if _, err := store.Unseal(contact, forged); !errors.Is(err, padstore.ErrNotVerified) {
			t.Fatal(err)
		}
		if n := store.Pads()[0].Forgeries; n != 1 {
			t.Fatalf("%d forgeries are counted of contact %d", n, i)
		}
		mustDo(t, store.Remove(contact, nil))
		if i%40 == 0 {
			mustDo(t, store.Close())
			store = open(t, disk, "alice")
		}
	}
}

// That a device takes no more pads is told with what to do about it.
func TestTheMostPadsAtATimeAndEver(t *testing.T) {
	store := open(t, durabletest.New(1), "alice")
	refused := func(after int, advice string) {
		t.Helper()
		made := padBytes(t, fmt.Sprint("one more than ", after), 256)
		_, err := store.Import(generate(t, seal.Unconditional, 256, bytes.NewReader(made)), "more", nil)
		if err == nil || !strings.Contains(err.Error(), advice) {
			t.Fatalf("after %d pads: %v", after, err)
		}
	}
	for i := range 400 {
		if i == padstore.MaxPads {
			refused(i, "remove a contact")
		}
		if i >= padstore.MaxPads {
			mustDo(t, store.Remove(fmt.Sprintf("friend%d", i-padstore.MaxPads), nil))
		}
		contact := fmt.Sprintf("friend%d", i)
		moveIn(t, store, contact, padBytes(t, contact, 256))
	}
	mustDo(t, store.Remove("friend399", nil))
	refused(400, "erased")
}

// moveIn gives a store a pad with contact.
func moveIn(t testing.TB, store *padstore.Store, contact string, made []byte) {
	t.Helper()
	folder := durabletest.New(1)
	g := padstore.Generation{A: "alice", B: contact, Bytes: int64(len(made)), Suite: seal.Unconditional, Bucket: seal.DefaultBucket, Source: "random"}
	mustDo(t, padstore.Generate(folder, g, bytes.NewReader(made), nil))
	_, err := store.Import(folder, contact, nil)
	mustDo(t, err)
}
