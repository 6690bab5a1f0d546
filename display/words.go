package display

import (
	"fmt"
	"image"
)

func (MeetingWords) name() string { return "meeting-words" }

// draw shows the words large. The two answers look alike, because the device
// has no opinion on which is right.
func (s MeetingWords) draw(c *canvas) {
	peer := c.safe(s.Peer)
	t := title{symbol: symText, text: "Compare with " + peer, right: "your approval", ink: colWhite, ground: colBar}
	read := c.brief("Read them to each other. The same words on both devices mean: the pads are equal, and yours is with "+peer+".",
		"Read them to each other. The same words on both devices mean: the pads are equal.")
	if !c.fitsTitle(t.text) {
		t.text = "Compare the words"
		read = c.brief(read, "The same words mean: the pads are equal, and yours is with "+peer+".")
	}
	c.drawTitle(t)
	box := c.body(true)
	small := style{face: c.fonts.small, ink: colInk}
	foot := c.words(read, small, box.Dx())
	foot = append(foot, c.marked(symWarn, colBad, "They do not show somebody on the cable: let it be one plain cable, in sight.", small, box.Dx())...)
	grid := box
	grid.Max.Y -= height(foot) + c.px(2)
	c.wordGrid(grid, s.Words)
	box.Min.Y = grid.Max.Y + c.px(2)
	c.stack(box, foot)
	c.drawButtons([]button{
		c.guarded(button{name: "different", label: "Different", symbol: symNo, weight: 1}, s.Ready),
		c.guarded(button{name: "same", label: "Same", symbol: symYes, weight: 1}, s.Ready),
	})
}

// wordGrid draws the words in two rows, numbered in the order of reading.
func (c *canvas) wordGrid(box image.Rectangle, words [4]string) {
	gap := c.px(4)
	w, h := (box.Dx()-gap)/2, (box.Dy()-gap)/2
	// The same letters for all: no word is to look more important.
	face := c.fonts.large
	room := image.Pt(w, h).Sub(image.Pt(2*c.panelInset()+c.fonts.small.width("4")+c.px(3), 2*c.panelInset()))
	for _, smaller := range []*typeface{c.fonts.title, c.fonts.small} {
		if face.height > room.Y || widest(c.allSafe(words[:]), face) > room.X {
			face = smaller
		}
	}
	for i, word := range words {
		at := image.Pt(box.Min.X+(w+gap)*(i%2), box.Min.Y+(h+gap)*(i/2))
		cell := image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))}
		c.rounded(cell, colPanel, colLine, false)
		inner := cell.Inset(c.panelInset())
		c.say(inner, style{face: c.fonts.small, ink: colMuted}, fmt.Sprint(i+1))
		inner.Min.X += c.fonts.small.width("4") + c.px(3)
		c.say(inner, style{face: face, ink: colInk, align: centre}, c.safe(word))
	}
}

func (c *canvas) allSafe(texts []string) []string {
	safe := make([]string, len(texts))
	for i, text := range texts {
		safe[i] = c.safe(text)
	}
	return safe
}
