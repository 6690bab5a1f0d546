package meeting

import (
	"context"
	"errors"
	"time"

	"onetimechat/padstore"
)

// ahead is how many pieces a contribution may be ahead of what the other device
// has joined, and of what this one has.
const ahead = 6

// filling is the pad in the making: this device's contribution is taken out of
// the reservoir, sent, and joined with the other one's. All of it belongs to
// the goroutine in fill, which has taking, sending and joining done beside it,
// one of each at a time.
type filling struct {
	*meet
	total int64 // bytes of pad: less once somebody wants to stop

	giving             // our contribution
	theirs    []*piece // the other one's that is not all joined, the oldest first
	came      int64    // where it ends
	theirEnd  int64    // where it will end at most
	theyEnded bool     // they have said so

	joined  int64 // on our card
	joining bool
	joins   chan error

	theirKey *[keySize]byte // their half of the key of the check
	gauge    gauge
}

// piece is a stretch of a contribution.
type piece struct {
	from, to int64
	lots     []padstore.Lot
	bytes    []byte
	sent     bool
}

// fillAndCheck fills the draft up to total bytes, and holds it against the
// other device's.
func (m *meet) fillAndCheck(ctx context.Context, total int64) error {
	done := m.draft.Done()
	f := &filling{
		meet: m, total: total, theirEnd: total, came: done, joined: done,
		giving: newGiving(done), joins: make(chan error, 1), gauge: newGauge(done),
	}
	err := f.fill(ctx)
	f.rest()
	var key *[keySize]byte
	if err == nil {
		key, err = f.key()
	}
	if err != nil {
		f.forget()
		return err
	}
	return m.compareTags(ctx, key)
}

// fill returns when the pad is whole on both cards, and both have said so by
// their halves of the key.
func (f *filling) fill(ctx context.Context) error {
	tick := time.NewTicker(showEvery)
	defer tick.Stop()
	for {
		if err := errors.Join(ctx.Err(), f.goOn()); err != nil {
			return err
		}
		if f.toldKey && f.theirKey != nil {
			f.show(time.Now())
			return nil
		}
		if err := f.event(ctx, tick.C); err != nil {
			return err
		}
	}
}

// event waits until something happens, and takes note of it.
func (f *filling) event(ctx context.Context, tick <-chan time.Time) error {
	select {
	case w := <-f.Wishes: // before whatever else has happened
		return f.wish(w)
	default:
	}
	select {
	case msg, more := <-f.wire.in:
		msg, err := f.receive(msg, more)
		if err != nil {
			return err
		}
		return f.hear(msg)
	case t := <-f.takes:
		return f.hasTaken(t)
	case <-f.sends:
		f.hasSent()
	case err := <-f.joins:
		return f.hasJoined(err)
	case <-f.grown:
		f.grown = nil
	case <-f.dry:
		f.dry, f.hurry = nil, true
	case w := <-f.Wishes:
		return f.wish(w)
	case now := <-tick:
		if f.gauge.due(now, f.joined) {
			f.show(now)
		}
	case <-ctx.Done():
	}
	return nil
}

// goOn begins whatever can be begun.
func (f *filling) goOn() error {
	if err := f.startTaking(); err != nil {
		return err
	}
	f.startJoining()
	if f.joined < f.total || f.toldKey || f.ourKey == nil {
		return nil
	}
	f.toldKey = true
	return f.wire.send(key{f.ourKey}, nil)
}

// rest waits for what was begun beside it, and is of no use any more.
func (f *filling) rest() {
	if f.taking {
		if t := <-f.takes; t.key != nil {
			clear(t.key[:])
		}
	}
	if f.joining {
		<-f.joins
	}
}

// forget wipes the halves of a key that comes to no use.
func (f *filling) forget() {
	for _, half := range []*[keySize]byte{f.ourKey, f.theirKey} {
		if half != nil {
			clear(half[:])
		}
	}
}

// hear takes a message in. After their half of the key nothing more can come.
func (f *filling) hear(msg message) error {
	if f.theirKey != nil {
		return outOfTurn(msg)
	}
	switch msg := msg.(type) {
	case chunk:
		return f.hearChunk(msg)
	case joined:
		if msg.Bytes < f.acked || msg.Bytes > f.taken {
			return lie("it has joined %d bytes of %d", msg.Bytes, f.taken)
		}
		f.ack(msg.Bytes)
		return nil
	case stop:
		return f.hearStop(msg.Bytes)
	case key:
		if f.came < f.total || f.acked != f.total {
			return lie("it has not joined the pad")
		}
		f.theirKey = msg.bytes
		return nil
	}
	return outOfTurn(msg)
}

func (f *filling) hearChunk(c chunk) error {
	p := &piece{from: c.at, to: c.at + int64(len(c.bytes)), lots: c.lots, bytes: c.bytes}
	if p.from != f.came || p.to > f.theirEnd {
		return lie("bytes %d to %d come after %d, of %d", p.from, p.to, f.came, f.theirEnd)
	}
	f.came = p.to
	if p.from >= f.total { // it came too late for the stop
		f.theirRoom.give(p.bytes)
		return nil
	}
	f.theirs = append(f.theirs, p)
	return nil
}

// wish is what the owner wants while the pad is filled.
func (f *filling) wish(w Wish) error {
	switch {
	case w == Cancel:
		return ErrCancelled
	case w == Stop && !f.stopped && !f.toldKey:
		return f.stop()
	}
	return nil
}

// stop says where our contribution ends: where it is, or where a pad is large
// enough.
func (f *filling) stop() error {
	f.stopped = true
	f.total = min(f.total, max(MinBytes, f.taken))
	return f.wire.send(stop{f.total}, nil)
}

// hearStop learns where the other one's contribution ends. The pad is as long as
// the shorter one. As much as either device has joined is in both.
func (f *filling) hearStop(end int64) error {
	if f.theyEnded || end < f.came || end > f.theirEnd {
		return lie("its part ends at %d, of %d", end, f.theirEnd)
	}
	f.theyEnded, f.theirEnd = true, end
	if !f.stopped && !f.toldKey {
		if err := f.stop(); err != nil {
			return err
		}
	}
	f.total = min(f.total, end)
	return nil
}

func (f *filling) show(now time.Time) {
	f.Owner.Show(f.gauge.show(now, f.peer.Name, f.joined, f.total))
}
