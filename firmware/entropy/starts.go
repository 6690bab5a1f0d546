package entropy

import (
	"bytes"
	"slices"

	"onetimechat/hal/noise"
)

// maxStarts is how many beginnings are remembered of a source.
const maxStarts = 16

// starts are how a source began each time that it was opened: of the noise of
// each start-up test a stretch with at least 128 bits of credited entropy. A
// generator that only counts, because its noise is dead behind what whitens it,
// passes all other tests, and begins the same each time that it is switched on.
//
// Nothing is made of the noise of start-up tests, so that it may be kept.
type starts [][]byte

// again says whether a start-up test's noise has in it how the source began
// before; the stretch comes from its middle, as more or less may be lost of it
// before that each time. If not, it is remembered.
func (s *starts) again(tested []byte, credit noise.Credit) bool {
	for _, known := range *s {
		if bytes.Contains(tested, known) {
			return true
		}
	}
	if len(*s) == maxStarts {
		*s = slices.Delete(*s, 0, 1)
	}
	middle := tested[len(tested)/2:][:stretchSize(credit)]
	*s = append(*s, bytes.Clone(middle))
	return false
}

// stretchSize is how many bytes of noise have 128 bits of credited entropy.
func stretchSize(credit noise.Credit) int {
	const entropy = 128 // bits
	return (8*entropy + int(credit) - 1) / int(credit)
}
