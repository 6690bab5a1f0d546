package display

func (Home) name() string { return "home" }

// draw lists the contacts. The page stands in the title bar, which leaves room for
// another of them.
func (s Home) draw(c *canvas) {
	box := c.body(true)
	link := "Laptop link:  " + s.Link
	if s.Link == "" {
		link = "No laptop link."
	}
	head := append(c.words(link, style{face: c.fonts.body, ink: colInk}, box.Dx()), c.space(c.gap))
	list := box
	list.Min.Y += height(head)

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
			groups = append(groups, c.contactCards(i, contact, list.Size())...)
		} else {
			groups = append(groups, c.contactRows(contact, box.Dx()))
		}
	}
	if len(s.Contacts) == 0 {
		groups = append(groups, c.noContacts(s.NewContact, box.Dx()))
	}
	rows := c.turnTo(s.Page, paginate(groups, list.Dy()+c.cardGap())) // the last gap need not be there
	c.drawHomeTitle(s.Owner)
	c.stack(box, append(head, rows...))

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
	if c.frame.Pages == 1 {
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

// drawHomeTitle says whose device it is, and, where there are several, the page: a
// long name goes without the words around it, or in small letters.
func (c *canvas) drawHomeTitle(owner string) {
	name, page := c.safe(owner), c.pageText()
	t := title{symbol: symPad, right: page, ink: colWhite, ground: colBar}
	room := c.titleBox().Dx()
	if page == "" {
		t.right = "ready"
	} else {
		room -= 2*c.gap + c.fonts.small.width(page)
	}
	for _, t.text = range []string{name + "’s pad device", name} {
		if c.fonts.title.width(t.text) <= room {
			c.drawTitle(t)
			return
		}
	}
	t.text, t.right = "", ""
	c.drawTitle(t)
	c.smallTitle(name, page)
}

// smallTitle says in the bar, in small letters, a name as long as can be, and the
// page behind it.
func (c *canvas) smallTitle(name, page string) {
	box, small := c.titleBox(), style{face: c.fonts.small, ink: colWhite}
	lines := layPlain(name, small.face, box.Dx())
	if last := lines[len(lines)-1]; small.face.width(last)+c.gap+small.face.width(page) > box.Dx() {
		lines = append(lines, "")
	}
	last := c.sayLines(box, small, lines)
	small.align = right
	c.say(last, small, page)
}
