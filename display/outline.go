package display

import (
	"image"

	"github.com/fogleman/gg"
)

// outline is the border of a rectangle with round corners: where it is curved, and
// where it is straight.
type outline struct {
	rect         image.Rectangle
	radius, line int
	corner       int // side of the square that a curve stays in
}

func newOutline(r image.Rectangle, radius, line int) outline {
	return outline{rect: r, radius: radius, line: line, corner: min(radius+line+1, r.Dx()/2, r.Dy()/2)}
}

// arms are what is inside the border and beside no corner: a cross.
func (o outline) arms() []image.Rectangle {
	r, in := o.rect, o.rect.Inset(o.line)
	return []image.Rectangle{
		image.Rect(r.Min.X+o.corner, in.Min.Y, r.Max.X-o.corner, in.Max.Y),
		image.Rect(in.Min.X, r.Min.Y+o.corner, in.Max.X, r.Max.Y-o.corner),
	}
}

// edges are the border between the corners.
func (o outline) edges() []image.Rectangle {
	r, in := o.rect, o.rect.Inset(o.line)
	return []image.Rectangle{
		image.Rect(r.Min.X+o.corner, r.Min.Y, r.Max.X-o.corner, in.Min.Y),
		image.Rect(r.Min.X+o.corner, in.Max.Y, r.Max.X-o.corner, r.Max.Y),
		image.Rect(r.Min.X, r.Min.Y+o.corner, in.Min.X, r.Max.Y-o.corner),
		image.Rect(in.Max.X, r.Min.Y+o.corner, r.Max.X, r.Max.Y-o.corner),
	}
}

// squares are where the curves are: at the corners, in reading order.
func (o outline) squares() [4]image.Rectangle {
	r, n := o.rect, o.corner
	left, right := image.Rect(r.Min.X, r.Min.Y, r.Min.X+n, r.Min.Y+n), image.Rect(r.Max.X-n, r.Min.Y, r.Max.X, r.Min.Y+n)
	down := image.Pt(0, r.Dy()-n)
	return [4]image.Rectangle{left, right, left.Add(down), right.Add(down)}
}

// whole is the path along the middle of the border.
func (o outline) whole(dc *gg.Context) {
	half := float64(o.line) / 2
	dc.DrawRoundedRectangle(float64(o.rect.Min.X)+half, float64(o.rect.Min.Y)+half,
		float64(o.rect.Dx())-2*half, float64(o.rect.Dy())-2*half, float64(o.radius))
}

// cross is the path around the arms.
func (o outline) cross(dc *gg.Context) {
	arms := o.arms()
	up, across := arms[0], arms[1]
	dc.NewSubPath()
	for _, p := range []image.Point{
		up.Min, {up.Max.X, up.Min.Y}, {up.Max.X, across.Min.Y}, {across.Max.X, across.Min.Y},
		across.Max, {up.Max.X, across.Max.Y}, up.Max, {up.Min.X, up.Max.Y},
		{up.Min.X, across.Max.Y}, {across.Min.X, across.Max.Y}, across.Min, {up.Min.X, across.Min.Y},
	} {
		dc.LineTo(float64(p.X), float64(p.Y))
	}
	dc.ClosePath()
}

// corners are the four curves of whole, and of its straight lines what is in their
// squares.
func (o outline) corners(dc *gg.Context) {
	half, radius := float64(o.line)/2, float64(o.radius)
	x0, y0 := float64(o.rect.Min.X)+half, float64(o.rect.Min.Y)+half
	x3, y3 := float64(o.rect.Max.X)-half, float64(o.rect.Max.Y)-half
	reach := float64(o.corner) - half
	for i, c := range []struct{ x, y, fromX, fromY, toX, toY float64 }{
		{x3 - radius, y3 - radius, x3, y3 - reach, x3 - reach, y3},
		{x0 + radius, y3 - radius, x0 + reach, y3, x0, y3 - reach},
		{x0 + radius, y0 + radius, x0, y0 + reach, x0 + radius, y0},
		{x3 - radius, y0 + radius, x3 - reach, y0, x3, y0 + reach},
	} {
		dc.NewSubPath()
		dc.LineTo(c.fromX, c.fromY)
		dc.DrawArc(c.x, c.y, radius, gg.Radians(float64(90*i)), gg.Radians(float64(90*(i+1))))
		dc.LineTo(c.toX, c.toY)
	}
	// Here whole begins and ends, with a round cap each.
	dc.NewSubPath()
	dc.LineTo(x0+radius, y0)
	dc.LineTo(x0+reach, y0)
}
