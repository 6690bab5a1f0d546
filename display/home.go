package display

func (Home) name() string { return "home" }

func (s Home) draw(c *canvas) {
	c.drawHomeTitle(s.Owner)
	box := c.body(true)
	link := "Laptop link:  " + s.Link
	if s.Link == "" {
		link = "No laptop link."
	}
	box = c.stack(box, append(c.words(link, style{face: c.fonts.body, ink: colInk}, box.Dx()), c.space(c.gap)))

	room := box.Dy() - c.fonts.small.height
	var groups []group
	if s.Reserve != nil {
		groups = append(groups, c.reserveRows(*s.Reserve, box.Dx()))
	}
	if s.Unfinished != "" {
		rows := c.marked(symDot, colInk, s.Unfinished, style{face: c.fonts.small, ink: colInk}, box.Dx())
		groups = append(groups, append(rows, c.space(c.gap)))
	}
	for i, contact := range s.Contacts {
		if s.Details {
			groups = append(groups, c.contactCards(i, contact, box.Dx(), room)...)
		} else {
			groups = append(groups, c.contactRows(contact, box.Dx()))
		}
	}
	if len(s.Contacts) == 0 {
		groups = append(groups, c.noContacts(s.NewContact, box.Dx()))
	}
	c.drawPaged(box, groups, s.Page)

	log := button{name: "log", label: "Log", symbol: symLog, weight: 1}
	if s.Unread {
		log.label, log.symbol, log.kind = "Log: new", symDot, forward
	}
	paging := paging(c.frame.Page, c.frame.Pages, false)
	if s.Settings {
		paging = append(paging, button{name: "settings", label: "Settings", weight: 1})
	}
	if !s.NewContact {
		c.drawButtons(c.fitted(append([]button{log}, paging...)))
		return
	}
	meet := button{name: "new-contact", label: "New contact"}
	if len(paging) == 0 {
		meet.symbol = symAdd
	}
	if len(s.Contacts) == 0 {
		meet.kind = forward
	}
	c.drawButtons(c.fitted(append([]button{log, meet}, paging...)))
}

// noContacts says what to do first.
func (c *canvas) noContacts(canMeet bool, width int) group {
	text, top := "No contacts yet.\n\nTo chat with somebody, this device needs a pad that only the two of you have.", c.px(18)
	if canMeet {
		text = "No contacts yet.\nMeet somebody, and " + c.brief("tap", "choose") + " New contact on both devices: they make a pad that only the two of you have."
		top = c.gap
	}
	return append(group{c.space(top)}, c.words(text, style{face: c.fonts.body, ink: colInk, align: centre}, width)...)
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
	t.text, t.right = "", ""
	c.drawTitle(t)
	box := c.titleBox()
	lines := layPlain(text, c.fonts.small, box.Dx())
	box.Min.Y += (box.Dy() - len(lines)*c.fonts.small.height) / 2
	for _, line := range lines {
		box.Max.Y = box.Min.Y + c.fonts.small.height
		c.say(box, style{face: c.fonts.small, ink: colWhite}, line)
		box.Min.Y = box.Max.Y
	}
}
