// Package ili9486 drives glass of 320×480 pixels with an ILI9486 behind shift
// registers, such as that of Waveshare's 3.5″ and its clones: the chip's
// parallel interface is fed by the bus sixteen bits at a time, so commands and
// parameters travel as 16-bit words.
//
// Sections are those of ILI Technology, "ILI9486 Datasheet". What all displays
// have in common is package dcs's.
package ili9486

import (
	"image"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"onetimechat/hal/panel/dcs"
)

// Opts are the options of all displays.
type Opts = dcs.Opts

// DefaultOpts suit the modules that are sold, whose shift registers follow up to
// about 24 MHz.
var DefaultOpts = Opts{Frequency: 16 * physic.MegaHertz, Mirrored: true}

// Registers of the command list's second part, the manufacturer's.
const (
	ifmode = 0xB0 // Interface Mode Control
	pwctr3 = 0xC2 // Power Control 3 (for normal mode)
	vmctr1 = 0xC5 // VCOM Control 1
)

// Dev is a display with an ILI9486.
type Dev struct{ *dcs.Panel }

// New resets, wakes and blackens the display. dc is the line that tells
// commands from data (D/CX).
func New(port spi.Port, dc gpio.PinOut, opts *Opts) (*Dev, error) {
	size := image.Pt(320, 480)
	p, err := dcs.New(port, dc, dcs.Chip{Name: "ILI9486", RAM: size, Glass: size, Words: true, BGR: true, Setup: []dcs.Command{
		{Code: ifmode, Params: []byte{0x00}},                   // as after reset
		{Code: pwctr3, Params: []byte{0x44}},                   // step-up clocks
		{Code: vmctr1, Params: []byte{0x00, 0x00, 0x00, 0x00}}, // VCOM from the chip's own memory
	}}, opts)
	if err != nil {
		return nil, err
	}
	return &Dev{p}, nil
}
