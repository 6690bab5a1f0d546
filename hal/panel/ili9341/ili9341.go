// Package ili9341 drives glass of 240×320 pixels with an ILI9341, such as that
// of Adafruit's PiTFT 2.8″.
//
// Sections are those of ILI Technology, "ILI9341 Datasheet", V1.11. What all
// displays have in common is package dcs's.
package ili9341

import (
	"image"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"onetimechat/hal/panel/dcs"
)

// Opts are the options of all displays.
type Opts = dcs.Opts

// DefaultOpts suit the modules that are sold. The clock is beyond the
// datasheet's 10 MHz for writing (AC characteristics, 4-line serial interface),
// and is what the modules' makers use.
var DefaultOpts = Opts{Frequency: 32 * physic.MegaHertz, Mirrored: true}

// Registers of section 8.3, "Extend register command".
const (
	pwctr1 = 0xC0 // Power Control 1
	pwctr2 = 0xC1 // Power Control 2
	vmctr1 = 0xC5 // VCOM Control 1
	vmctr2 = 0xC7 // VCOM Control 2
)

// Dev is a display with an ILI9341.
type Dev struct{ *dcs.Panel }

// New resets, wakes and blackens the display. dc is the line that tells
// commands from data (D/CX).
func New(port spi.Port, dc gpio.PinOut, opts *Opts) (*Dev, error) {
	size := image.Pt(240, 320)
	p, err := dcs.New(port, dc, dcs.Chip{Name: "ILI9341", RAM: size, Glass: size, BGR: true, Setup: []dcs.Command{
		{Code: pwctr1, Params: []byte{0x23}},       // GVDD 4.60 V
		{Code: pwctr2, Params: []byte{0x10}},       // step-up factors, as after reset
		{Code: vmctr1, Params: []byte{0x3E, 0x28}}, // VCOMH 4.250 V, VCOML −1.500 V
		{Code: vmctr2, Params: []byte{0x86}},       // both 58 steps lower: against flicker
	}}, opts)
	if err != nil {
		return nil, err
	}
	return &Dev{p}, nil
}
