package device

import (
	"image"
	"time"

	"onetimechat/display"
)

// touch is a finger that is down.
type touch struct {
	view   *view // what it was put down on, nil if on nothing that counts
	target string
	frame  *display.Frame // that was shown then
}

// Press is a finger put down at p, in pixels: its target is drawn pressed. It
// returns the target there, empty for none, and whether that is alive.
func (d *Device) Press(p image.Point) (target string, active bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.finger = touch{}
	d.touched, d.view.at = time.Now(), p // somebody is there, wherever it is
	d.stir()
	t, _ := d.frame.Hit(p)
	if t.Active {
		d.finger = touch{d.view, t.Name, d.frame}
		d.feel(d.frame.Pressed(t))
	}
	return t.Name, t.Active
}

// Release is the finger lifted at p. It returns the target there, and whether
// this was a tap: put down on and lifted from the same living target of the
// same question.
func (d *Device) Release(p image.Point) (target string, active bool) {
	target, after := d.release(p)
	if after == nil {
		return target, false
	}
	after()
	d.stir()
	return target, true
}

// release says what is left to do without the mutex; nil if it was no tap.
func (d *Device) release(p image.Point) (string, func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	down := d.finger
	d.finger = touch{}
	defer func() {
		if down.frame == d.frame { // nothing else came instead
			d.feel(d.frame)
		}
	}()
	t, ok := d.frame.Hit(p)
	if !ok || !t.Active || down.view != d.view || down.target != t.Name {
		return t.Name, nil
	}
	v := d.view
	d.touched = time.Now()
	switch t.Name {
	case "next", "prev":
		v.page++
		if t.Name == "prev" {
			v.page -= 2
		}
		d.draw()
	default:
		if after := v.tap(t.Name); after != nil {
			return t.Name, after
		}
	}
	return t.Name, func() {}
}

// feel shows f, the view's frame, as a finger makes it look, and tells whether it is
// on the glass. mu is held.
func (d *Device) feel(f *display.Frame) bool {
	d.felt = f
	err := d.panel.Show(f)
	if err != nil {
		d.fail(err) // does nothing if the fault's own screen cannot be shown
	}
	return err == nil
}
