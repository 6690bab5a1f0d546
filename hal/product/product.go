// Package product knows the screens that people plug onto a Raspberry Pi's pin
// header: which display and touch controller they have, on which buses and
// pins, and how they are mounted.
//
// Start with Find, which knows a Product by the name that otc.conf has for it;
// Open lights it, and Feel finds its touch controller, or Keys says where its
// push-buttons are. Ports are opened in ports_linux.go, and only there, by
// periph's drivers for what Linux shows in /dev.
//
// What it refuses to do: guess. A product whose port is not there is an error
// that names both.
package product

import (
	"fmt"
	"image"
	"slices"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"onetimechat/hal/panel"
	"onetimechat/hal/panel/dcs"
	"onetimechat/hal/panel/ili9341"
	"onetimechat/hal/panel/ili9486"
	"onetimechat/hal/panel/st7789"
	"onetimechat/hal/touch"
)

// Chip is a display or touch controller.
type Chip string

// The controllers that products have.
const (
	ILI9341 Chip = "ILI9341"
	ILI9486 Chip = "ILI9486"
	ST7789  Chip = "ST7789"

	XPT2046  Chip = "XPT2046"
	FT6236   Chip = "FT6236"
	STMPE610 Chip = "STMPE610"
)

// Line is a GPIO of the board, by its BCM number; NoLine where there is none.
type Line int

// NoLine is no line.
const NoLine Line = -1

// Display is how a product's display is connected.
type Display struct {
	Chip             Chip
	Port             string // such as SPI0.0
	Frequency        physic.Frequency
	DC, Reset, Light Line
	Size             image.Point     // in pixels, upright
	Pitch            physic.Distance // from pixel to pixel, across and down
	// Mounted is how the picture is turned to stand upright on the product as
	// its owner holds it, with rotate = 0.
	Mounted panel.Rotation
}

// Touch is how a product's touch controller is connected. The zero value is
// none.
type Touch struct {
	Chip      Chip
	Port      string // such as SPI0.1 or I2C1
	Frequency physic.Frequency
	Interrupt Line // low while touched
	// Mount is how the sheet lies on the glass as the display's chip counts it.
	Mount touch.Mount
	// Resistive sheets say other numbers than their neighbours from the same
	// factory: they have to be calibrated.
	Resistive bool
}

// Keys are push-buttons between a line and ground, by what they mean. The zero
// value is none: no product has one on GPIO 0, which is its memory's.
type Keys struct{ Approve, Deny, Page Line }

// Product is a screen to plug on.
type Product struct {
	Name    string // as in otc.conf
	Alike   string // name that stands for it and for what is like it, but for the touch; "": none
	Display Display
	Touch   Touch
	Keys    Keys
	// Dims is a line that takes the display's light when it is low, and that the
	// product itself holds high; 0: there is none.
	Dims Line
}

// Products returns those that are known. Pins, clocks and sizes are as in their
// makers' manuals: Adafruit, "Adafruit PiTFT - 2.8 Inch Resistive Touchscreen"
// and "… Capacitive Touch", "Pinouts" (57.6 × 43.2 mm are seen); Waveshare,
// "3.5inch RPi LCD (A)", "Interface Definition" (73.44 × 48.96 mm), and "1.3inch
// LCD HAT", "Pinout" (23.4 × 23.4 mm).
func Products() []Product {
	// Upright is as in the overlays that Adafruit's installer names, pitft28-resistive
	// and pitft28-capacitive: MADCTL is E8h.
	pitft := Display{
		Chip: ILI9341, Port: "SPI0.0", Frequency: 32 * physic.MegaHertz, DC: 25, Reset: NoLine, Light: NoLine,
		Size: image.Pt(320, 240), Pitch: 180 * physic.MicroMetre, Mounted: 270,
	}
	return []Product{
		{
			Name: "pitft28r", Alike: "pitft28", Display: pitft,
			Touch: Touch{Chip: STMPE610, Port: "SPI0.1", Frequency: 500 * physic.KiloHertz, Interrupt: 24, Resistive: true},
			Dims:  18, // "Backlight Control"
		},
		{
			Name: "pitft28c", Alike: "pitft28", Display: pitft,
			Touch: Touch{Chip: FT6236, Port: "I2C1", Frequency: 400 * physic.KiloHertz, Interrupt: 24, Mount: touch.Mount{FlipX: true, FlipY: true}},
		},
		{
			Name: "waveshare35",
			Display: Display{
				Chip: ILI9486, Port: "SPI0.0", Frequency: 16 * physic.MegaHertz, DC: 24, Reset: 25, Light: NoLine,
				Size: image.Pt(480, 320), Pitch: 153 * physic.MicroMetre, Mounted: 90,
			},
			Touch: Touch{Chip: XPT2046, Port: "SPI0.1", Frequency: 2 * physic.MegaHertz, Interrupt: 17, Resistive: true},
		},
		{
			Name: "waveshare13",
			Display: Display{
				Chip: ST7789, Port: "SPI0.0", Frequency: 40 * physic.MegaHertz, DC: 25, Reset: 27, Light: 24,
				Size: image.Pt(240, 240), Pitch: 97500 * physic.NanoMetre, Mounted: 90,
			},
			Touch: Touch{Interrupt: NoLine},
			Keys:  Keys{Approve: 21, Page: 20, Deny: 16}, // KEY1, KEY2, KEY3
		},
	}
}

// Find returns the product of a name.
func Find(name string) (Product, bool) {
	all := Products()
	i := slices.IndexFunc(all, func(p Product) bool { return p.Name == name })
	if i < 0 {
		return Product{}, false
	}
	return all[i], true
}

// HasTouch tells whether the product has a touch controller.
func (p Product) HasTouch() bool { return p.Touch.Chip != "" }

// Uses tells whether a line, not 0, is one of those to the product's display and touch
// controller.
func (p Product) Uses(l Line) bool {
	return slices.Contains([]Line{p.Display.DC, p.Display.Reset, p.Display.Light, p.Touch.Interrupt, p.Dims}, l)
}

// Turned is how the picture is turned on the glass as its chip counts it, where
// the owner wants it turned by r.
func (p Product) Turned(r panel.Rotation) panel.Rotation { return (p.Display.Mounted + r) % 360 }

// Pins are the lines to a display that its port does not have; nil for none.
type Pins struct {
	DC, Reset, Light gpio.PinOut
}

// Lit is a product's display that was found and lit.
type Lit struct {
	driver
	product Product
}

// driver is what the drivers of all displays are.
type driver interface {
	display.Drawer
	Turn(r panel.Rotation) error
}

// Light lights the display at port.
func (p Product) Light(port spi.Port, pins Pins, opts Opts) (*Lit, error) {
	if err := panel.CheckRotation(opts.Rotation); err != nil {
		return nil, err
	}
	d, err := p.drive(port, pins, opts)
	if err != nil {
		return nil, err
	}
	return &Lit{d, p}, nil
}

// Turn turns the picture, from upright. What was drawn is gone: the glass is
// black.
func (l *Lit) Turn(r panel.Rotation) error {
	if err := panel.CheckRotation(r); err != nil {
		return err
	}
	return l.driver.Turn(l.product.Turned(r))
}

func (p Product) drive(port spi.Port, pins Pins, opts Opts) (driver, error) {
	set := func(o dcs.Opts) dcs.Opts {
		o.Frequency, o.Rotation = p.Display.Frequency, p.Turned(opts.Rotation)
		o.Reset, o.Light, o.Sleep = pins.Reset, pins.Light, opts.Sleep
		return o
	}
	switch p.Display.Chip {
	case ILI9341:
		o := set(ili9341.DefaultOpts)
		return ili9341.New(port, pins.DC, &o)
	case ILI9486:
		o := set(ili9486.DefaultOpts)
		return ili9486.New(port, pins.DC, &o)
	case ST7789:
		o := st7789.DefaultOpts
		o.Opts = set(o.Opts)
		return st7789.New(port, pins.DC, &o)
	}
	return nil, fmt.Errorf("there is no driver for a %s", p.Display.Chip)
}
