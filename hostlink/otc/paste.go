package main

import (
	"bytes"
	"io"
	"strings"
	"unicode"

	"onetimechat/display/escape"
	"onetimechat/hostlink"
)

// What a terminal sends around pasted text once it was told markPastes.
const (
	markPastes  = "\x1b[?2004h"
	leavePastes = "\x1b[?2004l"
	pasteBegins = "\x1b[200~"
	pasteEnds   = "\x1b[201~"
)

// ctrlC is what that key sends while a line is edited.
const ctrlC = 3

// Noncharacters stand for what no editor of one line can hold: a pasted newline
// and tab, and, for as long as it takes to put it into the line, a whole paste.
const (
	newlineMark = '\uFDD0'
	tabMark     = '\uFDD1'
	firstPaste  = '\uFDD2'
	lastPaste   = '\uFDEF'
)

// maxPaste is what is kept of one paste, in bytes: more than any message holds,
// so that one that was cut is refused as too long.
const maxPaste = 2*hostlink.MaxText + 4

// pastes is a terminal's input in which nothing that was pasted presses a key:
// each paste is one rune, which insert replaces by the text.
type pastes struct {
	in    io.Reader
	held  []byte // read, and not yet known to be keys or text
	keys  []byte // to be read by the editor
	err   error  // of in, behind keys
	open  bool   // a paste has begun and not ended
	text  []byte // of it
	next  rune   // stands for the next one
	texts map[rune][]rune
}

func newPastes(in io.Reader) *pastes {
	return &pastes{in: in, next: firstPaste, texts: make(map[rune][]rune)}
}

// Read is part of io.Reader. It reads no further than to the end of a paste, so
// that few of them wait to be inserted.
func (p *pastes) Read(b []byte) (int, error) {
	chunk := make([]byte, 4096)
	for p.sort(); len(p.keys) == 0; p.sort() {
		if p.err != nil {
			return 0, p.err
		}
		var n int
		n, p.err = p.in.Read(chunk)
		if p.err == errNoAnswer {
			p.err = nil
			return copy(b, firstColumn), nil
		}
		if p.open && n == 1 && chunk[0] == ctrlC {
			// A finger's: the end of the paste got lost.
			p.open, p.text, p.held = false, nil, nil
		}
		p.held = append(p.held, chunk[:n]...)
	}
	n := copy(b, p.keys)
	p.keys = p.keys[n:]
	return n, nil
}

// sort takes from held what is known to be keys, or text of the first paste.
func (p *pastes) sort() {
	for len(p.keys) == 0 {
		border := pasteBegins
		if p.open {
			border = pasteEnds
		}
		before, after, found := bytes.Cut(p.held, []byte(border))
		if !found && p.err == nil {
			before, after = cutPartly(p.held, border)
		}
		p.held = after
		if p.open {
			p.text = append(p.text, before[:min(len(before), maxPaste-len(p.text))]...)
		} else {
			p.keys = append(p.keys, before...)
		}
		if !found {
			return
		}
		if p.open {
			p.keys = append(p.keys, string(p.keep())...)
		}
		p.open = !p.open
	}
}

// cutPartly cuts data where the border may have begun.
func cutPartly(data []byte, border string) (before, after []byte) {
	for n := min(len(border)-1, len(data)); n > 0; n-- {
		if at := len(data) - n; string(data[at:]) == border[:n] {
			return data[:at], data[at:]
		}
	}
	return data, nil
}

// keep notes a paste that has ended, and returns the rune that stands for it.
func (p *pastes) keep() rune {
	mark := p.next
	if p.next++; p.next > lastPaste {
		p.next = firstPaste
	}
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(p.text))
	p.text = nil
	p.texts[mark] = []rune(strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return newlineMark
		case r == '\t':
			return tabMark
		case unicode.IsControl(r), newlineMark <= r && r <= lastPaste:
			return -1
		}
		return r
	}, text))
	return mark
}

// insert is a readline.Listener: it puts a paste where its rune is.
func (p *pastes) insert(line []rune, pos int, key rune) ([]rune, int, bool) {
	if key < firstPaste || key > lastPaste || pos == 0 || line[pos-1] != key {
		return nil, 0, false
	}
	text := p.texts[key]
	delete(p.texts, key)
	all := append(append(append([]rune{}, line[:pos-1]...), text...), line[pos:]...)
	return all, pos - 1 + len(text), true
}

// unmark is a line as it was typed and pasted.
func unmark(line string) string {
	return strings.NewReplacer(string(newlineMark), "\n", string(tabMark), "\t").Replace(line)
}

// painted is a readline.Painter: what is pasted may hold what a terminal would
// take for a command. Nothing is shown wider than the editor counts.
func painted(line []rune, _ int) []rune {
	shown := make([]rune, 0, len(line))
	for _, r := range line {
		switch {
		case r == newlineMark:
			r = '↵'
		case r == tabMark:
			r = ' '
		case r == '\n': // the editor's own, at the end
		case unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me) && escape.Hidden(r):
			continue // counted as nothing
		case escape.Hidden(r):
			r = unicode.ReplacementChar
		}
		shown = append(shown, r)
	}
	return shown
}
