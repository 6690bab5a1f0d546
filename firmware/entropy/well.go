package entropy

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"onetimechat/hal/noise"
)

// Why a Well gives nothing. Errors of a source are wrapped beside them.
var (
	ErrNoSource = errors.New("there is no noise source")
	ErrStuck    = errors.New("the noise repeats itself")
	// ErrSameStart comes with ErrStuck: something was made of what comes again now, and
	// was made of no noise.
	ErrSameStart = errors.New("it begins as it did before")
	ErrBiased    = errors.New("the noise is less random than it should be")
	ErrRate      = errors.New("the noise comes much more slowly than it did")
	// ErrUnfit: what the source says of itself leaves nothing to extract.
	ErrUnfit = errors.New("the noise source cannot be used")
	// ErrStopped: it failed too often in a row; Restart, or a restart of the
	// device, tries again.
	ErrStopped = errors.New("the noise has failed too often")
)

const (
	// tries is how many failures in a row, or of one Draw, stop a Well.
	tries = 5
	// firstPause is how long it waits after the first of them; after each
	// further one it waits twice as long, so 15 s in all.
	firstPause = time.Second
	// portion is what is drawn from all sources before they are xored, in
	// bytes.
	portion = 256 << 10
)

// Well gives extracted randomness: the xor of what is extracted from each of
// its sources. Draw is called by one goroutine at a time, the rest may be
// called concurrently.
type Well struct {
	drawing sync.Mutex // held while springs are in use
	starts  starts

	mu      sync.Mutex // guards what follows
	springs []*spring  // more of them only with drawing held, too
	stopped error      // the failure that stopped it, nil while it goes on
	closed  bool
	cancel  context.CancelCauseFunc // ends the Draw under way, nil without one
}

// NewWell makes a Well of sources; it reads nothing yet.
func NewWell(sources ...noise.Source) *Well {
	w := &Well{}
	for _, source := range sources {
		w.springs = append(w.springs, newSpring(source, &w.starts))
	}
	return w
}

// Remember tells how sources began in earlier lives of this device, and has keep
// keep it for later ones: at most MaxStarts stretches of noise, of at most
// MaxStart bytes, of which nothing is made. No Draw goes on before they are kept.
func (w *Well) Remember(known [][]byte, keep func(known [][]byte) error) {
	w.starts.mu.Lock()
	defer w.starts.mu.Unlock()
	w.starts.known, w.starts.keep = known, keep
}

// Join takes one more source in, for every Draw that begins from now on. What a
// Draw was made of, State says until then.
func (w *Well) Join(source noise.Source) {
	w.drawing.Lock()
	defer w.drawing.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.springs = append(w.springs, newSpring(source, &w.starts))
}

// all are the springs there are by now.
func (w *Well) all() []*spring {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.springs
}

// Draw fills p. The first Draw, and the first after a failure, begins with the
// start-up tests. When a source fails, all that this Draw has made so far is
// discarded and made again, a bounded number of times; after an error nothing
// is in p.
func (w *Well) Draw(ctx context.Context, p []byte) error {
	w.drawing.Lock()
	defer w.drawing.Unlock()
	err := w.draw(ctx, p)
	if err != nil {
		clear(p)
	}
	return err
}

func (w *Well) draw(ctx context.Context, p []byte) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := w.enter(cancel); err != nil {
		return err
	}
	pause := firstPause
	for failures := 1; ; failures++ {
		failed, err := w.attempt(ctx, p)
		switch {
		case err == nil:
			return nil
		case failed == nil:
			return fmt.Errorf("drawing: %w", context.Cause(ctx))
		case max(failures, failed.failures()) >= tries, errors.Is(err, ErrUnfit), errors.Is(err, errOverdrawn):
			return w.stop(err)
		}
		clear(p)
		select {
		case <-time.After(pause):
			pause *= 2
		case <-ctx.Done():
			return fmt.Errorf("drawing: %w", context.Cause(ctx))
		}
	}
}

// enter notes the Draw that begins, or says why none can.
func (w *Well) enter(cancel context.CancelCauseFunc) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return fmt.Errorf("drawing: %w", os.ErrClosed)
	case len(w.springs) == 0:
		return ErrNoSource
	case w.stopped != nil:
		return fmt.Errorf("%w: %w", ErrStopped, w.stopped)
	}
	w.cancel = cancel
	return nil
}

// stop has all Draws fail until Restart.
func (w *Well) stop(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = err
	return fmt.Errorf("%w: %w", ErrStopped, err)
}

// attempt fills p. It returns the spring that failed, or nil if ctx ended
// first.
func (w *Well) attempt(ctx context.Context, p []byte) (*spring, error) {
	for len(p) > 0 {
		n := min(len(p), portion)
		if failed, err := w.together(ctx, p[:n]); err != nil {
			for _, s := range w.springs {
				s.wipe()
			}
			if failed != nil {
				failed.failed(err)
			}
			return failed, err
		}
		p = p[n:]
	}
	return nil, nil
}

// together fills p with the xor of what all springs give, each at its own
// pace. The first that fails calls the others off.
func (w *Well) together(ctx context.Context, p []byte) (failed *spring, err error) {
	called, callOff := context.WithCancel(ctx)
	defer callOff()
	var all sync.WaitGroup
	var xor sync.Mutex
	clear(p)
	for _, s := range w.springs {
		all.Go(func() {
			part := make([]byte, len(p))
			defer clear(part)
			fault := s.fill(called, part)
			xor.Lock()
			defer xor.Unlock()
			switch {
			case fault == nil:
				subtle.XORBytes(p, p, part)
			case err == nil:
				if err = fault; ctx.Err() == nil {
					failed = s
				}
				callOff()
			}
		})
	}
	all.Wait()
	return failed, err
}

// Restart lets a stopped Well try again.
func (w *Well) Restart() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = nil
	for _, s := range w.springs {
		s.restart()
	}
}

// Rate is how many bytes a second Draw makes, 0 while not known.
func (w *Well) Rate() float64 {
	slowest := 0.0
	for i, s := range w.all() {
		if rate := s.rate(); i == 0 || rate < slowest {
			slowest = rate
		}
	}
	return slowest
}

// State says how its sources are.
func (w *Well) State() []SourceState {
	var list []SourceState
	for _, s := range w.all() {
		list = append(list, s.report())
	}
	return list
}

// SourceState is one source's state. The estimates are alarms, and no proof
// of anything.
type SourceState struct {
	noise.Description
	Rate     float64 // bytes of noise a second, 0 while not known
	Failed   error   // its last failure, nil since the last good batch
	Failures int64
	Estimate float64 // the lowest estimate of min-entropy per bit, 0 while there is none
	Balance  Balance // of all that was extracted from it
}

// Close ends a Draw under way, forgets what was extracted and not drawn, and
// closes the sources.
func (w *Well) Close() error {
	w.mu.Lock()
	again := w.closed
	w.closed = true
	if w.cancel != nil {
		w.cancel(os.ErrClosed)
	}
	w.mu.Unlock()
	if again {
		return nil
	}
	w.drawing.Lock()
	defer w.drawing.Unlock()
	var err error
	for _, s := range w.springs {
		s.wipe()
		err = errors.Join(err, s.source.Close())
	}
	return err
}
