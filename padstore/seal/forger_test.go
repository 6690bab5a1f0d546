package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"onetimechat/padstore/seal"
)

// The forger knows every text and every package of a conversation, and so
// every text cell. His victim is more careless than padstore: it remembers
// nothing, so that burned segments serve again, and it reads whatever lies
// within the pad, over the split and the hash key too.
type forger struct {
	pad      []byte
	messages []message
	known    map[bool][]byte // by lane: its text cells at their positions
	isKnown  map[bool][]bool
	honest   map[string]bool // packages, which are no forgeries
	told     map[bool][]byte // hash keys that somebody gave away
}

type message struct {
	forward  bool
	position int64
	pkg      []byte
}

const (
	forgerPad    = 1024
	forgerBucket = 16
)

// newForger overhears a conversation that leaves some of each lane unused.
func newForger(t *testing.T) *forger {
	f := &forger{
		pad:     madePad([]byte("forger"), forgerPad),
		known:   map[bool][]byte{true: make([]byte, forgerPad), false: make([]byte, forgerPad)},
		isKnown: map[bool][]bool{true: make([]bool, forgerPad), false: make([]bool, forgerPad)},
		honest:  map[string]bool{},
	}
	texts := []string{"", "yes", "meet me at the old bridge at noon, and bring the papers", "no", "at noon, by the river"}
	for _, forward := range []bool{true, false} {
		lane := padLane{f.pad, forward}
		key, err := seal.NewHashKey(lane.key())
		if err != nil {
			t.Fatal(err)
		}
		position := int64(seal.CellSize)
		for _, text := range texts {
			frame := seal.Unconditional.Encode(text, forgerBucket)
			cost := seal.Unconditional.SegmentSize(len(frame))
			pkg, err := seal.Unconditional.Seal(key, lane.offset(position), seal.NewSegment(lane.read(position, cost)), frame)
			if err != nil {
				t.Fatal(err)
			}
			f.messages = append(f.messages, message{forward, position, pkg})
			f.honest[string(pkg)] = true
			for i, b := range ciphertext(pkg) {
				at := position + seal.CellSize + int64(i)
				f.known[forward][at], f.isKnown[forward][at] = b^frame[i], true
			}
			position += cost
		}
	}
	return f
}

func ciphertext(pkg []byte) []byte { return pkg[seal.IndexSize : len(pkg)-seal.CellSize] }
func tagOf(pkg []byte) []byte      { return pkg[len(pkg)-seal.CellSize:] }

// receive is the victim. Its lanes overlap: each is the whole pad.
func (f *forger) receive(t *testing.T, forward bool, pkg []byte) error {
	lane := padLane{f.pad, forward}
	key, err := seal.NewHashKey(lane.key())
	if err != nil {
		t.Fatal(err)
	}
	n, err := seal.Unconditional.PlainSize(len(pkg), forgerBucket)
	if err != nil {
		t.Fatal(err)
	}
	index, err := seal.Index(pkg)
	if err != nil {
		t.Fatal(err)
	}
	from, size := lane.position(index), seal.Unconditional.SegmentSize(n)
	if from < 0 || from+size > forgerPad {
		return seal.ErrSize
	}
	_, err = seal.Unconditional.Open(key, seal.NewSegment(lane.read(from, size)), pkg)
	return err
}

// knownCell is 16 bytes at a lane position, and whether all of them are known.
func (f *forger) knownCell(forward bool, position int64) ([]byte, bool) {
	if position < 0 || position+seal.CellSize > forgerPad {
		return nil, false
	}
	for _, known := range f.isKnown[forward][position : position+seal.CellSize] {
		if !known {
			return nil, false
		}
	}
	return f.known[forward][position : position+seal.CellSize], true
}

// guesses are hash keys that he might think of: known text at, before and
// after the index, nothing, and all ones.
func (f *forger) guesses(forward bool, position int64) [][]byte {
	keys := [][]byte{make([]byte, 16), bytes.Repeat([]byte{0xff}, 16)}
	if r, ok := f.told[forward]; ok {
		keys = append(keys, r)
	}
	for _, at := range []int64{position - 16, position, position + 16} {
		if cell, ok := f.knownCell(forward, at); ok {
			keys = append(keys, cell)
		}
	}
	return keys
}

// tries are the forgeries with one index, and a ciphertext of n bytes.
func (f *forger) tries(forward bool, position int64, n int) (list [][]byte) {
	index := slowIndex(padLane{f.pad, forward}.offset(position))
	add := func(c, tag []byte) { list = append(list, bytes.Join([][]byte{index, c, tag}, nil)) }
	// A text of his own, masked with what he knows of the lane.
	own := slowFrame(1, "come alone", n)
	for i := range own {
		if at := position + 16 + int64(i); at < forgerPad {
			own[i] ^= f.known[forward][at]
		}
	}
	mask, ok := f.knownCell(forward, position)
	if !ok {
		mask = make([]byte, 16)
	}
	for _, r := range f.guesses(forward, position) {
		add(own, slowPoly1305(r, mask, append(bytes.Clone(index), own...)))
	}
	for _, m := range f.messages {
		c := ciphertext(m.pkg)
		if m.forward != forward && n != len(c) {
			continue // the other lane's: replayed as it is only
		}
		// Its ciphertext cut or filled up, and its tag; and his own text under
		// that tag.
		resized := make([]byte, n)
		copy(resized, c)
		add(resized, tagOf(m.pkg))
		add(own, tagOf(m.pkg))
		if m.position == position {
			// Its tag, moved by what a guessed hash key says of the difference.
			for _, r := range f.guesses(forward, position) {
				zero := make([]byte, 16)
				was := littleEndian(slowPoly1305(r, zero, m.pkg[:len(m.pkg)-16]))
				is := littleEndian(slowPoly1305(r, zero, append(bytes.Clone(index), own...)))
				tag := littleEndian(tagOf(m.pkg))
				add(own, lowBytes(tag.Add(tag, is.Sub(is, was)), 16))
			}
		}
	}
	return list
}

func TestForgerWhoKnowsEveryTextForgesNothing(t *testing.T) {
	f := newForger(t)
	tried, off := 0, 0
	for _, forward := range []bool{true, false} {
		for position := range int64(forgerPad) {
			longest := 20 * seal.CellSize
			if position%seal.CellSize != 0 {
				longest = 32
			}
			for n := forgerBucket; n <= longest; n += forgerBucket {
				for _, pkg := range f.tries(forward, position, n) {
					if f.honest[string(pkg)] {
						continue
					}
					err := f.receive(t, forward, pkg)
					tried++
					switch {
					case err == nil:
						t.Fatalf("forged at position %d, forward %v, %d bytes: %x", position, forward, n, pkg)
					case errors.Is(err, seal.ErrIndex):
						off++
					case !errors.Is(err, seal.ErrNotVerified) && !errors.Is(err, seal.ErrSize):
						t.Fatalf("refused for a wrong reason at position %d: %v", position, err)
					}
				}
			}
		}
	}
	t.Logf("%d forgeries tried, %d of them off the cells' borders", tried, off)
	if off == 0 || off == tried {
		t.Error("the forger did not try both")
	}
}

// The same forger, told the hash keys, forges wherever he knows the mask: his
// tries are made right, and r is what he lacks.
func TestForgerToldTheHashKeysForges(t *testing.T) {
	f := newForger(t)
	f.told = map[bool][]byte{true: padLane{f.pad, true}.key(), false: padLane{f.pad, false}.key()}
	forges := func(forward bool, position int64) bool {
		for _, pkg := range f.tries(forward, position, 32) {
			if !f.honest[string(pkg)] && f.receive(t, forward, pkg) == nil {
				return true
			}
		}
		return false
	}
	for _, m := range f.messages {
		if !forges(m.forward, m.position) {
			t.Errorf("not at the mask at %d", m.position)
		}
		if !forges(m.forward, m.position+seal.CellSize) {
			t.Errorf("not at the known text at %d", m.position+seal.CellSize)
		}
	}
}

func TestForgerFlipsEveryBit(t *testing.T) {
	f := newForger(t)
	for _, m := range f.messages {
		if err := f.receive(t, m.forward, m.pkg); err != nil {
			t.Fatalf("the victim refuses an honest package: %v", err)
		}
		for bit := range 8 * len(m.pkg) {
			pkg := bytes.Clone(m.pkg)
			pkg[bit/8] ^= 1 << (bit % 8)
			if f.receive(t, m.forward, pkg) == nil {
				t.Errorf("bit %d of %x flipped, and it opens", bit, m.pkg)
			}
		}
	}
}

// Off the borders of cells the MAC itself would still hold against this
// forger, but the proof would not: part of the mask would be known text.
func TestForgerOffTheBordersIsNotEvenTried(t *testing.T) {
	f := newForger(t)
	key, err := seal.NewHashKey(padLane{f.pad, true}.key())
	if err != nil {
		t.Fatal(err)
	}
	for index := range int64(256) {
		frame := seal.Unconditional.Encode("sealed by a friend", forgerBucket)
		segment := f.pad[index : index+seal.Unconditional.SegmentSize(len(frame))]
		_, err := seal.Unconditional.Open(key, seal.NewSegment(segment), slowSeal(seal.Unconditional, f.pad[:16], index, segment, frame))
		if onBorder := index%16 == 0 || index%16 == 15; onBorder != (err == nil) || !onBorder && !errors.Is(err, seal.ErrIndex) {
			t.Errorf("index %d: %v", index, err)
		}
	}
}

// Were r fresh for every message and part of its segment, one known text of
// three cells would be a forgery: an index into it makes r and s known.
func TestFreshHashKeysWouldFallToKnownText(t *testing.T) {
	lane := madePad([]byte("fresh"), 256)
	sealFresh := func(index int, plain []byte) []byte { // segment r ‖ s ‖ p_text
		signed := append(slowIndex(int64(index)), slowXOR(plain, lane[index+32:])...)
		return append(signed, slowPoly1305(lane[index:index+16], lane[index+16:index+32], signed)...)
	}
	opens := func(pkg []byte) bool {
		index, err := seal.Index(pkg)
		if err != nil {
			t.Fatal(err)
		}
		plain := slowXOR(ciphertext(pkg), lane[index+32:])
		return bytes.Equal(sealFresh(int(index), plain), pkg)
	}
	text := slowFrame(1, "a text that the forger knows, of sixty-two bytes or somewhat so", 16)
	honest := sealFresh(0, text)
	if !opens(honest) {
		t.Fatal("the honest package does not open")
	}
	cells := slowXOR(ciphertext(honest), text) // lane[32:], learnt without the pad
	own := append(slowIndex(32), slowXOR(slowFrame(1, "come alone", 16), cells[32:])...)
	if !opens(append(own, slowPoly1305(cells[:16], cells[16:32], own)...)) {
		t.Error("the forgery that a fresh r allows was not made right")
	}
}
