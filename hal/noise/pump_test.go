package noise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// testPace allows 100 bytes 1.1 s, and silences of 1 s.
var testPace = pace{rate: 1000, grace: time.Second, chunk: 10}

// every gives n bytes of 0x5a every d.
func every(d time.Duration, n int) read {
	return func(b []byte) (int, error) {
		time.Sleep(d)
		n := min(n, len(b))
		copy(b, bytes.Repeat([]byte{0x5a}, n))
		return n, nil
	}
}

// stopAfter reads from first, n times, and then from second.
func stopAfter(n int, first, second read) read {
	return func(b []byte) (int, error) {
		if n == 0 {
			return second(b)
		}
		n--
		return first(b)
	}
}

func never(b []byte) (int, error) { return 0, nil }

func failing(err error) read { return func([]byte) (int, error) { return 0, err } }

func TestEachWayToFailHasItsName(t *testing.T) {
	for _, c := range []struct {
		name string
		from read
		want error         // nil: the buffer is filled
		took time.Duration // exactly
	}{
		{"all at once", every(0, 10), nil, 0},
		{"slowly, but in time", every(100*time.Millisecond, 10), nil, time.Second},
		{"nothing at all", never, ErrSilent, time.Second},
		{"blocked for ever", blocked, ErrSilent, time.Second},
		{"some, then nothing", stopAfter(3, every(10*time.Millisecond, 10), never), ErrSlow, 1030 * time.Millisecond},
		{"some, then blocked", stopAfter(1, every(10*time.Millisecond, 10), blocked), ErrSlow, 1010 * time.Millisecond},
		{"a trickle", every(30*time.Millisecond, 1), ErrSlow, 1100 * time.Millisecond},
		{"its end", stopAfter(1, every(0, 10), failing(fmt.Errorf("read: %w", errEOF))), ErrShort, 0},
		{"an I/O error", stopAfter(1, every(0, 10), failing(syscall.EIO)), ErrFailed, 0},
		{"the generator went away", failing(syscall.ENODEV), ErrFailed, 0},
		{"not permitted", failing(syscall.EPERM), ErrDenied, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer letReadsEnd()
				m := pump{pace: testPace}
				p := make([]byte, 100)
				start := time.Now()
				err := m.fill(t.Context(), p, c.from)
				if !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if err == nil && !bytes.Equal(p, bytes.Repeat([]byte{0x5a}, len(p))) {
					t.Errorf("filled with %x", p)
				}
				if took := time.Since(start); took != c.took {
					t.Errorf("took %v, want %v", took, c.took)
				}
			})
		})
	}
}

// blocked is a read that blocks for longer than any test waits.
func blocked([]byte) (int, error) {
	time.Sleep(time.Hour)
	return 0, syscall.EIO
}

// letReadsEnd lets the reads end that were left behind in a bubble.
func letReadsEnd() { time.Sleep(2 * time.Hour) }

func TestAContextEndsAReadAtOnce(t *testing.T) {
	for name, from := range map[string]read{"blocked": blocked, "asked again": never, "steady": every(time.Millisecond, 1)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer letReadsEnd()
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
				defer cancel()
				m := pump{pace: testPace}
				start := time.Now()
				err := m.fill(ctx, make([]byte, 100), from)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took != 5*time.Millisecond {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// What comes back late is thrown away, and until then nobody else is sent.
func TestAReadLeftBehindIsTheOnlyOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var under, most, calls atomic.Int32
		release := make(chan struct{})
		var left []byte
		from := func(b []byte) (int, error) {
			most.Store(max(most.Load(), under.Add(1)))
			defer under.Add(-1)
			copy(b, bytes.Repeat([]byte{byte(calls.Add(1))}, len(b)))
			if calls.Load() == 1 {
				left = b
				<-release
			}
			return len(b), nil
		}
		m := pump{pace: testPace}
		p := make([]byte, 30)
		for range 3 {
			if err := m.fill(t.Context(), p, from); !errors.Is(err, ErrSilent) {
				t.Fatalf("got %v, want %v", err, ErrSilent)
			}
		}
		close(release)
		if err := m.fill(t.Context(), p, from); err != nil {
			t.Fatal(err)
		}
		if want := bytes.Repeat([]byte{2, 3, 4}, 10); !bytes.Equal(sorted(p), sorted(want)) {
			t.Errorf("got %v: a late result was used", p)
		}
		if most.Load() != 1 || calls.Load() != 4 {
			t.Errorf("%d reads, up to %d at once", calls.Load(), most.Load())
		}
		if !bytes.Equal(left, make([]byte, len(left))) {
			t.Errorf("the late result was kept: %x", left)
		}
	})
}

// Nothing is left of a read but what was asked for.
func TestNoiseIsInOnePlaceOnly(t *testing.T) {
	var seen [][]byte
	m := pump{pace: testPace}
	p := make([]byte, 25)
	err := m.fill(t.Context(), p, func(b []byte) (int, error) {
		seen = append(seen, b)
		copy(b, "noise")
		return min(5, len(b)), nil
	})
	if err != nil || string(p) != "noisenoisenoisenoisenoise" {
		t.Errorf("%q, %v", p, err)
	}
	for _, b := range seen {
		if !bytes.Equal(b, make([]byte, len(b))) {
			t.Errorf("%q was left", b)
		}
	}
}

func TestNothingIsReadAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		m := pump{pace: testPace}
		err := m.fill(ctx, make([]byte, 10), func([]byte) (int, error) {
			t.Error("the device was read")
			return 0, nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// A device with nothing yet is asked again soon at first, and then rarely.
func TestPausesGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []time.Duration
		start := time.Now()
		m := pump{pace: testPace}
		err := m.fill(t.Context(), make([]byte, 10), func([]byte) (int, error) {
			asked = append(asked, time.Since(start))
			return 0, nil
		})
		if !errors.Is(err, ErrSilent) {
			t.Fatal(err)
		}
		if asked[1] != shortPause || len(asked) < 90 || len(asked) > 120 {
			t.Errorf("asked %d times in %v, the second time after %v", len(asked), testPace.grace, asked[1])
		}

		// What gives something now and then is asked soon again each time.
		calls := 0
		start = time.Now()
		err = m.fill(t.Context(), make([]byte, 100), func([]byte) (int, error) {
			calls++
			return (calls + 1) % 2, nil
		})
		if took := time.Since(start); err != nil || took != 100*shortPause {
			t.Errorf("%v after %v", err, took)
		}
	})
}

func TestTheTimeAllowedGrowsWithTheBytes(t *testing.T) {
	p := pace{rate: 1000, grace: 2 * time.Second}
	for n, want := range map[int]time.Duration{
		0:       2 * time.Second,
		1:       2*time.Second + time.Millisecond,
		1000:    3 * time.Second,
		1 << 20: 2*time.Second + 1_048_576*time.Millisecond,
		1 << 32: 2*time.Second + 4_294_967_296*time.Millisecond,
	} {
		if got := p.allow(n); got != want {
			t.Errorf("%d bytes: %v, want %v", n, got, want)
		}
	}
}
