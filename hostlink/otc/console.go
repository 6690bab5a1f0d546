package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/ergochat/readline"
	"golang.org/x/term"

	"onetimechat/display/escape"
)

// errDiscarded: the person took back the line being typed.
var errDiscarded = errors.New("line discarded")

// console is where a conversation's lines come from. ReadLine fails with
// io.EOF at the end, errDiscarded for a line taken back, and when ctx ends.
type console interface {
	ReadLine(ctx context.Context) (string, error)
	Close() error
}

// pipe is a console that lines come from whole: no person types them, or one whose
// terminal knows no way to edit them.
type pipe struct{ scanner *bufio.Scanner }

// maxLine is the longest line of a pipe, in bytes.
const maxLine = 1 << 20

func newPipe(r io.Reader) pipe {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, maxLine)
	return pipe{scanner}
}

func (p pipe) ReadLine(ctx context.Context) (string, error) { return reading(ctx, p.next) }

func (p pipe) next() (string, error) {
	if p.scanner.Scan() {
		return p.scanner.Text(), nil
	}
	if err := p.scanner.Err(); errors.Is(err, bufio.ErrTooLong) {
		return "", fmt.Errorf("a line is longer than %d bytes; it and what follows was not run", maxLine)
	} else if err != nil {
		return "", err
	}
	return "", io.EOF
}

func (pipe) Close() error { return nil }

// isTerminal tells whether a person is at stream.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// editor is a console with line editing. Its history is in memory only: the
// lines are messages. What is pasted waits in the line for Enter. Close ends ReadLine.
type editor struct {
	*readline.Instance
	terminal io.Writer
	input    *answered
}

func newEditor(terminal io.Writer, prompt string, words *wordList) (editor, error) {
	input := newAnswered(os.Stdin)
	pasted := newPastes(input)
	instance, err := readline.NewFromConfig(&readline.Config{
		Prompt:          prompt,
		AutoComplete:    words,
		InterruptPrompt: "^C",
		EOFPrompt:       "quit",
		Undo:            true,
		Stdin:           pasted,
		Painter:         painted,
		Listener: func(line []rune, pos int, key rune) ([]rune, int, bool) {
			if key == readline.CharCtrlZ { // the shell had the terminal meanwhile
				_, _ = io.WriteString(terminal, markPastes)
			}
			return pasted.insert(line, pos, key)
		},
	})
	return editor{instance, terminal, input}, err
}

func (e editor) ReadLine(context.Context) (string, error) {
	if _, err := io.WriteString(e.terminal, markPastes); err != nil {
		return "", err
	}
	e.input.asked()
	line, err := e.Instance.ReadLine()
	if errors.Is(err, readline.ErrInterrupt) {
		return "", errDiscarded
	}
	return unmark(line), err
}

// Close leaves the terminal as it was.
func (e editor) Close() error {
	_, err := io.WriteString(e.terminal, leavePastes)
	return errors.Join(err, e.Instance.Close())
}

// wordList completes commands, and what can stand behind them.
type wordList struct {
	commands []string
	mu       sync.Mutex
	contacts []string
	groups   []string
}

// know replaces the contacts and groups.
func (w *wordList) know(contacts, groups []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.contacts, w.groups = shown(contacts), shown(groups)
}

// shown are names in order, each once, harmless to a terminal.
func shown(names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, escape.Line(name))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Do is part of readline.AutoCompleter.
func (w *wordList) Do(line []rune, pos int) (endings [][]rune, length int) {
	before := string(line[:pos])
	choices := w.commands
	word := before
	if first, rest, ok := strings.Cut(before, " "); ok {
		if strings.Contains(rest, " ") && first != "group" {
			return nil, 0 // the text
		}
		word = rest[strings.LastIndexAny(rest, ", ")+1:]
		if strings.ContainsAny(rest, ", ") {
			first = "send" // what goes on is a list of contacts
		}
		choices = w.behind(first)
	}
	for _, choice := range choices {
		if ending, ok := strings.CutPrefix(choice, word); ok {
			endings = append(endings, []rune(ending+" "))
		}
	}
	return endings, len([]rune(word))
}

// behind is what can stand behind a command.
func (w *wordList) behind(command string) []string {
	switch command {
	case "later":
		return []string{"drop", "open"}
	case "outbox":
		return []string{"drop", "retry"}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch command {
	case "send", "ms":
		return slices.Clone(w.contacts)
	case "gs", "group":
		return slices.Concat(w.contacts, w.groups)
	case "ungroup":
		return slices.Clone(w.groups)
	}
	return nil
}
