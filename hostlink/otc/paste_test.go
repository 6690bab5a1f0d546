package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// edited is the line that an editor with p for its terminal comes to: keys are
// put at the end, and pastes where insert says.
func edited(t *testing.T, p *pastes) string {
	t.Helper()
	keys := bufio.NewReader(p)
	for line := []rune{}; ; {
		key, _, err := keys.ReadRune()
		if err == io.EOF {
			return unmark(string(line))
		}
		if err != nil {
			t.Fatal(err)
		}
		line = append(line, key)
		if with, _, changed := p.insert(line, len(line), key); changed {
			line = with
		}
	}
}

func TestNothingPastedPressesAKey(t *testing.T) {
	pasted := func(text string) string { return pasteBegins + text + pasteEnds }
	for _, c := range []struct{ typed, line string }{
		{"send bob hi\r", "send bob hi\r"},
		{"a" + pasted("one\rtwo\r\nthree\n") + "b\r", "aone\ntwo\nthree\nb\r"},
		{pasted("x\ty") + "\t", "x\ty\t"},
		{pasted("1") + pasted("") + pasted("2"), "12"},
		{pasted("stop\x03end\x04\x1a\x7f\x9b\u009b1m\x1b[200~"), "stopend\ufffd1m[200~"},
		{pasted("\uFDD0\uFDD2\uFDEF, but \uFDCF"), ", but \uFDCF"},
		{pasted("日本 👋🏽"), "日本 👋🏽"},
		{"\x1b[A\x1b[20\x1b[201~\x1b", "\x1b[A\x1b[20\x1b[201~\x1b"},
		{pasteBegins + "its end is lost", ""},
		{strings.Repeat(pasted("z"), 100), strings.Repeat("z", 100)},
	} {
		for name, in := range map[string]io.Reader{
			"at once":  strings.NewReader(c.typed),
			"halves":   iotest.HalfReader(strings.NewReader(c.typed)),
			"by bytes": iotest.OneByteReader(strings.NewReader(strings.ReplaceAll(c.typed, "\x03", ""))),
			"with EOF": iotest.DataErrReader(strings.NewReader(c.typed)),
		} {
			if line := edited(t, newPastes(in)); line != c.line {
				t.Errorf("%q, %s: the line is %q, want %q", c.typed, name, line, c.line)
			}
		}
	}
}

func TestAPasteIsPutWhereTheCursorIs(t *testing.T) {
	p := newPastes(strings.NewReader(pasteBegins + "new" + pasteEnds))
	key, err := io.ReadAll(p)
	if err != nil {
		t.Fatal(err)
	}
	mark := []rune(string(key))[0]
	line, pos, ok := p.insert([]rune{'a', mark, 'b'}, 2, mark)
	if !ok || string(line) != "anewb" || pos != 4 {
		t.Fatalf("%q, cursor %d, changed %t", string(line), pos, ok)
	}
	if _, _, again := p.insert([]rune{'b', mark}, 1, mark); again {
		t.Fatal("put in where it is not")
	}
}

// A paste that is longer than any message is refused as such, and costs no
// memory beyond that.
func TestALongPasteIsCut(t *testing.T) {
	in := io.MultiReader(strings.NewReader(pasteBegins), strings.NewReader(strings.Repeat("x", 10*maxPaste)), strings.NewReader(pasteEnds+"k"))
	p := newPastes(in)
	if line := edited(t, p); len(line) != maxPaste+1 || !strings.HasSuffix(line, "xk") {
		t.Fatalf("the line has %d bytes", len(line))
	}
	if cap(p.held) > 16<<10 {
		t.Fatalf("%d bytes held", cap(p.held))
	}
}

// keystrokes gives one at a time, as a terminal does to a finger.
type keystrokes []string

func (k *keystrokes) Read(b []byte) (int, error) {
	if len(*k) == 0 {
		return 0, errors.New("the terminal is gone")
	}
	n := copy(b, (*k)[0])
	*k = (*k)[1:]
	return n, nil
}

// A terminal that is read by lines cuts those that are long, and with it the end
// of a paste. Ctrl-C leads out.
func TestCtrlCLeadsOutOfAPasteWithoutEnd(t *testing.T) {
	p := newPastes(&keystrokes{pasteBegins + "half", " of it\r", "\r", "\x03", "id\r"})
	keys, err := io.ReadAll(p)
	if string(keys) != "\x03id\r" || err == nil {
		t.Fatalf("%q, %v", keys, err)
	}
}

func TestWhatIsPastedIsPaintedHarmless(t *testing.T) {
	for line, want := range map[string]string{
		"a" + string(newlineMark) + "b" + string(tabMark) + "c\n": "a↵b c\n",
		"日本 é e\u0301 \u202Eabc\u200B":                            "日本 é e\u0301 abc",
		"\x1b[2J\u009b2J\ue000":                                   "\ufffd[2J\ufffd2J\ufffd",
	} {
		if got := string(painted([]rune(line), 0)); got != want {
			t.Errorf("%q is painted %q, want %q", line, got, want)
		}
	}
}
