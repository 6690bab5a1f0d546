package meeting

import "sync"

// buffers is memory for a few pieces, used again and again. What is given back
// is wiped.
type buffers struct {
	mu    sync.Mutex
	slots [][]byte
	out   []bool // which of them are in use
}

// newBuffers is memory for so many pieces at a time.
func newBuffers(pieces int) *buffers {
	return &buffers{slots: make([][]byte, pieces), out: make([]bool, pieces)}
}

// take is memory of size bytes, at least one, nil if all is in use.
func (b *buffers) take(size int) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, out := range b.out {
		if out {
			continue
		}
		if cap(b.slots[i]) < size {
			b.slots[i] = make([]byte, size)
		}
		b.out[i] = true
		return b.slots[i][:size]
	}
	return nil
}

// give gives back what take answered, or the beginning of it.
func (b *buffers) give(m []byte) {
	clear(m)
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.slots {
		if b.out[i] && &b.slots[i][0] == &m[0] {
			b.out[i] = false
		}
	}
}

// wipe wipes all of it. Nobody may use it any more.
func (b *buffers) wipe() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.slots {
		clear(m[:cap(m)])
	}
}
