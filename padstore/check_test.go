package padstore_test

import (
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

func checked(t *testing.T) *durabletest.Disk {
	folder := generate(t, seal.Unconditional, 4096, padtest.Stream(t.Name()))
	store, disk := device(t, folder, "alice")
	mustDo(t, store.Close())
	return disk
}

// A check leaves no file and takes no pad, wherever the power is cut.
func TestACheckLeavesTheCardAsItWas(t *testing.T) {
	whole := checked(t)
	for k := 1; ; k++ {
		disk := whole.Clone(uint64(k))
		store := open(t, disk, "alice")
		names, left := disk.Names(), store.Pads()[0].SendLeft
		disk.CutAt(k)
		h, err := store.Check()
		over := !disk.Failed()
		if over && (err != nil || h.Pads != 1 || h.Damaged != 0 || h.Free <= 0 || h.Wrote <= 0 || h.Read <= 0) {
			t.Fatalf("a sound card: %+v, %v", h, err)
		}
		if !over && !errors.Is(err, padstore.ErrFault) {
			t.Fatalf("cut at %d: %v", k, err)
		}
		disk.PowerOn(fates[k%len(fates)])
		if got := open(t, disk, "alice").Pads()[0].SendLeft; got != left {
			t.Fatalf("cut at %d: %d bytes are left, of %d", k, got, left)
		}
		if got := disk.Names(); !slices.Equal(got, names) {
			t.Fatalf("cut at %d: there are %q, and were %q", k, got, names)
		}
		if over {
			return
		}
	}
}

// A card without room is no fault, and says so.
func TestACheckNeedsRoom(t *testing.T) {
	disk := checked(t)
	store := open(t, disk, "alice")
	disk.Capacity(disk.Used() + padstore.CheckSize/2)
	if _, err := store.Check(); !errors.Is(err, padstore.ErrFull) || store.Fault() != nil {
		t.Errorf("a full card: %v, %v", err, store.Fault())
	}
	disk.Capacity(1 << 40)
	if _, err := store.Check(); err != nil {
		t.Errorf("a card that has room again: %v", err)
	}
}

// forgetful is a card that takes everything, and keeps one bit too few of it.
type forgetful struct{ *durabletest.Disk }

func (d forgetful) Create(name string) (durable.File, error) {
	file, err := d.Disk.Create(name)
	if strings.HasPrefix(name, "check.") {
		file = forgotten{file}
	}
	return file, err
}

type forgotten struct{ durable.File }

func (f forgotten) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	p[n/2] ^= 1
	return n, err
}

func TestACardThatGivesBackOtherBytesIsAFault(t *testing.T) {
	store, err := padstore.Open(forgetful{checked(t)}, "alice")
	mustDo(t, err)
	defer store.Close()
	if _, err := store.Check(); !errors.Is(err, padstore.ErrFault) || store.Fault() == nil {
		t.Errorf("%v, %v", err, store.Fault())
	}
}

// A key that has changed under a running device is found, and counted.
func TestACheckCountsDamagedPads(t *testing.T) {
	disk := checked(t)
	store := open(t, disk, "alice")
	disk.DropSector(padName, 0)
	if h, err := store.Check(); err != nil || h.Pads != 1 || h.Damaged != 1 || !damaged(t, store, "bob") {
		t.Errorf("%+v, %v", h, err)
	}
}
