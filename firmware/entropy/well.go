package entropy

import (
	"context"
	"errors"

	"onetimechat/hal/noise"
)

// Why a Well gives nothing. Errors of a source are wrapped beside them.
var (
	ErrNoSource = errors.New("there is no noise source")
	ErrStuck    = errors.New("the noise repeats itself")
	ErrBiased   = errors.New("the noise is less random than it should be")
	ErrRate     = errors.New("the noise comes much more slowly than it did")
	// ErrStopped: it failed too often in a row; Restart, or a restart of the
	// device, tries again.
	ErrStopped = errors.New("the noise has failed too often")
)

// Well gives extracted randomness: the xor of what is extracted from each of
// its sources. Draw is called by one goroutine at a time, the rest may be
// called concurrently.
type Well struct{}

// NewWell makes a Well of sources; it reads nothing yet.
func NewWell(sources ...noise.Source) *Well { panic("to be written") }

// Draw fills p. The first Draw, and the first after a failure, begins with the
// start-up tests. A failed batch is discarded and tried again a bounded number
// of times; after an error nothing is in p.
func (w *Well) Draw(ctx context.Context, p []byte) error { panic("to be written") }

// Restart lets a stopped Well try again.
func (w *Well) Restart() { panic("to be written") }

// Rate is how many bytes a second Draw makes, 0 while not known.
func (w *Well) Rate() float64 { panic("to be written") }

// State says how its sources are.
func (w *Well) State() []SourceState { panic("to be written") }

// SourceState is one source's state. The estimates are alarms, and no proof
// of anything.
type SourceState struct {
	noise.Description
	Rate     float64 // bytes of noise a second, 0 while not known
	Failed   error   // its last failure, nil since the last good batch
	Failures int64
	Estimate float64 // the lowest estimate of min-entropy per bit, 0 while there is none
}

// Close closes the sources.
func (w *Well) Close() error { panic("to be written") }
