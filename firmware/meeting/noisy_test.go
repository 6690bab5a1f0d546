package meeting_test

import (
	"bytes"
	"fmt"
	"testing"
)

// A cable flips a single bit, of any byte that it carries: of heads, messages and
// noise alike.
func TestAnyBitMayFlip(t *testing.T) {
	w := strangers(t)
	for from := range 2 {
		t.Run(w.devices[from].owner, func(t *testing.T) {
			t.Parallel()
			heads, rest := newSample(t, 16), newSample(t, 200)
			for index, reached := 0, true; reached; index++ {
				reached = false
				const head = 8 * 32 // bits
				for bit, there := heads.first(), true; there; {
					there = false
					within(t, fmt.Sprintf("bit %d of message %d", bit, index), func(t *testing.T) {
						tr := begin(t, w, uint64(index))
						c := newCable()
						c.tamper = func(p parcel) ([][]byte, bool) {
							if p.from == from && p.index == index {
								reached, there = true, bit < 8*len(p.raw)
								flip(p.raw, bit)
							}
							return asItIs(p), false
						}
						tr.ends = tr.meet(c)
						tr.endClearly()
						tr.soundly()
					})
					if bit < head {
						bit += heads.next()
					} else {
						bit += rest.next()
					}
				}
			}
		})
	}
}

// flip flips a bit, if there is one.
func flip(b []byte, bit int) {
	if bit < 8*len(b) {
		b[bit/8] ^= 1 << (bit % 8)
	}
}

// A cable that goes on flipping bits, dropping messages and repeating them, for
// meeting after meeting.
func TestACableThatIsBadThroughout(t *testing.T) {
	lives(t, 24, func(tr *trial) {
		for range 4 {
			tr.ends = tr.meet(tr.badCable(4 << tr.rng.IntN(5)))
			tr.endClearly()
			tr.replenish()
		}
	})
}

// badCable does something to one message in so many.
func (tr *trial) badCable(oneIn int) *cable {
	c := newCable()
	c.tamper = func(p parcel) ([][]byte, bool) {
		if tr.rng.IntN(oneIn) > 0 {
			return asItIs(p), false
		}
		switch tr.rng.IntN(3) {
		case 0:
			return nil, false
		case 1:
			return [][]byte{p.raw, p.raw}, false
		}
		raw := bytes.Clone(p.raw)
		flip(raw, tr.rng.IntN(8*len(raw)))
		return [][]byte{raw}, false
	}
	return c
}
