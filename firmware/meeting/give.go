package meeting

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"onetimechat/padstore"
)

// dryFor is how long a device waits for a whole piece before it gives what
// there is.
const dryFor = 10 * time.Second

// giving is this device's contribution, on its way out of the reservoir.
type giving struct {
	pieces []*piece // not all joined, the oldest first
	taken  int64    // where they end, with the one that is being taken
	ends   []int64  // of pieces that the other device has not joined
	acked  int64    // what it has joined

	stopped bool           // we have said where it ends
	ourKey  *[keySize]byte // our half of the key of the check, taken first
	toldKey bool

	taking bool
	takes  chan took
	sends  chan struct{}

	grown <-chan struct{}  // while the reservoir holds too little
	dry   <-chan time.Time // since when
	hurry bool             // no more waiting for a whole piece
}

// took is what came out of the reservoir: a piece, or the key if that is nil.
type took struct {
	piece *piece
	key   *[keySize]byte
	err   error
}

func newGiving(done int64) giving {
	return giving{taken: done, acked: done, takes: make(chan took, 1), sends: make(chan struct{}, ahead)}
}

// startTaking takes the next piece out of the reservoir, if there is room for
// it on the way, or waits for the reservoir.
func (f *filling) startTaking() error {
	want := f.wanted()
	if f.taking || want == 0 {
		return nil
	}
	grown, failed := f.Filled()
	level := f.Store.Reservoir().Level()
	size := min(want, level.Ready/unit*unit)
	patient := failed == nil && !f.hurry && level.Ready < level.Capacity
	switch {
	case size == want, size > 0 && f.ourKey != nil && !patient:
		f.dry, f.hurry = nil, false
		f.startTake(size)
		return nil
	case failed != nil:
		return fmt.Errorf("%w: %w", ErrNoNoise, failed)
	}
	f.grown = grown
	if f.dry == nil && !f.hurry {
		f.dry = time.After(dryFor)
	}
	return nil
}

// wanted is how many bytes are taken next if the reservoir is full.
func (f *filling) wanted() int64 {
	if f.ourKey == nil {
		return keySize
	}
	if len(f.pieces) >= ahead || len(f.ends) >= ahead {
		return 0
	}
	return max(0, min(int64(f.Chunk), f.total-f.taken))
}

// startTake takes size bytes. On success they are gone from the reservoir: fixed
// before anything of the other's is read for their place, and before they are
// sent.
func (f *filling) startTake(size int64) {
	f.taking = true
	reservoir := f.Store.Reservoir()
	if f.ourKey == nil {
		go func() {
			t := took{key: new([keySize]byte)}
			_, t.err = reservoir.Take(t.key[:])
			f.takes <- t
		}()
		return
	}
	p := &piece{from: f.taken, to: f.taken + size, bytes: f.ourRoom.take(int(size))}
	f.taken = p.to
	go func() {
		var err error
		p.lots, err = reservoir.Take(p.bytes)
		f.takes <- took{piece: p, err: err}
	}()
}

// hasTaken sends what was taken.
func (f *filling) hasTaken(t took) error {
	f.taking = false
	switch p := t.piece; {
	case errors.Is(t.err, padstore.ErrDry): // some of it had been destroyed
		if p != nil {
			f.taken = p.from
			f.ourRoom.give(p.bytes)
		}
		return nil
	case t.err != nil:
		return t.err
	case p == nil:
		f.ourKey = t.key
		return nil
	case p.from >= f.total: // it came too late for the stop
		f.ourRoom.give(p.bytes)
		return nil
	default:
		f.pieces, f.ends = append(f.pieces, p), append(f.ends, p.to)
		return f.wire.send(chunk{at: p.from, lots: p.lots, bytes: p.bytes}, f.sends)
	}
}

// hasSent notes that one more piece is on its way. They are sent in order.
func (f *filling) hasSent() {
	if i := slices.IndexFunc(f.pieces, func(p *piece) bool { return !p.sent }); i >= 0 {
		f.pieces[i].sent = true
	}
}

// ack notes how much the other device has joined.
func (f *filling) ack(to int64) {
	f.acked = to
	f.ends = slices.DeleteFunc(f.ends, func(end int64) bool { return end <= to })
}
