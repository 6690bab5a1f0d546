package display

import (
	"fmt"
	"image"
)

func (Warning) name() string  { return "warning" }
func (Fault) name() string    { return "fault" }
func (Busy) name() string     { return "busy" }
func (Progress) name() string { return "progress" }

func (s Warning) draw(c *canvas) {
	t := title{symbol: symWarn, text: "Warning", right: "please read", ink: colInk, ground: colAmber}
	if s.Well {
		t = title{symbol: symYes, text: "Done", right: t.right, ink: colWhite, ground: colGood}
	}
	c.drawNotice(t, s.Title, s.Text, s.Page,
		button{name: "ok", label: "I have read this", symbol: symYes, kind: forward, weight: 1.6})
}

func (s Fault) draw(c *canvas) {
	t := title{symbol: symStop, text: "Stopped", right: "nothing is sealed or opened", ink: colWhite, ground: colFault}
	c.drawNotice(t, s.Title, s.Text, s.Page)
}

// drawNotice draws a headline and a text below a bar that names the kind.
func (c *canvas) drawNotice(t title, head, text string, page int, buttons ...button) {
	c.drawTitle(t)
	lay := func(box image.Rectangle) [][]row {
		box.Max.Y -= c.fonts.small.height
		var groups []group
		for _, r := range c.words(head, style{face: c.fonts.title, ink: colInk}, box.Dx()) {
			groups = append(groups, group{r})
		}
		groups = append(groups, group{c.space(c.gap)})
		for _, r := range c.words(text, style{face: c.fonts.body, ink: colInk}, box.Dx()) {
			groups = append(groups, group{r})
		}
		return paginate(groups, box.Dy())
	}
	box := c.body(len(buttons) > 0)
	pages := lay(box)
	if len(pages) > 1 && len(buttons) == 0 {
		box = c.body(true)
		pages = lay(box)
	}
	c.stack(box, c.turnTo(page, pages))
	foot := image.Rect(box.Min.X, box.Max.Y-c.fonts.small.height, box.Max.X, box.Max.Y)
	c.say(foot, style{face: c.fonts.small, ink: colMuted, align: right}, c.pageText())
	for i, b := range buttons {
		buttons[i] = c.guarded(b, c.frame.LastPage())
	}
	c.drawButtons(append(paging(c.frame.Page, c.frame.Pages, true), buttons...))
}

func (s Busy) draw(c *canvas) {
	c.drawTitle(title{symbol: symWait, text: "Please wait", ink: colWhite, ground: colBar})
	box := c.body(s.Cancellable)
	rows := c.words(s.Text, style{face: c.fonts.title, ink: colInk, align: centre}, box.Dx())
	side := c.px(40)
	top := max(0, (box.Dy()-side-c.gap-height(rows))/2)
	icon := image.Rect(box.Min.X, box.Min.Y+top, box.Max.X, box.Min.Y+top+side)
	c.symbol(icon, symWait, colGauge, colGround)
	box.Min.Y = icon.Max.Y + c.gap
	c.stack(box, rows)
	if s.Cancellable {
		c.drawButtons([]button{cancelButton()})
	}
}

func (s Progress) draw(c *canvas) {
	c.drawTitle(title{symbol: symWait, text: "Please wait", ink: colWhite, ground: colBar})
	box := c.body(s.Cancellable || s.Stop)
	rows := s.rows(c, c.fonts.title, c.fonts.body, box.Dx())
	if height(rows) > box.Dy() {
		rows = s.rows(c, c.fonts.bold, c.fonts.small, box.Dx())
	}
	if more := c.words("Stop here: the pad becomes as large as it is now.", style{face: c.fonts.small, ink: colInk}, box.Dx()); s.Stop && height(rows)+height(more) <= box.Dy() {
		rows = append(rows, more...)
	}
	box.Min.Y += max(0, (box.Dy()-height(rows))/3)
	c.stack(box, rows)
	var buttons []button
	if s.Cancellable {
		buttons = append(buttons, cancelButton())
	}
	if s.Stop {
		buttons = append(buttons, button{name: "stop", label: "Stop here", kind: forward, symbol: symYes, weight: 1})
	}
	if len(buttons) > 0 {
		c.drawButtons(buttons)
	}
}

// rows say what is done, and how far it is.
func (s Progress) rows(c *canvas, head, face *typeface, width int) []row {
	rows := c.words(s.Title, style{face: head, ink: colInk}, width)
	rows = append(rows, c.space(c.gap), c.progressBar(s), c.space(c.gap))
	for _, line := range s.lines() {
		rows = append(rows, c.words(line, style{face: face, ink: colInk}, width)...)
	}
	return rows
}

// share is part as a share of whole, from 0 to 1.
func share(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(1, max(0, float64(part)/float64(whole)))
}

func (c *canvas) progressBar(s Progress) row {
	return row{c.px(24), func(box image.Rectangle) {
		c.fill(box, colBar)
		inner := box.Inset(c.px(2))
		c.fill(inner, colPanel)
		inner = inner.Inset(c.px(1))
		inner.Max.X = inner.Min.X + int(float64(inner.Dx())*share(s.Done, s.Total))
		c.fill(inner, colGauge)
	}}
}

func (s Progress) lines() []string {
	amount := func(n int64) string {
		if s.Unit == "bytes" {
			return bytesText(n)
		}
		return numberText(n) + " " + s.Unit
	}
	done := amount(s.Done)
	if s.Unit == "bytes" && s.Done < s.Total {
		done = steadyText(s.Done)
	}
	lines := []string{fmt.Sprintf("%d %%: %s of %s", int(100*share(s.Done, s.Total)), done, amount(s.Total))}
	if s.Rate > 0 {
		lines = append(lines, amount(s.Rate)+" a second")
	}
	if s.Left > 0 {
		lines = append(lines, "About "+durationText(s.Left)+" left")
	}
	return lines
}
