package display

import (
	"strings"

	"onetimechat/display/escape"
)

// unit is what is never broken: one rune, one escape or one mark.
type unit struct {
	s string
	w int
}

// layExact breaks text into lines of at most width pixels such that the lines
// tell the text exactly:
//
//   - what cannot be drawn is an escape;
//   - a line that ends in ↵ ends with a newline;
//   - spaces that could be overlooked (first or last in a line, several in a
//     row) are ␣ each;
//   - a line that ends in ↪ goes on without a space, and so does one that ends
//     in ␣;
//   - any other line but the last stands for one space at its end.
func layExact(text string, t *typeface, width int) []string {
	safe := escape.Text(text, t.shows)
	width -= t.markWidth() // room for ↵ and ↪
	var lines []string
	for len(safe) > 0 {
		line, rest, more := strings.Cut(safe, "\n")
		start := len(lines)
		lines = breakLine(lines, markSpaces(split(line, t), t), t, width, string(markBroken))
		if more {
			if len(lines) == start {
				lines = append(lines, "")
			}
			lines[len(lines)-1] += string(markNewline)
		}
		safe = rest
	}
	return lines
}

// layPlain breaks the device's own words into lines, without marks.
func layPlain(text string, t *typeface, width int) []string {
	var lines []string
	for line := range strings.SplitSeq(escape.Text(text, t.shows), "\n") {
		start := len(lines)
		lines = breakLine(lines, split(line, t), t, width, "")
		if len(lines) == start {
			lines = append(lines, "")
		}
	}
	return lines
}

// split cuts an escaped line into units.
func split(line string, t *typeface) []unit {
	units := make([]unit, 0, len(line))
	for len(line) > 0 {
		s, _ := escape.Next(line)
		units = append(units, unit{s, t.width(s)})
		line = line[len(s):]
	}
	return units
}

// markSpaces replaces the spaces that could be overlooked.
func markSpaces(units []unit, t *typeface) []unit {
	marked := make([]unit, len(units))
	for i, u := range units {
		edge := i == 0 || i == len(units)-1
		if u.s == " " && (edge || units[i-1].s == " " || units[i+1].s == " ") {
			u = unit{string(markSpace), t.advance(markSpace)}
		}
		marked[i] = u
	}
	return marked
}

// breakLine appends units to lines, as few lines as possible: at a space,
// which it swallows, or after a ␣; a word longer than a line is broken where
// the line is full, and broken is put there.
func breakLine(lines []string, units []unit, t *typeface, width int, broken string) []string {
	for len(units) > 0 {
		n, skip, end := len(units), 0, ""
		w, breakAt, swallow := 0, 0, 0
		for i, u := range units {
			if u.s == " " {
				breakAt, swallow = i, 1
			}
			w += u.w
			if w > width && i > 0 {
				n, skip = breakAt, swallow
				if breakAt == 0 {
					n, skip, end = i, 0, broken
				}
				break
			}
			if u.s == string(markSpace) {
				breakAt, swallow = i+1, 0
			}
		}
		var b strings.Builder
		for _, u := range units[:n] {
			b.WriteString(u.s)
		}
		lines = append(lines, b.String()+end)
		units = units[n+skip:]
	}
	return lines
}
