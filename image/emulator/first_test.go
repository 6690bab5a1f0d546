//go:build linux

package emulator_test

import (
	"bytes"
	"errors"
	"flag"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
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
	sure := display.Ask{
		Title: "Are you bob-2?",
		Text:  "This is the name under which others meet you. It stays with this device, and cannot be changed once there is a pad.",
		Yes:   "Yes", No: "Change it", Ready: true,
	}
	d.sees(sure)
	d.pictured("confirm")
	d.taps(sure, "yes")
	d.sees(home("bob-2"))
	d.pictured("home")
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
	d.sees(screen)
	d.pictured("keyboard")
	d.taps(screen, "ok")
}

var update = flag.Bool("update", false, "store pictures of the first start as they are now")

// pictured compares the whole glass with its stored picture, which the documents
// show.
func (d *device) pictured(name string) {
	d.t.Helper()
	path := filepath.Join("..", "testdata", "start", name+".png")
	if *update {
		got, err := d.Screen()
		if err != nil {
			d.t.Fatal(err)
		}
		var b bytes.Buffer
		err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, got)
		if err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, b.Bytes(), 0o644)); err != nil {
			d.t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(stored))
	if err != nil {
		d.t.Fatal(err)
	}
	want := image.NewRGBA(m.Bounds())
	draw.Draw(want, want.Rect, m, m.Bounds().Min, draw.Src)
	d.wait("the stored picture "+name, func(got *image.RGBA) bool {
		return got.Rect == want.Rect && emulator.Same(got, got.Rect, want, image.Point{})
	})
}

// keyboard is the first screen of a device that has no owner.
func keyboard() display.Keyboard {
	return display.Keyboard{Title: "Whose device is this?", Hint: "Your name, as others will know you."}
}
