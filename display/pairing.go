package display

import (
	"fmt"
	"image"
	"slices"
)

func (NewContact) name() string { return "new-contact" }
func (Paired) name() string     { return "paired" }

// cancelButton leaves a meeting.
func cancelButton() button {
	return button{name: "cancel", label: "Cancel", kind: negative, symbol: symNo, weight: 1}
}

// draw shows what to plug and tap. If no pad can be made, it shows why, and
// nothing else to do.
func (s NewContact) draw(c *canvas) {
	c.drawTitle(title{symbol: symPad, text: "New contact", right: "laptop link off", ink: colWhite, ground: colBar})
	box := c.body(true)
	var steps, rest []group
	if s.Problem != "" {
		warn := c.marked(symWarn, colBad, s.Problem, style{face: c.fonts.small, ink: colBad}, box.Dx())
		rest = append(rest, append(warn, c.space(c.px(3))))
	}
	reserve := s.Reserve
	reserve.Problem = "" // it stands above
	rest = append(rest, c.reserveRows(reserve, box.Dx()))
	if s.Problem != "" && s.Reserve.Messages <= 0 {
		head := c.words("No pad can be made now.", style{face: c.fonts.title, ink: colInk}, box.Dx())
		steps = append(steps, append(head, c.space(c.gap)))
	} else {
		steps = c.meetingSteps(s.Laptop, box.Dx(), box.Dy()-allHeight(rest))
	}
	c.drawPaged(box, append(steps, rest...), s.Page)
	buttons := c.leaving(cancelButton(), true)
	if s.Noise {
		buttons = append(buttons, button{name: "noise", label: "Noise"})
	}
	if s.Retry {
		buttons = append(buttons, button{name: "retry", label: "Try again", kind: forward})
	}
	c.drawButtons(c.fitted(buttons))
}

// meetingSteps are what to do, with a picture of it that fills the room, if
// there is enough.
func (c *canvas) meetingSteps(laptop bool, width, room int) []group {
	steps := []string{"Plug one cable from device to device.", c.brief("Tap New contact on the other one, too.", "Choose New contact there, too.")}
	if laptop {
		steps = append([]string{"Unplug the laptop."}, steps...)
	}
	var groups []group
	for i, step := range steps {
		groups = append(groups, c.numbered(i+1, step, width))
	}
	waiting := c.words("Waiting for the other device", style{face: c.fonts.small, ink: colMuted, align: centre}, width)
	picture := append(group{c.space(c.gap)}, append(waiting, c.space(c.gap))...)
	tall := room - allHeight(groups) - height(picture)
	if tall < c.px(22) {
		return append(groups, picture)
	}
	return append(groups, slices.Insert(picture, 1, c.twoDevices(tall, symNone)))
}

// numbered is words after a number.
func (c *canvas) numbered(n int, text string, width int) group {
	indent := c.px(16)
	face, digit := c.fonts.body, c.fonts.bold
	if c.narrow() {
		face, digit = c.fonts.small, c.fonts.small
	}
	rows := c.words(text, style{face: face, ink: colInk}, width-indent)
	for i, r := range rows {
		rows[i].draw = func(box image.Rectangle) {
			if i == 0 {
				c.say(box, style{face: digit, ink: colGauge}, fmt.Sprint(n))
			}
			box.Min.X += indent
			r.draw(box)
		}
	}
	return rows
}

// twoDevices draws two devices about as tall as there is room, and a symbol
// between them, or the cable.
func (c *canvas) twoDevices(room int, between symbol) row {
	most := min(c.px(52), (c.size.X-2*c.margin)*3/16)
	return row{min(max(room, c.px(22)), most), func(box image.Rectangle) {
		w, gap := box.Dy()*4/3, box.Dy()*2
		x := box.Min.X + (box.Dx()-2*w-gap)/2
		middle := image.Rect(x+w, box.Min.Y, x+w+gap, box.Max.Y)
		for _, left := range []int{x, middle.Max.X} {
			device := image.Rect(left, box.Min.Y, left+w, box.Max.Y)
			c.rounded(device, colBar, colBar, false)
			c.symbol(device.Inset(box.Dy()/4), symPad, colWhite, colBar)
		}
		if between != symNone {
			c.symbol(middle.Inset(box.Dy()/4), between, colGauge, colGround)
			return
		}
		y := (box.Min.Y + box.Max.Y) / 2
		c.fill(image.Rect(middle.Min.X, y-c.px(1), middle.Max.X, y+c.px(1)), colGauge)
		plug := image.Rect(0, y-box.Dy()/7, box.Dy()/4, y+box.Dy()/7)
		c.fill(plug.Add(image.Pt(middle.Min.X, 0)), colGauge)
		c.fill(plug.Add(image.Pt(middle.Max.X-plug.Dx(), 0)), colGauge)
	}}
}

// draw tells how a meeting ended, and what to do now.
func (s Paired) draw(c *canvas) {
	peer := c.safe(s.Peer)
	t := title{symbol: symYes, text: "Paired", right: "pad in use", ink: colWhite, ground: colGood}
	head := "You share a pad with " + peer + "."
	todo := []string{
		c.brief("Unplug the cable and plug in the laptop: what you write there is sealed with this pad from now on.", "Unplug the cable, plug in the laptop."),
		"If it was one plain cable in sight, nobody else has the pad.",
	}
	if !s.InUse {
		t = title{symbol: symWait, text: "Prepared", right: "pad not in use yet", ink: colInk, ground: colAmber}
		head = "No answer from " + peer + " yet."
		todo = []string{
			c.brief("Until then this pad opens, but does not send.", "Until then it only opens."),
			c.brief("If the other device shows “Paired”, tap the name on the home screen and say so. If not, meet again.",
				"If the other device shows “Paired”, say so under its name on home. If not, meet again."),
		}
	}
	c.drawTitle(t)
	box := c.body(true)
	title, body := c.fonts.title, c.fonts.body
	if c.narrow() && title.width(head) > box.Dx() {
		title, body = c.fonts.small, c.fonts.small
	}
	rows := append(c.words(head, style{face: title, ink: colInk}, box.Dx()), c.space(c.px(3)))
	size := c.brief(bytesText(s.Bytes)+", "+messagesText(s.Messages), capital(messagesText(s.Messages))) + " each way"
	rows = append(rows, c.words(size, style{face: body, ink: colInk}, box.Dx())...)
	if s.Demo {
		rows = append(rows, c.marked(symWarn, colBad, c.demoText(), style{face: c.fonts.small, ink: colBad}, box.Dx())...)
	}
	box = c.stack(box, append(rows, c.space(c.gap)))
	box = c.stack(box, append(c.points(todo, box.Size()), c.space(c.gap)))
	if picture := c.twoDevices(box.Dy()-c.gap, t.symbol); picture.height <= box.Dy() {
		c.stack(box, []row{picture})
	}
	c.drawButtons(c.fitted([]button{
		{name: "certificate", label: "Certificate", symbol: symText},
		{name: "ok", label: "Done", kind: forward, symbol: symYes},
	}))
}

// points are lines with dots before them, in small letters if larger ones do
// not fit.
func (c *canvas) points(lines []string, size image.Point) []row {
	var rows []row
	for _, face := range []*typeface{c.fonts.body, c.fonts.small} {
		rows = nil
		for _, line := range lines {
			rows = append(rows, c.marked(symDot, colGauge, line, style{face: face, ink: colInk}, size.X)...)
		}
		if height(rows) <= size.Y {
			break
		}
	}
	return rows
}

func (t theme) demoText() string {
	return t.brief("Demo randomness: to try things out, not for secrets", "Demo randomness: not for secrets")
}
