package ili9341_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"

	. "onetimechat/hal/panel/dcs/dcstest"
	"onetimechat/hal/panel/ili9341"
)

func opts() *ili9341.Opts {
	o := ili9341.DefaultOpts
	o.Rotation, o.Sleep = 90, NoSleep
	return &o
}

var red = image.NewUniform(color.RGBA{0xff, 0, 0, 0xff})

func TestBusTraffic(t *testing.T) {
	p := NewPlayback(t,
		Cmd(0x01),
		Cmd(0xC0, 0x23), Cmd(0xC1, 0x10), Cmd(0xC5, 0x3E, 0x28), Cmd(0xC7, 0x86),
		Cmd(0x11), Cmd(0x3A, 0x55), Cmd(0x36, 0x28), Cmd(0x20), Cmd(0x13),
		Cmd(0x2A, 0, 0, 1, 0x3F), Cmd(0x2B, 0, 0, 0, 0xEF), Cmd(0x2C), Pixels(320*240, 0, 0),
		Cmd(0x29),
		// A small rectangle, and a pixel more of it.
		Cmd(0x2A, 1, 4, 1, 6), Cmd(0x2B, 0, 7, 0, 8), Cmd(0x2C), Pixels(6, 0xF8, 0),
		Cmd(0x2A, 1, 7, 1, 7), Cmd(0x2B, 0, 7, 0, 7), Cmd(0x2C), Pixels(1, 0xF8, 0),
		Cmd(0x28), Cmd(0x10),
	)
	d, err := ili9341.New(p, &p.DC, opts())
	if err != nil {
		t.Fatal(err)
	}
	if d.Bounds() != image.Rect(0, 0, 320, 240) || !strings.Contains(d.String(), "ILI9341, 320x240") {
		t.Errorf("%s, %v", d, d.Bounds())
	}
	for _, r := range []image.Rectangle{image.Rect(260, 7, 263, 9), image.Rect(260, 7, 263, 9), image.Rect(260, 7, 264, 8)} {
		if err := d.Draw(r, red, image.Point{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Halt(); err != nil {
		t.Error(err)
	}
}

// Wherever the bus fails, the command comes again, or the whole window; where it
// goes on failing, that is an error, and so is each further Draw.
func TestAnErrorAtEachTransfer(t *testing.T) {
	run := func(b *Breaking) error {
		d, err := ili9341.New(b, &b.DC, opts())
		if err != nil {
			return err
		}
		first := d.Draw(image.Rect(0, 0, 100, 100), red, image.Point{})
		again := d.Draw(image.Rect(0, 0, 9, 9), image.Black, image.Point{})
		if first != nil && !errors.Is(again, first) {
			t.Errorf("Draw gives %v and then %v", first, again)
		}
		return again
	}
	same := func(a, b Sent) bool { return a.Command == b.Command && bytes.Equal(a.Bytes, b.Bytes) }
	var whole Breaking
	if err := run(&whole); err != nil {
		t.Fatal(err)
	}
	for at := 1; at <= whole.Count; at++ {
		// Where the command, or the window, begins.
		begin := at - 1
		for !whole.Sent[begin].Command || whole.Sent[begin].Bytes[0] == 0x2B || whole.Sent[begin].Bytes[0] == 0x2C {
			begin--
		}
		twice := Breaking{At: at, Times: 2}
		if err := run(&twice); err != nil {
			t.Errorf("transfer %d fails, and once more: %v", at, err)
		}
		if want := slices.Concat(whole.Sent[:at-1], whole.Sent[begin:]); !slices.EqualFunc(twice.Sent, want, same) {
			t.Errorf("transfer %d fails, and once more: what follows is wrong", at)
		}
		if got := run(&Breaking{At: at, Times: 1 << 30}); !errors.Is(got, ErrBus) {
			t.Errorf("transfer %d goes on failing: %v", at, got)
		}
	}
}
