package entropy

import (
	"bytes"
	"encoding/binary"

	"onetimechat/hal/noise"
)

// recurrence fails when noise comes again that came before: a whole block that
// is one of the last few, or, wherever it begins, a short stretch from the
// beginning of the batch or one of two (markers) out of the last 1 MiB. So a
// period is found at once if the batch is longer, and soon if it is up to half
// of that. Good noise of a credit c fails the first with probability 2^-64c
// for each pair of blocks, the second with at most 2^-128 for each byte and
// stretch.
type recurrence struct {
	past    [8][BlockSize]byte
	blocks  int // that were remembered so far
	length  int // of a marker, in bytes
	markers [2][]byte
	oldest  int // which marker
	age     int // of the newest marker, in bytes of noise
}

func newRecurrence(credit noise.Credit) recurrence {
	return recurrence{length: stretchSize(credit)}
}

// test says whether noise, which is whole blocks, passes.
func (r *recurrence) test(noise []byte) bool {
	if len(noise) == 0 {
		return true
	}
	first := noise[:r.length]
	if r.blocks == 0 {
		r.mark(first)
		r.mark(first)
	} else if bytes.Equal(first, r.markers[0]) || bytes.Equal(first, r.markers[1]) {
		return false
	}
	if comesLater(noise, first, r.markers[0], r.markers[1]) {
		return false
	}
	if r.age >= maxBatch/len(r.markers) {
		r.mark(first)
	}
	r.age += len(noise)
	return r.blocksPass(noise)
}

// mark replaces the oldest marker.
func (r *recurrence) mark(stretch []byte) {
	m := &r.markers[r.oldest]
	*m = append((*m)[:0], stretch...)
	r.oldest = 1 - r.oldest
	r.age = 0
}

// comesLater says whether one of three stretches is in noise, not at its
// beginning. Their first words are looked for together.
func comesLater(noise, a, b, c []byte) bool {
	word := binary.NativeEndian.Uint64
	headA, headB, headC := word(a), word(b), word(c)
	for i := 1; i+8 <= len(noise); i++ {
		w := word(noise[i : i+8])
		if w != headA && w != headB && w != headC {
			continue
		}
		rest := noise[i:]
		if bytes.HasPrefix(rest, a) || bytes.HasPrefix(rest, b) || bytes.HasPrefix(rest, c) {
			return true
		}
	}
	return false
}

// blocksPass says whether no block is one of those before it.
func (r *recurrence) blocksPass(noise []byte) bool {
	for ; len(noise) > 0; noise = noise[BlockSize:] {
		block := noise[:BlockSize]
		for i := range min(r.blocks, len(r.past)) {
			if bytes.Equal(block, r.past[i][:]) {
				return false
			}
		}
		copy(r.past[r.blocks%len(r.past)][:], block)
		r.blocks++
	}
	return true
}

// wipe forgets all noise.
func (r *recurrence) wipe() {
	clear(r.past[:])
	clear(r.markers[0])
	clear(r.markers[1])
	r.blocks, r.age = 0, 0
}
