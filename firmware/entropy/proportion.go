package entropy

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// The windows of the adaptive proportion test, in samples (SP 800-90B, 4.4.2:
// 1024 for samples of two values, 512 for others).
const (
	bitWindow  = 1024
	byteWindow = 512
)

// proportion is the adaptive proportion test of SP 800-90B, 4.4.2: it fails
// when the first sample of a window comes cutoff times in it. A window goes on
// from one call to the next; the zero value with a cutoff is ready.
type proportion struct {
	cutoff int
	left   int  // samples that the window still needs
	first  byte // its first sample
	count  int  // how often that came
}

// bytes tests 8-bit samples, and says whether they pass.
func (w *proportion) bytes(p []byte) bool {
	for len(p) > 0 {
		if w.left == 0 {
			w.left, w.first, w.count = byteWindow, p[0], 0
		}
		n := min(w.left, len(p))
		w.count += bytes.Count(p[:n], []byte{w.first})
		if w.count >= w.cutoff {
			return false
		}
		w.left -= n
		p = p[n:]
	}
	return true
}

// bits tests 1-bit samples, and says whether they pass. p is whole words.
func (w *proportion) bits(p []byte) bool {
	for ; len(p) > 0; p = p[8:] {
		word := binary.BigEndian.Uint64(p)
		if w.left == 0 {
			w.left, w.first, w.count = bitWindow, byte(word>>63), 0
		}
		ones := bits.OnesCount64(word)
		if w.first == 1 {
			w.count += ones
		} else {
			w.count += 64 - ones
		}
		if w.count >= w.cutoff {
			return false
		}
		w.left -= 64
	}
	return true
}
