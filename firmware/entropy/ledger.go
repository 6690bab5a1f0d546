package entropy

import (
	"errors"
	"math"

	"onetimechat/hal/noise"
)

// errOverdrawn: more was to leave than the credited entropy covers. It cannot
// happen, and nothing leaves if it does.
var errOverdrawn = errors.New("more randomness was asked for than the noise holds")

// Balance is what bytes of extracted randomness rest on.
type Balance struct {
	Blocks    int64 // of noise that were extracted from
	NoiseBits int64 // in them
	Credited  int64 // min-entropy credited to them, in bits
	// Bound is the base-2 logarithm of how far, at most, all the bytes
	// together are from uniform (statistical distance): 2^-128 for each block.
	// It holds if the source is as good as its credit, see the package comment.
	Bound float64
}

// Account is what so many bytes rest on that were extracted at a credit. For a
// credit at which nothing can be extracted it is a Bound of 0: no promise.
func Account(credit noise.Credit, bytes int64) Balance {
	if creditFault(credit) != nil {
		return Balance{}
	}
	size := int64(yield(credit))
	blocks := max(bytes, 0) / size
	if bytes > blocks*size {
		blocks++
	}
	return balance(credit, blocks)
}

func balance(credit noise.Credit, blocks int64) Balance {
	b := Balance{Blocks: blocks, NoiseBits: math.MaxInt64, Credited: math.MaxInt64, Bound: math.Log2(float64(blocks)) - 128}
	if blocks <= math.MaxInt64/blockBits {
		b.NoiseBits = blocks * blockBits
		b.Credited = blocks * 64 * int64(credit)
	}
	return b
}

// ledger counts what a source gave and what was extracted from it, and lets no
// more leave than the leftover hash lemma allows.
type ledger struct {
	credit noise.Credit
	blocks int64 // that passed the tests, and that nothing else was made of
	bytes  int64 // that left, or were thrown away
}

// enter notes blocks of tested noise.
func (l *ledger) enter(blocks int) { l.blocks += int64(blocks) }

// leave lets n more bytes leave, or errOverdrawn. What left, and 256 bits of
// each block, is at most the credited entropy.
func (l *ledger) leave(n int) error {
	out := 8 * (l.bytes + int64(n))
	if n < 0 || out+spare*l.blocks > balance(l.credit, l.blocks).Credited {
		return errOverdrawn
	}
	l.bytes += int64(n)
	return nil
}
