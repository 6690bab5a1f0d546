package display

import (
	"image"
	"image/color"
	"image/draw"
	"strings"

	"github.com/fogleman/gg"

	"onetimechat/display/escape"
)

// canvas is a Frame being drawn.
type canvas struct {
	theme
	fonts typefaces
	frame *Frame
	dc    *gg.Context
	// layouts keeps the last exact layout: paging through a text asks for the
	// same one again.
	layouts *layoutCache
	corners map[corner]*image.RGBA
}

// textBox is a piece of text as drawn, for the tests.
type textBox struct {
	text string
	rect image.Rectangle // what it covers
	box  image.Rectangle // what it had to stay in
	ink  color.RGBA
	body bool // a line of a text from elsewhere
}

type align int

const (
	left align = iota
	centre
	right
)

// style is how a piece of text is drawn.
type style struct {
	face  *typeface
	ink   color.RGBA
	align align
	body  bool
}

// say draws one line of safe text in box, centred vertically, notes it in the
// Frame, and returns what it covers.
func (c *canvas) say(box image.Rectangle, st style, text string) image.Rectangle {
	if text == "" {
		return image.Rectangle{Min: box.Min, Max: box.Min}
	}
	w, h := st.face.width(text), st.face.height
	at := image.Pt(box.Min.X, box.Min.Y+(box.Dy()-h)/2)
	switch st.align {
	case centre:
		at.X += (box.Dx() - w) / 2
	case right:
		at.X += box.Dx() - w
	}
	c.drawText(at, st, text)
	rect := image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))}
	c.frame.boxes = append(c.frame.boxes, textBox{text, rect, box, st.ink, st.body})
	c.frame.Text = append(c.frame.Text, text)
	return rect
}

// safe makes a single line of text safe for say.
func (c *canvas) safe(text string) string {
	return strings.ReplaceAll(escape.Text(text, c.fonts.body.shows), "\n", " ")
}

func (c *canvas) drawText(at image.Point, st style, text string) {
	ink := image.NewUniform(st.ink)
	for len(text) > 0 {
		s, escaped := escape.Next(text)
		text = text[len(s):]
		if escaped && st.body {
			chip := image.Rect(at.X, at.Y+1, at.X+st.face.width(s), at.Y+st.face.height-1)
			draw.Draw(c.frame.Image, chip, image.NewUniform(colChip), image.Point{}, draw.Src)
		}
		for _, r := range s {
			c.drawRune(at, st, ink, r)
			at.X += st.face.advance(r)
		}
	}
}

func (c *canvas) drawRune(at image.Point, st style, ink image.Image, r rune) {
	switch r {
	case ' ':
	case markNewline, markSpace, markBroken:
		c.drawMark(at, st.face, r)
	default:
		dst, mask, from, ok := st.face.glyph(at.X, at.Y+st.face.ascent, r)
		if ok {
			draw.DrawMask(c.frame.Image, dst, ink, image.Point{}, mask, from, draw.Over)
		}
	}
}

// drawMark draws a mark as a shape: a corner arrow for a newline, an open box
// for a space, a bent arrow for a word that goes on.
func (c *canvas) drawMark(at image.Point, t *typeface, r rune) {
	w, h := float64(t.markWidth()), float64(t.ascent)
	x, y := float64(at.X), float64(at.Y)
	point := func(fx, fy float64) (float64, float64) { return x + fx*w, y + fy*h }
	path := func(points ...float64) {
		for i := 0; i < len(points); i += 2 {
			px, py := point(points[i], points[i+1])
			c.dc.LineTo(px, py)
		}
		c.dc.Stroke()
	}
	c.dc.SetColor(colGauge)
	c.dc.SetLineWidth(max(1, h/11))
	switch r {
	case markNewline:
		path(0.85, 0.4, 0.85, 0.75, 0.2, 0.75)
		path(0.45, 0.55, 0.2, 0.75, 0.45, 0.95)
	case markSpace:
		path(0.15, 0.75, 0.15, 1, 0.85, 1, 0.85, 0.75)
	case markBroken:
		path(0.2, 0.4, 0.2, 0.75, 0.85, 0.75)
		path(0.6, 0.55, 0.85, 0.75, 0.6, 0.95)
	}
}

func (c *canvas) fill(r image.Rectangle, col color.RGBA) {
	draw.Draw(c.frame.Image, r, image.NewUniform(col), image.Point{}, draw.Src)
}

// rounded draws a rectangle with round corners, a border included. gg mixes colours
// pixel by pixel; what has no edge in it is only copied, and so are corners that were
// drawn before.
func (c *canvas) rounded(r image.Rectangle, fill, border color.RGBA, dashed bool) {
	o := newOutline(r, c.px(5), max(1, c.px(1.5)))
	for _, arm := range o.arms() {
		c.fill(arm, fill)
	}
	if dashed {
		c.curves(o, fill)
		o.whole(c.dc)
		c.dc.SetDash(float64(4*o.line), float64(3*o.line))
		c.stroke(o, border)
		c.dc.SetDash()
		return
	}
	ground, even := c.under(o.squares())
	is := corner{o.corner, fill, border, ground}
	drawn := c.corners[is]
	known := even && drawn != nil
	if !known {
		c.curves(o, fill)
	}
	for _, edge := range o.edges() {
		c.fill(edge, border)
	}
	if known {
		for i, square := range o.squares() {
			draw.Draw(c.frame.Image, square, drawn, image.Pt(0, i*o.corner), draw.Src)
		}
		return
	}
	o.corners(c.dc)
	c.stroke(o, border)
	if even {
		c.corners[is] = copied(c.frame.Image, o.squares())
	}
}

// corner is what the corners of a rounded rectangle look alike by: how large they
// are, and the colours within, around and beneath.
type corner struct {
	side                 int
	fill, border, ground color.RGBA
}

// under is the colour of what is already drawn in some squares, if it is one.
func (c *canvas) under(squares [4]image.Rectangle) (ground color.RGBA, even bool) {
	img := c.frame.Image
	ground = img.RGBAAt(squares[0].Min.X, squares[0].Min.Y)
	for _, s := range squares {
		for y := s.Min.Y; y < s.Max.Y; y++ {
			for x := s.Min.X; x < s.Max.X; x++ {
				if img.RGBAAt(x, y) != ground {
					return ground, false
				}
			}
		}
	}
	return ground, true
}

// copied is a picture of some squares, one below the other.
func copied(img *image.RGBA, squares [4]image.Rectangle) *image.RGBA {
	size := squares[0].Size()
	column := image.NewRGBA(image.Rect(0, 0, size.X, len(squares)*size.Y))
	for i, square := range squares {
		at := image.Pt(0, i*size.Y)
		draw.Draw(column, image.Rectangle{Min: at, Max: at.Add(size)}, img, square.Min, draw.Src)
	}
	return column
}

// curves fills what is within an outline and not in its arms.
func (c *canvas) curves(o outline, fill color.RGBA) {
	o.whole(c.dc)
	o.cross(c.dc)
	c.dc.SetFillRuleEvenOdd()
	c.dc.SetColor(fill)
	c.dc.Fill()
}

// stroke draws the path as an outline's border.
func (c *canvas) stroke(o outline, border color.RGBA) {
	c.dc.SetColor(border)
	c.dc.SetLineWidth(float64(o.line))
	c.dc.Stroke()
}
