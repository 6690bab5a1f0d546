package seal

import (
	"encoding/binary"
	"iter"
	"math/bits"
)

// Destroyed ranges over the stretches [from, to) of b that show burned pad,
// in ascending order, no two touching. b is lane bytes, in lane order or not.
//
// Unconditional: cells of 16 equal bytes, neighbours joined; b starts on a
// cell border, and an incomplete cell at its end is not looked at. Paper: runs
// of at least 16 zeros, each with all its zeros, wherever they are.
//
// Random pad has such a stretch by accident with probability 2^-120 per cell.
func (s Suite) Destroyed(b []byte) iter.Seq2[int, int] {
	s.valid()
	if s == Paper {
		return zeroRuns(b)
	}
	return equalCells(b)
}

// anyDestroyed says whether there is a destroyed stretch at all.
func (s Suite) anyDestroyed(b []byte) (found bool) {
	s.Destroyed(b)(func(_, _ int) bool {
		found = true
		return false
	})
	return found
}

func equalCells(b []byte) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for at := 0; at+CellSize <= len(b); at += CellSize {
			if !equalCell(b[at:]) {
				continue
			}
			from := at
			for at += CellSize; at+CellSize <= len(b) && equalCell(b[at:]); {
				at += CellSize
			}
			if !yield(from, at) {
				return
			}
		}
	}
}

// equalCell says whether the first 16 bytes of b are the same.
func equalCell(b []byte) bool {
	low, high := binary.NativeEndian.Uint64(b), binary.NativeEndian.Uint64(b[8:])
	return low == high && bits.RotateLeft64(low, 8) == low
}

// zeroRuns looks at every eighth byte's word only: 16 zeros in a row contain
// a whole one of them.
func zeroRuns(b []byte) iter.Seq2[int, int] {
	const word = 8
	return func(yield func(from, to int) bool) {
		for at := 0; at+word <= len(b); at += word {
			if binary.NativeEndian.Uint64(b[at:]) != 0 {
				continue
			}
			from, to := at, at+word
			for from > 0 && b[from-1] == 0 {
				from--
			}
			for to < len(b) && b[to] == 0 {
				to++
			}
			if to-from >= CellSize && !yield(from, to) {
				return
			}
			at = to - to%word // a word that is not all zeros, or the end
		}
	}
}
