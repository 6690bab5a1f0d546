package entropy

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"onetimechat/hal/noise"
)

// BlockSize is the noise that the extractor takes at a time, in bytes.
const BlockSize = 512

const (
	blockBits = 8 * BlockSize
	// spare is how much less is extracted from a block than its credited
	// entropy, in bits: what is left over makes the output uniform.
	spare = 256
	// lowestCredit leaves 64 bits of a block, its next lower neighbour none.
	lowestCredit noise.Credit = 5
)

// yield is how many bytes are extracted from a block.
func yield(credit noise.Credit) int { return (64*int(credit) - spare) / 8 }

// creditFault says why nothing can be extracted at a credit, nil if it can.
func creditFault(credit noise.Credit) error {
	if credit < lowestCredit || credit > noise.MaxCredit {
		return fmt.Errorf("%w: its credit is %d, not between %d and %d", ErrUnfit, credit, lowestCredit, noise.MaxCredit)
	}
	return nil
}

// lanes is how many blocks lie side by side in the words of the work.
const lanes = 64

// Extractor multiplies blocks of noise with a Toeplitz matrix over GF(2) that
// is made of the digits of pi: see the package comment.
//
// Up to 64 blocks are worked on at once: word j of the noise has bit j of every
// block, each in its own bit of the word. A row of the product is then the xor
// of words, and which ones depends on the digits of pi alone: neither what is
// done nor where memory is read depends on the noise. Eight columns at a time
// have a table of the 256 xors of their eight words, and a row looks up the
// one that its eight digits name.
//
// It is used by one goroutine at a time.
type Extractor struct {
	rows    int    // bits out of a block
	windows []byte // windows[k] is the digits k to k+7, the first on top
	in      [blockBits]uint64
	out     []uint64 // rows of them
	tables  [together][256]uint64
}

// together is how many tables are made before the rows are gone through, each
// for eight columns: so the rows are read and written less often.
const together = 4

// NewExtractor makes an extractor for noise of a credit. ErrUnfit if nothing
// can be extracted from it.
func NewExtractor(credit noise.Credit) (*Extractor, error) {
	if err := creditFault(credit); err != nil {
		return nil, err
	}
	rows := 8 * yield(credit)
	digits, err := hex.DecodeString(piDigits)
	if err != nil {
		return nil, fmt.Errorf("the digits of pi: %w", err)
	}
	windows := make([]byte, blockBits+rows-8)
	for k := range windows {
		two := uint16(digits[k/8])<<8 | uint16(digits[min(k/8+1, len(digits)-1)])
		windows[k] = byte(two << (k % 8) >> 8)
	}
	return &Extractor{rows: rows, windows: windows, out: make([]uint64, rows)}, nil
}

// Size is how many bytes are extracted from a block.
func (e *Extractor) Size() int { return e.rows / 8 }

// Extract extracts from every block of noise, in order, into dst. It panics
// unless noise is whole blocks and dst has Size bytes for each.
func (e *Extractor) Extract(dst, noise []byte) {
	blocks := len(noise) / BlockSize
	if len(noise)%BlockSize != 0 || len(dst) != blocks*e.Size() {
		panic(fmt.Sprintf("entropy: extracting %d bytes from %d", len(dst), len(noise)))
	}
	for blocks > 0 {
		n := min(blocks, lanes)
		e.load(noise[:n*BlockSize])
		e.multiply()
		e.store(dst[:n*e.Size()])
		dst, noise, blocks = dst[n*e.Size():], noise[n*BlockSize:], blocks-n
	}
	clear(e.in[:])
	clear(e.out)
	clear(e.tables[:])
}

// load lays up to 64 blocks side by side; the lanes of missing ones are 0.
func (e *Extractor) load(noise []byte) {
	for at := 0; at < blockBits; at += 64 {
		square := (*[64]uint64)(e.in[at:])
		clear(square[:])
		for b := 0; b*BlockSize < len(noise); b++ {
			square[b] = binary.BigEndian.Uint64(noise[b*BlockSize+at/8:])
		}
		transpose(square)
	}
}

// store takes the blocks of the product apart again.
func (e *Extractor) store(dst []byte) {
	size := e.Size()
	for at := 0; at < e.rows; at += 64 {
		square := (*[64]uint64)(e.out[at:])
		transpose(square)
		for b := 0; b*size < len(dst); b++ {
			binary.BigEndian.PutUint64(dst[b*size+at/8:], square[b])
		}
	}
}

// multiply is the product of the matrix and e.in: out[i] is the xor of all
// in[j] for which digit i - j + 4095 is 1.
func (e *Extractor) multiply() {
	clear(e.out)
	for column := 0; column < blockBits; column += 8 * together {
		for t := range e.tables {
			fillTable(&e.tables[t], e.in[column+8*t:])
		}
		// In row i, the digits of columns j to j+7 are those from
		// i + 4095 - (j+7) on, the one for j last.
		first := blockBits - 8 - column
		e.addRows(e.windows[first-8*(together-1):])
	}
}

// The race detector is kept out of the three functions below, which work on the
// Extractor's own memory: it would take most of the time of every test that
// makes pads.

// addRows adds to every row what the tables have for it; windows begins with
// the digits that the first row has in the columns of the last table.
//
//go:norace
func (e *Extractor) addRows(windows []byte) {
	t0, t1, t2, t3 := &e.tables[0], &e.tables[1], &e.tables[2], &e.tables[3]
	out := e.out
	w3, w2, w1, w0 := windows[:len(out)], windows[8:][:len(out)], windows[16:][:len(out)], windows[24:][:len(out)]
	for i := range out {
		out[i] ^= t0[w0[i]] ^ t1[w1[i]] ^ t2[w2[i]] ^ t3[w3[i]]
	}
}

// fillTable sets table[v] to the xor of all words[k], k below 8, for which bit
// k of v is 1.
//
//go:norace
func fillTable(table *[256]uint64, words []uint64) {
	table[0] = 0
	for k, word := range words[:8] {
		for v := range 1 << k {
			table[1<<k|v] = table[v] ^ word
		}
	}
}

// transpose turns rows into columns: bit c of word r, counted from the top,
// becomes bit r of word c. It swaps ever smaller squares (Hacker's Delight,
// second edition, section 7-3).
//
//go:norace
func transpose(a *[64]uint64) {
	mask := uint64(1<<32 - 1)
	for half := 32; half > 0; half /= 2 {
		for r := 0; r < 64; r = (r + half + 1) &^ half {
			swap := (a[r] ^ a[r+half]>>half) & mask
			a[r] ^= swap
			a[r+half] ^= swap << half
		}
		mask ^= mask << (half / 2)
	}
}
