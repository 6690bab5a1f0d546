package main

import (
	"errors"
	"io"
	"regexp"
	"sync"
	"time"
)

// cursorAnswer is a terminal's answer to the question where its cursor is.
var cursorAnswer = regexp.MustCompile(`\x1b\[[0-9]+;[0-9]+R`)

// firstColumn is the answer that stands for one that does not come: our lines begin
// there.
const firstColumn = "\x1b[1;1R"

// errNoAnswer: the terminal has not said where its cursor is.
var errNoAnswer = errors.New("the terminal does not answer")

// answered is a terminal's input for an editor that asks where the cursor is before
// each line, and does nothing until it is told: some terminals never tell. Then Read
// fails with errNoAnswer, and goes on.
type answered struct {
	in      io.Reader
	reads   chan read     // what a read under way gave
	reading bool          // one is
	got     read          // of the last one
	missing chan struct{} // no answer came in time

	mu    sync.Mutex
	mute  bool // the terminal did not answer the last time
	timer *time.Timer
}

type read struct {
	data []byte
	err  error
}

func newAnswered(in io.Reader) *answered {
	return &answered{in: in, reads: make(chan read, 1), missing: make(chan struct{}, 1)}
}

// asked says that the terminal is asked now. One that did not answer the last time is
// not waited for again; an answer that comes late does no harm.
func (a *answered) asked() {
	a.mu.Lock()
	defer a.mu.Unlock()
	wait := patience
	if a.mute {
		wait = 0
	}
	a.timer = time.AfterFunc(wait, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.mute = true
		select {
		case a.missing <- struct{}{}:
		default:
		}
	})
}

func (a *answered) answer() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.mute = false
	if a.timer != nil {
		a.timer.Stop()
	}
}

// Read is part of io.Reader. A read from a terminal cannot be broken off: one that is
// under way is the next call's.
func (a *answered) Read(b []byte) (int, error) {
	for len(a.got.data) == 0 && a.got.err == nil {
		if !a.reading {
			a.reading = true
			data := make([]byte, len(b))
			go func() {
				n, err := a.in.Read(data)
				a.reads <- read{data[:n], err}
			}()
		}
		select {
		case a.got = <-a.reads:
			a.reading = false
		case <-a.missing:
			return 0, errNoAnswer
		}
		if cursorAnswer.Match(a.got.data) {
			a.answer()
		}
	}
	n := copy(b, a.got.data)
	if a.got.data = a.got.data[n:]; len(a.got.data) > 0 {
		return n, nil
	}
	return n, a.got.err
}
