package deskfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"onetimechat/hal/noise"
)

// pipe is a source that reads a named pipe, as a device that may be silent.
func pipe(t *testing.T) (*File, *os.File) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	f := New(path)
	f.grace = 10 * time.Second
	t.Cleanup(func() { f.Close() })
	return f, w
}

func TestADeviceHasADeadline(t *testing.T) {
	f, w := pipe(t)
	f.grace = 50 * time.Millisecond
	expectError(t, f, 4, noise.ErrSilent)
	w.WriteString("few")
	expectError(t, f, 4, noise.ErrSlow)
	f.grace = 10 * time.Second
	w.WriteString("well")
	expect(t, f, 4, "well")
}

func TestAContextEndsAReadOfADevice(t *testing.T) {
	f, w := pipe(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := f.Read(ctx, make([]byte, 4)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	w.WriteString("well")
	expect(t, f, 4, "well")
}
