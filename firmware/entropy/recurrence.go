package entropy

import (
	"bytes"

	"onetimechat/hal/noise"
)

// recurrence fails when noise comes again that came before: a whole block that
// is one of the last few, or, wherever it begins, a short stretch that it
// remembers for the length of a batch. The latter finds any period up to that
// length. Good noise of a credit c fails the first with probability 2^-64c for
// each pair of blocks, the second with at most 2^-128 for each byte.
type recurrence struct {
	stretch int // the length of what is remembered, in bytes
	past    [8][BlockSize]byte
	blocks  int // how many were remembered so far
	marker  []byte
	age     int // of marker, in bytes of noise
}

func newRecurrence(credit noise.Credit) recurrence {
	const entropy = 128 // bits
	return recurrence{stretch: (8*entropy + int(credit) - 1) / int(credit)}
}

// test says whether noise, which is whole blocks, passes.
func (r *recurrence) test(noise []byte) bool {
	search := noise
	if r.marker == nil || r.age >= maxBatch {
		clear(r.marker)
		r.marker = append(r.marker[:0], noise[:r.stretch]...)
		r.age = 0
		search = noise[1:] // it overlaps itself if the period is short
	}
	if bytes.Contains(search, r.marker) {
		return false
	}
	r.age += len(noise)
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
	clear(r.marker)
	r.marker, r.blocks, r.age = nil, 0, 0
}
