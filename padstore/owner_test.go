package padstore_test

import (
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

func closeStore(t *testing.T, disk *durabletest.Disk, owner string) {
	t.Helper()
	store, err := padstore.Open(disk, owner)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAnOwnerIsRenamedUntilThereIsAPad(t *testing.T) {
	disk := durabletest.New(1)
	if owner, err := padstore.OwnerOf(disk); owner != "" || err != nil {
		t.Fatalf("an empty disk is %q's, %v", owner, err)
	}
	closeStore(t, disk, "alice")
	if err := padstore.Rename(disk, "Eve"); err == nil {
		t.Error("a name that is none is taken")
	}
	if err := padstore.Rename(disk, "carol"); err != nil {
		t.Fatal(err)
	}
	if owner, err := padstore.OwnerOf(disk); owner != "carol" || err != nil {
		t.Fatalf("the disk is %q's, %v", owner, err)
	}
	store, err := padstore.Open(disk, "carol")
	if err != nil {
		t.Fatal(err)
	}
	folder := durabletest.New(1)
	g := padstore.Generation{A: "bob", B: "carol", Bytes: 4096, Suite: seal.Unconditional, Bucket: 32, Source: "random"}
	if err := padstore.Generate(folder, g, padtest.Stream("renaming"), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Import(folder, "folder", nil); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := padstore.Rename(disk, "alice"); err == nil || !strings.Contains(err.Error(), "cannot be renamed") {
		t.Errorf("with a pad: %v", err)
	}
}

func TestRenamingSurvivesAPowerCutAtEveryOperation(t *testing.T) {
	for _, fate := range []durabletest.Unsynced{durabletest.Lost, durabletest.Kept, durabletest.PartlyKept} {
		for k := 1; ; k++ {
			disk := durabletest.New(uint64(k))
			closeStore(t, disk, "alice")
			disk.CutAt(k)
			err := padstore.Rename(disk, "bob")
			if !disk.Failed() {
				break
			}
			disk.PowerOn(fate)
			owner, ownerErr := padstore.OwnerOf(disk)
			if ownerErr != nil || owner != "alice" && owner != "bob" || err == nil && owner != "bob" {
				t.Fatalf("%v, cut at %d: renaming says %v, the disk is %q's, %v", fate, k, err, owner, ownerErr)
			}
			closeStore(t, disk, owner)
		}
	}
}
