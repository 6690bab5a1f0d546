// Package padtest makes the bytes of pads for tests: the same ones from the
// same seed. Only tests import it; nothing secret can be made of it.
package padtest

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
)

// Stream is endless bytes made from seed, by the rule of the 2015 vectors:
// SHA-256(seed || uint64 big-endian counter), counter from 0.
func Stream(seed string) io.Reader { return &stream{seed: seed} }

type stream struct {
	seed    string
	counter uint64
	rest    []byte
}

func (s *stream) Read(p []byte) (int, error) {
	for n := 0; n < len(p); {
		if len(s.rest) == 0 {
			sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(s.seed), s.counter))
			s.counter++
			s.rest = sum[:]
		}
		k := copy(p[n:], s.rest)
		s.rest = s.rest[k:]
		n += k
	}
	return len(p), nil
}
