package entropy

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"onetimechat/hal/noise"
)

// MaxStarts is how many beginnings are remembered of all sources together.
const MaxStarts = 64

// MaxStart is the longest of them, in bytes: that of the least credit.
const MaxStart = (8*startEntropy + int(lowestCredit) - 1) / int(lowestCredit)

// startEntropy is the credited entropy of a beginning, in bits.
const startEntropy = 128

// starts are how sources began each time that they were opened, and something was
// made of what followed: of the noise of each start-up test a stretch with at least
// 128 bits of credited entropy. A generator that only counts, because its noise is
// dead behind what whitens it, passes all other tests, and begins the same each time
// that it is switched on.
//
// Nothing is made of the noise of start-up tests, so that it may be kept.
type starts struct {
	mu    sync.Mutex
	known [][]byte // the oldest first
	keep  func(known [][]byte) error
}

// judge is ErrStuck if a start-up test's noise has in it how a source began
// before. The stretch comes from its middle, as more or less may be lost of it
// before that each time. On return it is remembered.
func (s *starts) judge(tested []byte, credit noise.Credit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var again error
	start := bytes.Clone(tested[len(tested)/2:][:stretchSize(credit)])
	next := slices.Clone(s.known)
	if i := slices.IndexFunc(next, func(known []byte) bool { return bytes.Contains(tested, known) }); i >= 0 {
		again = fmt.Errorf("%w: %w", ErrStuck, ErrSameStart)
		start = next[i]
		next = slices.Delete(next, i, i+1) // the newest now, that it is not forgotten
	}
	next = append(next, start)
	next = next[max(0, len(next)-MaxStarts):]
	if s.keep != nil {
		if err := s.keep(next); err != nil {
			return fmt.Errorf("how it begins cannot be kept: %w", err)
		}
	}
	s.known = next
	return again
}

// stretchSize is how many bytes of noise have startEntropy.
func stretchSize(credit noise.Credit) int {
	return (8*startEntropy + int(credit) - 1) / int(credit)
}
