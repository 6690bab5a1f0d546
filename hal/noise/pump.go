package noise

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// pace is what a source keeps up at the least.
type pace struct {
	rate  int           // bytes a second
	grace time.Duration // for waking up; also the longest silence
	chunk int           // bytes asked for at once: at this rate, well under grace
}

// allow is how long n bytes may take.
func (p pace) allow(n int) time.Duration {
	return p.grace + time.Duration(n)*time.Second/time.Duration(p.rate)
}

// A device that has nothing yet is asked again after a pause, which doubles
// while nothing comes. The generator of older Pis holds only a few words, and
// its driver waits a whole tick of the kernel for more (Linux, bcm2835-rng.c,
// hwrng_yield): it gives more to who asks sooner. At the longer pause a dead
// device costs next to nothing.
const (
	shortPause = 100 * time.Microsecond
	longPause  = 10 * time.Millisecond
)

// pump fills buffers from something that may block for ever. A read of
// /dev/hwrng can be neither polled nor interrupted: the kernel asks a
// generator that gives nothing again and again until a signal comes
// (drivers/char/hw_random/core.c, rng_dev_read), and some drivers wait
// even for a reader that asked not to. So each read runs in a goroutine and
// into a buffer of its own; one that takes too long is left behind, and what
// it brings later is thrown away.
type pump struct {
	pace
	late chan struct{} // closed once the read that was left behind is back; nil without one
}

// read reads up to len(b) bytes; (0, nil) says that there is nothing yet.
type read func(b []byte) (int, error)

// errTimeUp says that a read was left behind, or not begun, for lack of time.
var errTimeUp = errors.New("time is up")

// fill fills p within the time allowed. After an error nothing in p counts,
// and the caller closes what from reads, so that a read left behind may end.
func (m *pump) fill(ctx context.Context, p []byte, from read) error {
	within, cancel := context.WithTimeout(ctx, m.allow(len(p)))
	defer cancel()
	silence := time.NewTimer(m.grace)
	defer silence.Stop()

	if !m.back(within, silence.C) {
		return m.why(ctx, errTimeUp, 0, len(p))
	}
	pause := shortPause
	for got := 0; got < len(p); {
		n, err := m.once(within, silence.C, p[got:], from)
		if err == nil && n == 0 {
			err = sleep(within, silence.C, pause)
			pause = min(2*pause, longPause)
		}
		if err != nil {
			return m.why(ctx, err, got, len(p))
		}
		if n > 0 {
			got += n
			pause = shortPause
			silence.Reset(m.grace)
		}
	}
	return nil
}

// back waits for a read that was left behind: there is never a second one.
func (m *pump) back(within context.Context, silence <-chan time.Time) bool {
	if m.late == nil {
		return true
	}
	select {
	case <-m.late:
		m.late = nil
		return true
	case <-within.Done():
	case <-silence:
	}
	return false
}

// once does one read of at most a chunk.
func (m *pump) once(within context.Context, silence <-chan time.Time, b []byte, from read) (int, error) {
	if within.Err() != nil {
		return 0, errTimeUp
	}
	type outcome struct {
		n   int
		err error
	}
	buf := make([]byte, min(len(b), m.chunk))
	done := make(chan outcome, 1)
	go func() {
		n, err := from(buf)
		done <- outcome{n, err}
	}()
	select {
	case o := <-done:
		copy(b, buf[:o.n])
		clear(buf)
		return o.n, o.err
	case <-within.Done():
	case <-silence:
	}
	late := make(chan struct{})
	m.late = late
	go func() {
		<-done
		clear(buf)
		close(late)
	}()
	return 0, errTimeUp
}

func sleep(within context.Context, silence <-chan time.Time, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-within.Done():
	case <-silence:
	}
	return errTimeUp
}

// why names what ended a fill after got of n bytes.
func (m *pump) why(ctx context.Context, err error, got, n int) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("reading noise: %w", ctx.Err())
	case !errors.Is(err, errTimeUp):
		return readFault(err)
	case got == 0:
		return fmt.Errorf("%w: none of %d bytes came in time", ErrSilent, n)
	default:
		return fmt.Errorf("%w: %d of %d bytes came in time", ErrSlow, got, n)
	}
}
