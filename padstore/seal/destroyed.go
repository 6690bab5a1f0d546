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
// of at least 16 equal bytes, whole, wherever they are, neighbours joined: an
// erased block of flash memory may read as zeros or as ones, and text sealed
// with either would go out in clear.
//
// Random pad has such a stretch by accident with probability 2^-120 per cell.
func (s Suite) Destroyed(b []byte) iter.Seq2[int, int] {
	next := s.search()
	return func(yield func(from, to int) bool) {
		for from, to := next(b, 0); from < to && yield(from, to); {
			from, to = next(b, to)
		}
	}
}

// anyDestroyed says whether there is a destroyed stretch at all.
func (s Suite) anyDestroyed(b []byte) bool {
	from, to := s.search()(b, 0)
	return from < to
}

// search returns the function that finds the first destroyed stretch of b at
// or after a position where none goes on; an empty one if there is none.
func (s Suite) search() func(b []byte, at int) (from, to int) {
	s.valid()
	if s == Paper {
		return equalRun
	}
	return equalCells
}

func equalCells(b []byte, at int) (from, to int) {
	for from = at; from+CellSize <= len(b); from += CellSize {
		if !equalCell(b[from:]) {
			continue
		}
		for to = from + CellSize; to+CellSize <= len(b) && equalCell(b[to:]); {
			to += CellSize
		}
		return from, to
	}
	return 0, 0
}

// equalCell says whether the first 16 bytes of b are the same. It decides once, so
// that how long it takes says nothing else of them.
func equalCell(b []byte) bool {
	low, high := binary.NativeEndian.Uint64(b), binary.NativeEndian.Uint64(b[word:])
	return (low^high)|(low^bits.RotateLeft64(low, 8)) == 0
}

const word = 8 // bytes looked at together

// equalRun looks at whole words only: wherever they begin, 16 equal bytes in a
// row contain one.
func equalRun(b []byte, at int) (from, to int) {
	for ; at+word <= len(b); at += word {
		if w := binary.NativeEndian.Uint64(b[at:]); bits.RotateLeft64(w, 8) != w {
			continue
		}
		for from = at; from > 0 && b[from-1] == b[at]; {
			from--
		}
		if to = runEnd(b, at); to-from < CellSize {
			continue
		}
		for next := runEnd(b, to); next-to >= CellSize; next = runEnd(b, to) {
			to = next
		}
		return from, to
	}
	return 0, 0
}

// runEnd is where the bytes that equal the one at a position end.
func runEnd(b []byte, at int) int {
	to := at
	for to < len(b) && b[to] == b[at] {
		to++
	}
	return to
}
