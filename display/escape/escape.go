// Package escape makes text from elsewhere safe to show, on a screen and on a
// terminal: what the eye cannot see, or what would move, reorder or repaint
// other text, becomes a visible escape.
//
// Start with Text, or Line where one line is wanted. What is escaped is
// written down in hidden.go.
//
// An escape is <U+202E> for a code point (four to six upper-case hexadecimal
// digits) and <0xFF> for a byte that is not UTF-8. Escapes are unambiguous:
// a "<" in the text that would begin something like an escape (it is followed
// by "U+" or "0x") is itself written <U+003C>. So no two texts ever look the
// same, and Decode gives the text back.
//
// The package refuses nothing and drops nothing. It does not judge letters
// that look alike (Latin a and Cyrillic а), and it leaves right-to-left letters
// as they are: only the characters that control direction are escaped.
package escape

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxMarks is how many combining marks may sit on one base: Vietnamese and
// pointed Hebrew need two or three; a flood would cover the lines around it.
const MaxMarks = 3

// Text returns s with every rune either itself or a visible escape. A newline
// stays; a tab is escaped, because its width depends on where it stands. shown
// tells whether a rune can be drawn; what it says no to is escaped as well. If
// shown is nil, everything outside the list of hidden runes is shown.
func Text(s string, shown func(rune) bool) string {
	return escape(s, shown, true)
}

// Line is Text for one line: a newline is escaped too.
func Line(s string) string {
	return escape(s, nil, false)
}

func escape(s string, shown func(rune) bool, newline bool) string {
	var b strings.Builder
	b.Grow(len(s))
	marks := MaxMarks // a mark at the start has no base to sit on
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, "<0x%02X>", s[0])
			marks = MaxMarks
		case r == '\n' && newline:
			b.WriteByte('\n')
			marks = MaxMarks
		case Hidden(r), lookalike(s), shown != nil && !shown(r):
			fmt.Fprintf(&b, "<U+%04X>", r)
			marks = MaxMarks
		case unicode.Is(unicode.M, r):
			if marks >= MaxMarks {
				fmt.Fprintf(&b, "<U+%04X>", r)
				break
			}
			marks++
			b.WriteRune(r)
		default:
			b.WriteRune(r)
			marks = 0
		}
		s = s[n:]
	}
	return b.String()
}

// lookalike tells whether s would be read as the beginning of an escape.
func lookalike(s string) bool {
	return strings.HasPrefix(s, "<U+") || strings.HasPrefix(s, "<0x")
}

// Next splits the first unit off a text that Text or Line returned: one rune,
// or one whole escape.
func Next(s string) (unit string, escaped bool) {
	if lookalike(s) {
		if end := strings.IndexByte(s, '>'); end > 0 {
			return s[:end+1], true
		}
	}
	_, n := utf8.DecodeRuneInString(s)
	return s[:n], false
}

// Decode gives back the text that Text or Line escaped. It reports an error
// for what neither of them would have written.
func Decode(s string) (string, error) {
	var b strings.Builder
	for len(s) > 0 {
		unit, escaped := Next(s)
		s = s[len(unit):]
		if !escaped {
			if lookalike(unit + s) {
				return "", fmt.Errorf("escape: open escape %q", unit+s)
			}
			b.WriteString(unit)
			continue
		}
		digits := unit[3 : len(unit)-1]
		code, err := strconv.ParseUint(digits, 16, 32)
		if err != nil {
			return "", fmt.Errorf("escape: %q is no escape", unit)
		}
		switch {
		case code <= 0xFF && unit == fmt.Sprintf("<0x%02X>", code):
			b.WriteByte(byte(code))
		case utf8.ValidRune(rune(code)) && unit == fmt.Sprintf("<U+%04X>", code):
			b.WriteRune(rune(code))
		default:
			return "", fmt.Errorf("escape: %q is no escape", unit)
		}
	}
	return b.String(), nil
}
