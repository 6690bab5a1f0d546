package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/term"

	"onetimechat/display/escape"
	"onetimechat/hostlink/host"
)

// ui is the terminal. Every text that people see goes through it, and it
// escapes every argument: what comes from elsewhere can neither move the
// cursor nor pass for a line of ours.
type ui struct {
	mu        sync.Mutex
	out, errs stream

	program       string // begins complaints on a command line
	command       string // whose arguments were looked at last, such as "otc send"
	relay, device string // addresses, for explanations
	files         string // folder, likewise
}

func newUI(out, errs io.Writer, env func(string) string) *ui {
	return &ui{out: newStream(out, env), errs: newStream(errs, env), program: "otc: "}
}

// stream is where ui writes. Of the two only one may be a terminal.
type stream struct {
	io.Writer
	terminal bool       // somebody is looking
	controls bool       // it is one that takes control sequences
	color    bool       // and is to be given colours
	width    func() int // columns; 0 when nobody is looking
}

func newStream(w io.Writer, env func(string) string) stream {
	file, ok := w.(*os.File)
	if !ok || !isTerminal(file) {
		return stream{Writer: w, width: func() int { return 0 }}
	}
	controls := env("TERM") != "dumb" && takesControls(file)
	return stream{
		Writer: w, terminal: true, controls: controls, color: controls && env("NO_COLOR") == "",
		width: func() int {
			width, _, err := term.GetSize(int(file.Fd()))
			if err != nil {
				return 0
			}
			return width
		},
	}
}

// style is a terminal's name for how text looks.
type style string

const (
	plain  style = ""
	bold   style = "1"
	faint  style = "2"
	alarm  style = "1;31"
	friend style = "1;36"
)

func (s stream) paint(look style, text string) string {
	if !s.color || look == plain {
		return text
	}
	return "\x1b[" + string(look) + "m" + text + "\x1b[0m"
}

// say prints one line of ours. Arguments are escaped.
func (u *ui) say(format string, args ...any) error {
	return u.print(u.out, plain, format, args...)
}

// hint prints one line that may be overlooked.
func (u *ui) hint(format string, args ...any) {
	_ = u.print(u.errs, faint, format, args...)
}

// complain prints one line about something that went wrong.
func (u *ui) complain(format string, args ...any) {
	_ = u.print(u.errs, plain, format, args...)
}

// waiting says what a person has to do now, when one is looking.
func (u *ui) waiting(format string, args ...any) {
	if u.errs.terminal {
		u.hint(format, args...)
	}
}

// patience is how long one waits without asking why.
const patience = time.Second

// slow says what is being waited for, when one is looking, unless that is over before
// one asks.
func (u *ui) slow(format string, args ...any) (over func()) {
	said := make(chan struct{})
	timer := time.AfterFunc(patience, func() {
		defer close(said)
		u.waiting(format, args...)
	})
	return func() {
		if !timer.Stop() {
			<-said
		}
	}
}

func (u *ui) print(to stream, look style, format string, args ...any) error {
	return u.write(to, to.paint(look, wrap(fmt.Sprintf(format, harmless(args)...), to.width()))+"\n")
}

// wrap folds text at width columns, if that is not 0. What goes on is indented: it
// cannot pass for a line of somebody's.
func wrap(text string, width int) string {
	const indent = "  "
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, strings.Join(fold(line, width, len(indent)), "\n"+indent))
	}
	return strings.Join(lines, "\n")
}

// columnsOf is how wide a rune may be shown.
func columnsOf(r rune) int {
	if r >= 0x1100 {
		return 2
	}
	return 1
}

func (u *ui) write(w io.Writer, text string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, err := io.WriteString(w, text)
	return err
}

// harmless escapes everything that is no number.
func harmless(args []any) []any {
	safe := make([]any, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case int, int64, uint64, bool:
			safe[i] = arg
		case []string:
			safe[i] = escape.Line(strings.Join(arg, ", "))
		default:
			safe[i] = escape.Line(fmt.Sprint(arg))
		}
	}
	return safe
}

// message prints a message. Every line but the first begins with a bar, and so
// does what is too long for the terminal: no text can pass for somebody
// else's line. Where the name leaves too little room, it has a line of its own.
func (u *ui) message(from, text string) error {
	from = escape.Line(from)
	bar := strings.Repeat(" ", utf8.RuneCountInString(from)) + "| "
	columns, width, narrow := u.out.width(), 0, false
	if columns > 0 {
		if narrow = columns-len(bar)-1 < 16; narrow {
			bar = "| "
		}
		width = max(columns-len(bar)-1, 2)
	}
	var b strings.Builder
	b.WriteString(u.out.paint(friend, from+":"))
	if narrow {
		b.WriteString("\n")
	} else {
		b.WriteString(" ")
	}
	for i, line := range fold(escape.Text(text, nil), width, 0) {
		if i > 0 || narrow {
			b.WriteString(u.out.paint(faint, bar))
		}
		b.WriteString(line + "\n")
	}
	return u.write(u.out, b.String())
}

// fold cuts text at its newlines, and lines longer than width columns, if it
// is not 0: at blanks, of which none is shown there, or else where they are full. What
// goes on has hang columns less. A rune that may be wide counts as two columns.
func fold(text string, width, hang int) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		room := width
		columns, from := 0, 0
		word, before := 0, 0 // where the last one but the first begins, and in which column
		begun := false
		for i, r := range line {
			for width > 0 && r != ' ' && i > from && columns+columnsOf(r) > room {
				if word <= from {
					word, before = i, columns
				}
				lines = append(lines, strings.TrimRight(line[from:word], " "))
				columns, from, room = columns-before, word, width-hang
			}
			columns += columnsOf(r)
			begun = begun || r != ' '
			if begun && r == ' ' {
				word, before = i+1, columns
			}
		}
		if width > 0 && columns > room { // by blanks
			line = strings.TrimRight(line, " ")
		}
		lines = append(lines, line[min(from, len(line)):])
	}
	return lines
}

// The warnings of the 2015 report, Figure 5.
const (
	skipWarning  = "WARNING: Possible skip detected. Server may be maliciously dropping packets."
	reuseWarning = "WARNING: Possible reuse detected. An attacker may be injecting packets."
)

// warn prints a warning, one line.
func (u *ui) warn(format string, args ...any) error {
	return u.print(u.out, alarm, format, args...)
}

// arrival prints what came: warnings first, then the text or what became of
// it; of an unknown sender's nothing.
func (u *ui) arrival(a host.Arrival) (err error) {
	if a.Skip {
		err = errors.Join(err, u.warn("%s", skipWarning))
	}
	if a.Reuse || a.Outcome == host.Reopened {
		err = errors.Join(err, u.warn("%s", reuseWarning))
	}
	switch a.Outcome {
	case host.Opened:
		err = errors.Join(err, u.message(a.From, a.Text))
	case host.OnDevice:
		err = errors.Join(err, u.say("A message from %s was shown on the pad device only.", a.From))
	case host.Denied:
		err = errors.Join(err, u.say("A message from %s (number %d) waits on the later list, because you denied it.", a.From, a.Ref))
	case host.Unverified:
		err = errors.Join(err, u.warn("WARNING: A package said to be from %s could not be verified. It was not opened.", a.From))
	case host.Unreadable:
		err = errors.Join(err, u.warn("WARNING: A package said to be from %s cannot be opened any more: the pad device's card cannot read its pad. Ask for it to be sent again.", a.From))
	case host.Reopened:
		err = errors.Join(err, u.say("A package said to be from %s was refused: already opened.", a.From))
	case host.TextLost:
		err = errors.Join(err, u.warn("WARNING: A message from %s was opened, but its text was lost on the way from the pad device. Ask for it again.", a.From))
	}
	return err
}

// object prints one JSON object on a line of its own. What a terminal could
// take for a command, and marks that would cover other lines, are written as \u
// escapes, so that the line can be shown as it is.
func (u *ui) object(value any) error {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	var safe strings.Builder
	marks := 0
	for _, r := range strings.TrimSuffix(b.String(), "\n") {
		if marks++; !unicode.Is(unicode.M, r) {
			marks = 0
		}
		switch {
		case !escape.Hidden(r) && marks <= escape.MaxMarks:
			safe.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&safe, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&safe, `\u%04x`, r)
		}
	}
	return u.write(u.out, safe.String()+"\n")
}
