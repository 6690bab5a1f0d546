// Package st7789 drives IPS glass of 240×240 or 240×320 pixels with an ST7789,
// such as that of Waveshare's 1.3″.
//
// Sections are those of Sitronix, "ST7789V Datasheet", version 1.3. What all
// displays have in common is package dcs's. The chip's power settings after
// reset suit the glass, so it is given none.
package st7789

import (
	"fmt"
	"image"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"onetimechat/hal/panel/dcs"
)

// Opts are the options of all displays, and the size of the glass.
type Opts struct {
	dcs.Opts
	Size image.Point // 240×240 or 240×320
}

// DefaultOpts suit the square modules that are sold.
var DefaultOpts = Opts{Opts: dcs.Opts{Frequency: 40 * physic.MegaHertz}, Size: image.Pt(240, 240)}

// ram is the chip's memory (section 1, "General description").
var ram = image.Pt(240, 320)

// Dev is a display with an ST7789.
type Dev struct{ *dcs.Panel }

// New resets, wakes and blackens the display. dc is the line that tells
// commands from data (D/CX). IPS glass is clear where other glass is dark,
// which is what INVON is for (section 9.1, 21h).
func New(port spi.Port, dc gpio.PinOut, opts *Opts) (*Dev, error) {
	if opts.Size != ram && opts.Size != image.Pt(240, 240) {
		return nil, fmt.Errorf("ST7789: glass of %v; 240×240 and 240×320 are known", opts.Size)
	}
	p, err := dcs.New(port, dc, dcs.Chip{Name: "ST7789", RAM: ram, Glass: opts.Size, Inverted: true}, &opts.Opts)
	if err != nil {
		return nil, err
	}
	return &Dev{p}, nil
}
