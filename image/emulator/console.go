//go:build linux

package emulator

import (
	"context"
	"errors"
	"strings"
	"sync"
)

// maxConsole is how much of what a board says is kept, in bytes.
const maxConsole = 1 << 20

// ErrOff: the board is off, or went off meanwhile.
var ErrOff = errors.New("the board is off")

// console keeps what a board says on its serial port.
type console struct {
	mu      sync.Mutex
	said    strings.Builder
	changed chan struct{} // closed when there is more
}

func newConsole() *console { return &console{changed: make(chan struct{})} }

// Write implements io.Writer.
func (c *console) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said.Len() < maxConsole {
		c.said.Write(b)
	}
	close(c.changed)
	c.changed = make(chan struct{})
	return len(b), nil
}

func (c *console) text() string {
	text, _ := c.now()
	return text
}

func (c *console) now() (string, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.said.String(), c.changed
}

// wait waits for text and returns the whole line from it on.
func (c *console) wait(ctx context.Context, text string, off <-chan struct{}) (string, error) {
	for over := false; ; {
		said, changed := c.now()
		if _, rest, ok := strings.Cut(said, text); ok {
			if line, _, whole := strings.Cut(rest, "\n"); whole {
				return text + strings.TrimSuffix(line, "\r"), nil
			}
		}
		if over {
			return "", ErrOff
		}
		select {
		case <-changed:
		case <-off:
			over = true // and all was said: it may be there by now
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}
