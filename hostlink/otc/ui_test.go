package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"onetimechat/hostlink"
)

// A terminal breaks what is too long for it, and what is behind the break would
// look like a line of its own.
func TestNoTerminalIsTooNarrowForABar(t *testing.T) {
	for _, from := range []string{"bob", strings.Repeat("b", 32)} {
		for columns := 6; columns < 80; columns++ {
			var out bytes.Buffer
			u := newUI(&out, io.Discard, func(string) string { return "" })
			u.out.width = func() int { return columns }
			if err := u.message(from, strings.Repeat("x", 200)+"\ncarol: not hers "+strings.Repeat(" xx  x", 40)); err != nil {
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

func TestMessagesBreakAtBlanks(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"as long as it is", 0, "as long as it is"},
		{"just fits", 9, "just fits"},
		{"one two three four", 8, "one two/three/four"},
		{"hello world", 5, "hello/world"},
		{"hello      world", 7, "hello/world"},
		{"see http://a.very.long.address then", 10, "see/http://a.v/ery.long.a/ddress/then"},
		{"  indented code", 10, "  indented/code"},
		{" 世世", 3, " 世/世"},
		{"  indented", 5, "  ind/ented"},
		{"日本 日本日本", 6, "日本/日本日/本"},
		{"a b\n\nc d", 2, "a/b//c/d"},
		{"ends in blanks      ", 8, "ends in/blanks"},
		{"                    ", 8, ""},
		{"", 3, ""},
	} {
		if got := strings.Join(fold(c.text, c.width, 0), "/"); got != c.want {
			t.Errorf("%q in %d columns: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

// An entry tells what happened, with whom, and how often, in a sentence.
func TestALogEntryIsASentence(t *testing.T) {
	for want, e := range map[string]hostlink.LogEntry{
		"start 1 +1m15s  The device was switched on.\n": {Start: 1, Uptime: 75, Kind: "start", Text: "the device was switched on"},
		"start 3 +1m1s, told 2015-11-24 00:00 UTC  With bob, 2 times: packages came that were forged.\n": {
			Start: 3, Uptime: 61, Told: 1448323200, Kind: "did not verify", Contact: "bob", Text: "packages came that were forged", Count: 2,
		},
		"start 3 +0s  The owner denied sending to bob, carol.\n": {Start: 3, Kind: "denied", Contact: "bob", Text: "the owner denied sending to bob, carol"},
		"start 3 +0s  100 times: nobody answered the question about sending to bob.\n": {
			Start: 3, Kind: "timed out", Contact: "bob", Text: "nobody answered the question about sending to bob", Count: 100,
		},
	} {
		var out bytes.Buffer
		if err := newUI(&out, io.Discard, func(string) string { return "" }).logEntry(e); err != nil || out.String() != want {
			t.Errorf("%q, want %q; %v", out.String(), want, err)
		}
	}
}

func TestLinesBreakAtBlanks(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"as long as it is", 0, "as long as it is"},
		{"just fits", 9, "just fits"},
		{"one two three four", 8, "one two\n  three\n  four"},
		{"one  two", 5, "one\n  two"},
		{"http://a.very.long.address then", 8, "http://a\n  .very.\n  long.a\n  ddress\n  then"},
		{"bob:xx日 x", 1, "b\n  o\n  b\n  :\n  x\n  x\n  日\n  x"},
		{"  an indented hint", 10, "  an\n  indented\n  hint"},
		{"日本 日本", 6, "日本\n  日本"},
		{"a b\nc d", 2, "a\n  b\nc\n  d"},
		{"", 3, ""},
		{"   ", 2, ""},
	} {
		if got := wrap(c.text, c.width); got != c.want {
			t.Errorf("%q in %d columns: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}
