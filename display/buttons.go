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
	wait   string  // the longest that dead becomes, if it may become alive
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
	if b.dead != "" && b.dead != deadQuietly {
		label, reason := inner, inner
		label.Max.Y = rect.Min.Y + rect.Dy()/2 + c.px(2)
		reason.Min.Y = label.Max.Y - c.px(4)
		c.drawLabel(label, ink, b.label, 1)
		c.say(reason, style{face: c.fonts.small, ink: ink, align: centre}, b.dead)
		return
	}
	side := c.px(11)
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

// drawLabel draws a label in the middle of box: on one line if it fits, else
// on two if it may, and in small letters if bold ones are too wide.
func (c *canvas) drawLabel(box image.Rectangle, ink color.RGBA, label string, most int) {
	face, lines := c.fonts.small, splitLabel(label, c.fonts.small, most)
	for n := 1; n <= most; n++ {
		if bold := splitLabel(label, c.fonts.bold, n); widest(bold, c.fonts.bold) <= box.Dx() {
			face, lines = c.fonts.bold, bold
			break
		}
	}
	top := box.Min.Y + (box.Dy()-len(lines)*face.height)/2
	for i, line := range lines {
		at := image.Rect(box.Min.X, top+i*face.height, box.Max.X, top+(i+1)*face.height)
		c.say(at, style{face: face, ink: ink, align: centre}, line)
	}
}

// splitLabel breaks a label at a space into n lines, 1 or 2, such that they
// are as narrow as can be.
func splitLabel(label string, face *typeface, n int) []string {
	lines := []string{label}
	for i, r := range label {
		if r != ' ' || n < 2 {
			continue
		}
		if two := []string{label[:i], label[i+1:]}; widest(two, face) < widest(lines, face) {
			lines = two
		}
	}
	return lines
}

func widest(lines []string, face *typeface) int {
	w := 0
	for _, line := range lines {
		w = max(w, face.width(line))
	}
	return w
}

// fitted shares the row out by what the buttons' words need, dead or alive, so
// that none moves when another comes alive. Where the row is too short for
// them, it does without symbols, then labels of several words get two lines,
// at last in small letters.
func (c *canvas) fitted(buttons []button) []button {
	usable := c.buttonRow().Dx() - c.gap*(len(buttons)-1)
	for _, try := range []struct {
		face    *typeface
		lines   int
		symbols bool
	}{{c.fonts.bold, 1, true}, {c.fonts.bold, 1, false}, {c.fonts.bold, 2, false}, {c.fonts.small, 2, false}} {
		total := 0
		for i, b := range buttons {
			lines := try.lines
			if b.wait != "" {
				lines = 1 // the reason stands below
			}
			width := widest(splitLabel(b.label, try.face, lines), try.face)
			if try.symbols && b.symbol != symNone {
				width += c.px(11) + c.gap
			} else {
				buttons[i].symbol = symNone
			}
			width = 2*c.px(3) + max(width, c.fonts.small.width(b.wait))
			width = max(width, c.button*10/11)
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
