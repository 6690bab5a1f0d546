package relay

import "sync"

// bells wake the requests that wait for a mailbox. A mailbox without waiting
// requests has no bell, so asking for many names costs nothing.
type bells struct {
	mu     sync.Mutex
	byName map[string]*bell
}

// bell rings once, for everyone who waits at it.
type bell struct {
	rung    chan struct{} // closed when it rings
	waiting int
}

func newBells() *bells { return &bells{byName: make(map[string]*bell)} }

// wait joins those who wait for recipient. Whoever looks into the mailbox
// after wait misses nothing. leave must follow.
func (b *bells) wait(recipient string) *bell {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.byName[recipient]
	if at == nil {
		at = &bell{rung: make(chan struct{})}
		b.byName[recipient] = at
	}
	at.waiting++
	return at
}

func (b *bells) leave(recipient string, at *bell) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at.waiting--
	if at.waiting == 0 && b.byName[recipient] == at {
		delete(b.byName, recipient)
	}
}

// ring wakes all who wait for recipient.
func (b *bells) ring(recipient string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at := b.byName[recipient]; at != nil {
		delete(b.byName, recipient)
		close(at.rung)
	}
}
