package display

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"slices"
	"testing"
	"unicode"

	"golang.org/x/image/math/fixed"

	"onetimechat/display/escape"
	"onetimechat/display/escape/escapetest"
)

// The two screens that show what somebody wrote.
func textScreens(text string) map[string]func(page int) Screen {
	return map[string]func(page int) Screen{
		"approve-send": func(page int) Screen { return ApproveSend{Text: text, Costs: costs("bob"), Page: page} },
		"reader":       func(page int) Screen { return Reader{From: "bob", Text: text, Page: page, Index: 1, Count: 1} },
	}
}

// Of a hostile text every byte is on some page, as itself or as its escape, and
// nothing is drawn that hides or moves.
func TestHostileTextsAreDrawnWhole(t *testing.T) {
	texts := escapetest.Short(t, 2000)
	forEverySize(t, func(t *testing.T, r *Renderer, _ image.Point) {
		for _, text := range texts {
			for name, screen := range textScreens(text) {
				lines := pages(r, screen)
				if got, err := unlay(lines); err != nil || got != text {
					t.Errorf("%s of %q reads back as %q, %v", name, text, got, err)
				}
				for _, line := range lines {
					for _, c := range line {
						if escape.Hidden(c) {
							t.Errorf("%s of %q draws %U", name, text, c)
						}
					}
				}
			}
		}
	})
}

// Some letters of two alphabets are drawn alike to the pixel. In a word of one of
// them, the other does not pass.
func TestALetterOfAnotherAlphabetDoesNotPass(t *testing.T) {
	forEverySize(t, func(t *testing.T, r *Renderer, size image.Point) {
		picture := func(text string) []byte {
			f := r.Render(ApproveSend{Text: text, Costs: costs("bob", "carol"), Page: 99, Ready: true})
			checkFrame(t, size, f)
			return f.Image.Pix
		}
		for _, pair := range []struct{ is, passes string }{
			{"pay paypal.com", "pay p\u0430ypal.com"}, {"PAY BOB", "PAY B\u039fB"}, {"\u0441\u043e\u0440\u043e\u043a", "\u0441\u043epo\u043a"},
		} {
			if bytes.Equal(picture(pair.is), picture(pair.passes)) {
				t.Errorf("%q looks like %+q", pair.is, pair.passes)
			}
		}
	})
	for text, want := range map[string]string{
		"pay bob, 100 €": "", "καλημέρα": "", "доброе утро": "", "": "",
		"p\u0430y": "Letters that may look alike: 2 Latin and 1 Cyrillic",
		"aα\u0430": "Letters that may look alike: 1 Latin, 1 Greek and 1 Cyrillic",
	} {
		if got := alphabetsText(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What is drawn alike is of two alphabets, or no count would tell that it was swapped.
func TestNoCharacterPassesForAnotherOfItsAlphabet(t *testing.T) {
	type character struct {
		code     rune
		alphabet int // -1 for none
	}
	forEverySize(t, func(t *testing.T, r *Renderer, _ image.Point) {
		face := r.fonts.body
		drawn := map[string][]character{}
		for c := range unicode.MaxRune + 1 {
			if !face.shows(c) || escape.Hidden(c) {
				continue
			}
			box, mask, at, advance, ok := face.face.Glyph(fixed.P(0, face.ascent), c)
			if !ok {
				t.Fatalf("%U is not drawn", c)
			}
			picture := image.NewAlpha(box)
			draw.Draw(picture, box, mask, at, draw.Src)
			looks := fmt.Sprint(box, advance, picture.Pix)
			of := slices.IndexFunc(alphabets[:], func(a alphabet) bool { return unicode.Is(a.letters, c) })
			for _, other := range drawn[looks] {
				if of < 0 || other.alphabet < 0 || of == other.alphabet {
					t.Errorf("%U looks like %U", c, other.code)
				}
			}
			drawn[looks] = append(drawn[looks], character{c, of})
		}
	})
}

// A text with any of the code points that do not show has another picture than
// the text without, and than the text with its neighbour.
func TestNoCodePointIsInvisible(t *testing.T) {
	r := renderer(t, Sizes()[1])
	picture := func(text string) []byte {
		return r.Render(textScreens(text)["approve-send"](0)).Image.Pix
	}
	without := picture("pay bob")
	before := without
	for _, c := range escapetest.CodePoints() {
		if c%0x20 != 0x0e && c > 0xe0001 {
			continue // the tags are letters of one alphabet: some are enough
		}
		got := picture("pay" + string(c) + " bob")
		if bytes.Equal(got, before) || bytes.Equal(got, without) {
			t.Errorf("%U leaves no trace", c)
		}
		before = got
	}
}
