package padstore_test

import (
	"errors"
	"io"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// generate makes a folder with alice's and bob's files of one pad.
func generate(t testing.TB, suite seal.Suite, nBytes int64, random io.Reader) *durabletest.Disk {
	t.Helper()
	g := padstore.Generation{A: "alice", B: "bob", Bytes: nBytes, Suite: suite, Source: "random"}
	if suite == seal.Unconditional {
		g.Bucket = seal.DefaultBucket
	}
	folder := durabletest.New(1)
	if err := padstore.Generate(folder, g, random, func(int64) {}); err != nil {
		t.Fatal(err)
	}
	return folder
}

// device imports owner's pad from a copy of folder onto a new disk.
func device(t testing.TB, folder *durabletest.Disk, owner string) (*padstore.Store, *durabletest.Disk) {
	t.Helper()
	disk := durabletest.New(1)
	store := open(t, disk, owner)
	if _, err := store.Import(folder.Clone(1), "folder", nil); err != nil {
		t.Fatal(err)
	}
	return store, disk
}

func open(t testing.TB, disk *durabletest.Disk, owner string) *padstore.Store {
	t.Helper()
	store, err := padstore.Open(disk, owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func pair(t testing.TB, suite seal.Suite, nBytes int64) (alice, bob *padstore.Store) {
	t.Helper()
	folder := generate(t, suite, nBytes, padtest.Stream(t.Name()))
	alice, _ = device(t, folder, "alice")
	bob, _ = device(t, folder, "bob")
	return alice, bob
}

func mustSeal(t testing.TB, s *padstore.Store, to, text string) []byte {
	t.Helper()
	sealed, err := s.Seal(to, text)
	if err != nil {
		t.Fatal(err)
	}
	return sealed.Package
}

func eachSuite(t *testing.T, f func(t *testing.T, suite seal.Suite)) {
	for _, suite := range []seal.Suite{seal.Paper, seal.Unconditional} {
		t.Run(suite.String(), func(t *testing.T) { f(t, suite) })
	}
}

func TestAConversationInBothDirections(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		alice, bob := pair(t, suite, 8192)
		for _, text := range []string{"hello", "", "naïve café ☕", "a longer one, to pass a cell border or two"} {
			for _, way := range []struct {
				from, to *padstore.Store
			}{{alice, bob}, {bob, alice}} {
				pkg := mustSeal(t, way.from, way.to.Owner(), text)
				if v, err := way.to.Verify(way.from.Owner(), pkg); err != nil || v.Skip {
					t.Fatalf("verify: %+v, %v", v, err)
				}
				got, err := way.to.Unseal(way.from.Owner(), pkg)
				if err != nil || got.Text != text || got.Skip {
					t.Fatalf("unseal: %+v, %v", got, err)
				}
				if _, err := way.to.Unseal(way.from.Owner(), pkg); !errors.Is(err, padstore.ErrAlreadyOpened) {
					t.Fatalf("opened twice: %v", err)
				}
			}
		}
	})
}
