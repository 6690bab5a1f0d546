package main

import (
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// Who never says where the cursor is is waited for once; who is late is asked again,
// and loses no key.
func TestATerminalThatDoesNotAnswerIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, terminal := io.Pipe()
		input := newAnswered(in)
		keys := newPastes(input)
		ask := func(want string, after time.Duration) {
			t.Helper()
			began := time.Now()
			input.asked()
			got := make([]byte, 4096)
			n, err := keys.Read(got)
			if string(got[:n]) != want || err != nil || time.Since(began) != after {
				t.Errorf("after %v: %q, %v; want %q after %v", time.Since(began), got[:n], err, want, after)
			}
		}
		ask(firstColumn, patience)
		ask(firstColumn, 0)
		time.AfterFunc(time.Second, func() { io.WriteString(terminal, "\x1b[7;3Rkeys") })
		ask(firstColumn, 0)
		if got, err := io.ReadAll(io.LimitReader(keys, 10)); string(got) != "\x1b[7;3Rkeys" || err != nil {
			t.Errorf("the late answer is %q, %v", got, err)
		}
		time.AfterFunc(patience/2, func() { io.WriteString(terminal, "\x1b[9;1R") })
		ask("\x1b[9;1R", patience/2)
		terminal.Close()
		if n, err := keys.Read(make([]byte, 9)); n != 0 || err != io.EOF {
			t.Errorf("at the end: %d bytes, %v", n, err)
		}
	})
}
