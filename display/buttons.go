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
	kind   kind
	symbol symbol
	weight float64 // share of the row's width
	dead   string  // why it does nothing; "" if it is active
}

// buttonRow is where the bottom row of buttons is.
func (c *canvas) buttonRow() image.Rectangle {
	return image.Rect(c.margin, c.size.Y-c.gap-c.button, c.size.X-c.margin, c.size.Y-c.gap)
}

// drawButtons draws the bottom row and notes the targets.
func (c *canvas) drawButtons(buttons []button) {
	row := c.buttonRow()
	total := 0.0
	for _, b := range buttons {
		total += b.weight
	}
	usable := float64(row.Dx() - c.gap*(len(buttons)-1))
	x := row.Min.X
	for i, b := range buttons {
		w := int(usable * b.weight / total)
		if i == len(buttons)-1 {
			w = row.Max.X - x
		}
		rect := image.Rect(x, row.Min.Y, x+w, row.Max.Y)
		c.drawButton(rect, b)
		c.frame.Targets = append(c.frame.Targets, Target{b.name, b.label, rect, b.dead == ""})
		x += w + c.gap
	}
}

// drawButton tells the kind by colour and symbol, and a dead one by its dashed
// border, its lack of a symbol, and the reason under its label.
func (c *canvas) drawButton(rect image.Rectangle, b button) {
	ink, ground, border := buttonColours(b)
	c.rounded(rect, ground, border, b.dead != "")
	inner := rect.Inset(c.px(2))
	st := style{face: c.fonts.bold, ink: ink, align: centre}
	if b.dead != "" {
		label, reason := inner, inner
		label.Max.Y = rect.Min.Y + rect.Dy()/2 + c.px(2)
		reason.Min.Y = label.Max.Y - c.px(4)
		if b.dead == deadQuietly {
			c.say(inner, st, b.label)
			return
		}
		c.say(label, st, b.label)
		c.say(reason, style{face: c.fonts.small, ink: ink, align: centre}, b.dead)
		return
	}
	side := c.px(11)
	if b.symbol == symNone || c.fonts.bold.width(b.label)+side+c.gap > inner.Dx() {
		c.say(inner, st, b.label)
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

// paging returns prev and next, or nothing if there is one page only. While
// reading on is what the owner has to do, next stands out.
func paging(page, pages int, urge bool) []button {
	if pages < 2 {
		return nil
	}
	prev := button{name: "prev", label: "Prev", symbol: symPrev, weight: 1}
	next := button{name: "next", label: "Next", symbol: symNext, weight: 1}
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
