package dcs

import (
	"encoding/binary"
	"image"
	"image/draw"
)

// picture is pixels in RGB565.
type picture struct {
	width int
	pix   []uint16
}

func newPicture(size image.Point) picture {
	return picture{width: size.X, pix: make([]uint16, size.X*size.Y)}
}

// row is the pixels from left to before right, in row y.
func (p picture) row(y, left, right int) []uint16 {
	return p.pix[y*p.width+left : y*p.width+right]
}

// paint draws a part of src, from the point from on, into the rectangle to.
func (p picture) paint(to image.Rectangle, src image.Image, from image.Point) {
	rgba, ok := src.(*image.RGBA)
	if !ok || !(image.Rectangle{Min: from, Max: from.Add(to.Size())}).In(rgba.Rect) {
		rgba = image.NewRGBA(image.Rectangle{Max: to.Size()})
		draw.Draw(rgba, rgba.Rect, src, from, draw.Src)
		from = image.Point{}
	}
	for y := to.Min.Y; y < to.Max.Y; y++ {
		line := rgba.Pix[rgba.PixOffset(from.X, from.Y+y-to.Min.Y):]
		row := p.row(y, to.Min.X, to.Max.X)
		for i := range row {
			r, g, b := uint16(line[4*i]), uint16(line[4*i+1]), uint16(line[4*i+2])
			row[i] = r>>3<<11 | g>>2<<5 | b>>3
		}
	}
}

// take copies a rectangle of another picture of the same size.
func (p picture) take(from picture, r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		copy(p.row(y, r.Min.X, r.Max.X), from.row(y, r.Min.X, r.Max.X))
	}
}

// bytes fills b with the pixels of r, row by row, from the first-th on, high
// byte first.
func (p picture) bytes(b []byte, r image.Rectangle, first int) {
	for left, y := r.Min.X+first%r.Dx(), r.Min.Y+first/r.Dx(); len(b) > 0; left, y = r.Min.X, y+1 {
		row := p.row(y, left, r.Max.X)
		row = row[:min(len(row), len(b)/2)]
		for i, v := range row {
			binary.BigEndian.PutUint16(b[2*i:], v)
		}
		b = b[2*len(row):]
	}
}

// changes returns rectangles, apart from each other, that hold all pixels of
// area in which the pictures differ. A window costs windowCost bytes beside
// its pixels, so one is stretched over pixels that are as they were where that
// is cheaper than another window: to the right first, then downwards.
func changes(shown, wanted picture, area image.Rectangle, windowCost int) []image.Rectangle {
	var done, open []image.Rectangle
	for y := area.Min.Y; y < area.Max.Y; y++ {
		var next []image.Rectangle
		for _, run := range runs(shown, wanted, area, y, windowCost) {
			next, open, done = grow(run, next, open, done, windowCost)
		}
		done = append(done, open...)
		open = next
	}
	return append(done, open...)
}

// runs are the stretches of row y that differ.
func runs(shown, wanted picture, area image.Rectangle, y, windowCost int) []image.Rectangle {
	var all []image.Rectangle
	was, is := shown.row(y, 0, shown.width), wanted.row(y, 0, wanted.width)
	for x := area.Min.X; x < area.Max.X; x++ {
		if was[x] == is[x] {
			continue
		}
		if n := len(all); n > 0 && bytesOf(x-all[n-1].Max.X, 1) <= windowCost {
			all[n-1].Max.X = x + 1
		} else {
			all = append(all, image.Rect(x, y, x+1, y+1))
		}
	}
	return all
}

// grow lets the run go on one of the rectangles that are open, which end above
// it, where both together are no dearer than each for itself; else it begins a
// new one. Rectangles in next have the row already; what one of them covers of
// the run is left out. Rectangles to the left of the run are done: runs come
// from left to right.
func grow(run image.Rectangle, next, open, done []image.Rectangle, windowCost int) (n, o, d []image.Rectangle) {
	if last := len(next) - 1; last >= 0 {
		if run.Min.X = max(run.Min.X, next[last].Max.X); run.Empty() {
			return next, open, done
		}
	}
	for len(open) > 0 && open[0].Max.X <= run.Min.X {
		done, open = append(done, open[0]), open[1:]
	}
	if len(open) > 0 {
		both := open[0].Union(run)
		apart := bytesOf(open[0].Dx(), open[0].Dy()) + bytesOf(run.Dx(), 1) + windowCost
		free := len(next) == 0 || next[len(next)-1].Max.X <= both.Min.X
		clear := len(open) == 1 || both.Max.X <= open[1].Min.X
		if free && clear && bytesOf(both.Dx(), both.Dy()) <= apart {
			return append(next, both), open[1:], done
		}
	}
	return append(next, run), open, done
}

// bytesOf is what so many pixels are on the bus.
func bytesOf(dx, dy int) int { return 2 * dx * dy }

// Differing are the pixels in which two pictures of one size differ, as a display
// shows them.
func Differing(a, b image.Image) (all []image.Point) {
	size := a.Bounds().Size()
	was, is := newPicture(size), newPicture(size)
	was.paint(image.Rectangle{Max: size}, a, a.Bounds().Min)
	is.paint(image.Rectangle{Max: size}, b, b.Bounds().Min)
	for i := range was.pix {
		if was.pix[i] != is.pix[i] {
			all = append(all, image.Pt(i%size.X, i/size.X))
		}
	}
	return all
}
