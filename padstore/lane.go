package padstore

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// lane is one end's supply of pad. Positions count from the lane's own end:
// the forward lane's position p is the pad offset p, the backward lane's is
// nBytes-1-p.
type lane struct {
	forward bool
	nBytes  int64
	size    int64 // in bytes
}

// direction is the report's: 1 upwards, -1 downwards.
func (l lane) direction() int64 {
	if l.forward {
		return 1
	}
	return -1
}

// lanes returns the forward and the backward lane of a pad.
func lanes(nBytes, split int64) (forward, backward lane) {
	return lane{forward: true, nBytes: nBytes, size: split}, lane{nBytes: nBytes, size: nBytes - split}
}

// wholeLane is a file as one lane.
func wholeLane(size int64) lane { return lane{forward: true, nBytes: size, size: size} }

// offset is the pad offset of a position, and position the other way round.
func (l lane) offset(position int64) int64 {
	if l.forward {
		return position
	}
	return l.nBytes - 1 - position
}

func (l lane) position(offset int64) int64 { return l.offset(offset) }

// offsets is the stretch s as a range of pad offsets, upwards in either lane.
func (l lane) offsets(s span) span {
	if l.forward {
		return s
	}
	return span{l.nBytes - s.to, l.nBytes - s.from}
}

// text writes a span as the paper's decrypt_log does: pad offsets of its first
// byte and of the byte after its last, in lane direction.
func (l lane) text(s span) string { return string(l.appendText(nil, s)) }

func (l lane) appendText(b []byte, s span) []byte {
	b = strconv.AppendInt(b, l.offset(s.from), 10)
	b = append(b, '-')
	return strconv.AppendInt(b, l.offset(s.to), 10)
}

// parse reads what text wrote. The range may be empty. (The backward lane's end
// is never offset -1: the forward lane lies before it.)
func (l lane) parse(text string) (span, error) {
	from, to, found := strings.Cut(text, "-")
	a, err1 := strconv.ParseUint(from, 10, 48)
	b, err2 := strconv.ParseUint(to, 10, 48)
	s := span{l.position(int64(a)), l.position(int64(b))}
	if !found || err1 != nil || err2 != nil || s.from < 0 || s.from > s.to || s.to > l.size {
		return span{}, fmt.Errorf("%.80q is not a range of this lane", text)
	}
	return s, nil
}

// parseLog reads a decrypt_log: ranges, each followed by a comma. They may
// come in any order and overlap, as the 2015 program opened replays again.
func (l lane) parseLog(text string) (spans, error) {
	var all spans
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			continue
		}
		s, err := l.parse(part)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var merged spans
	for _, s := range all {
		if last := len(merged) - 1; last >= 0 && s.from <= merged[last].to {
			merged[last].to = max(merged[last].to, s.to)
		} else if !s.empty() {
			merged = append(merged, s)
		}
	}
	return merged, nil
}

// reverse turns b around, so that bytes of the backward lane are in lane
// order.
func reverse(b []byte) {
	for len(b) >= 16 {
		end := len(b) - 8
		first, last := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[end:])
		binary.LittleEndian.PutUint64(b, bits.ReverseBytes64(last))
		binary.LittleEndian.PutUint64(b[end:], bits.ReverseBytes64(first))
		b = b[8:end]
	}
	slices.Reverse(b)
}
