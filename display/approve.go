package display

import (
	"fmt"
	"image"
)

func (ApproveSend) name() string { return "approve-send" }
func (ApproveOpen) name() string { return "approve-open" }
func (ApproveLog) name() string  { return "approve-open" }

const deadWait = "wait a moment"

// draw shows the text on a panel of its own. With several contacts a page
// before the text names each and its cost.
func (s ApproveSend) draw(c *canvas) {
	head := "Send this to " + c.nameOf(s.Costs) + "?"
	if !c.fitsTitle(head) {
		head = "Send this?"
	}
	ask := title{symbol: symSend, text: head, right: "your approval", ink: colWhite, ground: colBar}
	c.drawTitle(ask)

	box := c.body(true)
	box = c.stack(box, append(c.words("To "+c.recipients(s.Costs, box.Dx()), style{face: c.fonts.bold, ink: colInk}, box.Dx()), c.space(c.px(2))))
	status := c.fonts.small.height + c.px(1)
	var foot []row
	if len(s.Costs) == 1 {
		foot = c.words(costText(s.Costs[0]), style{face: c.fonts.small, ink: colInk}, box.Dx())
	}
	sheet := box
	sheet.Max.Y -= height(foot) + status + c.px(2)
	room := sheet.Dy() - 2*c.panelInset()

	var pages [][]row
	if len(s.Costs) > 1 {
		pages = paginate(c.costRows(s.Costs, sheet.Dx()-2*c.panelInset()), room)
	}
	before := len(pages)
	pages = append(pages, paginate(c.textRows(s.Text, sheet.Dx()), room)...)
	c.panel(sheet, c.turnTo(s.Page, pages))

	box.Min.Y = sheet.Max.Y + c.px(2)
	line := image.Rect(box.Min.X, box.Min.Y, box.Max.X, box.Min.Y+status)
	about := lengthText(s.Text)
	if c.frame.Page < before {
		about = "The text follows: " + about
	}
	c.statusRow(line, about)
	box.Min.Y = line.Max.Y
	c.stack(box, foot)
	c.drawButtons(c.sendButtons(s.Ready))
}

// statusRow says something on the left and the page on the right.
func (c *canvas) statusRow(line image.Rectangle, about string) {
	c.say(line, style{face: c.fonts.small, ink: colInk}, about)
	c.say(line, style{face: c.fonts.small, ink: colInk, align: right}, c.pageText())
}

func (c *canvas) sendButtons(ready bool) []button {
	approve := button{name: "approve", label: "Approve", kind: positive, symbol: symYes, weight: 1.5}
	if !ready {
		approve.dead = deadWait
		if !c.frame.LastPage() {
			approve.dead = "read all pages"
		}
	}
	buttons := []button{{name: "deny", label: "Deny", kind: negative, symbol: symNo, weight: 1.1}}
	buttons = append(buttons, paging(c.frame.Page, c.frame.Pages, !ready)...)
	return append(buttons, approve)
}

// nameOf is the one contact, or how many.
func (c *canvas) nameOf(costs []Cost) string {
	if len(costs) == 1 {
		return c.safe(costs[0].Contact)
	}
	return fmt.Sprintf("%d contacts", len(costs))
}

// recipients names all contacts if two lines hold them; else the first page
// does, and this says so.
func (c *canvas) recipients(costs []Cost, width int) string {
	names := make([]string, len(costs))
	for i, cost := range costs {
		names[i] = cost.Contact
	}
	all := listText(names)
	if len(costs) < 2 || len(layPlain("To "+all, c.fonts.bold, width)) <= 2 {
		return all
	}
	return c.nameOf(costs) + ": see page 1"
}

// costText says what a text takes from one pad, also in a measure that needs
// no bytes.
func costText(s Cost) string {
	text := fmt.Sprintf("Uses %s of pad, leaves %s", bytesText(s.Cost), bytesText(s.Left))
	if s.Cost > 0 {
		text += fmt.Sprintf(" (about %s more like this)", numberText(s.Left/s.Cost))
	}
	return text
}

func (c *canvas) costRows(costs []Cost, width int) []group {
	var groups []group
	for _, cost := range costs {
		g := group(c.words(cost.Contact, style{face: c.fonts.bold, ink: colInk}, width))
		g = append(g, c.words(costText(cost), style{face: c.fonts.small, ink: colInk}, width)...)
		groups = append(groups, append(g, c.space(c.px(3))))
	}
	return groups
}

func (s ApproveOpen) draw(c *canvas) {
	count := int64(0)
	skip := false
	for _, from := range s.From {
		count += int64(from.Count)
		skip = skip || from.Skip
	}
	c.drawTitle(title{symbol: symOpen, text: "Open " + countText(count, "message", "messages") + "?",
		right: "your approval", ink: colWhite, ground: colBar})

	box := c.body(true)
	small := style{face: c.fonts.small, ink: colInk}
	foot := c.words("Verified: sealed by the named contact. Opening uses "+bytesText(s.Cost)+" of pad.", small, box.Dx())
	if skip {
		foot = append(c.marked(symWarn, colBad, "Messages before these are missing. They may be late, or somebody holds them back.",
			style{face: c.fonts.small, ink: colBad}, box.Dx()), foot...)
	}
	list := box
	list.Max.Y -= height(foot) + c.px(3)
	var groups []group
	for _, from := range s.From {
		groups = append(groups, c.fromRows(from, list.Dx()-2*c.panelInset()))
	}
	room := list.Dy() - 2*c.panelInset()
	pages := paginate(groups, room)
	if len(pages) > 1 {
		pages = paginate(groups, room-c.fonts.small.height)
	}
	rows := c.turnTo(s.Page, pages)
	c.panel(list, rows)
	status := image.Rect(list.Min.X, list.Max.Y-c.fonts.small.height-c.px(3), list.Max.X-c.panelInset(), list.Max.Y-c.px(3))
	c.say(status, style{face: c.fonts.small, ink: colInk, align: right}, c.pageText())
	box.Min.Y = list.Max.Y + c.px(3)
	c.stack(box, foot)
	c.drawButtons(c.openButtons(s.Ready, len(pages) > 1))
}

func (c *canvas) fromRows(s From, width int) group {
	text := fmt.Sprintf("%d from %s", s.Count, s.Contact)
	st := style{face: c.fonts.body, ink: colInk}
	if s.Skip {
		return c.marked(symWarn, colBad, text, style{face: c.fonts.body, ink: colBad}, width)
	}
	return c.marked(symOpen, colInk, text, st, width)
}

func (c *canvas) openButtons(ready, paged bool) []button {
	dead := ""
	if !ready {
		dead = deadWait
	}
	buttons := []button{{name: "deny", label: "Deny", kind: negative, symbol: symNo, weight: 1}}
	if paged {
		buttons = append(buttons, paging(c.frame.Page, c.frame.Pages, false)...)
	}
	return append(buttons,
		button{name: "read-here", label: "Read here", kind: neutral, weight: 1.1, dead: dead},
		button{name: "to-laptop", label: "To laptop", kind: positive, weight: 1.1, dead: dead})
}

func (s ApproveLog) draw(c *canvas) {
	c.drawTitle(title{symbol: symLog, text: "Show the log to the laptop?", right: "your approval", ink: colWhite, ground: colBar})
	box := c.body(true)
	text := "The laptop asks for this device’s log: " + countText(int64(s.Entries), "entry", "entries") +
		" with contacts’ names, times and events.\n\nIt holds no message and nothing of any pad."
	c.stack(box, c.words(text, style{face: c.fonts.body, ink: colInk}, box.Dx()))
	show := button{name: "to-laptop", label: "To laptop", kind: positive, symbol: symYes, weight: 1}
	if !s.Ready {
		show.dead = deadWait
	}
	c.drawButtons([]button{{name: "deny", label: "Deny", kind: negative, symbol: symNo, weight: 1}, show})
}
