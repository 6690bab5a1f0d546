// Package keypad works a pad device's screens by push-buttons.
//
// Start with New: a Keypad stands between a device and its glass. It draws the
// ring of display.Ring onto each frame that the device shows, and makes of each
// key (Take) the touch of a finger on the middle of a target. What a device asks
// of a finger, it so asks of a key: the same living target when pressed and when
// lifted, the same question, no sooner than half a second, all pages read.
//
// What it refuses to do: show a ring that is not where it counts. If the glass
// fails, the ring stays where it was last seen.
package keypad

import (
	"image"
	"sync"

	"onetimechat/display"
	"onetimechat/hal/keys"
)

// Panel is the glass.
type Panel interface {
	Show(f *display.Frame) error
}

// Finger is who a touch is for.
type Finger interface {
	Press(p image.Point) (target string, active bool)
	Release(p image.Point) (target string, active bool)
}

// away is on no target.
var away = image.Pt(-1, -1)

// Keypad is three keys and the glass that they work. It implements Panel. Its
// methods may be called at once from several goroutines.
type Keypad struct {
	panel Panel

	mu    sync.Mutex // held while a frame comes onto the glass
	frame *display.Frame
	ring  display.Ring
	down  image.Point // where the pressed key is a finger
}

// New returns a Keypad before panel.
func New(panel Panel) *Keypad { return &Keypad{panel: panel, down: away} }

// Show implements Panel.
func (k *Keypad) Show(f *display.Frame) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.frame = f
	k.ring.Follow(f)
	return k.panel.Show(k.ring.On(f))
}

// Take gives f what a key means. The event's key is a display.Key. The error is
// the panel's.
func (k *Keypad) Take(e keys.Event, f Finger) error {
	switch {
	case e.Lost:
		f.Release(away)
		return nil
	case !e.Down:
		f.Release(k.lifted())
		return nil
	}
	at, taps, err := k.pressed(display.Key(e.Key))
	if at != away {
		f.Press(at)
	}
	if !taps {
		f.Release(away) // somebody is there, and taps nothing
	}
	return err
}

// lifted is where the pressed key was a finger.
func (k *Keypad) lifted() image.Point {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.down
}

// pressed is where a key is a finger, and whether that is to become a tap.
func (k *Keypad) pressed(key display.Key) (at image.Point, taps bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.down = away
	if k.frame == nil {
		return away, false, nil
	}
	was := k.ring
	t, taps, moves := k.ring.Press(k.frame, key)
	switch {
	case taps:
		k.down = middle(t)
		return k.down, true, nil
	case !moves:
		return away, false, nil
	}
	if err := k.panel.Show(k.ring.On(k.frame)); err != nil {
		k.ring = was
		return away, false, err
	}
	return middle(t), false, nil
}

func middle(t display.Target) image.Point { return t.Rect.Min.Add(t.Rect.Max).Div(2) }
