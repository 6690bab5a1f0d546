//go:build linux

package emulator_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"onetimechat/image/card"
	"onetimechat/image/emulator"
	"onetimechat/padstore"
	"onetimechat/padstore/durable"
)

// tool runs a program of the host, from Debian's e2fsprogs or coreutils, and
// fails unless it ends with one of the codes.
func tool(t *testing.T, codes []int, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if path, err := exec.LookPath("/usr/sbin/" + name); err == nil {
		cmd.Path, cmd.Err = path, nil
	}
	out, err := cmd.CombinedOutput()
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	for _, code := range codes {
		if got == code {
			return
		}
	}
	t.Fatalf("%s %q ends with %d:\n%s", name, args, got, out)
}

// copyFile copies a file with holes in it, such as a card: what one must never
// do with a real one.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	tool(t, []int{0}, "cp", "--sparse=always", from, to)
}

// met keeps the cards of two devices that have met, since that takes long.
var met struct {
	once       sync.Once
	alice, bob string
}

// paired are cards of alice and bob, who have met, and nothing else.
func paired(t *testing.T) (alice, bob *emulator.Card) {
	t.Helper()
	met.once.Do(func() {
		a, b := meeting(t)
		met.alice, met.bob = filepath.Join(built.folder, "alice.img"), filepath.Join(built.folder, "bob.img")
		copyFile(t, a.Path(), met.alice)
		copyFile(t, b.Path(), met.bob)
	})
	if met.bob == "" {
		t.Fatal("alice and bob did not come to meet")
	}
	again := func(path string) *emulator.Card {
		fresh := filepath.Join(t.TempDir(), "card.img")
		copyFile(t, path, fresh)
		c, err := emulator.Insert(fresh)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	return again(met.alice), again(met.bob)
}

// unpack copies the store out of a card, as Linux would find it after the next
// start: its journal is replayed in a copy, which must then be sound. It returns
// the store's folder.
func unpack(t *testing.T, path string) string {
	t.Helper()
	folder := t.TempDir()
	data := filepath.Join(folder, "data.ext4")
	extract(t, path, data)
	// 1: the journal was replayed. Preening refuses to repair anything worse.
	tool(t, []int{0, 1}, "e2fsck", "-f", "-p", data)
	tool(t, []int{0}, "e2fsck", "-f", "-n", data)
	tool(t, []int{0}, "debugfs", "-R", "rdump /card "+folder, data)
	return filepath.Join(folder, "card")
}

// extract copies a card's data partition out.
func extract(t *testing.T, path, to string) {
	t.Helper()
	c, err := card.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(to)
	if err == nil {
		err = errors.Join(c.ExtractData(f), f.Close())
	}
	if err = errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
}

// opened opens a store on this computer.
func opened(t *testing.T, folder, owner string) *padstore.Store {
	t.Helper()
	disk, err := durable.OpenFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	store, err := padstore.Open(disk, owner)
	if err != nil {
		t.Fatalf("%s's store does not open: %v", owner, errors.Join(err, disk.Close()))
	}
	t.Cleanup(func() {
		if err := errors.Join(store.Close(), disk.Close()); err != nil {
			t.Error(err)
		}
	})
	return store
}
