package padstore

import (
	"cmp"
	"iter"
	"slices"
)

// span is a stretch [from, to) of lane positions, which count from 0 at the
// lane's own end of the pad. The zero span is empty.
type span struct{ from, to int64 }

func (s span) empty() bool { return s.from >= s.to }
func (s span) len() int64  { return max(0, s.to-s.from) }

func (s span) overlaps(o span) bool { return s.from < o.to && o.from < s.to }

// spans are stretches in ascending order that neither touch nor overlap.
type spans []span

// around is which of the list overlap s or touch it: list[from:to].
func (list spans) around(s span) (from, to int) {
	from, _ = slices.BinarySearchFunc(list, s.from, func(g span, at int64) int { return cmp.Compare(g.to, at) })
	to, touches := slices.BinarySearchFunc(list, s.to, func(g span, at int64) int { return cmp.Compare(g.from, at) })
	if touches {
		to++
	}
	return from, to
}

// cut takes s out. What it answers may be the list itself, and so nobody
// changes one in its place.
func (list spans) cut(s span) spans {
	if s.empty() {
		return list
	}
	from, to := list.around(s)
	if from == to {
		return list
	}
	rest := make(spans, 0, 2)
	for _, r := range []span{{list[from].from, min(list[from].to, s.from)}, {max(list[to-1].from, s.to), list[to-1].to}} {
		if !r.empty() {
			rest = append(rest, r)
		}
	}
	return slices.Concat(list[:from], rest, list[to:])
}

// add puts s in, joining what touches it.
func (list spans) add(s span) spans {
	if s.empty() {
		return list
	}
	from, to := list.around(s)
	if from < to {
		s = span{min(s.from, list[from].from), max(s.to, list[to-1].to)}
	}
	return slices.Concat(list[:from], spans{s}, list[to:])
}

// without is what of s lies in none of the list, upwards.
func (list spans) without(s span) iter.Seq[span] {
	return func(yield func(span) bool) {
		if s.empty() {
			return
		}
		first, last := list.around(s)
		rest := s
		for _, g := range list[first:last] {
			if before := (span{rest.from, g.from}); !before.empty() && !yield(before) {
				return
			}
			rest.from = g.to
		}
		if !rest.empty() {
			yield(rest)
		}
	}
}
