package meeting

import (
	"cmp"
	"context"
	"fmt"

	"onetimechat/padstore"
	"onetimechat/padstore/seal"
)

// offer is what can be made, out of what both devices have.
func (m *meet) offer() (Offer, error) {
	o := Offer{
		Contact: m.peer.Name,
		Known:   m.known(),
		Most:    min(m.has.Room, m.peerHas.Room),
		Ready:   min(m.has.Ready, m.peerHas.Ready),
		Rate:    float64(min(m.has.Rate, m.peerHas.Rate)) / hour,
		Resume:  m.resume(),
	}
	switch {
	case o.Most >= MinBytes || o.Resume.Bytes > 0:
		return o, nil
	case m.has.Room < MinBytes:
		return o, fmt.Errorf("%w for a pad on the card", padstore.ErrFull)
	}
	return o, fmt.Errorf("%w: its card is full", ErrTheyFail)
}

func (m *meet) known() Known {
	if m.Store.Peer(m.peer.Name) != "" {
		return Again // refusePeer knows that it is this one
	}
	for _, p := range m.Store.Pads() {
		if p.Contact == m.peer.Name {
			return Unproven
		}
	}
	return Stranger
}

// resume is the draft that both devices have, if it can be gone on with.
func (m *meet) resume() Resume {
	ours, theirs := m.has.Draft, m.peerHas.Draft
	if ours == nil || theirs == nil || ours.Pad != theirs.Pad || ours.Bucket != theirs.Bucket {
		return Resume{}
	}
	total := min(ours.Bytes, theirs.Bytes)
	if total < max(ours.Done, theirs.Done) {
		return Resume{}
	}
	return Resume{Bytes: total, Done: min(ours.Done, theirs.Done)}
}

// agreeOnSize has one owner choose and the other one confirm. If both choose at
// once, the one of the smaller device id has chosen.
func (m *meet) agreeOnSize(ctx context.Context, o Offer) (propose, error) {
	var theirs *propose
	bytes, chosen, err := ask(ctx, m, func(ctx context.Context) (int64, error) { return m.Owner.Choose(ctx, o) },
		func(msg message) (bool, error) {
			p, ok := msg.(propose)
			if !ok {
				return false, outOfTurn(msg)
			}
			theirs = &p
			return true, o.allows(p)
		})
	if err != nil {
		return propose{}, err
	}
	var ours propose
	if chosen {
		if ours, err = m.proposal(o, bytes); err != nil {
			return propose{}, err
		}
	}
	if theirs != nil {
		return *theirs, m.confirm(ctx, o, ours, *theirs)
	}
	if err := m.wire.send(ours, nil); err != nil {
		return propose{}, err
	}
	m.Owner.Wait(m.peer.Name + "’s answer")
	return m.answer(ctx, o, ours)
}

// proposal is what an owner's choice stands for.
func (m *meet) proposal(o Offer, bytes int64) (propose, error) {
	p := propose{Bytes: bytes, Bucket: cmp.Or(m.Bucket, seal.DefaultBucket)}
	if o.Resume.Bytes > 0 && bytes == o.Resume.Bytes {
		p.Bucket, p.Resume = m.has.Draft.Bucket, true
	}
	if err := o.allows(p); err != nil {
		return p, fmt.Errorf("meeting: a pad of %d bytes was chosen, of at most %d", bytes, o.Most)
	}
	return p, nil
}

// allows refuses a proposal that is none of the offer.
func (o Offer) allows(p propose) error {
	if p.Resume && p.Bytes == o.Resume.Bytes || !p.Resume && p.Bytes <= o.Most {
		return p.check()
	}
	return lie("a pad of %d bytes is proposed, of at most %d", p.Bytes, o.Most)
}

// answer waits for the other owner's.
func (m *meet) answer(ctx context.Context, o Offer, ours propose) (propose, error) {
	for crossed := false; ; crossed = true {
		msg, err := m.next(ctx)
		if err != nil {
			return propose{}, err
		}
		switch msg := msg.(type) {
		case accept:
			if propose(msg) != ours {
				return propose{}, lie("%d bytes are accepted instead of %d", msg.Bytes, ours.Bytes)
			}
			return ours, nil
		case propose:
			if err := o.allows(msg); err != nil || crossed {
				return propose{}, lie("it proposes %d bytes", msg.Bytes)
			}
			if m.peer.Device < m.own.Device {
				return msg, m.confirm(ctx, o, ours, msg)
			}
		default:
			return propose{}, outOfTurn(msg)
		}
	}
}

// confirm asks about the other owner's choice, unless ours was the same.
func (m *meet) confirm(ctx context.Context, o Offer, ours, theirs propose) error {
	if ours.Bytes != theirs.Bytes || ours.Resume != theirs.Resume {
		_, _, err := ask(ctx, m, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, m.Owner.Confirm(ctx, o, theirs.Bytes)
		}, func(msg message) (bool, error) { return false, outOfTurn(msg) })
		if err != nil {
			return err
		}
	}
	return m.wire.send(accept(theirs), nil)
}
