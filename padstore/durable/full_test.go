package durable

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"
)

// What the system says of a full disk is known by every name.
func TestAFullDiskIsTold(t *testing.T) {
	device, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("this system has no /dev/full")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	if _, err := (folderFile{device}).WriteAt([]byte{1}, 0); !errors.Is(err, ErrFull) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("a write to a full disk: %v", err)
	}
	if err := full(fs.ErrPermission); errors.Is(err, ErrFull) {
		t.Fatalf("not a full disk: %v", err)
	}
}
