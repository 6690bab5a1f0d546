package meeting

import (
	"context"
	"encoding/hex"

	"onetimechat/padstore"
	"onetimechat/padstore/seal"
)

// States of a pad as they are told.
const (
	statePrepared = string(padstore.Prepared)
	stateInUse    = string(padstore.InUse)
)

// suite is of every pad that is made at a meeting.
const suite = seal.Unconditional

const hour = 60 * 60 // seconds

// compareNotes has both devices tell what they have.
func (m *meet) compareNotes(ctx context.Context) error {
	var err error
	if m.has, err = m.notes(); err != nil {
		return err
	}
	if err := m.wire.send(m.has, nil); err != nil {
		return err
	}
	if m.peerHas, err = expect[state](ctx, m); err != nil {
		return err
	}
	_, known := m.Store.PadByID(m.pad)
	d := m.Store.Draft()
	switch {
	case m.peerHas.Pad != m.pad:
		return lie("the hellos changed on their way")
	case known || d != nil && d.Making().PadID == m.pad:
		return ErrKnownPad
	}
	return nil
}

// notes are what this device has for a meeting with the other one. Who is not
// that one is told of no pad.
func (m *meet) notes() (state, error) {
	s := state{Pad: m.pad}
	free, err := m.Store.Free()
	if err != nil {
		return s, err
	}
	if d := m.Store.Draft(); d != nil {
		free += d.Done() // it goes when another one is begun
		if made := d.Making(); made.Contact == m.peer.Name && made.Peer == m.peer.Device {
			s.Draft = notesOf(d)
		}
	}
	s.Room = sound(free)
	s.Ready = sound(m.Store.Reservoir().Level().Ready - keySize)
	if rate := m.Rate() * hour; rate > 0 {
		s.Rate = int64(min(rate, maxRate))
	}
	s.Pads, err = m.pads()
	return s, err
}

// sound is the largest size, up to n, that a pad can have.
func sound(n int64) int64 { return max(0, min(n, maxBytes)) / unit * unit }

func notesOf(d *padstore.Draft) *draftState {
	made := d.Making()
	if made.Suite != suite || made.Bytes < MinBytes {
		return nil
	}
	s := &draftState{Pad: made.PadID, Stage: string(d.Stage()), Done: d.Done(), Bytes: made.Bytes, Bucket: made.Bucket}
	if d.Stage() != padstore.Copying {
		t := d.Tagged()
		s.Tag = hex.EncodeToString(t[:])
	}
	return s
}

// pads are those made with the other device at earlier meetings. Imported ones
// have an id that never leaves this device.
func (m *meet) pads() (list []padState, err error) {
	for _, p := range m.Store.Pads() {
		if p.Contact != m.peer.Name || p.Fault || p.State == padstore.Importing || len(list) == maxPads {
			continue
		}
		c, made, err := m.Store.Certificate(p.Number)
		if err := m.Store.Fault(); err != nil {
			return nil, err
		}
		ours := err == nil && made && c.Peer == m.peer.Device
		s := padState{Pad: p.PadID, State: stateInUse} // retired ones were
		if p.State == padstore.Prepared {
			s.State = statePrepared
		} else if !ours {
			continue
		}
		if ours {
			s.Tag = c.Tag
		}
		list = append(list, s)
	}
	return list, nil
}

// settle puts to use what both devices have, and finds the pad that one has
// and the other one has all but prepared.
func (m *meet) settle() error {
	theirs := map[string]padState{}
	for _, p := range m.peerHas.Pads {
		theirs[p.Pad] = p
	}
	for _, p := range m.has.Pads {
		other, both := theirs[p.Pad]
		if !both || p.State == stateInUse && other.State == stateInUse {
			continue
		}
		is, ok := m.Store.PadByID(p.Pad)
		if !ok {
			continue // its owner has discarded it meanwhile
		}
		if is.State == padstore.Prepared {
			if err := m.useOnHello(is); err != nil {
				return err
			}
		}
		if m.paired.Number == "" {
			m.paired = m.resultOf(is)
			m.paired.InUse = true
		}
	}
	m.findHalf()
	return m.Store.Fault()
}

func (m *meet) useOnHello(p padstore.Pad) error {
	if err := m.Store.Use(p.Number); err != nil {
		return err
	}
	return m.Store.Record(padstore.Entry{
		Kind: padstore.KindMeeting, Contact: p.Contact,
		Text: "pad " + p.Number + " is in use from now on: the other device has it, too",
	})
}

// resultOf is a pad of an earlier meeting as a result of this one.
func (m *meet) resultOf(p padstore.Pad) Result {
	c, _, _ := m.Store.Certificate(p.Number) // without it the size stays 0
	return Result{Contact: p.Contact, Number: p.Number, Bytes: c.Bytes, InUse: p.State != padstore.Prepared}
}

// findHalf finds a checked draft of one device that is a pad on the other one.
// Both devices find the same.
func (m *meet) findHalf() {
	for _, side := range []struct {
		draft *draftState
		pads  []padState
	}{{m.has.Draft, m.peerHas.Pads}, {m.peerHas.Draft, m.has.Pads}} {
		for _, p := range side.pads {
			d := side.draft
			if d == nil || d.Tag == "" || d.Pad != p.Pad || d.Tag != p.Tag || m.half && p.Pad > m.about {
				continue
			}
			m.half, m.about, m.tag = true, p.Pad, tagOf(p.Tag)
			if m.draft = nil; d == m.has.Draft {
				m.draft = m.Store.Draft()
			}
		}
	}
}

// tagOf is the tag of a hex text that was checked to be one.
func tagOf(text string) (tag [16]byte) {
	raw, _ := hex.DecodeString(text)
	copy(tag[:], raw)
	return tag
}
