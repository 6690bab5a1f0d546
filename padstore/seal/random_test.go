package seal_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"strconv"
	"testing"
	"time"

	"onetimechat/padstore/seal"
)

var seedFlag = flag.Int64("seed", 0, "run the randomised tests with this seed; 0 takes a new one")

// chance is a stream of test bytes that a printed seed reproduces.
type chance struct{ stream []byte }

func newChance(t *testing.T, n int) *chance {
	seed := *seedFlag
	if seed == 0 {
		seed = time.Now().UnixNano()
	}
	t.Logf("again with: -seed %d", seed)
	return &chance{madePad([]byte(strconv.FormatInt(seed, 10)), n)}
}

func (c *chance) bytes(n int) []byte {
	b := c.stream[:n:n]
	c.stream = c.stream[n:]
	return b
}

// below is a number from 0 to n-1.
func (c *chance) below(n int) int {
	return int(binary.LittleEndian.Uint32(c.bytes(4)) % uint32(n))
}

func TestRandomPackagesAreThoseOfTheSlowReference(t *testing.T) {
	c := newChance(t, 4<<20)
	for range 600 {
		for _, s := range suites {
			n, index := c.below(700), int64(c.below(1<<31))
			if s == seal.Unconditional {
				n, index = n/16*16+16, index/16*16+int64(c.below(2))*15
			}
			cell, pad, plain := c.bytes(16), c.bytes(int(s.SegmentSize(n))), c.bytes(n)
			key, err := seal.NewHashKey(cell)
			if err != nil {
				t.Fatal(err)
			}
			want := slowSeal(s, cell, index, pad, plain)
			got, err := s.Seal(key, index, seal.NewSegment(pad), plain)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%v, %d bytes at %d: %x (%v), want %x", s, n, index, got, err, want)
			}
			wrong := bytes.Clone(got)
			wrong[c.below(len(wrong))] ^= 1 << c.below(8)
			if opened, err := s.Open(key, seal.NewSegment(pad), wrong); err == nil || opened != nil {
				t.Fatalf("%v: opened with a bit flipped: %x for %x", s, wrong, got)
			}
		}
	}
}

// Tags near the edges of the field, where carries happen: runs of ones and
// zeros in key, mask and message.
func TestEdgesOfTheFieldAreThoseOfTheSlowReference(t *testing.T) {
	c := newChance(t, 4<<20)
	edge := func(n int) []byte {
		b := bytes.Clone(c.bytes(n))
		for i := range b {
			if b[i] = []byte{0, 0xff, 0xff, 0xfe, 1, b[i], 0xfb, 0xff}[c.below(8)]; i%16 == 15 {
				b[i-c.below(16)] ^= 0x24 // no cell of equal bytes
			}
		}
		return b
	}
	for range 1000 {
		n := 16 + 16*c.below(20)
		cell, pad, plain := edge(16), edge(16+n), edge(n)
		key, err := seal.NewHashKey(cell)
		if err != nil {
			continue // a clamped value of 0; its own test shows that
		}
		got, err := seal.Unconditional.Seal(key, 16, seal.NewSegment(pad), plain)
		if err != nil {
			continue // a cell of equal bytes after all
		}
		if want := slowSeal(seal.Unconditional, cell, 16, pad, plain); !bytes.Equal(got, want) {
			t.Fatalf("key %x, segment %x, plain %x: %x, want %x", cell, pad, plain, got, want)
		}
	}
}
