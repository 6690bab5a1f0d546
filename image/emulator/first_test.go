//go:build linux

package emulator_test

import (
	"strings"
	"testing"
	"time"

	"onetimechat/display"
	"onetimechat/image/emulator"
)

// A card fresh from the image asks for its owner's name, lays up randomness,
// and knows all that at its next start.
func TestTheFirstStart(t *testing.T) {
	t.Parallel()
	card := flash(t, smallCard, map[string]string{"reservoir": "1 MiB"})
	d := start(t, emulator.Options{Card: card})
	named(d, "bob-2")
	d.taps(display.Ask{
		Title: "Are you bob-2?",
		Text:  "This is the name under which others meet you. It stays with this device, and cannot be changed once there is a pad.",
		Yes:   "Yes", No: "Change it", Ready: true,
	}, "yes")
	d.sees(home("bob-2"))
	d.took("home with a full reservoir")
	d.switchOff(home("bob-2"))

	d = start(t, emulator.Options{Card: card, Laptop: anyPort})
	d.sees(home("bob-2"))
	d.took("home of the second start")
	if status := d.answers(); status.Owner != "bob-2" || status.Start != 2 || status.Screen != "home" {
		t.Errorf("the link says %+v", status)
	}
	d.took("the link")
	d.cut()

	d = start(t, emulator.Options{Card: card})
	d.sees(unread(home("bob-2")))
}

// switchOff taps the device off, from its home screen on.
func (d *device) switchOff(home display.Home) {
	d.t.Helper()
	d.taps(home, "log")
	d.tapsLike(display.Log{PowerOff: true}, "power-off")
	d.taps(display.Ask{
		Title: "Switch the device off?",
		Text:  "Nothing is lost, then or if you unplug it without asking: every use of a pad is on the card before anything leaves the device.",
		Yes:   "Switch off", No: "Stay on", Ready: true,
	}, "yes")
	select {
	case <-d.Ended():
	case <-time.After(patience):
		d.t.Fatal("the board does not go off")
	}
}

// named types an owner's name on the screen, with a letter too many that is
// taken back.
func named(d *device, name string) {
	d.t.Helper()
	screen := keyboard()
	d.sees(screen)
	d.took("the keyboard")
	pages := []string{"abcdefghijklm", "nopqrstuvwxyz", "0123456789-_"}
	for _, key := range name + "x" {
		for want, keys := range pages {
			if !strings.ContainsRune(keys, key) {
				continue
			}
			for ; screen.Page < want; screen.Page++ {
				d.taps(screen, "next")
			}
			for ; screen.Page > want; screen.Page-- {
				d.taps(screen, "prev")
			}
		}
		d.taps(screen, "key-"+string(key))
		screen.Text += string(key)
	}
	d.taps(screen, "delete")
	screen.Text = name
	d.taps(screen, "ok")
}

// keyboard is the first screen of a device that has no owner.
func keyboard() display.Keyboard {
	return display.Keyboard{Title: "Whose device is this?", Hint: "Your name, as others will know you."}
}
