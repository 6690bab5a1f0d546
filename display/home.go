package display

import (
	"fmt"
	"image"
	"image/color"
)

func (Home) name() string { return "home" }

func (s Home) draw(c *canvas) {
	c.drawHomeTitle(s.Owner)
	box := c.body(true)
	link := "Laptop link:  " + s.Link
	if s.Link == "" {
		link = "No laptop link."
	}
	box = c.stack(box, append(c.words(link, style{face: c.fonts.body, ink: colInk}, box.Dx()), c.space(c.gap)))

	var groups []group
	for i, contact := range s.Contacts {
		card := c.contactRows(contact, box.Dx())
		if s.Details {
			card[0] = c.touchable(card, fmt.Sprintf("contact-%d", i+1), contact.Name)
		}
		groups = append(groups, card)
	}
	if len(s.Contacts) == 0 {
		groups = append(groups, append([]row{c.space(c.px(18))}, c.words("No contacts yet.\n\nTo chat with somebody, this device needs a pad that only the two of you have.",
			style{face: c.fonts.body, ink: colInk, align: centre}, box.Dx())...))
	}
	status := c.fonts.small.height
	pages := paginate(groups, box.Dy())
	if len(pages) > 1 {
		pages = paginate(groups, box.Dy()-status)
	}
	c.stack(box, c.turnTo(s.Page, pages))
	foot := image.Rect(box.Min.X, box.Max.Y-status, box.Max.X, box.Max.Y)
	c.say(foot, style{face: c.fonts.small, ink: colMuted, align: right}, c.pageText())

	log := button{name: "log", label: "Log", symbol: symLog, weight: 1}
	if s.Unread {
		log.label, log.symbol, log.kind = "Log: new", symDot, forward
	}
	paging := paging(c.frame.Page, c.frame.Pages, false)
	if len(paging) > 0 {
		log.weight = 1.4
	}
	buttons := []button{log}
	if s.NewContact {
		buttons = append(buttons, button{name: "new-contact", label: "New contact", weight: 1.4})
	}
	c.drawButtons(append(buttons, paging...))
}

// drawHomeTitle says whose device it is: a long name goes without the words
// around it.
func (c *canvas) drawHomeTitle(owner string) {
	text := c.safe(owner)
	if long := text + "’s pad device"; c.fitsTitle(long) {
		text = long
	}
	t := title{symbol: symPad, text: text, right: "ready", ink: colWhite, ground: colBar}
	if c.fitsTitle(text) {
		c.drawTitle(t)
		return
	}
	t.text = ""
	c.drawTitle(t)
	c.say(c.titleBox(), style{face: c.fonts.small, ink: colWhite}, text)
}

// contactRows is the card of one contact.
func (c *canvas) contactRows(s Contact, width int) group {
	bold := style{face: c.fonts.bold, ink: colInk}
	small := style{face: c.fonts.small, ink: colInk}
	rows := group{c.rule()}
	rows = append(rows, c.words(s.Name, bold, width)...)
	rows = append(rows, c.gaugeRow("Send", s.Send), c.gaugeRow("Receive", s.Receive))
	warn := func(text string) {
		rows = append(rows, c.marked(symWarn, colBad, text, style{face: c.fonts.small, ink: colBad}, width)...)
	}
	if text := s.Send.shortage(); text != "" {
		warn("Pad to send with is " + text)
	}
	if text := s.Receive.shortage(); text != "" {
		warn("Pad to receive with is " + text)
	}
	if s.Forgeries > 0 {
		warn(countText(s.Forgeries, "forged or damaged package", "forged or damaged packages") + " refused")
	}
	if s.Note != "" {
		rows = append(rows, c.marked(symDot, colInk, s.Note, small, width)...)
	}
	return append(rows, c.space(c.px(4)))
}

// touchable is the first row of card, which also notes card as a target.
func (c *canvas) touchable(card group, name, label string) row {
	first := card[0]
	return row{first.height, func(box image.Rectangle) {
		whole := box
		whole.Max.Y = whole.Min.Y + height(card)
		c.frame.Targets = append(c.frame.Targets, Target{name, c.safe(label), whole, true})
		first.draw(box)
	}}
}

// rule is a thin line between contacts.
func (c *canvas) rule() row {
	return row{c.px(3), func(box image.Rectangle) {
		box.Max.Y = box.Min.Y + max(1, c.px(1))
		c.fill(box, colLine)
	}}
}

// low tells whether ten percent or less is left.
func (g Gauge) low() bool { return g.Left*10 <= g.Total }

func (g Gauge) shortage() string {
	switch {
	case g.Left <= 0:
		return "used up: meet to make a new one"
	case g.low():
		return "low: meet soon to make a new one"
	}
	return ""
}

// gaugeRow shows what is left in one direction. A low gauge has an outline
// that is broken and a bar that is striped.
func (c *canvas) gaugeRow(name string, g Gauge) row {
	small := style{face: c.fonts.small, ink: colInk}
	const longest = "999.9 GiB, about 999 million messages"
	return row{c.fonts.small.height + c.px(1), func(box image.Rectangle) {
		label := box
		label.Max.X = label.Min.X + c.fonts.small.width("Receive") + c.gap
		c.say(label, small, name)
		width := min(box.Dx()/4, box.Max.X-label.Max.X-c.gap-c.fonts.small.width(longest))
		bar := image.Rect(label.Max.X, box.Min.Y+c.px(3), label.Max.X+width, box.Max.Y-c.px(2))
		c.gauge(bar, g)
		box.Min.X = bar.Max.X + c.gap
		c.say(box, small, bytesText(g.Left)+", "+aboutText(g.Messages)+" messages")
	}}
}

func (c *canvas) gauge(bar image.Rectangle, g Gauge) {
	col := colGauge
	if g.low() {
		col = colBad
	}
	c.fill(bar, col)
	inner := bar.Inset(max(1, c.px(1)))
	c.fill(inner, colPanel)
	inner = inner.Inset(1)
	if g.Total <= 0 || g.Left <= 0 {
		return
	}
	w := int(float64(inner.Dx()) * min(1, float64(g.Left)/float64(g.Total)))
	filled := inner
	filled.Max.X = filled.Min.X + max(2, w)
	c.fill(filled, col)
	if g.low() {
		c.stripes(image.Rect(filled.Max.X, inner.Min.Y, inner.Max.X, inner.Max.Y), col)
	}
}

// stripes marks the empty part of a low gauge.
func (c *canvas) stripes(r image.Rectangle, col color.RGBA) {
	step := c.px(5)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if (x+y)%step == 0 {
				c.frame.Image.SetRGBA(x, y, col)
			}
		}
	}
}
