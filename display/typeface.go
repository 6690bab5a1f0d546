package display

import (
	"fmt"
	"image"
	"unicode"

	"github.com/golang/freetype/truetype"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/math/fixed"
)

// The Go fonts hold Latin, Greek and Cyrillic letters, and common signs. What
// they lack is shown as an escape. They lack these three, which is why a text
// cannot contain them unescaped and they can serve as marks, drawn by shape.
const (
	markNewline = '↵' // the text has a newline here
	markSpace   = '␣' // a space that could be overlooked: first, last, or one of several
	markBroken  = '↪' // the word goes on in the next line
)

// typeface is one font in one size. It is not safe for concurrent use.
type typeface struct {
	font     *truetype.Font
	face     font.Face
	advances map[rune]int // pixels; kept because the font computes them slowly
	ascent   int
	height   int // of a line
}

// typefaces are the fonts of one panel size.
type typefaces struct {
	large, title, bold, body, small *typeface
}

func newTypefaces(t theme) (typefaces, error) {
	regular, err := truetype.Parse(goregular.TTF)
	if err != nil {
		return typefaces{}, fmt.Errorf("display: regular font: %w", err)
	}
	bold, err := truetype.Parse(gobold.TTF)
	if err != nil {
		return typefaces{}, fmt.Errorf("display: bold font: %w", err)
	}
	return typefaces{
		large: newTypeface(bold, t.px(22)),
		title: newTypeface(bold, t.px(15)),
		bold:  newTypeface(bold, t.px(13)),
		body:  newTypeface(regular, t.px(13)),
		small: newTypeface(regular, t.px(11)),
	}, nil
}

func newTypeface(f *truetype.Font, pixels int) *typeface {
	face := truetype.NewFace(f, &truetype.Options{
		Size:       float64(pixels),
		Hinting:    font.HintingFull,
		SubPixelsX: 1,
	})
	m := face.Metrics()
	return &typeface{
		font:     f,
		face:     face,
		advances: make(map[rune]int),
		ascent:   m.Ascent.Ceil(),
		height:   m.Ascent.Ceil() + m.Descent.Ceil(),
	}
}

// shows tells whether the font can draw r. Combining marks are left out,
// because nothing here places them on their base, and so are the slashes of
// fractions and divisions, which the font draws over what stands beside them,
// and the Greek question mark and the Icelandic capital eth, which it draws like
// a semicolon and a D with stroke.
func (t *typeface) shows(r rune) bool {
	switch r {
	case '\u2044', '\u2215', '\u037e', '\u00d0':
		return false
	}
	return t.font.Index(r) != 0 && !unicode.Is(unicode.M, r)
}

// advance is r's width in pixels.
func (t *typeface) advance(r rune) int {
	if w, ok := t.advances[r]; ok {
		return w
	}
	w := 0
	switch r {
	case markNewline, markSpace, markBroken:
		w = t.markWidth()
	default:
		a, _ := t.face.GlyphAdvance(r)
		w = a.Round()
	}
	t.advances[r] = w
	return w
}

func (t *typeface) markWidth() int { return t.height * 2 / 3 }

// width is the width of s in pixels, on one line.
func (t *typeface) width(s string) int {
	w := 0
	for _, r := range s {
		w += t.advance(r)
	}
	return w
}

// glyph returns r's picture with its dot at (x, baseline).
func (t *typeface) glyph(x, baseline int, r rune) (dst image.Rectangle, mask image.Image, at image.Point, ok bool) {
	dst, mask, at, _, ok = t.face.Glyph(fixed.P(x, baseline), r)
	return dst, mask, at, ok
}
