package display

import (
	"image"
	"image/color"
)

// kind is what a button means.
type kind int

const (
	neutral kind = iota
	positive
	negative
	forward // what to do next: leads on, decides nothing
)

// button is a Target to be drawn.
type button struct {
	name   string
	label  string
	roomy  string // the label, where there is room for it beside its symbol; "" for none
	kind   kind
	symbol symbol
	weight float64 // share of the row's width
	dead   string  // why it does nothing; "" if it is active
	wait   string  // the longest that dead becomes, if it may become alive
}

// buttonRow is where the bottom row of buttons is.
func (c *canvas) buttonRow() image.Rectangle {
	return image.Rect(c.margin, c.size.Y-c.gap-c.button, c.size.X-c.margin, c.size.Y-c.gap)
}

// drawButtons draws the bottom row and notes the targets.
func (c *canvas) drawButtons(buttons []button) {
	if c.narrow() {
		buttons = c.fitted(buttons)
	}
	row := c.buttonRow()
	rect := row
	for i, w := range c.shares(buttons, row.Dx()) {
		b := buttons[i]
		rect.Max.X = rect.Min.X + w
		if i == len(buttons)-1 {
			rect.Max.X = row.Max.X
		}
		c.drawButton(rect, b)
		c.frame.Targets = append(c.frame.Targets, Target{b.name, b.label, rect, b.dead == "", b.kind})
		rect.Min.X = rect.Max.X + c.gap
	}
}

// shares are the buttons' widths: by weight, but none is narrower than a finger.
func (c *canvas) shares(buttons []button, width int) []int {
	widths := make([]int, len(buttons))
	for narrow := true; narrow; {
		narrow = false
		usable, total := float64(width-c.gap*(len(buttons)-1)), 0.0
		for i, b := range buttons {
			if widths[i] == c.finger {
				usable -= float64(c.finger)
			} else {
				total += b.weight
			}
		}
		for i, b := range buttons {
			if widths[i] == c.finger {
				continue
			}
			if widths[i] = int(usable * b.weight / total); widths[i] < c.finger {
				widths[i], narrow = c.finger, true
			}
		}
	}
	return widths
}

// drawButton tells the kind by colour and symbol, and a dead one by its dashed
// border, its lack of a symbol, and the reason under its label.
func (c *canvas) drawButton(rect image.Rectangle, b button) {
	ink, ground, border := buttonColours(b)
	c.rounded(rect, ground, border, b.dead != "")
	inner := rect.Inset(c.px(2))
	if b.dead != "" && b.dead != deadQuietly {
		c.drawDead(rect, ink, b)
		return
	}
	side := c.px(11)
	if b.roomy != "" && c.fonts.bold.width(b.roomy)+side+3*c.gap <= inner.Dx() {
		b.label = b.roomy
	}
	if b.dead != "" || b.symbol == symNone || c.fonts.bold.width(b.label)+side+c.gap > inner.Dx() {
		c.drawLabel(inner, ink, b.label, 2)
		return
	}
	// Symbol and label together in the middle; the arrow on stands after.
	w := c.fonts.bold.width(b.label) + c.gap + side
	x := inner.Min.X + (inner.Dx()-w)/2
	icon := image.Rect(x, inner.Min.Y, x+side, inner.Max.Y)
	label := image.Rect(x+side+c.gap, inner.Min.Y, x+w, inner.Max.Y)
	if b.symbol == symNext {
		icon = icon.Add(image.Pt(w-side, 0))
		label = label.Sub(image.Pt(side+c.gap, 0))
	}
	c.symbol(icon, b.symbol, ink, ground)
	c.say(label, style{face: c.fonts.bold, ink: ink}, b.label)
}

// drawDead draws a dead button's label, and the reason below it: on one line each,
// or, where one is too wide, in small letters on more.
func (c *canvas) drawDead(rect image.Rectangle, ink color.RGBA, b button) {
	label, reason := rect.Inset(c.px(2)), rect.Inset(c.px(2))
	label.Max.Y = rect.Min.Y + rect.Dy()/2 + c.px(2)
	reason.Min.Y = label.Max.Y - c.px(4)
	if c.narrow() {
		label.Max.Y = label.Min.Y + c.fonts.bold.height
		reason.Min.Y = label.Max.Y
	}
	small := style{face: c.fonts.small, ink: ink, align: centre}
	if max(small.face.width(b.label), small.face.width(b.dead)) <= reason.Dx() {
		c.drawLabel(label, ink, b.label, 1)
		c.say(reason, small, b.dead)
		return
	}
	inner := rect.Inset(c.px(4)) // off the corners
	lines := append(splitTo(b.label, small.face, inner.Dx()), splitTo(b.dead, small.face, inner.Dx())...)
	if len(lines)*small.face.height > rect.Dy() {
		c.drawLabel(inner, ink, b.label, 2) // the page stands elsewhere
		return
	}
	c.sayLines(inner, small, lines)
}

// fitted shares the row out by what the buttons' words need, dead or alive, so
// that none moves when another comes alive. Where the row is too short for
// them, it does without symbols, then labels of several words get two lines,
// at last in small letters, and three, or no reasons.
func (c *canvas) fitted(buttons []button) []button {
	usable := c.buttonRow().Dx() - c.gap*(len(buttons)-1)
	for _, try := range []struct {
		face    *typeface
		lines   int
		symbols bool
		reasons bool // have room
	}{
		{c.fonts.bold, 1, true, true}, {c.fonts.bold, 1, false, true}, {c.fonts.bold, 2, false, true},
		{c.fonts.small, 2, false, true}, {c.fonts.small, 3, false, true}, {c.fonts.small, 2, false, false},
	} {
		if try.lines > 1 && try.lines*try.face.height > c.button-2*c.px(2) {
			continue
		}
		total := 0
		for i, b := range buttons {
			lines, reason := try.lines, 0
			if b.wait != "" && try.reasons {
				lines = max(1, lines-1) // the reason stands below
				reason = c.fonts.small.width(b.wait)
			}
			width := widest(splitLabel(b.label, try.face, lines), try.face)
			if try.symbols && b.symbol != symNone {
				width += c.px(11) + c.gap
			} else {
				buttons[i].symbol = symNone
			}
			width = max(2*c.px(3)+max(width, reason), c.finger)
			buttons[i].weight = float64(width)
			total += width
		}
		if total <= usable {
			break
		}
	}
	return buttons
}

// deadQuietly marks a button that is dead for a reason that needs no words:
// there is no further page.
const deadQuietly = " "

func buttonColours(b button) (ink, ground, border color.RGBA) {
	switch {
	case b.dead != "":
		return colMuted, colDead, colMuted
	case b.kind == positive:
		return colWhite, colGood, colGood
	case b.kind == negative:
		return colBad, colPanel, colBad
	case b.kind == forward:
		return colWhite, colBar, colBar
	}
	return colBar, colPanel, colBar
}

// doneButton leaves what was to be read.
func doneButton() button {
	return button{name: "ok", label: "Done", symbol: symYes, weight: 1}
}

// leaving is a button and, behind it, those that turn the page. What leaves a screen
// without deciding anything stands on the left; on the right is what goes on.
func (c *canvas) leaving(leave button, urge bool) []button {
	return append([]button{leave}, paging(c.frame.Page, c.frame.Pages, urge)...)
}

// paging returns prev and next, or nothing if there is one page only. While
// reading on is what the owner has to do, next stands out.
func paging(page, pages int, urge bool) []button {
	if pages < 2 {
		return nil
	}
	prev := button{name: "prev", label: "Prev", roomy: "Prev page", symbol: symPrev, weight: 1}
	next := button{name: "next", label: "Next", roomy: "Next page", symbol: symNext, weight: 1}
	if page == 0 {
		prev.dead = deadQuietly
	}
	if page == pages-1 {
		next.dead = deadQuietly
	} else if urge {
		next.kind = forward
	}
	return []button{prev, next}
}
