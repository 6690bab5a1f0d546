package display

import (
	"fmt"
	"image"
	"image/color"
)

// TestPattern shows what a panel has to be able to, and asks whether it did. Its
// targets are yes and no.
type TestPattern struct{}

// TestTouch asks for a touch on one of the TouchCrosses. Its targets are touch,
// which is all above the buttons, and skip.
type TestTouch struct {
	Cross int // from 0
}

// TouchCrosses are where the crosses of TestTouch are, on a frame of this size:
// far apart, and the last one between them.
func TouchCrosses(size image.Point) [5]image.Point {
	at := func(x, y int) image.Point { return image.Pt(size.X*x/100, size.Y*y/100) }
	return [5]image.Point{at(10, 12), at(90, 12), at(90, 68), at(10, 68), at(50, 40)}
}

// Outcome is how a part of the self-test ended.
type Outcome int

// What is not tried is neither good nor bad.
const (
	NotTried Outcome = iota
	Passed
	Failed
)

// String is the outcome in words, as it is drawn.
func (o Outcome) String() string { return [...]string{"not tried", "passed", "failed"}[o] }

// TestResult is what came of a part of the self-test.
type TestResult struct {
	Name    string
	Outcome Outcome
	Text    string
}

// SelfTest shows what came of the self-test. Its target is ok.
type SelfTest struct {
	Results []TestResult
	Page    int
}

// ApproveReport asks whether the self-test's report may go to the laptop. It is
// drawn as an approve-open screen.
type ApproveReport struct{ Ready bool }

func (TestPattern) name() string   { return "test-pattern" }
func (TestTouch) name() string     { return "test-touch" }
func (SelfTest) name() string      { return "self-test" }
func (ApproveReport) name() string { return "approve-open" }

// The pattern's colours are the purest that there are: a panel that mixes up or
// lacks one, or inverts them, contradicts the names.
var (
	patternRed   = color.RGBA{0xFF, 0, 0, 0xFF}
	patternGreen = color.RGBA{0, 0xFF, 0, 0xFF}
	patternBlue  = color.RGBA{0, 0, 0xFF, 0xFF}
	patternBlack = color.RGBA{0, 0, 0, 0xFF}
)

// draw leaves the greys without steps that RGB565 has not: 32 of them.
func (TestPattern) draw(c *canvas) {
	c.drawTitle(title{symbol: symText, text: "Self-test: picture", ink: colWhite, ground: colBar})
	box := c.body(true)
	small := style{face: c.fonts.small, ink: colInk}
	foot := c.words("Are the colours as they are named, does the grey go from black to white, and is the red line along all four edges whole?", small, box.Dx())
	bars := box
	bars.Max.Y -= height(foot) + c.px(2)
	greys := bars
	bars.Max.Y -= bars.Dy() / 3
	greys.Min.Y = bars.Max.Y
	for i, bar := range []struct {
		name      string
		ground, s color.RGBA
	}{
		{"red", patternRed, patternBlack}, {"green", patternGreen, patternBlack}, {"blue", patternBlue, colWhite},
		{"white", colWhite, patternBlack}, {"black", patternBlack, colWhite},
	} {
		rect := image.Rect(bars.Min.X+bars.Dx()*i/5, bars.Min.Y, bars.Min.X+bars.Dx()*(i+1)/5, bars.Max.Y)
		c.fill(rect, bar.ground)
		c.say(rect, style{face: c.fonts.small, ink: bar.s, align: centre}, bar.name)
	}
	const steps = 32
	for i := range steps {
		v := uint8(i * 255 / (steps - 1))
		c.fill(image.Rect(greys.Min.X+greys.Dx()*i/steps, greys.Min.Y, greys.Min.X+greys.Dx()*(i+1)/steps, greys.Max.Y), color.RGBA{v, v, v, 0xFF})
	}
	box.Min.Y = greys.Max.Y + c.px(2)
	c.stack(box, foot)
	c.drawButtons(c.fitted([]button{{name: "no", label: "No", symbol: symNo}, {name: "yes", label: "Yes", symbol: symYes}}))
	edge := c.frame.Image.Rect
	for _, r := range []image.Rectangle{
		image.Rect(0, 0, edge.Max.X, 1), image.Rect(0, edge.Max.Y-1, edge.Max.X, edge.Max.Y),
		image.Rect(0, 0, 1, edge.Max.Y), image.Rect(edge.Max.X-1, 0, edge.Max.X, edge.Max.Y),
	} {
		c.fill(r, patternRed)
	}
}

// draw keeps the words in the half in which the cross is not.
func (s TestTouch) draw(c *canvas) {
	const ask = "Touch the middle of the cross"
	area := image.Rect(0, 0, c.size.X, c.buttonRow().Min.Y-c.gap)
	c.frame.Targets = append(c.frame.Targets, Target{Name: "touch", Label: ask, Rect: area, Active: true})
	crosses := TouchCrosses(c.size)
	cross, arm := crosses[s.Cross], c.px(14)
	box := area.Inset(c.margin)
	if cross.Y < c.size.Y/2 {
		box.Min.Y = cross.Y + arm
	} else {
		box.Max.Y = cross.Y - arm
	}
	rows := c.words(ask, style{face: c.fonts.title, ink: colInk, align: centre}, box.Dx())
	rows = append(rows, c.words(fmt.Sprintf("Cross %d of %d", s.Cross+1, len(crosses)), style{face: c.fonts.small, ink: colMuted, align: centre}, box.Dx())...)
	box.Min.Y += max(0, (box.Dy()-height(rows))/2)
	c.stack(box, rows)
	c.drawCross(cross, arm)
	c.drawButtons([]button{{name: "skip", label: "Leave this out", symbol: symNo, weight: 1}})
}

// draw tells each part's outcome by symbol and word.
func (s SelfTest) draw(c *canvas) {
	c.drawTitle(title{symbol: symText, text: "Self-test", right: "also by otc selftest", ink: colWhite, ground: colBar})
	box := c.body(true)
	var groups []group
	for _, r := range s.Results {
		sym, ink := symDot, colInk
		switch r.Outcome {
		case Passed:
			sym, ink = symYes, colGood
		case Failed:
			sym, ink = symWarn, colBad
		}
		rows := c.marked(sym, ink, c.safe(r.Name+": "+r.Outcome.String()), style{face: c.fonts.bold, ink: ink}, box.Dx())
		rows = append(rows, c.words(c.safe(r.Text), style{face: c.fonts.small, ink: colInk}, box.Dx())...)
		groups = append(groups, append(rows, c.space(c.px(3))))
	}
	c.drawPaged(box, groups, s.Page)
	c.drawButtons(c.fitted(c.leaving(doneButton(), false)))
}

func (s ApproveReport) draw(c *canvas) {
	c.drawRelease("Show the self-test to the laptop?", "Show the self-test?", "The laptop asks for the self-test’s report: what this device is made of, and what of it works."+
		"\n\nIt holds no name, no message and nothing of any pad.", s.Ready)
}
