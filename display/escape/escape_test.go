package escape_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"onetimechat/display/escape"
)

func TestText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain text stays", "Grüße, Ελλάδα, кот, 日本, 🙂 3 < 4 > 2", "Grüße, Ελλάδα, кот, 日本, 🙂 3 < 4 > 2"},
		{"a newline stays", "a\nb\n", "a\nb\n"},
		{"a tab does not", "a\tb", "a<U+0009>b"},
		{"carriage return", "a\r\nb", "a<U+000D>\nb"},
		{"terminal escape", "\x1b]52;c;x\x07", "<U+001B>]52;c;x<U+0007>"},
		{"C1 and DEL", "\u009b31m\x7f", "<U+009B>31m<U+007F>"},
		{"bidi override", "1\u202e23", "1<U+202E>23"},
		{"bidi isolate", "\u2066a\u2069", "<U+2066>a<U+2069>"},
		{"zero width", "a\u200bb\u200dc\ufeff", "a<U+200B>b<U+200D>c<U+FEFF>"},
		{"soft hyphen and no-break space", "a\u00adb\u00a0c", "a<U+00AD>b<U+00A0>c"},
		{"tag", "\U000e0041", "<U+E0041>"},
		{"variation selector", "❤\ufe0f", "❤<U+FE0F>"},
		{"line separator", "a\u2028b", "a<U+2028>b"},
		{"noncharacter", "\U0010ffff", "<U+10FFFF>"},
		{"private use", "\ue000", "<U+E000>"},
		{"bytes that are not UTF-8", "a\xff\xc0\xafb\xe2\x82", "a<0xFF><0xC0><0xAF>b<0xE2><0x82>"},
		{"an encoded surrogate", "\xed\xa0\x80", "<0xED><0xA0><0x80>"},
		{"what looks like an escape", "<U+202E> <0xFF> <U+", "<U+003C>U+202E> <U+003C>0xFF> <U+003C>U+"},
		{"what does not", "<u+202e> <U <0 <<", "<u+202e> <U <0 <<"},
		{"an accent on its letter", "e\u0301", "e\u0301"},
		{"an accent on nothing", "\u0301e", "<U+0301>e"},
		{"an accent after a newline", "e\n\u0301", "e\n<U+0301>"},
		{"an accent after an escape", "\u202e\u0301", "<U+202E><U+0301>"},
		{"a flood of accents", "e\u0301\u0302\u0303\u0304\u0305f\u0301", "e\u0301\u0302\u0303<U+0304><U+0305>f\u0301"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := escape.Text(c.in, nil); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestLineHasOneLine(t *testing.T) {
	if got, want := escape.Line("a\nb"), "a<U+000A>b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatCannotBeDrawnIsEscaped(t *testing.T) {
	lower := func(r rune) bool { return r >= 'a' && r <= 'z' }
	if got, want := escape.Text("aB\n<", lower), "a<U+0042>\n<U+003C>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestEveryCodePointIsShownOrEscaped goes through all of them: what is shown
// as itself is a letter, number, sign or plain space that Unicode calls
// neither ignorable nor a selector.
func TestEveryCodePointIsShownOrEscaped(t *testing.T) {
	shown := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		in := "a" + string(r)
		want := in
		if r >= 0xD800 && r < 0xE000 {
			in, want = "a"+string([]byte{0xED, byte(0x80 | r>>6&0x3F), byte(0x80 | r&0x3F)}), ""
			for i := range 3 {
				want += fmt.Sprintf("<0x%02X>", in[1+i])
			}
			want = "a" + want
		} else if mustHide(r) || escape.Hidden(r) {
			want = fmt.Sprintf("a<U+%04X>", r)
		} else {
			shown++
		}
		if r == '\n' {
			want = "a\n"
		}
		if got := escape.Text(in, nil); got != want {
			t.Fatalf("%U: got %q, want %q", r, got, want)
		}
	}
	if shown < 140_000 {
		t.Errorf("only %d code points are shown", shown)
	}
}

// mustHide is told from Go's tables alone, apart from the written list.
func mustHide(r rune) bool {
	return !unicode.IsGraphic(r) ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector,
			unicode.Bidi_Control, unicode.Join_Control, unicode.Noncharacter_Code_Point,
			unicode.Prepended_Concatenation_Mark) ||
		unicode.IsSpace(r) && r != ' ' || unicode.Is(unicode.Zs, r) && r != ' '
}

func TestTheWrittenListIsHidden(t *testing.T) {
	for _, list := range [][2]rune{
		{0, 0x1F}, {0x7F, 0x9F}, {0xA0, 0xA0}, {0xAD, 0xAD}, {0x34F, 0x34F}, {0x61C, 0x61C}, {0x115F, 0x1160},
		{0x180B, 0x180F}, {0x2000, 0x200F}, {0x2028, 0x202F}, {0x205F, 0x206F}, {0x2800, 0x2800}, {0x3000, 0x3000},
		{0x3164, 0x3164}, {0xD800, 0xF8FF}, {0xFDD0, 0xFDEF}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0},
		{0xFFF0, 0xFFFF}, {0x1D159, 0x1D159}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}, {0xF0000, 0x10FFFF},
	} {
		for r := list[0]; r <= list[1]; r++ {
			if !escape.Hidden(r) {
				t.Errorf("%U is not hidden", r)
			}
		}
	}
	for r := rune(' '); r < 0x7F; r++ {
		if escape.Hidden(r) {
			t.Errorf("%U is hidden", r)
		}
	}
}

func TestDecodeRefusesWhatTextNeverWrites(t *testing.T) {
	for _, s := range []string{"<U+202E", "<U+>", "<U+zz>", "<U+202e>", "<U+0000041>", "<0xF>", "<0xFFF>", "<0xff>", "<U+D800>", "<U+110000>", "<U+", "<0x"} {
		if got, err := escape.Decode(s); err == nil {
			t.Errorf("%q was read as %q", s, got)
		}
	}
}

// check fails unless s survives escaping safely and comes back.
func check(t *testing.T, s string) {
	t.Helper()
	shown := escape.Text(s, nil)
	if !utf8.ValidString(shown) {
		t.Fatalf("%q: %q is not UTF-8", s, shown)
	}
	for _, r := range shown {
		if r != '\n' && (mustHide(r) || escape.Hidden(r)) {
			t.Fatalf("%q: %q lets %U through", s, shown, r)
		}
	}
	// What can be read back cannot look like another text.
	if back, err := escape.Decode(shown); err != nil || back != s {
		t.Fatalf("%q: %q reads back as %q, %v", s, shown, back, err)
	}
	line := escape.Line(s)
	if strings.Contains(line, "\n") {
		t.Fatalf("%q: %q has two lines", s, line)
	}
	if back, err := escape.Decode(line); err != nil || back != s {
		t.Fatalf("%q: %q reads back as %q, %v", s, line, back, err)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "hello", "<U+202E>", "\u202e<0x", "<\u202eU+", "e\u0301\u0301\u0301\u0301", "\xff<\xfe", "a\n\t\r"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { check(t, s) })
}

func TestRandomTextsComeBack(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	parts := []string{"<", "U", "+", "0", "x", "F", ">", "<U+", "<0x", "\u202e", "\u0301", "\n", "\xff", "a", "é"}
	for range 20_000 {
		var b strings.Builder
		for range random.IntN(12) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		check(t, b.String())
	}
}
