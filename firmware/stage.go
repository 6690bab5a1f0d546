//go:build linux

package main

import (
	"fmt"
	"image"

	"onetimechat/display"
	"onetimechat/hal/panel"
	"onetimechat/hal/touch"
)

// stage is where a panel shows frames. Each of a frame's pixels is a square there:
// on a screen with many, one pixel is too small to read, and to tap.
type stage struct {
	area  image.Rectangle // on the panel, as its owner sees it
	scale int             // pixels along a square's side
}

// middle is the largest of display's sizes that fits, as often enlarged as it fits, in
// the middle. Where there is a touchscreen, it is one that fingers can work.
func middle(bounds image.Rectangle, keysOnly bool) (stage, error) {
	var best image.Point
	for _, size := range display.Sizes() {
		if display.KeysOnly(size) && !keysOnly {
			continue
		}
		if size.X <= bounds.Dx() && size.Y <= bounds.Dy() && size.X > best.X {
			best = size
		}
	}
	if best.X == 0 {
		return stage{}, fmt.Errorf("the screen has %dx%d pixels; 320x240 is the least", bounds.Dx(), bounds.Dy())
	}
	scale := min(bounds.Dx()/best.X, bounds.Dy()/best.Y)
	area := image.Rectangle{Max: best.Mul(scale)}
	return stage{area.Add(bounds.Size().Sub(area.Max).Div(2)), scale}, nil
}

// size is that of frames.
func (s stage) size() image.Point { return s.area.Size().Div(s.scale) }

// enlarge is a frame's picture as the panel shows it, in into if that has the size. What
// was drawn for another panel, before this one was turned, is shown as far as it goes.
func (s stage) enlarge(frame, into *image.RGBA) *image.RGBA {
	if into == nil || into.Rect.Size() != s.area.Size() {
		into = image.NewRGBA(image.Rectangle{Max: s.area.Size()})
	}
	for y := range min(s.size().Y, frame.Rect.Dy()) {
		row := into.Pix[y*s.scale*into.Stride:][:into.Stride]
		from := frame.Pix[y*frame.Stride:]
		for x := range min(s.size().X, frame.Rect.Dx()) {
			for i := range s.scale {
				copy(row[4*(x*s.scale+i):], from[4*x:4*x+4])
			}
		}
		for i := 1; i < s.scale; i++ {
			copy(into.Pix[(y*s.scale+i)*into.Stride:], row)
		}
	}
	return into
}

// place is where on frames a touch is, on a panel that its owner sees turned.
func (s stage) place(t touch.Touch, seen image.Rectangle, r panel.Rotation) image.Point {
	size := r.Turned(seen.Size())
	p := image.Pt(min(size.X-1, int(t.X*float64(size.X))), min(size.Y-1, int(t.Y*float64(size.Y))))
	p = ((360 - r) % 360).Glass(p, seen.Size()).Sub(s.area.Min)
	return image.Pt(floor(p.X, s.scale), floor(p.Y, s.scale))
}

// floor divides, and rounds down: what is beside a frame is not on its border.
func floor(n, by int) int {
	if n < 0 {
		n -= by - 1
	}
	return n / by
}

// pixel is the middle of a frame's pixel, in the panel's.
func (s stage) pixel(p image.Point) image.Point {
	return p.Mul(s.scale).Add(image.Pt(s.scale/2, s.scale/2)).Add(s.area.Min)
}
