package display

import "image"

func (Certificate) name() string { return "certificate" }
func (Noise) name() string       { return "noise" }
func (About) name() string       { return "about" }
func (Ask) name() string         { return "question" }

// draw lists the facts, names on the left.
func (s Certificate) draw(c *canvas) {
	box := c.body(true)
	t := title{symbol: symText, text: "Pad with " + c.safe(s.Contact), right: "certificate", ink: colWhite, ground: colBar}
	if !c.fitsTitle(t.text) {
		box = c.stack(box, append(c.nameRows(t.text, box.Dx()), c.space(c.px(2))))
		t.text, t.right = "Certificate", ""
	}
	c.drawTitle(t)
	buttons := c.drawFacts(box, s.Facts, s.Page)
	if s.More {
		buttons = append(buttons, button{name: "more", label: "Older pad", symbol: symMore})
	}
	if s.Action != "" {
		buttons = append(buttons, button{name: s.Action, label: c.safe(s.Label)})
	}
	c.drawButtons(c.fitted(buttons))
}

// draw lists the sources' facts.
func (s Noise) draw(c *canvas) {
	c.drawTitle(title{symbol: symText, text: "Noise", right: "where pads come from", ink: colWhite, ground: colBar})
	c.drawButtons(c.fitted(c.drawFacts(c.body(true), s.Facts, s.Page)))
}

// draw lists the device's facts.
func (s About) draw(c *canvas) {
	c.drawTitle(title{symbol: symPad, text: "About this device", ink: colWhite, ground: colBar})
	c.drawButtons(c.fitted(c.drawFacts(c.body(true), s.Facts, s.Page)))
}

// drawFacts lists facts on pages, and returns the buttons to leave and to turn
// them.
func (c *canvas) drawFacts(box image.Rectangle, facts []Fact, page int) []button {
	var groups []group
	for _, fact := range facts {
		groups = append(groups, c.factRows(fact, box.Dx()))
	}
	c.drawPaged(box, groups, page)
	return c.leaving(doneButton(), false)
}

// factRows put a name beside its value, or above it where that leaves too little
// room; both may take several lines.
func (c *canvas) factRows(s Fact, width int) group {
	if c.narrow() {
		name := c.words(s.Name, style{face: c.fonts.small, ink: colMuted}, width)
		value := c.words(s.Value, style{face: c.fonts.small, ink: colInk}, width)
		return append(append(append(group{c.rule()}, name...), value...), c.space(c.px(2)))
	}
	indent := width * 3 / 10
	names := c.words(s.Name, style{face: c.fonts.small, ink: colMuted}, indent-c.gap)
	values := c.words(s.Value, style{face: c.fonts.small, ink: colInk}, width-indent)
	rows := group{c.rule()}
	for i := range max(len(names), len(values)) {
		rows = append(rows, row{c.fonts.small.height + c.px(1), func(box image.Rectangle) {
			if i < len(names) {
				name := box
				name.Max.X = name.Min.X + indent - c.gap
				names[i].draw(name)
			}
			if i < len(values) {
				box.Min.X += indent
				values[i].draw(box)
			}
		}})
	}
	return append(rows, c.space(c.px(2)))
}

// draw asks. Neither answer is coloured good or bad, because the device does not
// know, unless one is grave: that does not stand out as what to do, and no ring
// begins on it.
func (s Ask) draw(c *canvas) {
	box := c.body(true)
	t := title{symbol: symPad, text: c.safe(s.Title), right: "your approval", ink: colWhite, ground: colBar}
	yes := button{name: "yes", label: c.safe(s.Yes), kind: forward}
	if s.Grave {
		t.symbol, yes.kind, yes.symbol = symWarn, negative, symWarn
	}
	var groups []group
	if !c.fitsTitle(t.text) {
		groups = append(groups, append(c.headRows(s.Title, c.fonts.title, box.Dx()), c.space(c.gap)))
		t.text = "A question"
	}
	c.drawTitle(t)
	for _, r := range c.words(s.Text, style{face: c.fonts.body, ink: colInk}, box.Dx()) {
		groups = append(groups, group{r})
	}
	c.drawPaged(box, groups, s.Page)
	buttons := c.leaving(button{name: "no", label: c.safe(s.No)}, !s.Ready)
	c.drawButtons(c.fitted(append(buttons, c.guarded(yes, s.Ready))))
}
