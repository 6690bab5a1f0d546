//go:build linux

package emulator_test

import (
	"image"
	"testing"

	"onetimechat/display"
	"onetimechat/image/emulator"
)

// seesRing waits until the glass shows exactly that screen, with the ring where it
// begins, if it can be tapped there.
func (d *device) seesRing(s display.Screen) *display.Frame {
	d.t.Helper()
	f := d.renderer.Render(s)
	var ring display.Ring
	ring.Follow(f)
	ringed := ring.On(f)
	d.wait("the ringed screen "+f.Name, func(got *image.RGBA) bool {
		return emulator.Same(got, area, ringed.Image, image.Point{})
	})
	return f
}

// The lines of push-buttons are set up and read through the kernel. To the
// emulator's pins nothing is wired, and they are low: buttons stuck from the
// start, which do nothing. The touchscreen beside them does all it did, and the
// ring shows that there are buttons. There are two: with all three a device shows
// its screens before a touchscreen is found, and a tap then is a tap on nothing.
func TestPushButtonsThatAreStuckDoNothing(t *testing.T) {
	t.Parallel()
	card := flash(t, smallCard, map[string]string{"approve-button": "5", "page-button": "13"})
	d := start(t, emulator.Options{Card: card})
	screen := keyboard()
	d.touch(d.seesRing(screen), "key-a")
	screen.Text = "a"
	d.seesRing(screen)
	d.took("the keyboard with a ring")
}
