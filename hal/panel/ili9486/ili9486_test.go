package ili9486_test

import (
	"image"
	"image/color"
	"slices"
	"testing"

	. "onetimechat/hal/panel/dcs/dcstest"
	"onetimechat/hal/panel/ili9486"
)

// Commands and parameters are words, pixels are words anyway, and the reset
// line is used.
func TestBusTraffic(t *testing.T) {
	wide := func(code byte, params ...byte) []Sent { return Wide(Cmd(code, params...)) }
	p := NewPlayback(t,
		wide(0xB0, 0), wide(0xC2, 0x44), wide(0xC5, 0, 0, 0, 0),
		wide(0x11), wide(0x3A, 0x55), wide(0x36, 0x28), wide(0x20), wide(0x13),
		wide(0x2A, 0, 0, 1, 0xDF), wide(0x2B, 0, 0, 1, 0x3F), wide(0x2C), Pixels(480*320, 0, 0),
		wide(0x29),
		wide(0x2A, 1, 0xDE, 1, 0xDF), wide(0x2B, 1, 0x3F, 1, 0x3F), wide(0x2C), Pixels(2, 0x07, 0xE0),
		wide(0x28), wide(0x10),
	)
	var reset levels
	var light Pin
	o := ili9486.DefaultOpts
	o.Rotation, o.Sleep, o.Reset, o.Light = 90, NoSleep, &reset, &light
	d, err := ili9486.New(p, &p.DC, &o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(reset.all, []bool{true, false, true}) || !bool(light.Level) {
		t.Errorf("reset went %v, light is %v", reset.all, light.Level)
	}
	// What lies outside is left out.
	green := image.NewUniform(color.RGBA{0, 0xff, 0, 0xff})
	if err := d.Draw(image.Rect(478, 319, 490, 400), green, image.Point{}); err != nil {
		t.Fatal(err)
	}
	if err := d.Halt(); err != nil || bool(light.Level) {
		t.Errorf("%v, light is %v", err, light.Level)
	}
}
