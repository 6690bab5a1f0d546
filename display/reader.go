package display

import (
	"fmt"
	"image"
)

func (Reader) name() string { return "reader" }
func (Log) name() string    { return "log" }

func (s Reader) draw(c *canvas) {
	place := ""
	if s.Count > 1 {
		place = fmt.Sprintf("message %d of %d", s.Index, s.Count)
	}
	box := c.body(true)
	head := "From " + c.safe(s.From)
	t := title{symbol: symText, text: head, right: place, ink: colWhite, ground: colBar}
	var top []row
	if c.fonts.title.width(head)+3*c.gap+c.fonts.small.width(place) > c.titleBox().Dx() {
		t.text = "Message"
		top = c.nameRows(head, box.Dx())
	}
	if s.Skip {
		top = append(top, c.marked(symWarn, colBad, "Messages before this one are missing.",
			style{face: c.fonts.small, ink: colBad}, box.Dx())...)
	}
	c.drawTitle(t)
	if len(top) > 0 {
		box = c.stack(box, append(top, c.space(c.px(2))))
	}
	status := c.fonts.small.height + c.px(1)
	sheet := box
	sheet.Max.Y -= status + c.px(2)
	pages := paginate(c.textRows(s.Text, sheet.Dx()), sheet.Dy()-2*c.panelInset())
	c.panel(sheet, c.turnTo(s.Page, pages))
	c.statusRow(image.Rect(box.Min.X, box.Max.Y-status, box.Max.X, box.Max.Y), lengthText(s.Text)+", on this device only", lengthText(s.Text)+", only here", lengthText(s.Text))
	c.drawButtons(c.leaving(doneButton(), true))
}

func (s Log) draw(c *canvas) {
	c.drawTitle(title{symbol: symLog, text: "Log", right: "newest first", ink: colWhite, ground: colBar})
	box := c.body(true)
	status := c.fonts.small.height + c.px(1)
	var groups []group
	for _, line := range s.Lines {
		groups = append(groups, c.logRows(line, box.Dx()))
	}
	if len(groups) == 0 {
		groups = append(groups, c.words("Nothing has happened yet.", style{face: c.fonts.body, ink: colInk}, box.Dx()))
	}
	c.stack(box, c.turnTo(s.Page, paginate(groups, box.Dy()-status)))
	c.statusRow(image.Rect(box.Min.X, box.Max.Y-status, box.Max.X, box.Max.Y), entriesText(len(s.Lines)))
	buttons := c.leaving(doneButton(), false)
	if s.PowerOff {
		buttons = append(buttons, button{name: "power-off", label: "Switch off"})
	}
	c.drawButtons(c.fitted(buttons))
}

func entriesText(n int) string { return countText(int64(n), "entry", "entries") }

func (c *canvas) logRows(s LogLine, width int) group {
	muted := style{face: c.fonts.small, ink: colMuted}
	var rows group
	if s.New {
		muted.ink = colInk
		rows = c.marked(symDot, colBar, "New: "+s.When, muted, width)
	} else {
		rows = c.words(s.When, muted, width)
	}
	rows = append(rows, c.words(s.Text, style{face: c.fonts.body, ink: colInk}, width)...)
	return append(rows, c.space(c.px(4)))
}
