package display

import (
	"fmt"
	"image"
)

func (MeetingSize) name() string    { return "meeting-size" }
func (MeetingConfirm) name() string { return "meeting-size" }

// draw shows the choices as cards side by side.
func (s MeetingSize) draw(c *canvas) {
	box, groups := c.drawMeetingTitle("How much pad", s.Peer, "")
	if s.Known != "" {
		known := c.words(s.Known, style{face: c.fonts.small, ink: colInk}, box.Dx())
		groups = append(groups, append(known, c.space(c.px(2))))
	}
	status := c.fonts.small.height + c.px(1)
	box.Max.Y -= status
	groups = append(groups, c.choiceGrid(s.Choices, box.Dx(), box.Dy()-allHeight(groups))...)
	c.stack(box, c.turnTo(s.Page, paginate(groups, box.Dy())))
	foot := image.Rect(box.Min.X, box.Max.Y, box.Max.X, box.Max.Y+status)
	const each = "Messages each way"
	c.statusRow(foot, fmt.Sprintf("%s; years at %s a day", each, numberText(int64(s.PerDay))), each)
	c.drawButtons(c.leaving(cancelButton(), false))
}

// drawMeetingTitle puts a question about a contact into the bar. A contact
// whose name is too long for it is named in the first of the body's groups.
func (c *canvas) drawMeetingTitle(question, peer, right string) (box image.Rectangle, groups []group) {
	box = c.body(true)
	text := question + " with " + c.safe(peer) + "?"
	if !c.fitsTitle(text) {
		text = question + "?"
		groups = append(groups, c.nameRows("With "+peer, box.Dx()))
	}
	c.drawTitle(title{symbol: symPad, text: text, right: right, ink: colWhite, ground: colBar})
	return box, groups
}

// lines are what a choice's card says below its label, the most important
// first.
func (s SizeChoice) lines(t theme) []string {
	messages := countText(roughly(s.Messages), "message", "messages")
	lines := []string{bytesText(s.Bytes) + ", " + yearsText(s.Years), t.brief(messages, numberText(roughly(s.Messages)))}
	if s.Wait > 0 {
		lines = append(lines, "takes "+waitText(s.Wait))
	}
	return lines
}

// choiceGrid lays the choices out as cards, for a page of which room is left.
func (c *canvas) choiceGrid(choices []SizeChoice, width, room int) []group {
	g := c.fitGrid(choices, width, room)
	var groups []group
	for first := 0; first < len(choices); first += g.columns {
		groups = append(groups, group{{g.tall + g.gap, func(box image.Rectangle) {
			w := (box.Dx() - g.gap*(g.columns-1)) / g.columns
			for i := first; i < min(first+g.columns, len(choices)); i++ {
				x := box.Min.X + (i-first)*(w+g.gap)
				c.choiceCard(image.Rect(x, box.Min.Y, x+w, box.Min.Y+g.tall), i, choices[i], g)
			}
		}}})
	}
	return groups
}

// grid is how choices stand on a page.
type grid struct {
	columns int
	tall    int // height of a card
	gap     int
	face    *typeface
	lines   int // below the label
}

// fitGrid chooses large letters and few columns, such that all cards stand on
// one page. Otherwise the cards are small, and there are more pages.
func (c *canvas) fitGrid(choices []SizeChoice, width, room int) grid {
	var g grid
	for _, g = range []grid{{face: c.fonts.body, lines: 3}, {face: c.fonts.small, lines: 3}, {face: c.fonts.small, lines: 2}} {
		g.gap = c.px(3)
		wide := 0
		for _, choice := range choices {
			wide = max(wide, c.fonts.bold.width(c.safe(choice.Label)), widest(choice.lines(c.theme), g.face))
		}
		inset := c.panelInset()
		if c.narrow() {
			inset = 2
		}
		most := max(1, min(len(choices), (width+g.gap)/(wide+2*inset+g.gap)))
		least := max(c.button, c.fonts.bold.height+g.lines*g.face.height+2*c.px(2))
		for g.columns = min(2, most); g.columns <= most; g.columns++ {
			rows := (len(choices) + g.columns - 1) / g.columns
			if g.tall = room/max(1, rows) - g.gap; g.tall >= least {
				g.tall = min(g.tall, 2*c.button)
				return g
			}
		}
		g.columns, g.tall = most, least
	}
	return g
}

func (c *canvas) choiceCard(rect image.Rectangle, i int, s SizeChoice, g grid) {
	c.rounded(rect, colPanel, colBar, false)
	label := c.safe(s.Label)
	c.frame.Targets = append(c.frame.Targets, Target{fmt.Sprintf("size-%d", i+1), label, rect, true, neutral})
	lines := s.lines(c.theme)
	lines = lines[:min(len(lines), g.lines)]
	line := rect.Inset(c.px(2))
	line.Min.Y += (line.Dy() - c.fonts.bold.height - len(lines)*g.face.height) / 2
	line.Max.Y = line.Min.Y + c.fonts.bold.height
	c.drawLabel(line, colBar, label, 1)
	for _, text := range lines {
		line.Min.Y, line.Max.Y = line.Max.Y, line.Max.Y+g.face.height
		c.say(line, style{face: g.face, ink: colInk, align: centre}, text)
	}
}

// draw shows the other owner's choice, as a question; in small letters, if
// large ones need two pages.
func (s MeetingConfirm) draw(c *canvas) {
	box, groups := c.drawMeetingTitle("This much pad", s.Peer, "your approval")
	room := box.Dy() - allHeight(groups)
	rows := s.rows(c, c.fonts.large, c.fonts.body, box.Dx())
	for _, head := range []*typeface{c.fonts.title, c.fonts.small} {
		if allHeight(rows) > room {
			rows = s.rows(c, head, c.fonts.small, box.Dx())
		}
	}
	c.drawPaged(box, append(groups, rows...), s.Page)
	buttons := c.leaving(cancelButton(), !s.Ready)
	confirm := button{name: "confirm", label: "Confirm", kind: positive, symbol: symYes}
	c.drawButtons(c.fitted(append(buttons, c.guarded(confirm, s.Ready))))
}

func (s MeetingConfirm) rows(c *canvas, head, face *typeface, width int) []group {
	var groups []group
	say := func(face *typeface, text string) {
		groups = append(groups, c.words(text, style{face: face, ink: colInk}, width))
	}
	say(c.fonts.small, "Chosen on the other device:")
	say(head, bytesText(s.Choice.Bytes))
	say(face, capital(messagesText(s.Choice.Messages))+" each way")
	say(face, capital(yearsText(s.Choice.Years))+" at "+numberText(int64(s.PerDay))+" messages a day")
	if s.Choice.Wait > 0 {
		say(face, "Takes about "+waitText(s.Choice.Wait))
	}
	groups = append(groups, group{c.space(c.px(3))})
	if s.Known != "" {
		say(c.fonts.small, s.Known)
	}
	say(c.fonts.small, c.brief("Confirm only if the other owner is here with you.", "Confirm only beside the other owner."))
	return groups
}
