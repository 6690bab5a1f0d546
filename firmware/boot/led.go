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

// Signal is what the board's green LED says where there is no screen to say it:
// so many flashes, a pause, and again.
type Signal int

// NoPanel: the screen that otc.conf names cannot be used.
const NoPanel Signal = 3

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
