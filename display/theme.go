package display

import (
	"image"
	"image/color"
	"math"
)

// The palette. Every pair of ink and ground that is drawn has a contrast of at
// least 4.5 (WCAG 2 AA); a test measures it on the pictures.
var (
	colInk    = color.RGBA{0x17, 0x21, 0x2B, 0xFF}
	colMuted  = color.RGBA{0x43, 0x50, 0x5C, 0xFF}
	colGround = color.RGBA{0xEC, 0xF0, 0xF3, 0xFF}
	colPanel  = color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}
	colLine   = color.RGBA{0xB4, 0xBF, 0xC9, 0xFF}
	colBar    = color.RGBA{0x12, 0x34, 0x4D, 0xFF}
	colGood   = color.RGBA{0x0B, 0x6B, 0x3A, 0xFF}
	colBad    = color.RGBA{0xA3, 0x16, 0x1F, 0xFF}
	colAmber  = color.RGBA{0xFF, 0xC5, 0x3D, 0xFF}
	colFault  = color.RGBA{0x8E, 0x1B, 0x1B, 0xFF}
	colDead   = color.RGBA{0xDC, 0xE1, 0xE6, 0xFF}
	colGauge  = color.RGBA{0x1B, 0x6A, 0x87, 0xFF}
	colChip   = color.RGBA{0xFF, 0xE9, 0xB8, 0xFF} // behind an escape
	colWhite  = color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}
)

// theme holds the measures of one panel size, in pixels.
type theme struct {
	size   image.Point
	text   float64 // scale of letters: 1 at 320×240
	margin int
	gap    int
	bar    int // height of the title bar
	button int // height of a button
	finger int // the least width of a button
}

// newTheme scales letters a little less than the panel, because the larger ones
// are coarser than they are large: 800×480 is a 7" panel, 320×240 a 2.8" one. A
// button is 9 mm high and wide at least, as fingers are; a test knows the panels.
func newTheme(size image.Point) theme {
	scale := min(float64(size.X)/320, float64(size.Y)/240)
	t := theme{size: size, text: 1 + (scale-1)*0.6}
	t.margin = t.px(8)
	t.gap = t.px(5)
	t.bar = t.px(28)
	switch size.X {
	case 240: // worked by keys: letters, which have to be read, go before buttons
		t.text, t.margin, t.gap, t.bar = 1.08, 4, 4, 30
		t.button, t.finger = 36, 34
	case 320:
		t.button, t.finger = 50, 50
	case 480:
		t.button, t.finger = 59, 59
	default:
		t.button, t.finger = 88, 80
	}
	return t
}

// narrow tells whether there is room for half the words only.
func (t theme) narrow() bool { return KeysOnly(t.size) }

// brief is a text, or its short form where the screen is narrow.
func (t theme) brief(text, short string) string {
	if t.narrow() {
		return short
	}
	return text
}

// px scales a length that goes with the letters.
func (t theme) px(n float64) int { return int(math.Round(n * t.text)) }
