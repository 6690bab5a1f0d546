// Package noise reads the hardware that makes randomness: the kernel's random
// number generators, those on a serial port, and a noise comparator on SPI.
//
// Start with Source, whose comments are the contract. Find says which sources
// there are, a Finder which have come since; a comparator cannot be found, so
// NewComparator is told where it is. Each kind of source is a file of its own
// (kernel.go, serial.go, comparator.go); what they have in common is in pump.go,
// which reads anything that may block for ever within a time. What comes out is
// noise as the hardware gives it: package entropy tests it and extracts from it,
// and nothing else may use it. A file as a source is in package deskfile, which
// no board's image contains.
//
// What it refuses to do: make randomness by computation, pass over a failure,
// and go on with bytes that were not read in time.
//
// # Deadlines
//
// A source has a lowest acceptable rate and a grace. A Read of n bytes fails
// after grace + n / lowest rate, and as soon as nothing has come for as long
// as the grace: with ErrSilent if nothing came at all, else with ErrSlow.
//
//	source       documented or measured      lowest      grace
//	/dev/hwrng   2.5 kB/s (Pi 3B+, Linux)    1 kB/s      2 s
//	ChaosKey     no figure                   20 kB/s     5 s
//	OneRNG       350 kbit/s (onerng.info)    10 kB/s     2 s
//	TrueRNG v3   400 kbit/s (ubld.it)        10 kB/s     2 s
//	comparator   clock / 8                   clock / 32  2 s
//
// A source on a serial port that is opened, or found again, first throws some
// bytes away, for which it has as much time again.
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
	// matches one of the Err values below or the context's, nothing in p
	// counts, and the next Read tries to find the hardware again. It returns
	// within the source's deadline for len(p) bytes or when ctx ends.
	Read(ctx context.Context, p []byte) error
	// Close lets go of the hardware. A Read after it opens it anew, unless the
	// source cannot begin again.
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
	SampleBits int    // 1 (the top bit of a byte first) or 8: what the health tests count as one sample
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
