package noise

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// shortGrace is for tests in which nothing comes. Where something does, it is
// long, or a busy machine would fail them.
const shortGrace = 50 * time.Millisecond

// hwrng is a source that reads a named pipe, which blocks, ends and comes
// back as a device does.
func hwrng(t *testing.T) (machine, *kernelRNG) {
	t.Helper()
	m := newMachine(t)
	m.rng("bcm2835-rng")
	m.check(unix.Mkfifo(m.dev("hwrng"), 0o600))
	k, err := newHWRNG(m.Roots)
	m.check(err)
	k.pump.grace = 10 * time.Second
	t.Cleanup(func() { m.check(k.Close()) })
	return m, k
}

func (m machine) writer() *os.File {
	m.t.Helper()
	w, err := os.OpenFile(m.dev("hwrng"), os.O_RDWR, 0)
	m.check(err)
	return w
}

func TestHWRNGReadsWhatTheKernelGives(t *testing.T) {
	m, k := hwrng(t)
	w := m.writer()
	defer w.Close()
	want := bytes.Repeat([]byte("noise \x00\xff\r\n"), 1000)
	go w.Write(want)
	got := make([]byte, len(want))
	if err := k.Read(t.Context(), got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %q…, %v", got[:20], err)
	}
}

func TestHWRNGFailsByName(t *testing.T) {
	read := func(t *testing.T, k *kernelRNG, want error) {
		t.Helper()
		p := bytes.Repeat([]byte{1}, 64)
		if err := k.Read(t.Context(), p); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		if !bytes.Equal(p, make([]byte, len(p))) {
			t.Errorf("after the error there is %x", p)
		}
	}
	t.Run("silent, then slow, then well", func(t *testing.T) {
		m, k := hwrng(t)
		w := m.writer()
		defer w.Close()
		k.pump.grace = shortGrace
		read(t, k, ErrSilent)
		w.Write([]byte("too few"))
		read(t, k, ErrSlow)
		k.pump.grace = 10 * time.Second
		w.Write(make([]byte, 64))
		if err := k.Read(t.Context(), make([]byte, 64)); err != nil {
			t.Error(err)
		}
	})
	t.Run("short", func(t *testing.T) {
		_, k := hwrng(t)
		read(t, k, ErrShort) // a pipe without a writer is at its end
	})
	t.Run("no device file", func(t *testing.T) {
		m, k := hwrng(t)
		m.check(os.Remove(m.dev("hwrng")))
		read(t, k, ErrMissing)
	})
	t.Run("a plain file", func(t *testing.T) {
		m, k := hwrng(t)
		m.check(os.Remove(m.dev("hwrng")))
		m.write(m.dev("hwrng"), string(make([]byte, 1000)))
		read(t, k, ErrMissing)
	})
	t.Run("no generator", func(t *testing.T) {
		m, k := hwrng(t)
		m.rng("none")
		read(t, k, ErrMissing)
	})
	t.Run("another generator", func(t *testing.T) {
		m, k := hwrng(t)
		w := m.writer()
		defer w.Close()
		w.Write(make([]byte, 64))
		m.rng("tpm-rng-0")
		read(t, k, ErrMissing)
		m.rng("bcm2835-rng")
		if err := k.Read(t.Context(), make([]byte, 64)); err != nil {
			t.Error(err)
		}
	})
}

// The generator changes while a Read is under way: its bytes do not count.
func TestHWRNGNoticesAnotherGeneratorAfterwards(t *testing.T) {
	m, k := hwrng(t)
	w := m.writer()
	defer w.Close()
	open := k.open
	k.open = func(path string) (io.ReadCloser, error) {
		m.rng("tpm-rng-0")
		return open(path)
	}
	w.Write(make([]byte, 64))
	if err := k.Read(t.Context(), make([]byte, 64)); !errors.Is(err, ErrMissing) {
		t.Errorf("got %v, want %v", err, ErrMissing)
	}
}

func TestAContextEndsAReadOfADevice(t *testing.T) {
	m, k := hwrng(t)
	w := m.writer()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := k.Read(ctx, make([]byte, 64)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestADeviceThatMayNotBeOpenedIsDenied(t *testing.T) {
	m := newOpenMachine(t)
	m.check(unix.Mkfifo(m.dev("chaoskey0"), 0o000))
	k := newChaosKey(m.Roots, "chaoskey0")
	err := asNobody(func() error { return k.Read(t.Context(), make([]byte, 64)) })
	if !errors.Is(err, ErrDenied) || !strings.Contains(err.Error(), k.path) {
		t.Errorf("got %v, want %v", err, ErrDenied)
	}
}

// newOpenMachine is one whose folders anybody may look into.
func newOpenMachine(t *testing.T) machine {
	t.Helper()
	folder, err := os.MkdirTemp("", "noise")
	if err == nil {
		t.Cleanup(func() { os.RemoveAll(folder) })
		err = os.Chmod(folder, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return newMachineIn(t, folder)
}

// asNobody does something that opens files as a user may who owns none. Root may
// open anything; with another user's rights on files this thread may not, and it
// ends with its goroutine.
func asNobody(do func() error) error {
	answer := make(chan error)
	go func() {
		if os.Geteuid() == 0 {
			runtime.LockOSThread()
			if err := unix.Setfsuid(65534); err != nil {
				answer <- err
				return
			}
		}
		answer <- do()
	}()
	return <-answer
}

func TestWhatOpeningADeviceMayAnswer(t *testing.T) {
	for errno, want := range map[unix.Errno]error{
		unix.ENOENT: ErrMissing, unix.ENODEV: ErrMissing, unix.ENXIO: ErrMissing,
		unix.EACCES: ErrDenied, unix.EPERM: ErrDenied,
		unix.EBUSY: ErrBusy, unix.EWOULDBLOCK: ErrBusy,
		unix.EIO: ErrFailed, unix.EMFILE: ErrFailed,
	} {
		if got := openFault(&os.PathError{Op: "open", Path: "/dev/hwrng", Err: errno}); !errors.Is(got, want) {
			t.Errorf("%v: %v, want %v", errno, got, want)
		}
	}
}
