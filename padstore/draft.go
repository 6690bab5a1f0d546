package padstore

import (
	"errors"
	"fmt"
	"slices"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

// Making is a pad that two devices agreed to make at a meeting.
type Making struct {
	Contact string // their owner
	Peer    string // their device's id
	PadID   string // hex, made from both nonces
	Bytes   int64  // planned
	Suite   seal.Suite
	Bucket  int
}

// Stage is how far a draft has come.
type Stage string

// A draft is copied; then both devices hold the same bytes; then this owner
// said so.
const (
	Copying Stage = "copying"
	Checked Stage = "checked"
	Agreed  Stage = "agreed"
)

// Draft is a pad in the making. There is at most one; it serves nothing. Its
// methods are called by one goroutine at a time.
type Draft struct {
	store    *Store
	record   *kept[draftState]
	file     durable.File
	computed *[16]byte // by Tag, of what is on the card
	gone     bool      // thrown away, or a pad by now
}

// Begin starts a draft and throws an earlier one away. It refuses what could
// not become a pad: a pad id known here (ErrKnownPad), another device under a
// known name (ErrOtherDevice), no room for pad or on the card (ErrFull).
// Nothing has changed then, unless the card fills up meanwhile: the earlier
// draft may be gone.
func (s *Store) Begin(m Making) (*Draft, error) {
	s.moving.Lock()
	defer s.moving.Unlock()
	if err := errors.Join(s.Fault(), s.unfinishedDraft()); err != nil {
		return nil, err
	}
	if err := s.refuseMaking(m); err != nil {
		return nil, err
	}
	if err := s.roomFor(m); err != nil {
		return nil, s.roomOrFault(err)
	}
	if old := s.Draft(); old != nil {
		if err := old.remove(untold); err != nil {
			return nil, s.faulted(err)
		}
	}
	d, err := s.createDraft(m)
	return d, s.roomOrFault(err)
}

// unfinishedDraft is ErrFull while a draft that is to become a pad waits for
// room on the card: until then no other pad comes here, which might take its
// name.
func (s *Store) unfinishedDraft() error {
	if d := s.Draft(); d != nil && d.record.now().Adopting.Number != 0 {
		return fmt.Errorf("%w: a pad with %s waits to be prepared", ErrFull, d.record.now().Contact)
	}
	return nil
}

// roomFor tells whether the card takes m in place of the draft that there is.
func (s *Store) roomFor(m Making) error {
	free, err := s.free()
	if err != nil {
		return err
	}
	if old := s.Draft(); old != nil {
		size, err := old.file.Size()
		if err != nil {
			return err
		}
		free += size
	}
	if m.Bytes > free {
		return ErrFull
	}
	return nil
}

// Draft is the draft that there is, nil if there is none.
func (s *Store) Draft() *Draft {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.draft
}

// Making is what it is to become.
func (d *Draft) Making() Making {
	now := d.record.now()
	suite, _ := seal.ParseSuite(now.Suite) // checked when it was read
	return Making{Contact: now.Contact, Peer: now.Peer, PadID: now.PadID, Bytes: now.Bytes, Suite: suite, Bucket: now.Bucket}
}

// Stage is how far it has come.
func (d *Draft) Stage() Stage { return d.record.now().Stage }

// Done is how many bytes are on the card.
func (d *Draft) Done() int64 { return d.record.now().Done }

// Append adds bytes of pad, and what made our part and theirs; durable on
// return. ErrFull, with nothing changed, if the card is full.
func (d *Draft) Append(pad []byte, ours, theirs []Lot) error {
	if err := d.ready(Copying); err != nil {
		return err
	}
	now, size := d.record.now(), int64(len(pad))
	if size > now.Bytes-now.Done {
		return fmt.Errorf("%d bytes are more than planned", now.Done+size)
	}
	if err := errors.Join(CheckLots(ours, size), CheckLots(theirs, size)); err != nil {
		return err
	}
	nextOurs, nextTheirs := now.Ours.push(ours...).fold(maxDraftLots), now.Theirs.push(theirs...).fold(maxDraftLots)
	if len(nextOurs) > maxDraftLots || len(nextTheirs) > maxDraftLots {
		return errManyLots
	}
	if err := d.write(pad, now.Done); err != nil {
		return d.store.roomOrFault(err)
	}
	d.computed = nil
	// Bytes and record are synced together, which takes half as long. If the
	// record alone reaches the card, its sum tells so when the store is opened.
	return d.store.faulted(d.record.change(func(next *draftState) {
		next.Done, next.Sure, next.Sum = now.Done+size, now.Done, pieceSum(pad)
		next.Ours, next.Theirs = nextOurs, nextTheirs
	}, d.file))
}

var errManyLots = errors.New("too many noise sources, in too many ways, for one pad")

// write writes bytes of pad. A full card keeps none of them.
func (d *Draft) write(pad []byte, at int64) error {
	free, err := d.store.free()
	if err != nil {
		return err
	}
	if int64(len(pad)) > free {
		return ErrFull
	}
	_, err = d.store.latch.spacious().with(d.file).WriteAt(pad, at)
	if errors.Is(err, ErrFull) {
		return errors.Join(err, d.cut(at))
	}
	return err
}

// cut overwrites and gives up what of the file lies from a position on.
func (d *Draft) cut(at int64) error {
	size, err := d.file.Size()
	if err != nil || size <= at {
		return err
	}
	if err := zero(d.file, wholeLane(size), span{at, wholeEnd(d.file, size)}); err != nil {
		return err
	}
	if err := d.file.Sync(); err != nil {
		return err
	}
	if err := d.file.Truncate(at); err != nil {
		return err
	}
	return d.file.Sync()
}

// Rewind overwrites and forgets what lies beyond done bytes. A draft that was
// Checked or Agreed is Copying again.
func (d *Draft) Rewind(done int64) error {
	if err := d.ready(Copying, Checked, Agreed); err != nil {
		return err
	}
	now := d.record.now()
	if done < 0 || done > now.Done {
		return fmt.Errorf("there are no %d bytes to go back to", done)
	}
	if done == now.Done {
		return nil
	}
	d.computed = nil
	err := d.record.change(func(next *draftState) {
		next.Stage, next.Tag = Copying, ""
		next.rewind(done)
	})
	if err == nil {
		err = d.cut(done)
	}
	return d.store.faulted(err)
}

// Confirm notes durably that the other device has the same tag (Checked), or
// that this owner said so as well (Agreed). The tag must be the one that Tag
// answered, or that was confirmed before.
func (d *Draft) Confirm(stage Stage, tag [16]byte) error {
	if err := d.ready(Copying, Checked, Agreed); err != nil {
		return err
	}
	known := d.computed != nil && *d.computed == tag || d.Stage() != Copying && d.Tagged() == tag
	if !known || stage != Checked && stage != Agreed {
		return fmt.Errorf("%w: not the tag of these bytes", ErrState)
	}
	text := tagText(tag)
	if now := d.record.now(); now.Stage == stage && now.Tag == text {
		return nil
	}
	return d.store.faulted(d.record.change(func(next *draftState) {
		next.Stage, next.Tag, next.Sure, next.Sum = stage, text, next.Done, ""
	}))
}

// Tagged is the tag of a Checked or Agreed draft.
func (d *Draft) Tagged() (tag [16]byte) {
	tag, _ = parseTag(d.record.now().Tag) // checked when it was read
	return tag
}

// Discard overwrites and removes the draft.
func (d *Draft) Discard() error {
	d.store.moving.Lock()
	defer d.store.moving.Unlock()
	if err := d.ready(Copying, Checked, Agreed); err != nil {
		return err
	}
	return d.store.faulted(d.remove(untold))
}

// ready tells whether a draft can be changed in the stage that it is in.
func (d *Draft) ready(stages ...Stage) error {
	if err := d.store.Fault(); err != nil {
		return err
	}
	now := d.record.now()
	if d.gone || now.Adopting.Number != 0 || !slices.Contains(stages, now.Stage) {
		return ErrState
	}
	return nil
}
