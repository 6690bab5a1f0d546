package display

import "image"

func (Keyboard) name() string { return "keyboard" }

// keyboard is how keys are laid out: few on a page, so that each is as large as
// a finger.
type keyboard struct {
	columns int
	pages   []keyPage // all that a user id is made of
}

// keyPage is keys that are shown together, and what is written where one turns to
// them.
type keyPage struct{ label, keys string }

// keys are laid out by how many fingers stand side by side.
func (c *canvas) keys() keyboard {
	if wide := (c.size.X - 2*c.margin) / 7; wide < c.finger+c.px(2) {
		return keyboard{5, []keyPage{{"a–j", "abcdefghij"}, {"k–t", "klmnopqrst"}, {"u–z", "uvwxyz-_"}, {"0–9", "0123456789"}}}
	}
	return keyboard{7, []keyPage{{"a–m", "abcdefghijklm"}, {"n–z", "nopqrstuvwxyz"}, {"0–9", "0123456789-_"}}}
}

func (s Keyboard) draw(c *canvas) {
	c.drawTitle(title{symbol: symPad, text: s.Title, ink: colWhite, ground: colBar})
	box := c.body(true)
	keys := c.keys()
	c.frame.Pages = len(keys.pages)
	c.frame.Page = min(max(s.Page, 0), len(keys.pages)-1)
	box = c.drawTyped(box, s)
	c.drawKeys(box, keys.pages[c.frame.Page].keys, keys.columns)
	remove := button{name: "delete", label: "Delete", weight: 1.2}
	ok := button{name: "ok", label: "Done", symbol: symYes, kind: positive, weight: 1.2}
	if s.Text == "" {
		remove.dead, ok.dead = deadQuietly, deadQuietly
	}
	c.drawButtons(append(append([]button{remove}, keys.paging(c.frame.Page)...), ok))
}

// paging says of each page what is on it: a letter is looked for, not a page.
func (k keyboard) paging(page int) []button {
	buttons := paging(page, len(k.pages), false)
	for i, to := range []int{page - 1, page + 1} {
		if to >= 0 && to < len(k.pages) {
			buttons[i].label, buttons[i].roomy = k.pages[to].label, ""
		}
	}
	return buttons
}

// drawTyped shows what has been typed, and what is wrong with it or to be
// typed, and returns what is left of the box.
func (c *canvas) drawTyped(box image.Rectangle, s Keyboard) image.Rectangle {
	line := box
	line.Max.Y = line.Min.Y + c.fonts.title.height + 2*c.px(2)
	c.fill(line, colPanel)
	face, typed := c.fitTyped(s.Text, line.Dx()-3*c.px(2))
	cursor := c.say(line.Inset(c.px(2)), style{face: face, ink: colInk}, typed)
	cursor.Min.X = cursor.Max.X + c.px(1)
	c.fill(image.Rect(cursor.Min.X, line.Min.Y+c.px(3), cursor.Min.X+max(1, c.px(1.5)), line.Max.Y-c.px(3)), colBar)
	box.Min.Y = line.Max.Y + c.px(1)
	say := style{face: c.fonts.small, ink: colMuted}
	text := s.Hint
	if s.Problem != "" {
		text, say.ink = s.Problem, colBad
	}
	foot := box
	foot.Max.Y = foot.Min.Y + c.fonts.small.height
	c.say(foot, say, text)
	if c.fonts.small.width(text)+c.gap+c.fonts.small.width(c.pageText()) > foot.Dx() {
		foot = foot.Add(image.Pt(0, c.fonts.small.height))
	}
	c.say(foot, style{face: c.fonts.small, ink: colMuted, align: right}, c.pageText())
	box.Min.Y = foot.Max.Y + c.px(2)
	return box
}

// fitTyped is a text in the largest letters that fit; of one too long for all, the
// end.
func (c *canvas) fitTyped(text string, width int) (*typeface, string) {
	text = c.safe(text)
	for _, face := range []*typeface{c.fonts.title, c.fonts.bold, c.fonts.small} {
		if face.width(text) <= width {
			return face, text
		}
	}
	end := []rune(text)
	for len(end) > 0 && c.fonts.small.width("…"+string(end)) > width {
		end = end[1:]
	}
	return c.fonts.small, "…" + string(end)
}

func (c *canvas) drawKeys(box image.Rectangle, keys string, columns int) {
	rows := (len(keys) + columns - 1) / columns
	gap := c.px(2)
	wide := (box.Dx() - gap*(columns-1)) / columns
	tall := (box.Dy() - gap*(rows-1)) / rows
	for i, key := range keys {
		at := box.Min.Add(image.Pt(i%columns*(wide+gap), i/columns*(tall+gap)))
		rect := image.Rectangle{Min: at, Max: at.Add(image.Pt(wide, tall))}
		c.rounded(rect, colPanel, colBar, false)
		c.say(rect, style{face: c.fonts.title, ink: colBar, align: centre}, string(key))
		c.frame.Targets = append(c.frame.Targets, Target{"key-" + string(key), string(key), rect, true, neutral})
	}
}
