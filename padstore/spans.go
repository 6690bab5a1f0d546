package padstore

import (
	"cmp"
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

// cut takes s out.
func (list spans) cut(s span) spans {
	if s.empty() {
		return list
	}
	var out spans
	for _, g := range list {
		for _, rest := range []span{{g.from, min(g.to, s.from)}, {max(g.from, s.to), g.to}} {
			if !rest.empty() {
				out = append(out, rest)
			}
		}
	}
	return out
}

// add puts s in, joining what touches it.
func (list spans) add(s span) spans {
	if s.empty() {
		return list
	}
	var out spans
	for _, g := range list {
		if g.to < s.from || s.to < g.from {
			out = append(out, g)
			continue
		}
		s = span{min(s.from, g.from), max(s.to, g.to)}
	}
	at, _ := slices.BinarySearchFunc(out, s, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return slices.Insert(out, at, s)
}

// without is what of s lies in none of the list.
func (list spans) without(s span) spans {
	rest := make(spans, 0, len(list)+1)
	from := s.from
	for _, g := range list {
		if gap := (span{from, min(g.from, s.to)}); !gap.empty() {
			rest = append(rest, gap)
		}
		from = max(from, g.to)
	}
	if end := (span{from, s.to}); !end.empty() {
		rest = append(rest, end)
	}
	return rest
}
