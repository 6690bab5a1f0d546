package seal_test

import (
	"bytes"
	"slices"
	"testing"

	"onetimechat/padstore/seal"
)

func stretches(s seal.Suite, b []byte) (list []span) {
	for from, to := range s.Destroyed(b) {
		list = append(list, span{int64(from), int64(to)})
	}
	return list
}

// slowStretches is the definition, byte by byte.
func slowStretches(s seal.Suite, b []byte) (list []span) {
	for from := 0; from < len(b); {
		to := from
		if s == seal.Paper {
			for to < len(b) && b[to] == b[from] {
				to++
			}
			if last := len(list) - 1; to-from >= 16 && last >= 0 && list[last].to == int64(from) {
				list[last].to = int64(to)
			} else if to-from >= 16 {
				list = append(list, span{int64(from), int64(to)})
			}
			from = to
			continue
		}
		for to+16 <= len(b) && bytes.Equal(b[to:to+16], bytes.Repeat(b[to:to+1], 16)) {
			to += 16
		}
		if to > from {
			list = append(list, span{int64(from), int64(to)})
		}
		from = max(to, from+16)
	}
	return list
}

func TestDestroyedFindsEveryRun(t *testing.T) {
	sound := madePad([]byte("sound"), 96)
	for i := range sound {
		sound[i] |= 1 // so that a run is exactly as long as it was made
	}
	for _, s := range suites {
		for size := range len(sound) + 1 {
			for from := range size {
				for to := from; to <= size; to++ {
					b := slices.Clone(sound[:size])
					clear(b[from:to])
					if got, want := stretches(s, b), slowStretches(s, b); !slices.Equal(got, want) {
						t.Fatalf("%v: zeros at [%d, %d) of %d: %v, want %v", s, from, to, size, got, want)
					}
				}
			}
		}
	}
}

func TestDestroyedIsWhatItsDefinitionSays(t *testing.T) {
	c := newChance(t, 8<<20)
	for range 2000 {
		b := bytes.Clone(c.bytes(c.below(400)))
		for range c.below(6) {
			from := c.below(len(b) + 1)
			to := min(len(b), from+c.below(70))
			with := []byte{0, 0, 0xff, 0x5a}[c.below(4)]
			for i := from; i < to; i++ {
				b[i] = with
			}
		}
		for _, s := range suites {
			if got, want := stretches(s, b), slowStretches(s, b); !slices.Equal(got, want) {
				t.Fatalf("%v: %x: %v, want %v", s, b, got, want)
			}
		}
	}
}

func TestDestroyedStopsWhenAsked(t *testing.T) {
	b := madePad([]byte("stop"), 160)
	clear(b[16:48])
	clear(b[96:128])
	for _, s := range suites {
		met := 0
		for range s.Destroyed(b) {
			met++
			break
		}
		if met != 1 || len(stretches(s, b)) != 2 {
			t.Errorf("%v: met %d of %d", s, met, len(stretches(s, b)))
		}
	}
}
