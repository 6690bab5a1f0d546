// Package panel puts pictures on a pad device's glass.
//
// Framebuffer is whatever screen the kernel drives: HDMI, the 7-inch display;
// Backlight is its light, where the kernel can dim that. Displays that hang on SPI
// have a package each below this one, with the same methods: String, Bounds, Draw
// (periph's display.Drawer), Turn and Halt. Which of them somebody has plugged on,
// and how, is for package product to know.
//
// What it refuses to do: know what a picture means, and go on after a write
// that failed, since nobody knows then what the owner sees.
package panel

import (
	"fmt"
	"image"
)

// Rotation turns the picture clockwise, in degrees.
type Rotation int

// CheckRotation says what is wrong with r.
func CheckRotation(r Rotation) error {
	switch r {
	case 0, 90, 180, 270:
		return nil
	}
	return fmt.Errorf("rotation %d is not 0, 90, 180 or 270", r)
}

// Turned is the size of a glass as its owner sees it, and the other way round.
func (r Rotation) Turned(size image.Point) image.Point {
	if r == 90 || r == 270 {
		return image.Pt(size.Y, size.X)
	}
	return size
}

// Glass turns a point of the picture into one of the glass, whose size is not
// turned. The way back is that of 360° − r, with the size turned.
func (r Rotation) Glass(p, size image.Point) image.Point {
	switch r {
	case 90:
		return image.Pt(size.X-1-p.Y, p.X)
	case 180:
		return image.Pt(size.X-1-p.X, size.Y-1-p.Y)
	case 270:
		return image.Pt(p.Y, size.Y-1-p.X)
	}
	return p
}
