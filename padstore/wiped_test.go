package padstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

// watched is a card that remembers into which memory pad and noise were read.
type watched struct {
	*durabletest.Disk
	read *[][]byte
}

func (d watched) Open(name string) (durable.File, error) {
	return d.file(d.Disk.Open, name)
}

func (d watched) Create(name string) (durable.File, error) {
	return d.file(d.Disk.Create, name)
}

func (d watched) file(verb func(string) (durable.File, error), name string) (durable.File, error) {
	file, err := verb(name)
	if err != nil {
		return nil, err
	}
	return watchedFile{file, d.read, strings.Contains(name, ".store") && !strings.HasPrefix(name, "check.")}, nil
}

func (d watched) SyncFiles(files ...durable.File) error {
	inner := make([]durable.File, len(files))
	for i, file := range files {
		inner[i] = file.(watchedFile).File
	}
	return d.Disk.SyncFiles(inner...)
}

type watchedFile struct {
	durable.File
	read   *[][]byte
	secret bool
}

func (f watchedFile) ReadAt(p []byte, off int64) (int, error) {
	if f.secret {
		*f.read = append(*f.read, p)
	}
	return f.File.ReadAt(p, off)
}

// left is how much of what was read since it was last asked is still in memory.
func (d watched) left() (bytesLeft int) {
	for _, p := range *d.read {
		bytesLeft += len(p) - bytes.Count(p, []byte{0})
	}
	*d.read = nil
	return bytesLeft
}

// Whatever is done with pad, and however it ends: none of it stays in the memory that
// it was read into.
func TestPadIsWipedFromMemory(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		sc := lived(t, suite)
		l := sc.ledger
		disk := watched{sc.disk.Clone(1), new([][]byte)}
		wiped := func(what string, err error) {
			t.Helper()
			if len(*disk.read) == 0 {
				t.Errorf("%s: nothing was read, %v", what, err)
			}
			if n := disk.left(); n > 0 {
				t.Errorf("%s: %d bytes are left, %v", what, n, err)
			}
		}
		store, err := padstore.Open(disk, "alice")
		mustDo(t, err)
		defer store.Close()
		wiped("a start", nil)
		_, err = store.Seal("bob", "text")
		wiped("sealing", err)
		pkg := l.incoming(t, sc.next, "in")
		_, err = store.Verify("bob", pkg)
		wiped("verifying", err)
		_, err = store.Unseal("bob", withIndex(l.incoming(t, sc.gap, "in"), l.offset("bob", sc.next)))
		wiped("a forgery", err)
		_, err = store.Unseal("bob", pkg)
		wiped("opening", err)
		if suite == seal.Unconditional {
			_, err = store.Check()
			wiped("a check", err)
		}
		// What is destroyed in part, or cannot be read.
		far := l.incoming(t, l.base()+64*16, strings.Repeat("x", 400))
		o := l.where(t, "bob", far)
		disk.DropSector(padName, int(o[len(o)/2]/512))
		_, err = store.Unseal("bob", far)
		wiped("a segment destroyed in part", err)
		disk.Unreadable(padName, int(o[len(o)/2]/512))
		if _, err = store.Unseal("bob", far); !errors.Is(err, padstore.ErrUnreadable) {
			t.Error(err)
		}
		wiped("a segment that cannot be read", err)
		disk.DropSector(padName, 1)
		_, err = store.Seal("bob", strings.Repeat("y", 300))
		wiped("passing over what is destroyed", err)
		mustDo(t, store.Close())
		again, err := padstore.Open(disk, "alice")
		mustDo(t, err)
		defer again.Close()
		wiped("a start over what is destroyed", nil)
		for k := 1; k < 12; k++ { // a card that fails
			failing := watched{disk.Clone(1), disk.read}
			store, err := padstore.Open(failing, "alice")
			mustDo(t, err)
			disk.left()
			failing.FailAt(k)
			_, err = store.Seal("bob", "text")
			_ = store.Close()
			wiped(fmt.Sprintf("sealing while operation %d fails", k), err)
		}
	})
}

// Nor does any of a pad that is moved in, or in the making, or of noise.
func TestPadIsWipedFromMemoryBeforeItServes(t *testing.T) {
	from := watched{generate(t, seal.Unconditional, 4096, bytes.NewReader(padBytes(t, t.Name(), 4096))), new([][]byte)}
	to := watched{durabletest.New(1), from.read}
	store, err := padstore.Open(to, "alice")
	mustDo(t, err)
	defer store.Close()
	_, err = store.Import(from, "folder", nil)
	if read, left := len(*from.read), from.left(); err != nil || read == 0 || left > 0 {
		t.Errorf("moving in: %d reads, %d bytes are left, %v", read, left, err)
	}
	disk := watched{copied(t, seal.Unconditional).disk.Clone(1), new([][]byte)}
	store, err = padstore.Open(disk, "alice")
	mustDo(t, err)
	defer store.Close()
	if read, left := len(*disk.read), disk.left(); read == 0 || left > 0 {
		t.Errorf("a start with a draft: %d reads, %d bytes are left", read, left)
	}
	for _, stop := range []error{nil, errors.New("stopped")} {
		_, err = store.Draft().Tag(&[32]byte{1}, func(int64) error { return stop })
		if read, left := len(*disk.read), disk.left(); !errors.Is(err, stop) || read == 0 || left > 0 {
			t.Errorf("reading a draft back, %v: %d reads, %d bytes are left, %v", stop, read, left, err)
		}
	}
	noise := make([]byte, 1<<20) // more than there is
	if _, err := store.Reservoir().Take(noise); !errors.Is(err, padstore.ErrDry) || disk.left() > 0 {
		t.Errorf("too much noise: %v", err)
	}
	disk.Unreadable("reservoir.store", 0)
	if _, err := store.Reservoir().Take(noise[:store.Reservoir().Level().Ready]); err == nil || len(*disk.read) == 0 || disk.left() > 0 {
		t.Errorf("noise that cannot be read: %v", err)
	}
	failures := 0
	for k := 1; k < 8; k++ {
		failing := watched{copied(t, seal.Unconditional).disk.Clone(1), new([][]byte)}
		store, err := padstore.Open(failing, "alice")
		mustDo(t, err)
		failing.left()
		failing.FailAt(k)
		if _, err = store.Reservoir().Take(noise[:16]); err != nil {
			failures++
			if n := failing.left(); n > 0 {
				t.Errorf("operation %d fails: %d bytes of noise are left, %v", k, n, err)
			}
		}
		_ = store.Close()
	}
	if failures < 3 {
		t.Errorf("%d operations failed", failures)
	}
}
