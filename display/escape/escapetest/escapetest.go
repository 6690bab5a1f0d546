// Package escapetest is the written list of texts that would do something to a
// terminal or a screen, or pass for something else. Whoever shows text from
// elsewhere is tested with it.
package escapetest

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

//go:embed texts.txt
var list string

// Texts are all texts of the list, and those that are too long to be written
// there: every C0 and C1 control, floods of marks, and very long lines.
func Texts(t testing.TB) []string {
	t.Helper()
	var texts []string
	for line := range strings.Lines(list) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		text, err := strconv.Unquote(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		texts = append(texts, text)
	}
	var low, high strings.Builder
	for r := rune(0); r < 0x20; r++ {
		fmt.Fprintf(&low, "%c ", r)
		fmt.Fprintf(&high, "%c ", r+0x80)
	}
	return append(texts, low.String(), high.String(),
		"Z"+strings.Repeat("\u0335\u0489\u20dd", 300), // marks over the lines around
		strings.Repeat("\u202e", 300), strings.Repeat("\u200b", 900), strings.Repeat("\xff", 300),
		strings.Repeat("x", 2000), strings.Repeat("long ", 13_000), strings.Repeat("\n", 1000))
}

// Short are those of Texts with at most so many bytes.
func Short(t testing.TB, most int) []string {
	t.Helper()
	return slices.DeleteFunc(Texts(t), func(text string) bool { return len(text) > most })
}

// CodePoints are those that may stand in no picture and on no terminal as they
// are: all controls (C0 but for the newline, C1), what turns the direction of
// text, and what cannot be seen.
func CodePoints() []rune {
	var all []rune
	for _, span := range [][2]rune{
		{0x00, 0x09}, {0x0b, 0x1f}, {0x7f, 0x9f}, // controls
		{0x061c, 0x061c}, {0x200e, 0x200f}, {0x202a, 0x202e}, {0x2066, 0x2069}, // direction
		{0x00ad, 0x00ad}, {0x034f, 0x034f}, {0x115f, 0x1160}, {0x180b, 0x180f}, {0x200b, 0x200d}, {0x2028, 0x2029},
		{0x2060, 0x2065}, {0x206a, 0x206f}, {0x2800, 0x2800}, {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
		{0xffa0, 0xffa0}, {0xfff9, 0xfffd}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f}, // nothing to see
	} {
		for r := span[0]; r <= span[1]; r++ {
			all = append(all, r)
		}
	}
	return all
}
