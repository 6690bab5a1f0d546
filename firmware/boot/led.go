//go:build linux

package boot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Signal is what the board's green LED says where nobody may see a screen that says
// it: so many flashes, a pause, and again. None but NoPanel has a number that the
// Pi's own boot code flashes (https://www.raspberrypi.com/documentation/computers/configuration.html,
// "LED warning flash codes"). image/README.md lists them for owners.
type Signal int

// NoPanel: the screen that otc.conf names cannot be used. The others come before
// that is known, and are in the order in which the start comes to them: the kernel,
// its modules or the board's name are not as they should be; ErrNoCard; ErrBoot;
// ErrConfig.
const (
	NoPanel   Signal = 3
	NoStart   Signal = 1
	NoCard    Signal = 2
	BadBoot   Signal = 5
	BadConfig Signal = 6
)

// How Signals are told: a flash, the dark before the next one, and that before
// the first one of the next round, which must be told apart from it at a glance.
const (
	flashTime = 200 * time.Millisecond
	darkTime  = 300 * time.Millisecond
	roundTime = 1500 * time.Millisecond
)

// errNoLED means that the kernel shows no LED of the board's.
var errNoLED = errors.New("the board has no LED")

// Signal gives a signal until ctx ends.
func (m *Machine) Signal(ctx context.Context, s Signal) error {
	led, err := m.Roots.led()
	if err != nil {
		return err
	}
	for {
		for i := range s {
			next := darkTime
			if i == s-1 {
				next = roundTime
			}
			if !led.hold(ctx, "1", flashTime) || !led.hold(ctx, "0", next) {
				return errors.Join(led.err, led.set("0"))
			}
		}
	}
}

// led is the folder of an LED (Linux, Documentation/leds/leds-class.rst).
type led struct {
	folder string
	err    error // the first
}

// led takes the board's LED away from whatever drives it: ACT, which older
// kernels call led0.
func (r Roots) led() (*led, error) {
	for _, name := range []string{"ACT", "led0"} {
		l := &led{folder: r.sys("class/leds", name)}
		err := os.WriteFile(l.folder+"/trigger", []byte("none"), 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return l, err
	}
	return nil, errNoLED
}

// hold sets the LED and waits. It tells whether all is well and to go on.
func (l *led) hold(ctx context.Context, value string, long time.Duration) bool {
	if l.err = l.set(value); l.err != nil {
		return false
	}
	select {
	case <-time.After(long):
		return true
	case <-ctx.Done():
		return false
	}
}

func (l *led) set(value string) error {
	if err := os.WriteFile(l.folder+"/brightness", []byte(value), 0); err != nil {
		return fmt.Errorf("the board's LED: %w", err)
	}
	return nil
}
