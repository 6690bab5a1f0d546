package display

import (
	"image"
	"image/color"
	"unicode/utf8"
)

// row is one line of a screen's body.
type row struct {
	height int
	draw   func(box image.Rectangle) // nil for room that may fall off a page's end
}

// group is rows that belong together on one page where they fit on one.
type group []row

func height(rows []row) int {
	h := 0
	for _, r := range rows {
		h += r.height
	}
	return h
}

// inked is how high rows are without the room after the last line.
func inked(rows []row) int {
	for len(rows) > 0 && rows[len(rows)-1].draw == nil {
		rows = rows[:len(rows)-1]
	}
	return height(rows)
}

func allHeight(groups []group) int {
	h := 0
	for _, g := range groups {
		h += height(g)
	}
	return h
}

// paginate lays groups into pages of the given height. It returns at least one
// page.
func paginate(groups []group, available int) [][]row {
	pages := [][]row{nil}
	used := 0
	turn := func() {
		pages = append(pages, nil)
		used = 0
	}
	for _, g := range groups {
		if used > 0 && used+inked(g) > available {
			turn()
		}
		for _, r := range g {
			if used > 0 && r.draw != nil && used+r.height > available {
				turn()
			}
			last := len(pages) - 1
			pages[last] = append(pages[last], r)
			used += r.height
		}
	}
	return pages
}

// title is what the bar at the top says.
type title struct {
	symbol symbol
	text   string
	right  string // left out where it does not fit
	ink    color.RGBA
	ground color.RGBA
}

// drawTitle draws the bar. A text too long for it is for the caller to keep
// out; see fitsTitle.
func (c *canvas) drawTitle(t title) {
	bar := image.Rect(0, 0, c.size.X, c.bar)
	c.fill(bar, t.ground)
	side := c.px(16)
	icon := image.Rect(c.margin, (c.bar-side)/2, c.margin+side, (c.bar+side)/2)
	c.symbol(icon, t.symbol, t.ink, t.ground)
	box := c.titleBox()
	drawn := c.say(box, style{face: c.fonts.title, ink: t.ink}, t.text)
	box.Min.X = drawn.Max.X + 2*c.gap
	if c.fonts.small.width(t.right) <= box.Dx() {
		c.say(box, style{face: c.fonts.small, ink: t.ink, align: right}, t.right)
	}
}

func (c *canvas) titleBox() image.Rectangle {
	return image.Rect(c.margin+c.px(16+8), 0, c.size.X-c.margin, c.bar)
}

func (c *canvas) fitsTitle(text string) bool {
	return c.fonts.title.width(text) <= c.titleBox().Dx()
}

// body is the part between title bar and buttons.
func (c *canvas) body(buttons bool) image.Rectangle {
	b := image.Rect(c.margin, c.bar+c.gap, c.size.X-c.margin, c.size.Y-c.gap)
	if buttons {
		b.Max.Y = c.buttonRow().Min.Y - c.gap
	}
	return b
}

// stack draws rows from the top of box downwards and returns what is left.
func (c *canvas) stack(box image.Rectangle, rows []row) image.Rectangle {
	for _, r := range rows {
		line := box
		line.Max.Y = line.Min.Y + r.height
		if r.draw != nil {
			r.draw(line)
		}
		box.Min.Y = line.Max.Y
	}
	return box
}

// drawPaged draws one page of groups into box, and, where there are several,
// which one it is.
func (c *canvas) drawPaged(box image.Rectangle, groups []group, page int) {
	status := c.fonts.small.height
	pages := paginate(groups, box.Dy())
	if len(pages) > 1 {
		pages = paginate(groups, box.Dy()-status)
	}
	c.stack(box, c.turnTo(page, pages))
	foot := image.Rect(box.Min.X, box.Max.Y-status, box.Max.X, box.Max.Y)
	c.say(foot, style{face: c.fonts.small, ink: colMuted, align: right}, c.pageText())
}

// words breaks the device's own text into rows of the given width.
func (c *canvas) words(text string, st style, width int) []row {
	var rows []row
	for _, line := range layPlain(text, st.face, width) {
		rows = append(rows, row{st.face.height + c.px(1), func(box image.Rectangle) { c.say(box, st, line) }})
	}
	return rows
}

// marked is words after a symbol, which stands on the first row.
func (c *canvas) marked(s symbol, col color.RGBA, text string, st style, width int) []row {
	side := c.px(11)
	indent := side + c.gap
	rows := c.words(text, st, width-indent)
	for i, r := range rows {
		rows[i].draw = func(box image.Rectangle) {
			if i == 0 {
				icon := box
				icon.Max.X = icon.Min.X + side
				icon = image.Rect(icon.Min.X, box.Min.Y+(box.Dy()-side)/2, icon.Max.X, box.Min.Y+(box.Dy()+side)/2)
				c.symbol(icon, s, col, c.frame.Image.RGBAAt(icon.Min.X, icon.Min.Y))
			}
			box.Min.X += indent
			r.draw(box)
		}
	}
	return rows
}

func (c *canvas) space(h int) row {
	return row{height: h}
}

// panelInset is the room between the panel's border and the text on it.
func (c *canvas) panelInset() int { return c.px(5) }

// textRows lays out a text from elsewhere for a panel of the given width.
func (c *canvas) textRows(text string, width int) []group {
	st := style{face: c.fonts.body, ink: colInk, body: true}
	h := st.face.height + c.px(1)
	var groups []group
	for _, line := range c.layouts.lay(text, st.face, width-2*c.panelInset()) {
		groups = append(groups, group{{h, func(box image.Rectangle) { c.say(box, st, line) }}})
	}
	if len(groups) == 0 {
		st = style{face: c.fonts.body, ink: colMuted, align: centre}
		groups = []group{{{h, func(box image.Rectangle) { c.say(box, st, "The text is empty.") }}}}
	}
	return groups
}

// panel draws the white sheet on which a text from elsewhere stands, so that
// it cannot be taken for words of the device.
func (c *canvas) panel(box image.Rectangle, rows []row) {
	c.rounded(box, colPanel, colLine, false)
	c.stack(box.Inset(c.panelInset()), rows)
}

// layoutCache keeps one layout.
type layoutCache struct {
	text  string
	face  *typeface
	width int
	lines []string
}

func (l *layoutCache) lay(text string, t *typeface, width int) []string {
	if l.lines == nil || l.text != text || l.face != t || l.width != width {
		*l = layoutCache{text, t, width, layExact(text, t, width)}
	}
	return l.lines
}

// lengthText says how long a text is.
func lengthText(text string) string {
	return countText(int64(utf8.RuneCountInString(text)), "character", "characters")
}
