// Package noise reads the hardware that makes randomness: the kernel's random
// number generators, those on a serial port, and a noise comparator on SPI.
//
// Start with Source, whose comments are the contract; each kind of source is a
// file of its own. What comes out is noise as the hardware gives it: package
// entropy tests it and extracts from it, and nothing else may use it.
//
// What it refuses to do: make randomness by computation, pass over a failure,
// and go on with bytes that were not read in time.
package noise

import (
	"context"
	"errors"
)

// Source is one piece of hardware that makes noise. It is used by one
// goroutine at a time.
type Source interface {
	// Describe says what the source is. It does not change while it is open.
	Describe() Description
	// Read fills all of p, samples one after the other. After an error, which
	// matches one of the Err values below, nothing in p counts, and the next
	// Read tries to find the hardware again. It returns within the source's
	// deadline for len(p) bytes or when ctx ends.
	Read(ctx context.Context, p []byte) error
	Close() error
}

// Credit is min-entropy in sixty-fourths of a bit for each bit of noise, given
// all bits before it.
type Credit int

// MaxCredit is half a bit for a bit: no source is believed to give more.
const MaxCredit Credit = 32

// Description is what a source says of itself.
type Description struct {
	Name       string // printable ASCII, at most 48 bytes, such as "bcm2835-rng"
	Raw        bool   // digitised noise; else already processed, its entropy an assumption
	SampleBits int    // 1 or 8: what the health tests count as one sample
	Credit     Credit
	Demo       bool // no hardware noise: pads made of it are marked as demo randomness
}

// Why a source gives no noise. Each is wrapped with what is known beside it.
var (
	ErrMissing = errors.New("the noise source is not there")
	ErrDenied  = errors.New("the noise source may not be opened")
	ErrBusy    = errors.New("the noise source is used by another program")
	ErrSilent  = errors.New("the noise source gives nothing")
	ErrSlow    = errors.New("the noise source is too slow")
	ErrShort   = errors.New("the noise source has ended")
	ErrFailed  = errors.New("the noise source failed")
)
