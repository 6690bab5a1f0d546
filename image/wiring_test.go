package main

import (
	"fmt"
	picture "image"
	"image/color"
	"path/filepath"
	"testing"

	"github.com/fogleman/gg"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"

	"onetimechat/firmware/boot/conf"
)

// headerLines are the pins of the header by the GPIO that they are, as Raspberry
// Pi's "GPIO and the 40-pin header" has them, as far as something is wired to them.
var headerLines = map[int]int{9: 21, 5: 29, 6: 31, 13: 33}

// Pins for power.
const (
	pin3V3       = 17
	pinGround    = 25
	pinGroundToo = 39
)

var (
	inkColour    = color.RGBA{0x17, 0x21, 0x2b, 0xff}
	powerColour  = color.RGBA{0xb3, 0x1b, 0x1b, 0xff}
	groundColour = color.RGBA{0x3a, 0x45, 0x50, 0xff}
	lineColour   = color.RGBA{0x1b, 0x5f, 0x9e, 0xff}
)

// wiring is the picture of what can be wired to the pin header: the header from
// above, as in the pictures of the boards, and wires from its row of odd pins.
type wiring struct {
	*gg.Context
	t *testing.T
}

const (
	wiringW, wiringH = 1000, 560
	pinStep          = 46.0
	pinX, pinY       = 64.0, 96.0
)

// at is the middle of a pin.
func at(pin int) (x, y float64) {
	x, y = pinX+float64((pin-1)/2)*pinStep, pinY
	if pin%2 == 1 {
		y += 38
	}
	return x, y
}

func drawWiring(t *testing.T) picture.Image {
	w := wiring{gg.NewContext(wiringW, wiringH), t}
	w.SetRGB255(0xec, 0xf0, 0xf3)
	w.Clear()
	w.SetColor(inkColour)
	w.SetFontFace(face(t, gobold.TTF, 20))
	w.DrawString("The pin header from above, and what can be wired to it", 40, 40)
	w.SetRGB255(0x2e, 0x7d, 0x4f)
	w.DrawRoundedRectangle(24, 60, wiringW-48, 120, 15)
	w.Fill()
	w.SetRGB255(0x1c, 0x1c, 0x1c)
	w.DrawRectangle(pinX-24, pinY-21, 20*pinStep+2, 80)
	w.Fill()
	w.comparator()
	w.buttons()
	for pin := 1; pin <= 40; pin++ {
		w.pin(pin)
	}
	w.SetFontFace(face(t, goregular.TTF, 16))
	w.SetColor(inkColour)
	w.DrawString("The edge of the board is above, its middle", 40, 226)
	w.DrawString("below. Pin 1 is at the end with the card.", 40, 250)
	return w.Image()
}

// pin draws a pin with its number, light if something is wired to it.
func (w wiring) pin(n int) {
	x, y := at(n)
	w.SetRGB255(0x8a, 0x8f, 0x94)
	for _, line := range headerLines {
		if n == line {
			w.SetRGB255(0x9f, 0xc9, 0xf0)
		}
	}
	switch n {
	case pin3V3:
		w.SetRGB255(0xff, 0xb3, 0xa8)
	case pinGround, pinGroundToo:
		w.SetRGB255(0xff, 0xff, 0xff)
	}
	w.DrawCircle(x, y, 15)
	w.Fill()
	w.SetRGB255(0, 0, 0)
	w.SetFontFace(face(w.t, gobold.TTF, 14))
	w.DrawStringAnchored(fmt.Sprint(n), x, y, 0.5, 0.35)
}

// wire draws a wire from a pin along points.
func (w wiring) wire(pin int, col color.Color, points ...float64) {
	x, y := at(pin)
	w.SetColor(col)
	w.SetLineWidth(4)
	w.MoveTo(x, y)
	for i := 0; i < len(points); i += 2 {
		w.LineTo(points[i], points[i+1])
	}
	w.Stroke()
}

// comparator draws the noise comparator: supplied from the header, its output on
// MISO.
func (w wiring) comparator() {
	const top, tall = 300.0, 130.0
	left, _ := at(pin3V3)
	out, _ := at(headerLines[9])
	right, _ := at(pinGround)
	w.wire(pin3V3, powerColour, left, top)
	w.wire(headerLines[9], lineColour, out, top)
	w.wire(pinGround, groundColour, right, top)
	w.SetRGB255(0xff, 0xff, 0xff)
	w.DrawRoundedRectangle(left-54, top, right-left+108, tall, 8)
	w.FillPreserve()
	w.SetColor(inkColour)
	w.SetLineWidth(2)
	w.Stroke()
	w.SetFontFace(face(w.t, goregular.TTF, 16))
	for _, s := range []struct {
		x    float64
		text string
	}{{left, "3.3 V"}, {out, "output"}, {right, "ground"}} {
		w.DrawStringAnchored(s.text, s.x, top+20, 0.5, 0.35)
	}
	middle := (left + right) / 2
	w.SetFontFace(face(w.t, gobold.TTF, 18))
	w.DrawStringAnchored("noise comparator", middle, top+62, 0.5, 0.35)
	w.SetFontFace(face(w.t, goregular.TTF, 16))
	w.DrawStringAnchored("comparator = SPI0.1", middle, top+92, 0.5, 0.35)
	w.DrawStringAnchored("Its output swings from 0 to 3.3 V, never more: it is on MISO (GPIO 9).", 40, top+tall+36, 0, 0.35)
	w.DrawStringAnchored("It cannot share the port with a screen on SPI that uses SPI0.1.", 40, top+tall+60, 0, 0.35)
}

// buttons draws the push-buttons, each between its line and one ground.
func (w wiring) buttons() {
	rail, _ := at(pinGroundToo)
	const first, step = 280.0, 90.0
	w.wire(pinGroundToo, groundColour, rail, first+2*step)
	// The line nearest to the rail comes first, so that no wires cross.
	for i, b := range []struct {
		name string
		line int
	}{{"page", 13}, {"deny", 6}, {"approve", 5}} {
		y := first + float64(i)*step
		x, _ := at(headerLines[b.line])
		w.wire(headerLines[b.line], lineColour, x, y, rail-105, y)
		w.SetColor(groundColour)
		w.DrawLine(rail-65, y, rail, y)
		w.Stroke()
		w.SetColor(inkColour)
		for _, contact := range []float64{rail - 105, rail - 65} {
			w.DrawCircle(contact, y, 6)
			w.Fill()
		}
		w.SetLineWidth(4)
		w.DrawLine(rail-112, y-14, rail-58, y-14)
		w.DrawLine(rail-85, y-14, rail-85, y-26)
		w.Stroke()
		w.SetFontFace(face(w.t, gobold.TTF, 18))
		w.DrawStringAnchored(b.name, rail-85, y+22, 0.5, 0.35)
		w.SetFontFace(face(w.t, goregular.TTF, 16))
		w.DrawStringAnchored(fmt.Sprintf("%s-button = %d", b.name, b.line), rail-85, y+44, 0.5, 0.35)
	}
	w.DrawStringAnchored("No resistors: the board pulls the lines up.", rail+20, first+2*step+76, 1, 0.35)
}

// What is drawn can be set in otc.conf, and is as stored.
func TestTheWiringLooksAsStored(t *testing.T) {
	c := conf.Default()
	for _, set := range [][2]string{{"comparator", "SPI0.1"}, {"approve-button", "5"}, {"deny-button", "6"}, {"page-button", "13"}} {
		if err := c.Set(set[0], set[1]); err != nil {
			t.Errorf("%s: %v", set[0], err)
		}
	}
	checkPicture(t, filepath.Join(boardPictures, "wiring.png"), drawWiring(t))
}
