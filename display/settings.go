package display

import (
	"cmp"
	"fmt"
	"image"
)

func (Settings) name() string      { return "settings" }
func (ReservoirSize) name() string { return "settings" }
func (Idle) name() string          { return "idle" }

// draw shows the settings as cards, each as large as a finger. The page stands in
// the title bar, which leaves room for another row of them.
func (s Settings) draw(c *canvas) {
	box := c.body(true)
	var groups []group
	if s.Note != "" {
		groups = append(groups, append(c.words(s.Note, style{face: c.fonts.small, ink: colInk}, box.Dx()), c.space(c.px(2))))
	}
	gap, tall := c.px(4), c.button
	columns := c.settingColumns(s.Items, box.Dx(), gap)
	for first := 0; first < len(s.Items); first += columns {
		groups = append(groups, group{{tall + gap, func(box image.Rectangle) {
			w := (box.Dx() - gap*(columns-1)) / columns
			for i := first; i < min(first+columns, len(s.Items)); i++ {
				x := box.Min.X + (i-first)*(w+gap)
				c.settingCard(image.Rect(x, box.Min.Y, x+w, box.Min.Y+tall), s.Items[i])
			}
		}}})
	}
	rows := c.turnTo(s.Page, paginate(groups, box.Dy()+gap)) // the last gap need not be there
	c.drawTitle(title{symbol: symLog, text: cmp.Or(s.Title, "Settings"), right: c.pageText(), ink: colWhite, ground: colBar})
	c.stack(box, rows)
	leave := doneButton()
	if s.Title != "" {
		leave = button{name: "ok", label: "Back"} // nothing was chosen
	}
	c.drawButtons(c.fitted(c.leaving(leave, false)))
}

// draw says beside each size what follows from it.
func (s ReservoirSize) draw(c *canvas) {
	shown := Settings{Title: "Reservoir size", Page: s.Page, Note: "Randomness laid up for the next pad: " + bytesText(s.Ready) +
		" of " + bytesText(s.Now) + " are ready. It takes as much of the card, which has " + bytesText(s.Free) + " free."}
	for i, choice := range s.Choices {
		item := Setting{Name: fmt.Sprintf("size-%d", i+1), Label: bytesText(choice.Bytes), Value: "time not known"}
		switch {
		case choice.Bytes <= s.Ready:
			item.Value = "full at once"
		case choice.Wait > 0:
			item.Value = "full in " + waitText(choice.Wait)
		}
		if choice.Bytes == s.Now {
			item.Value = "as now, " + item.Value
		}
		shown.Items = append(shown.Items, item)
	}
	shown.draw(c)
}

// settingColumns is how many settings stand side by side: two, if the longest
// name leaves room.
func (c *canvas) settingColumns(items []Setting, width, gap int) int {
	for _, s := range items {
		lines := []string{c.safe(s.Label)}
		if s.Value == "" {
			lines = splitLabel(lines[0], c.fonts.small, 2)
		}
		if max(widest(lines, c.fonts.small), c.fonts.small.width(s.Value))+2*c.px(3) > (width-gap)/2 {
			return 1
		}
	}
	return 2
}

// settingCard is one setting: what it is, and how it stands.
func (c *canvas) settingCard(rect image.Rectangle, s Setting) {
	ink, border := colBar, colBar
	if s.Grave {
		ink, border = colBad, colBad
	}
	c.rounded(rect, colPanel, border, false)
	label := c.safe(s.Label)
	c.frame.Targets = append(c.frame.Targets, Target{s.Name, label, rect, true, neutral})
	box := rect.Inset(c.px(3))
	if s.Value == "" {
		c.drawLabel(box, ink, label, 2)
		return
	}
	line := box
	line.Min.Y += (box.Dy() - c.fonts.bold.height - c.fonts.small.height) / 2
	line.Max.Y = line.Min.Y + c.fonts.bold.height
	c.drawLabel(line, ink, label, 1)
	line.Min.Y, line.Max.Y = line.Max.Y, line.Max.Y+c.fonts.small.height
	c.say(line, style{face: c.fonts.small, ink: colInk, align: centre}, s.Value)
}

// draw tells nobody's name: whoever passes by may look.
func (s Idle) draw(c *canvas) {
	c.fill(c.frame.Image.Rect, colBar)
	wake := c.brief("Touch to wake", "Press a key to wake")
	rows := c.words(wake, style{face: c.fonts.title, ink: colWhite, align: centre}, c.size.X-2*c.margin)
	rows = append(rows, c.space(c.gap))
	for _, line := range s.lines() {
		rows = append(rows, c.words(line, style{face: c.fonts.body, ink: colWhite, align: centre}, c.size.X-2*c.margin)...)
	}
	box := image.Rect(c.margin, 0, c.size.X-c.margin, c.size.Y)
	box.Min.Y = (c.size.Y - height(rows)) / 2
	c.stack(box, rows)
	c.frame.Targets = append(c.frame.Targets, Target{"wake", wake, c.frame.Image.Rect, true, neutral})
}

func (s Idle) lines() []string {
	news := "Nothing new"
	if s.News > 0 {
		news = countText(int64(s.News), "new entry in the log", "new entries in the log")
	}
	if s.Doing == "" {
		return []string{news}
	}
	return []string{s.Doing, news}
}
