package entropy

import (
	"encoding/binary"
	"math/bits"
)

// repetition is the repetition count test of SP 800-90B, 4.4.1: it fails when
// a sample comes cutoff times in a row. A run goes on from one call to the
// next; the zero value with a cutoff is ready.
type repetition struct {
	cutoff int
	length int  // of the run that the noise so far ends with, in samples
	last   byte // the sample of that run
}

// bytes tests 8-bit samples, and says whether they pass.
func (r *repetition) bytes(p []byte) bool {
	last, length := r.last, r.length
	for _, b := range p {
		if b != last {
			last, length = b, 0
		}
		if length++; length >= r.cutoff {
			return false
		}
	}
	r.last, r.length = last, length
	return true
}

// bits tests 1-bit samples, and says whether they pass. p is whole words.
func (r *repetition) bits(p []byte) bool {
	for ; len(p) > 0; p = p[8:] {
		if !r.word(binary.BigEndian.Uint64(p)) {
			return false
		}
	}
	return true
}

// word tests 64 samples, the first on top.
func (r *repetition) word(w uint64) bool {
	// A bit of turns is 1 where a sample is not the one before it.
	turns := w ^ (w>>1 | uint64(r.last)<<63)
	if r.length == 0 {
		turns |= 1 << 63 // nothing came before
	}
	r.last = byte(w & 1)
	r.length += bits.LeadingZeros64(turns)
	if r.length >= r.cutoff {
		return false
	}
	if turns == 0 {
		return true
	}
	r.length = 1 + bits.TrailingZeros64(turns)
	return !hasRun(^turns, r.cutoff-1)
}

// hasRun says whether n bits in a row are 1. Each step leaves of a run what is
// at least as long as the step's sum.
func hasRun(w uint64, n int) bool {
	for long := 1; w != 0 && long < n; {
		step := min(long, n-long)
		w &= w << step
		long += step
	}
	return w != 0
}
