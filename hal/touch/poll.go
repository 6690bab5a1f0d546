package touch

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// PollTime is how often a controller is asked for its finger: 100 times a
// second, so that what a controller needs three times over, to be sure of it,
// takes less than a person notices.
const PollTime = 10 * time.Millisecond

// Retries is how many polls in a row may fail before Poll gives up: a tenth of
// a second, which a disturbed bus gets over and a broken one does not.
const Retries = 10

// ErrBus is matched by the error of a controller that has stopped answering.
var ErrBus = errors.New("the touch controller does not answer")

// Mount is how a touch sheet lies on the picture: what has to be exchanged and
// mirrored, in this order, so that 0, 0 is the picture's top left corner.
type Mount struct {
	Swap         bool // X and Y are exchanged
	FlipX, FlipY bool // mirrored, after the exchange
}

// Place is where x and y, from 0 to 1 across the sheet, are on the picture.
func (m Mount) Place(x, y float64) (float64, float64) {
	if m.Swap {
		x, y = y, x
	}
	if m.FlipX {
		x = 1 - x
	}
	if m.FlipY {
		y = 1 - y
	}
	return x, y
}

// Poll asks look every PollTime where the finger is, and tells give when it is
// put down, lifted or lost, until ctx ends. look answers with the finger as it
// is now: Down, not, or Lost while that is not known. Its error loses the
// finger, too; after more than Retries in a row Poll returns it, matching
// ErrBus.
//
// A finger that was lost, or lay there from the start, has to be seen lifted
// before another can be put down. It is lifted where it was last seen down.
func Poll(ctx context.Context, look func() (Touch, error), give func(Touch)) error {
	clock := time.NewTicker(PollTime)
	defer clock.Stop()
	f := follower{wait: true}
	for failed := 0; ; {
		now, err := look()
		if err != nil {
			now = Touch{Lost: true}
			failed++
		} else {
			failed = 0
		}
		if t, ok := f.take(now); ok {
			give(t)
		}
		if failed > Retries {
			return fmt.Errorf("%w: %w", ErrBus, err)
		}
		select {
		case <-clock.C:
		case <-ctx.Done():
			if t, ok := f.take(Touch{Lost: true}); ok {
				give(t)
			}
			return nil
		}
	}
}

// follower makes touches of where a finger is time after time.
type follower struct {
	down bool
	wait bool // for the finger to be lifted
	last Touch
}

// take takes where the finger is now. ok tells that something has changed.
func (f *follower) take(now Touch) (t Touch, ok bool) {
	was := f.down
	switch {
	case now.Lost:
		f.down, f.wait = false, true
		return Touch{Lost: true}, was
	case now.Down:
		f.last = now
		f.down = !f.wait
		return now, f.down && !was
	default:
		f.down, f.wait = false, false
		return Touch{X: f.last.X, Y: f.last.Y}, was
	}
}
