package st7789_test

import (
	"fmt"
	"image"
	"testing"

	"onetimechat/hal/panel"
	. "onetimechat/hal/panel/dcs/dcstest"
	"onetimechat/hal/panel/st7789"
)

// The chip has 80 rows more than square glass. They come first where rows are
// counted from the last one.
func TestBusTrafficInEveryRotation(t *testing.T) {
	for _, c := range []struct {
		r      panel.Rotation
		mad    byte
		dx, dy byte
	}{{0, 0x00, 0, 0}, {90, 0x60, 0, 0}, {180, 0xC0, 0, 80}, {270, 0xA0, 80, 0}} {
		t.Run(fmt.Sprint(int(c.r)), func(t *testing.T) {
			end := func(d byte) (high, low byte) { return byte((int(d) + 239) >> 8), byte(int(d) + 239) }
			xh, xl := end(c.dx)
			yh, yl := end(c.dy)
			p := NewPlayback(t,
				Cmd(0x01), Cmd(0x11), Cmd(0x3A, 0x55), Cmd(0x36, c.mad), Cmd(0x21), Cmd(0x13),
				Cmd(0x2A, 0, c.dx, xh, xl), Cmd(0x2B, 0, c.dy, yh, yl), Cmd(0x2C), Pixels(240*240, 0, 0),
				Cmd(0x29),
				Cmd(0x2A, 0, 2+c.dx, 0, 3+c.dx), Cmd(0x2B, 0, 5+c.dy, 0, 5+c.dy), Cmd(0x2C), Pixels(2, 0xFF, 0xFF),
			)
			o := st7789.DefaultOpts
			o.Rotation, o.Sleep = c.r, NoSleep
			d, err := st7789.New(p, &p.DC, &o)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Draw(image.Rect(2, 5, 4, 6), image.White, image.Point{}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestStrangeGlassIsRefused(t *testing.T) {
	o := st7789.DefaultOpts
	o.Size = image.Pt(135, 240)
	if _, err := st7789.New(&Breaking{}, &Pin{}, &o); err == nil {
		t.Error("glass whose place in the memory is not known is taken")
	}
}
