package display

import (
	"image"
	"image/color"
	"image/draw"
)

// Pressed is f with a finger on its target t: tinted in the colour that marks what
// is meant, so that its owner sees where the finger is before lifting it does
// anything.
func (f *Frame) Pressed(t Target) *Frame {
	if size := f.Image.Rect.Size(); 2*t.Rect.Dx()*t.Rect.Dy() > size.X*size.Y {
		return f // no button, but most of the screen
	}
	pressed := *f
	pressed.Image = image.NewRGBA(f.Image.Rect)
	copy(pressed.Image.Pix, f.Image.Pix)
	const strength = 0x80 // of 255: words stay readable
	tint := image.NewUniform(color.NRGBA{colAmber.R, colAmber.G, colAmber.B, strength})
	draw.Draw(pressed.Image, t.Rect, tint, image.Point{}, draw.Over)
	return &pressed
}
