package padstore_test

import (
	"bytes"
	"errors"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/seal"
)

// Carol knows every byte of the pad that she shares with alice, and a package of
// bob's. She seals with all of her lane, hands in as bob's what she has sealed,
// forges, and has alice seal all that there is: the pad with bob is as it was. Nor
// is there a way to it by a name that is no contact's.
func TestNobodyElsesPadIsTouched(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		disk, bob, carol := twoContacts(t, suite)
		disk = disk.Clone(1)
		store := open(t, disk, "alice")
		before := disk.Image()
		const size = 4096
		from := bob.incoming(t, bob.base(), "in")
		refused := func(contact string, pkg []byte) {
			t.Helper()
			if got, err := store.Unseal(contact, pkg); !errors.Is(err, padstore.ErrNotVerified) && !errors.Is(err, padstore.ErrAlreadyOpened) {
				t.Fatalf("unseal from %s: %q, %v", contact, got.Text, err)
			}
		}
		for _, contact := range []string{"dave", "alice", "", "../bob", "bob.random", "BOB"} {
			if _, err := store.Seal(contact, "x"); !errors.Is(err, padstore.ErrNoPad) {
				t.Errorf("seal to %q: %v", contact, err)
			}
			if _, err := store.Unseal(contact, from); !errors.Is(err, padstore.ErrNoPad) {
				t.Errorf("unseal from %q: %v", contact, err)
			}
		}
		refused("carol", from)
		for _, forged := range forgeries(t, carol, carol.incoming(t, carol.base(), "in")) {
			refused("carol", forged)
		}
		step := carol.segmentSize("in")
		for at := carol.base(); at+step <= size/2-lastByte(suite); at += step {
			pkg := carol.incoming(t, at, "in")
			refused("bob", pkg)
			if _, err := carol.open(t, store, pkg); err != nil {
				t.Fatal(err)
			}
			refused("bob", pkg)
		}
		for err := error(nil); err == nil; {
			if err = carol.seal(t, store, "out"); err != nil && !errors.Is(err, padstore.ErrDepleted) {
				t.Fatal(err)
			}
		}
		rest(t, store)
		for _, name := range []string{bob.file + ".store", bob.file + ".metadata"} {
			if len(before[name]) == 0 || !bytes.Equal(disk.Bytes(name), before[name]) {
				t.Errorf("%s has changed", name)
			}
		}
		if got, err := bob.open(t, store, from); err != nil || got.Text != "in" || got.Skip {
			t.Errorf("what bob has sealed: %+v, %v", got, err)
		}
		if err := bob.seal(t, store, "out"); err != nil {
			t.Error(err)
		}
		bob.check(t, disk)
		carol.check(t, disk)
	})
}
