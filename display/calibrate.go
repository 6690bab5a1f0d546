package display

import (
	"fmt"
	"image"
)

// Calibrate asks for a touch on a cross, of which Of come one after the other.
// It has no targets: nothing can be hit yet.
type Calibrate struct {
	Cross    image.Point // on the Frame; one of CalibrationCrosses
	Step, Of int         // from 1
	Problem  string      // why it begins anew, in one sentence; may be empty
	WayOut   string      // how the owner leaves it as it was; empty: they cannot
}

// CalibrationCrosses are where the three crosses and the check cross are, on a
// frame of this size: three far apart and not in a line, and one inside.
func CalibrationCrosses(size image.Point) [4]image.Point {
	at := func(x, y int) image.Point { return image.Pt(size.X*x/100, size.Y*y/100) }
	return [4]image.Point{at(12, 15), at(88, 18), at(45, 85), at(70, 72)}
}

func (Calibrate) name() string { return "calibrate" }

// draw keeps the words in the half in which the cross is not.
func (s Calibrate) draw(c *canvas) {
	arm := c.px(14)
	box := image.Rectangle{Max: c.size}.Inset(c.margin)
	if s.Cross.Y < c.size.Y/2 {
		box.Min.Y = s.Cross.Y + arm + c.gap
	} else {
		box.Max.Y = s.Cross.Y - arm - c.gap
	}
	body := style{face: c.fonts.body, ink: colInk, align: centre}
	title := style{face: c.fonts.title, ink: colInk, align: centre}
	rows := c.words("Touch the middle of the cross", title, box.Dx())
	if s.Problem != "" {
		rows = append(rows, c.space(c.gap))
		rows = append(rows, c.words(c.safe(s.Problem), style{face: c.fonts.body, ink: colBad, align: centre}, box.Dx())...)
	}
	rows = append(rows, c.space(c.gap))
	rows = append(rows, c.words("Use the tip of a nail or of a pen. Hold it still for a moment.", body, box.Dx())...)
	rows = append(rows, c.space(c.gap))
	muted := style{face: c.fonts.small, ink: colMuted, align: centre}
	rows = append(rows, c.words(fmt.Sprintf("Cross %d of %d", s.Step, s.Of), muted, box.Dx())...)
	if s.WayOut != "" {
		rows = append(rows, c.words(s.WayOut, muted, box.Dx())...)
	}
	box.Min.Y += max(0, (box.Dy()-height(rows))/2)
	c.stack(box, rows)
	c.drawCross(s.Cross, arm)
}

// drawCross leaves the middle open, so that the tip of a pen is seen on it.
func (c *canvas) drawCross(at image.Point, arm int) {
	thick, hole := max(1, c.px(1.5)), c.px(3)
	for _, r := range []image.Rectangle{
		image.Rect(-arm, 0, -hole, thick), image.Rect(hole, 0, arm, thick),
		image.Rect(0, -arm, thick, -hole), image.Rect(0, hole, thick, arm),
	} {
		c.fill(r.Add(at).Sub(image.Pt(thick/2, thick/2)), colBad)
	}
}
