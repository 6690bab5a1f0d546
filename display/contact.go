package display

import (
	"fmt"
	"image"
	"image/color"
)

// contactRows is one contact below a rule.
func (c *canvas) contactRows(s Contact, width int) group {
	return append(append(group{c.rule()}, c.contactLines(s, width, 0)...), c.space(c.px(4)))
}

// contactLines is what there is to say of a contact. mark is how much of the
// width beside the name is left free.
func (c *canvas) contactLines(s Contact, width, mark int) group {
	small := style{face: c.fonts.small, ink: colInk}
	rows := group(c.nameRows(s.Name, width-mark))
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
	return rows
}

// nameRows is a contact's name, or some words with one.
func (c *canvas) nameRows(name string, width int) []row { return c.headRows(name, c.fonts.bold, width) }

// headRows is a headline, in small letters where large ones leave too little room
// for what it is about.
func (c *canvas) headRows(text string, face *typeface, width int) []row {
	if c.narrow() && face.width(c.safe(text)) > width {
		face = c.fonts.small
	}
	return c.words(text, style{face: face, ink: colInk}, width)
}

// cardGap is the room between the cards of contacts.
func (c *canvas) cardGap() int { return c.px(3) }

// contactCards is the card of the i-th contact as a button; as several, for
// pages of their own, if it is taller than room.
func (c *canvas) contactCards(i int, s Contact, room image.Point) []group {
	inset, gap := c.px(4), c.cardGap()
	rows := c.contactLines(s, room.X-2*inset, c.px(11)+c.gap)
	var groups []group
	for _, part := range paginate([]group{rows}, room.Y-2*inset) {
		tall := max(height(part)+2*inset, c.button)
		groups = append(groups, group{{tall + gap, func(box image.Rectangle) {
			box.Max.Y = box.Min.Y + tall
			c.rounded(box, colPanel, colBar, false)
			c.frame.Targets = append(c.frame.Targets, Target{fmt.Sprintf("contact-%d", i+1), c.safe(s.Name), box, true, neutral})
			box = box.Inset(inset)
			more := image.Rect(box.Max.X-c.px(11), box.Min.Y, box.Max.X, box.Min.Y+c.fonts.bold.height)
			c.symbol(more, symMore, colBar, colPanel)
			c.stack(box, part)
		}}})
	}
	return groups
}

// rule is a thin line between contacts.
func (c *canvas) rule() row {
	return row{c.px(3), func(box image.Rectangle) {
		box.Max.Y = box.Min.Y + max(1, c.px(1))
		c.fill(box, colLine)
	}}
}

// shortage says that little is left, ten percent at most, or no room for a message;
// it is empty where there is more.
func (g Gauge) shortage() string {
	switch {
	case g.Left <= 0:
		return "used up: meet to make a new one"
	case g.Messages <= 0:
		return "almost used up: meet to make a new one"
	case g.Left*10 <= g.Total:
		return "low: meet soon to make a new one"
	}
	return ""
}

// gaugeRow shows what is left in one direction. A low gauge has an outline
// that is broken and a bar that is striped.
func (c *canvas) gaugeRow(name string, g Gauge) row {
	longest, text := "999.9 GiB, about 999 million messages", bytesText(g.Left)+", "+messagesText(g.Messages)
	if c.narrow() {
		longest, text = "about 999 million messages", messagesText(g.Messages)
	}
	return c.meterRow(meter{name: name, longestName: "Receive", text: text, longestText: longest, share: share(g.Left, g.Total), low: g.shortage() != ""})
}

// meter is a gauge between a name and a text, which leaves as much room as the
// longest of them take.
type meter struct {
	name, longestName string
	text, longestText string
	share             float64
	low               bool
}

func (c *canvas) meterRow(m meter) row {
	small := style{face: c.fonts.small, ink: colInk}
	return row{small.face.height + c.px(1), func(box image.Rectangle) {
		label := box
		label.Max.X = label.Min.X + small.face.width(m.longestName) + c.gap
		c.say(label, small, m.name)
		width := min(box.Dx()/4, box.Max.X-label.Max.X-c.gap-small.face.width(m.longestText))
		bar := image.Rect(label.Max.X, box.Min.Y+c.px(3), label.Max.X+width, box.Max.Y-c.px(2))
		c.gauge(bar, m.share, m.low)
		box.Min.X = bar.Max.X + c.gap
		c.say(box, small, m.text)
	}}
}

func (c *canvas) gauge(bar image.Rectangle, share float64, low bool) {
	col := colGauge
	if low {
		col = colBad
	}
	c.fill(bar, col)
	inner := bar.Inset(max(1, c.px(1)))
	c.fill(inner, colPanel)
	inner = inner.Inset(1)
	if share <= 0 {
		return
	}
	filled := inner
	filled.Max.X = filled.Min.X + max(2, int(float64(inner.Dx())*share))
	c.fill(filled, col)
	if low {
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
