// Package prefixsum computes SHA-256 of texts that begin mostly as the one before: a
// record that is written again with each message, of which a few numbers near its end
// have changed. How a text begins is compared, and hashed only where it differs:
// hashing is the dearer by far on processors without instructions for it, such as a
// Pi 3's and a Pi 4's.
package prefixsum

import (
	"bytes"
	"crypto/sha256"
	"hash"
)

// Sum sums one text after the other. The zero value is ready. It keeps a copy of the
// last text, so secrets are none of its business. Not safe for concurrent use.
type Sum struct {
	last []byte
	head hash.Cloner // of last's first bytes
	size int         // how many these are
}

// Of is the SHA-256 of text and then end, which is hashed each time.
func (s *Sum) Of(text, end []byte) (sum [sha256.Size]byte) {
	if s.head == nil || !bytes.HasPrefix(text, s.last[:s.size]) {
		s.head, s.size = sha256.New().(hash.Cloner), 0
	}
	was, is := s.last[s.size:], text[s.size:]
	// A block less than is alike, so that not all is hashed again where the next text
	// differs a few bytes earlier.
	if more := alike(was, is) - sha256.BlockSize; more > 0 {
		s.head.Write(is[:more])
		s.size += more
	}
	s.last = append(s.last[:s.size], text[s.size:]...)
	whole, _ := s.head.Clone() // of the standard library's SHA-256 nothing can go wrong
	whole.Write(text[s.size:])
	whole.Write(end)
	whole.Sum(sum[:0])
	return sum
}

// alike is how many bytes two texts begin with alike, in whole blocks.
func alike(a, b []byte) (n int) {
	for end := sha256.BlockSize; end <= min(len(a), len(b)) && bytes.Equal(a[n:end], b[n:end]); end += sha256.BlockSize {
		n = end
	}
	return n
}
