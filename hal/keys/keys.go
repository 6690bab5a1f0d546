// Package keys reads push-buttons, each between a GPIO line and ground.
//
// Start with New; Run polls the lines and tells of each key put down and
// lifted. follow.go makes that of what the lines say, and has no I/O.
//
// What it refuses to do: guess. A key that bounces on, is held for long, goes down
// together with another, or whose line cannot be read, is lifted nowhere, which
// is no tap; then all have to be seen up before one counts again. So a key that
// is stuck, from the start or later, does nothing.
package keys

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// PollTime is how often the lines are read: 100 times a second.
const PollTime = 10 * time.Millisecond

// Retries is how many polls in a row may fail before Run gives up, a tenth of a
// second, as for touch controllers.
const Retries = 10

// ErrLine is matched by the error of a line that cannot be read any more.
var ErrLine = errors.New("a push-button's line cannot be read")

// Event is a key put down or lifted. Lost means that it was lifted nowhere: what
// its line said makes no tap.
type Event struct {
	Key  int // index of its line
	Down bool
	Lost bool
}

// Line is a GPIO line: what a key needs of periph's gpio.PinIn.
type Line interface {
	fmt.Stringer
	In(pull gpio.Pull, edge gpio.Edge) error
	Read() gpio.Level
}

// Dev is a row of push-buttons.
type Dev struct {
	lines  []Line
	follow *follower
}

// New sets the lines up as inputs that are high unless a key is pressed.
func New(lines ...Line) (*Dev, error) {
	for _, l := range lines {
		if err := l.In(gpio.PullUp, gpio.NoEdge); err != nil {
			return nil, fmt.Errorf("push-button on %s: %w", l, err)
		}
	}
	return &Dev{lines: lines, follow: newFollower(len(lines))}, nil
}

// String implements conn.Resource.
func (d *Dev) String() string {
	names := make([]string, len(d.lines))
	for i, l := range d.lines {
		names[i] = l.String()
	}
	return "push-buttons on " + strings.Join(names, ", ")
}

// Halt implements conn.Resource. The lines stay inputs.
func (d *Dev) Halt() error { return nil }

// Run tells give of each key put down, lifted or lost, until ctx ends, which is
// no error, or give fails. After more than Retries polls in a row that failed it
// returns why, matching ErrLine.
func (d *Dev) Run(ctx context.Context, give func(Event) error) error {
	clock := time.NewTicker(PollTime)
	defer clock.Stop()
	for failed := 0; ; {
		pressed, err := d.look()
		e, ok := d.follow.take(pressed)
		if failed++; err == nil {
			failed = 0
		}
		if ok {
			if err := give(e); err != nil {
				return err
			}
		}
		if failed > Retries {
			return fmt.Errorf("%w: %w", ErrLine, err)
		}
		select {
		case <-clock.C:
		case <-ctx.Done():
			if e, ok := d.follow.take(nil); ok {
				return give(e)
			}
			return nil
		}
	}
}

// look tells which keys are pressed; nil if that is not known. A line whose
// reading fails says Low to periph, as if its key was pressed. So Low is believed
// only of a line that can be set up again.
func (d *Dev) look() ([]bool, error) {
	pressed := make([]bool, len(d.lines))
	for i, l := range d.lines {
		if l.Read() == gpio.High {
			continue
		}
		if err := l.In(gpio.PullUp, gpio.NoEdge); err != nil {
			return nil, fmt.Errorf("%s: %w", l, err)
		}
		pressed[i] = true
	}
	return pressed, nil
}
