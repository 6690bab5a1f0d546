package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// A terminal breaks what is too long for it, and what is behind the break would
// look like a line of its own.
func TestNoTerminalIsTooNarrowForABar(t *testing.T) {
	for _, from := range []string{"bob", strings.Repeat("b", 32)} {
		for columns := 6; columns < 80; columns++ {
			var out bytes.Buffer
			u := newUI(&out, io.Discard, func(string) string { return "" })
			u.width = func() int { return columns }
			if err := u.message(from, strings.Repeat("x", 200)+"\ncarol: not hers"); err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
				if i == 0 && strings.HasPrefix(line, from+":") && (len(line) < columns || line == from+":") {
					continue
				}
				if !strings.HasPrefix(strings.TrimLeft(line, " "), "| ") || len(line) > columns {
					t.Fatalf("in %d columns, from %s: %q", columns, from, line)
				}
			}
		}
	}
}
