// Package meeting makes a pad with the device at the other end of a cable:
// hello, size, contributions both ways, comparison, words, prepared, in use.
// PROTOCOL.md describes it for other programs.
//
// Start with Run, which goes through the phases as run in meet.go has them:
// hello.go is who the two are, state.go what each of them has, size.go how much
// is made, fill.go the contributions (give.go sends ours, join.go xors the two),
// check.go the comparison and all that follows. ending.go says why a meeting
// ended, here and there. wire.go is the connection, frame.go and message.go what
// goes over it.
//
// What holds: a piece of ours is burned in the reservoir before any of theirs is
// joined with it, and before it is sent; no draft becomes a pad before both owners
// have said that the words are the same; whatever breaks off leaves a draft that
// can be gone on with, or nothing.
//
// What it refuses to do: find the other device (package cable does), ask its owner
// (package device does, as Owner), and believe what comes: a message that is not in
// the one spelling, or not in its turn, ends the meeting.
package meeting

import (
	"cmp"
	"context"
	"errors"
	"net"
	"time"

	"onetimechat/padstore"
	"onetimechat/padstore/seal"
)

// MinBytes is the smallest pad that a meeting makes. Sizes are multiples of 32.
const MinBytes = 4096

// Owner is the person in front of this device. A method that asks returns when
// they have tapped, or when ctx ends because the other device made the question
// pointless; it is then asked something else, or Run ends. ErrCancelled is the
// owner's Cancel. Methods are called one at a time.
type Owner interface {
	// Choose asks how much pad to make.
	Choose(ctx context.Context, o Offer) (bytes int64, err error)
	// Confirm asks whether bytes, which the other device's owner chose, are right. If
	// that is a fresh pad, the offer has none to go on with.
	Confirm(ctx context.Context, o Offer, bytes int64) error
	// Show tells how the filling goes. It returns at once.
	Show(p Progress)
	// Compare shows four words and asks whether the other device shows the
	// same.
	Compare(ctx context.Context, contact string, words [4]string) (same bool, err error)
	// Wait says what is waited for while nothing is asked, such as "bob's
	// answer". It returns at once.
	Wait(what string)
	// Discard says that what was filled is being overwritten, which takes as long
	// as it took to write. It returns at once.
	Discard()
}

// Wish is what an owner may want while the pad is filled.
type Wish int

// Stop ends the filling with what there is; Cancel throws it away.
const (
	Stop Wish = iota + 1
	Cancel
)

// Known says what this device knows of the other one.
type Known int

const (
	Stranger Known = iota // no pad under this name
	Again                 // a pad with this very device: the new one takes over
	Unproven              // a pad under this name that was imported: whose device it is, is not known
)

// Offer is what can be made with the other device now.
type Offer struct {
	Contact string
	Known   Known
	Most    int64   // bytes: what the cards of both have room for
	Ready   int64   // bytes that can be made at once: the fuller reservoir waits for the other
	Rate    float64 // bytes a second after that: the slower noise
	Bucket  int     // of a fresh pad
	Resume  Resume
}

// Resume is a pad that both devices began and did not finish; Bytes is 0 if
// there is none. Choosing Bytes goes on with it; any other size throws it away.
type Resume struct {
	Bytes, Done int64
	Bucket      int
}

// Progress is how the filling goes, in bytes of pad.
type Progress struct {
	Contact     string
	Done, Total int64
	Rate        float64       // bytes a second, 0 while not known
	Left        time.Duration // 0 while not known
}

// Config is what a meeting needs. All fields but Wishes and Chunk are needed.
type Config struct {
	Store  *padstore.Store
	Owner  Owner
	Wishes <-chan Wish
	// Rate is how many bytes a second this device's noise makes, 0 for none.
	Rate func() float64
	// Filled is closed, and a new one made, whenever the reservoir has grown or
	// filling has failed for good; then Err says why.
	Filled func() (grown <-chan struct{}, failed error)
	Chunk  int // bytes exchanged at a time; 0 for 1 MiB
	Bucket int // of the pad; 0 for seal.DefaultBucket
}

// Result is how a meeting ended well.
type Result struct {
	Contact string
	Number  string // public number of the pad
	Bytes   int64  // of pad; 0 if its certificate cannot be read
	InUse   bool   // else prepared: the other device's answer did not come
}

// Why a meeting ends without a pad in use. Each may be wrapped with more.
var (
	ErrCancelled  = errors.New("cancelled on this device")
	ErrTheyCancel = errors.New("cancelled on the other device")
	ErrDifferent  = errors.New("an owner said that the words differ")
	ErrTheirs     = errors.New("the two devices hold different bytes")
	ErrMirror     = errors.New("the cable leads back to this device")
	ErrSameName   = errors.New("both devices have the same owner's name")
	ErrOtherOne   = errors.New("another person's device has this name")
	ErrKnownPad   = errors.New("this pad is known already")
	ErrVersion    = errors.New("the other device speaks another version")
	ErrGarbled    = errors.New("the other device sends what makes no sense")
	ErrStalled    = errors.New("the other device does not answer any more")
	ErrCable      = errors.New("the cable was pulled")
	ErrNoNoise    = errors.New("this device has no randomness to give")
	ErrTheyFail   = errors.New("the other device stopped")
)

// Run meets the device at the other end of conn, and closes conn. It leaves
// nothing half in use: see Draft in padstore. Errors of the card match
// padstore.ErrFault or ErrFull. A meeting that broke off may have left a draft,
// which the next one can go on with.
func Run(ctx context.Context, conn net.Conn, c Config) (Result, error) {
	c.Chunk = max(unit, min(cmp.Or(c.Chunk, maxPiece), maxPiece)/unit*unit)
	c.Bucket = cmp.Or(c.Bucket, seal.DefaultBucket)
	m := &meet{Config: c, ourRoom: newBuffers(ahead), theirRoom: newBuffers(ahead)}
	m.wire = connect(conn, m.theirRoom.take)
	return m.end(m.run(ctx))
}
