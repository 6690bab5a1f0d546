package meeting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"onetimechat/padstore"
)

// meet is one meeting. All of it but wire and the buffers belongs to the
// goroutine that Run is called in.
type meet struct {
	Config
	wire               *wire
	ourRoom, theirRoom *buffers // for pieces of the two contributions

	own, peer    hello
	pad          string // id of the pad that these two make
	has, peerHas state  // what the two have
	paired       Result // a pad that came into use by the hello alone

	draft    *padstore.Draft // of this meeting, nil while there is none
	about    string          // id of the pad that this meeting is about
	half     bool            // one device has prepared it already, the other one holds it as a draft
	tag      [16]byte        // of it
	toldSame bool            // the other device may prepare it from now on
	made     Result          // Number is empty while it is not prepared
}

// run goes through a meeting, phase by phase.
func (m *meet) run(ctx context.Context) error {
	err := m.introduce(ctx)
	if err == nil {
		err = m.compareNotes(ctx)
	}
	if err == nil {
		err = m.settle()
	}
	if err == nil && !m.half {
		err = m.copy(ctx)
	}
	if err == nil {
		err = m.compareWords(ctx)
	}
	if err == nil {
		err = m.prepare()
	}
	if err == nil {
		err = m.pair(ctx)
	}
	return err
}

// copy makes a draft that both devices hold, or goes on with one.
func (m *meet) copy(ctx context.Context) error {
	offer, err := m.offer()
	if err != nil {
		return err
	}
	p, err := m.agreeOnSize(ctx, offer)
	if err != nil {
		return err
	}
	checked, err := m.begin(p)
	if m.draft != nil {
		m.about = m.draft.Making().PadID
	}
	if err == nil && !checked {
		err = m.fillAndCheck(ctx, p.Bytes)
	}
	return err
}

// begin has this device's draft ready for the agreed size. A draft that both
// devices have checked is checked.
func (m *meet) begin(p propose) (checked bool, err error) {
	if !p.Resume {
		if m.Store.Draft() != nil {
			m.Owner.Discard()
		}
		m.draft, err = m.Store.Begin(padstore.Making{
			Contact: m.peer.Name, Peer: m.peer.Device, PadID: m.pad,
			Bytes: p.Bytes, Suite: suite, Bucket: p.Bucket,
		})
		return false, refused(err)
	}
	m.draft = m.Store.Draft()
	if both := m.peerHas.Draft.Tag; both != "" && both == m.has.Draft.Tag {
		m.tag = m.draft.Tagged()
		return true, nil
	}
	return false, m.draft.Rewind(min(m.has.Draft.Done, m.peerHas.Draft.Done))
}

// refused names why the store will not have this pad.
func refused(err error) error {
	switch {
	case errors.Is(err, padstore.ErrKnownPad):
		return fmt.Errorf("%w: %w", ErrKnownPad, err)
	case errors.Is(err, padstore.ErrOtherDevice):
		return fmt.Errorf("%w: %w", ErrOtherOne, err)
	}
	return err
}

// next is the next message. It may wait for long: the other device's owner may
// be thinking.
func (m *meet) next(ctx context.Context) (message, error) { return m.nextUntil(ctx, nil) }

// nextUntil is next; at the tick it answers nil.
func (m *meet) nextUntil(ctx context.Context, tick <-chan time.Time) (message, error) {
	for ctx.Err() == nil {
		if m.cancelled() {
			return nil, ErrCancelled
		}
		select {
		case msg, more := <-m.wire.in:
			return m.receive(msg, more)
		case w := <-m.Wishes:
			if w == Cancel {
				return nil, ErrCancelled
			}
		case <-tick:
			return nil, nil
		case <-ctx.Done():
		}
	}
	return nil, ctx.Err()
}

// cancelled tells whether the owner wants to cancel, which comes before whatever
// else has happened: of several channels a select takes any.
func (m *meet) cancelled() bool {
	select {
	case w := <-m.Wishes:
		return w == Cancel
	default:
		return false
	}
}

// receive is a message that came, or why none comes any more.
func (m *meet) receive(msg message, more bool) (message, error) {
	if !more {
		return nil, m.wire.err
	}
	if b, ok := msg.(bye); ok {
		return nil, heard(b)
	}
	return msg, nil
}

// expect is the next message, which has to be a T.
func expect[T message](ctx context.Context, m *meet) (T, error) {
	msg, err := m.next(ctx)
	v, ok := msg.(T)
	if err == nil && !ok {
		err = outOfTurn(msg)
	}
	return v, err
}

// outOfTurn is what a message is that comes when it must not.
func outOfTurn(msg message) error {
	return fmt.Errorf("%w: %T does not come now", ErrGarbled, msg)
}

// lie is what a message is that cannot be true.
func lie(format string, values ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrGarbled}, values...)...)
}

// ask asks the owner while messages come. stop, told one, may end the question
// with an error, or because it is answered otherwise (settled). answered tells
// whether there is an answer; the owner may just have tapped then.
func ask[T any](ctx context.Context, m *meet, question func(context.Context) (T, error), stop func(message) (settled bool, err error)) (answer T, answered bool, err error) {
	if m.cancelled() {
		return answer, false, ErrCancelled
	}
	asking, cancel := context.WithCancel(ctx)
	type reply struct {
		value T
		err   error
	}
	replies := make(chan reply, 1)
	go func() {
		v, err := question(asking)
		replies <- reply{v, err}
	}()
	for {
		msg, err := message(nil), error(nil)
		settled := false
		select {
		case r := <-replies:
			cancel()
			return r.value, r.err == nil, r.err
		case came, more := <-m.wire.in:
			if msg, err = m.receive(came, more); err == nil {
				settled, err = stop(msg)
			}
		case w := <-m.Wishes:
			if w == Cancel {
				err = ErrCancelled
			}
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil || settled {
			cancel()
			r := <-replies
			if errors.Is(r.err, ErrCancelled) && err == nil {
				err = r.err
			}
			return r.value, r.err == nil, err
		}
	}
}
