package noise

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var errEOF = io.EOF

func sorted(p []byte) []byte {
	s := slices.Clone(p)
	slices.Sort(s)
	return s
}

func differences(a, b []byte) int {
	n := 0
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// device is a device file as the kernel side shows it.
type device struct {
	from   read
	opened *int
	closed *int
}

func (d device) Read(b []byte) (int, error) { return d.from(b) }
func (d device) Close() error               { *d.closed++; return nil }

// opener opens devices that give what from says, and counts.
func opener(from read) (open func(string) (io.ReadCloser, error), opened, closed *int) {
	opened, closed = new(int), new(int)
	return func(string) (io.ReadCloser, error) {
		*opened++
		return device{from, opened, closed}, nil
	}, opened, closed
}

func TestADeviceIsOpenedAgainAfterAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newChaosKey(Roots{}, "chaoskey0")
		good := every(time.Millisecond, 64)
		var opened, closed *int
		k.open, opened, closed = opener(stopAfter(2, good, stopAfter(1, failing(syscall.EIO), good)))
		p := make([]byte, 128)
		for i, want := range []error{nil, ErrFailed, nil, nil} {
			err := k.Read(t.Context(), p)
			if !errors.Is(err, want) {
				t.Fatalf("read %d: got %v, want %v", i, err, want)
			}
			if err != nil && (!bytes.Equal(p, make([]byte, len(p))) || !strings.HasPrefix(err.Error(), "chaoskey0: ")) {
				t.Errorf("after %v there is %x", err, p)
			}
		}
		if *opened != 2 || *closed != 1 {
			t.Errorf("opened %d times, closed %d times", *opened, *closed)
		}
		if err := k.Close(); err != nil || *closed != 2 {
			t.Errorf("closing: %v", err)
		}
	})
}

// A device that was asked not to wait has nothing yet, again and again.
func TestADeviceMayHaveNothingYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newChaosKey(Roots{}, "chaoskey0")
		k.open, _, _ = opener(stopAfter(20, failing(syscall.EAGAIN), every(time.Millisecond, 64)))
		if err := k.Read(t.Context(), make([]byte, 128)); err != nil {
			t.Error(err)
		}
	})
}

// The driver of a ChaosKey that sends nothing gives up each second; the source
// waits for five.
func TestAChaosKeyMayWakeUpSlowly(t *testing.T) {
	timeout := func([]byte) (int, error) {
		time.Sleep(time.Second)
		return 0, syscall.ETIMEDOUT
	}
	synctest.Test(t, func(t *testing.T) {
		k := newChaosKey(Roots{}, "chaoskey0")
		k.open, _, _ = opener(stopAfter(3, timeout, every(time.Millisecond, 64)))
		if err := k.Read(t.Context(), make([]byte, 128)); err != nil {
			t.Error(err)
		}
		k = newChaosKey(Roots{}, "chaoskey0")
		k.open, _, _ = opener(timeout)
		defer letReadsEnd()
		start := time.Now()
		if err := k.Read(t.Context(), make([]byte, 128)); !errors.Is(err, ErrSilent) || time.Since(start) != 5*time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

func TestNamesArePrintable(t *testing.T) {
	for in, want := range map[string]string{
		"bcm2835-rng":           "bcm2835-rng",
		"":                      "",
		"a\x1b]0;b\x07\xff~ \n": "a?]0;b??~ ?",
		strings.Repeat("x", 60): strings.Repeat("x", 48),
	} {
		if got := printable(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
