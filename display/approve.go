package display

import (
	"fmt"
	"image"
)

func (ApproveSend) name() string { return "approve-send" }
func (ApproveOpen) name() string { return "approve-open" }
func (ApproveLog) name() string  { return "approve-open" }

// Why a question cannot be approved yet.
const (
	deadWait   = "wait a moment"
	deadUnread = "read all pages"
)

// draw shows the text on a panel of its own. With several contacts pages
// before the text name each and its cost.
func (s ApproveSend) draw(c *canvas) {
	box := c.body(true)
	head := "Send this to " + c.nameOf(s.Costs) + "?"
	fits := c.fitsTitle(head)
	if !fits {
		head = "Send this?"
	}
	c.drawTitle(title{symbol: symSend, text: head, right: "your approval", ink: colWhite, ground: colBar})
	if !fits || len(s.Costs) != 1 {
		to := c.nameRows("To "+c.recipients(s.Costs, box.Dx()), box.Dx())
		box = c.stack(box, append(to, c.space(c.px(2))))
	}

	small := style{face: c.fonts.small, ink: colInk}
	status := c.fonts.small.height + c.px(1)
	length := lengthText(s.Text)
	var foot []row
	switch {
	case len(s.Costs) == 1 && c.narrow():
		foot = c.words("Uses "+bytesText(s.Costs[0].Cost)+", leaves "+bytesText(s.Costs[0].Left), small, box.Dx())
	case len(s.Costs) == 1:
		length += ", uses " + bytesText(s.Costs[0].Cost)
		foot = c.words("Leaves "+leftText(s.Costs[0])+" more like this", small, box.Dx())
	}
	if mixed := alphabetsText(s.Text); mixed != "" {
		foot = append(foot, c.marked(symWarn, colBad, mixed, small, box.Dx())...)
	}
	sheet := box
	sheet.Max.Y -= height(foot) + status + c.px(2)
	room := sheet.Dy() - 2*c.panelInset()

	var pages [][]row
	if len(s.Costs) > 1 {
		pages = paginate(c.costRows(s.Costs, sheet.Dx()-2*c.panelInset()), room)
	}
	costPages := len(pages)
	pages = append(pages, paginate(c.textRows(s.Text, sheet.Dx()), room)...)
	c.panel(sheet, c.turnTo(s.Page, pages))

	about := length
	if c.frame.Page < costPages {
		about = "The text follows: " + length
	}
	box.Min.Y = sheet.Max.Y + c.px(2)
	line := image.Rect(box.Min.X, box.Min.Y, box.Max.X, box.Min.Y+status)
	c.statusRow(line, about, length)
	box.Min.Y = line.Max.Y
	c.stack(box, foot)
	c.drawButtons(c.sendButtons(s.Ready))
}

// statusRow says the first of the texts that leaves room for the page on the left,
// and the page on the right.
func (c *canvas) statusRow(line image.Rectangle, about ...string) {
	small := style{face: c.fonts.small, ink: colInk}
	room := line.Dx() - c.gap - small.face.width(c.pageText())
	for _, text := range about {
		if small.face.width(text) <= room {
			c.say(line, small, text)
			break
		}
	}
	small.align = right
	c.say(line, small, c.pageText())
}

func (c *canvas) sendButtons(ready bool) []button {
	approve := c.guarded(button{name: "approve", label: "Approve", kind: positive, symbol: symYes, weight: 1.5}, ready)
	buttons := []button{{name: "deny", label: "Deny", kind: negative, symbol: symNo, weight: 1.1}}
	buttons = append(buttons, paging(c.frame.Page, c.frame.Pages, !ready)...)
	return append(buttons, approve)
}

// guarded is b, dead until ready, and why.
func (c *canvas) guarded(b button, ready bool) button {
	b.wait = deadWait
	if c.frame.Pages > 1 {
		b.wait = deadUnread
	}
	switch {
	case ready:
	case c.frame.LastPage():
		b.dead = deadWait
	default:
		b.dead = deadUnread
	}
	return b
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

// leftText says what sending leaves, also in a measure that needs no bytes.
func leftText(s Cost) string {
	return fmt.Sprintf("%s, %s", bytesText(s.Left), aboutText(s.Left/max(1, s.Cost)))
}

func (c *canvas) costRows(costs []Cost, width int) []group {
	var groups []group
	for _, cost := range costs {
		g := group(c.nameRows(cost.Contact, width))
		text := fmt.Sprintf("Uses %s, leaves %s more", bytesText(cost.Cost), leftText(cost))
		g = append(g, c.words(text, style{face: c.fonts.small, ink: colInk}, width)...)
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
	foot := c.openFoot(s.Cost, skip, " They may be late, or somebody holds them back.", box.Dx())
	list := box
	list.Max.Y -= height(foot) + c.px(2)
	groups := c.fromRows(s.From, style{face: c.fonts.bold, ink: colInk}, list.Dx())
	pages := paginate(groups, list.Dy())
	if len(pages) > 1 { // smaller and shorter
		foot = c.openFoot(s.Cost, skip, "", box.Dx())
		list.Max.Y = box.Max.Y - height(foot) - c.px(2)
		groups = c.fromRows(s.From, style{face: c.fonts.small, ink: colInk}, list.Dx())
		pages = paginate(groups, list.Dy())
	}
	if len(pages) > 1 {
		pages = paginate(groups, list.Dy()-c.fonts.small.height)
	}
	rest := c.stack(list, c.turnTo(s.Page, pages))
	if choices := c.choices(list.Dx()); len(pages) == 1 && height(choices) <= rest.Dy() {
		c.stack(rest, choices)
	}
	status := list
	status.Min.Y = status.Max.Y - c.fonts.small.height
	c.say(status, style{face: c.fonts.small, ink: colInk, align: right}, c.pageText())
	box.Min.Y = list.Max.Y + c.px(2)
	c.stack(box, foot)
	c.drawButtons(c.openButtons(s.Ready, len(pages) > 1))
}

// openFoot explains the triangle and tells the cost.
func (c *canvas) openFoot(cost int64, skip bool, more string, width int) []row {
	var rows []row
	if skip {
		rows = c.marked(symWarn, colBad, "Messages before these are missing."+more,
			style{face: c.fonts.small, ink: colBad}, width)
	}
	return append(rows, c.words("Verified, not forged. Opening uses "+bytesText(cost)+" of pad.",
		style{face: c.fonts.small, ink: colInk}, width)...)
}

// fromRows names each contact; a triangle marks the one that has messages
// missing, which the words below explain.
func (c *canvas) fromRows(from []From, st style, width int) []group {
	var groups []group
	for _, f := range from {
		sym, line := symOpen, st
		text := fmt.Sprintf("%d from %s", f.Count, f.Contact)
		if f.Skip {
			sym, line.ink = symWarn, colBad
		}
		groups = append(groups, c.marked(sym, line.ink, text, line, width))
	}
	return groups
}

// choices explains the buttons, where there is room.
func (c *canvas) choices(width int) []row {
	small := style{face: c.fonts.small, ink: colInk}
	rows := []row{c.space(c.gap)}
	for _, line := range []string{
		"Read here: shown on this screen only.",
		"Show on laptop: the laptop gets to see it too.",
		"Deny: stays sealed, for later.",
	} {
		rows = append(rows, c.marked(symDot, colBar, line, small, width)...)
	}
	return rows
}

func (c *canvas) openButtons(ready, paged bool) []button {
	dead, wait := "", deadWait
	if paged && c.narrow() {
		wait = deadQuietly // the page is said above
	}
	if !ready {
		dead = wait
	}
	deny := button{name: "deny", label: "Deny", kind: negative, symbol: symNo, weight: 1}
	here := button{name: "read-here", label: "Read here", kind: neutral, symbol: symText, weight: 1.15, dead: dead, wait: wait}
	laptop := button{name: "to-laptop", label: "Show on laptop", kind: positive, symbol: symYes, weight: 1.15, dead: dead, wait: wait}
	buttons := []button{deny}
	if paged {
		buttons[0].weight = 0.65
		for _, b := range paging(c.frame.Page, c.frame.Pages, false) {
			b.weight = 0.65
			buttons = append(buttons, b)
		}
	}
	return c.fitted(append(buttons, here, laptop))
}

func (s ApproveLog) draw(c *canvas) {
	c.drawRelease("Show the log to the laptop?", "Show the log?", "The laptop asks for this device’s log: "+entriesText(s.Entries)+
		" with contacts’ names, times and events.\n\nIt holds no message and nothing of any pad.", s.Ready)
}

// drawRelease asks whether something may go to the laptop; in short where the
// question is too long for the bar.
func (c *canvas) drawRelease(question, short, text string, ready bool) {
	if !c.fitsTitle(question) {
		question = short
	}
	c.drawTitle(title{symbol: symLog, text: question, right: "your approval", ink: colWhite, ground: colBar})
	box := c.body(true)
	c.stack(box, c.words(text, style{face: c.fonts.body, ink: colInk}, box.Dx()))
	show := button{name: "to-laptop", label: "Show on laptop", kind: positive, symbol: symYes, weight: 1}
	if !ready {
		show.dead = deadWait
	}
	c.drawButtons([]button{{name: "deny", label: "Deny", kind: negative, symbol: symNo, weight: 1}, show})
}
