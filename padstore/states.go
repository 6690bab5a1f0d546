package padstore

import (
	"encoding/hex"
	"fmt"
	"slices"

	"onetimechat/padstore/seal"
)

// deviceIDSize is a device's id, in bytes.
const deviceIDSize = 16

// margin is room on the card that pads leave alone: for records, certificates
// and what the file system notes of a large file. Bytes.
const margin = 4 << 20

// Pads lists all pads, newest first.
func (s *Store) Pads() []Pad {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []Pad
	replaced, works := map[string]bool{}, map[string]bool{} // contacts with a newer one; that is in use
	for _, p := range s.pads {
		public := p.public()
		switch public.State {
		case Prepared:
			public.Discardable = true
		case InUse, Retired:
			public.Discardable = works[p.contact]
			works[p.contact] = works[p.contact] || public.State == InUse && !public.Fault
		}
		switch {
		case public.State == InUse && replaced[p.contact]:
			public.State = Retired
		case public.State == InUse || public.State == Prepared:
			replaced[p.contact] = true
		}
		public.Forgeries = s.journal.forgeries(public.Contact)
		list = append(list, public)
	}
	return list
}

// newest is a contact's newest pad that is prepared or in use, nil if there is
// none: the one that seals, once it is in use.
func (s *Store) newest(contact string) *pad {
	if pads := s.of(contact, Prepared, InUse); len(pads) > 0 {
		return pads[0]
	}
	return nil
}

// byNumber finds a pad, nil if there is none.
func (s *Store) byNumber(number string) *pad {
	s.mu.RLock()
	defer s.mu.RUnlock()
	i := slices.IndexFunc(s.pads, func(p *pad) bool { return p.publicNumber() == number })
	if i < 0 {
		return nil
	}
	return s.pads[i]
}

// PadByID finds a pad by its id.
func (s *Store) PadByID(id string) (Pad, bool) {
	for _, p := range s.Pads() {
		if id != "" && p.PadID == id {
			return p, true
		}
	}
	return Pad{}, false
}

// Use puts a prepared pad to use, in both metadata slots: the other device has
// it, too. ErrState if it is neither prepared nor in use, ErrNoPad if it is
// not here.
func (s *Store) Use(number string) error {
	if err := s.Fault(); err != nil {
		return err
	}
	p := s.byNumber(number)
	if p == nil {
		return ErrNoPad
	}
	return p.use()
}

func (p *pad) use() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.damaged != nil {
		return ErrFault
	}
	switch p.meta.state {
	case InUse:
		return nil
	case Prepared:
	default:
		return ErrState
	}
	next := *p.meta
	next.state = InUse
	return p.commitTwice(&next)
}

// commitTwice makes next the pad's state in both slots. The caller holds mu.
func (p *pad) commitTwice(next *metadata) error {
	for range 2 {
		if err := p.commit(next, next.receive, span{}); err != nil {
			return err
		}
	}
	return nil
}

// Discard overwrites and removes a pad. ErrState for one that is not discardable.
// progress, which may be nil, is told the bytes.
func (s *Store) Discard(number string, progress func(done, total int64)) error {
	s.moving.Lock()
	defer s.moving.Unlock()
	if err := s.Fault(); err != nil {
		return err
	}
	p := s.byNumber(number)
	if p == nil {
		return ErrNoPad
	}
	m := p.now()
	if !s.discardable(p) {
		return ErrState
	}
	total, err := sizeOf(s.latch, []string{m.store})
	if err != nil {
		return s.faulted(err)
	}
	if err := p.giveUp(m.state); err != nil {
		return err
	}
	s.drop(p)
	if err := s.discard(m, tally(progress, total)); err != nil {
		return s.faulted(err)
	}
	s.note(Entry{Kind: KindPad, Contact: p.contact, Text: fmt.Sprintf("pad %s was discarded", p.publicNumber())})
	return s.Fault()
}

func (s *Store) discardable(p *pad) bool {
	list := s.Pads()
	i := slices.IndexFunc(list, func(is Pad) bool { return is.Number == p.publicNumber() })
	return i >= 0 && list[i].Discardable
}

// giveUp makes a pad serve nothing from here on, unless its state has changed.
func (p *pad) giveUp(state State) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.meta.state != state {
		return ErrState
	}
	p.damaged = errDiscarded
	return p.close()
}

// discard overwrites and removes a pad's files. Without its metadata, which go
// first, it is no pad any more, and what a power cut leaves of it is overwritten
// when the store is opened.
func (s *Store) discard(m metadata, wrote func(bytes int64)) error {
	// Nothing else will know of the pad: both slots are to.
	if err := s.ever.write(); err != nil {
		return err
	}
	if err := s.latch.Remove(m.name); err != nil {
		return err
	}
	if err := s.latch.Sync(); err != nil {
		return err
	}
	if err := destroy(s.latch, m.store, wrote); err != nil {
		return err
	}
	if err := removeAny(s.latch, certificateName(m.name)); err != nil {
		return err
	}
	return s.latch.Sync()
}

// DeviceID is this device's id, hex of 16 bytes of noise, empty until MakeDeviceID.
func (s *Store) DeviceID() string { return s.device.now().ID }

// MakeDeviceID makes the device's id from the reservoir, unless it has one.
func (s *Store) MakeDeviceID() error {
	if err := s.Fault(); err != nil || s.DeviceID() != "" {
		return err
	}
	id := make([]byte, deviceIDSize)
	if _, err := s.reservoir.Take(id); err != nil {
		return err
	}
	return s.faulted(s.device.change(func(r *deviceRecord) {
		if r.ID == "" {
			r.ID = hex.EncodeToString(id)
		}
	}))
}

// Peer is the id of a contact's device, empty if the contact or its device is
// not known (a pad that was imported).
func (s *Store) Peer(contact string) string {
	for _, p := range s.of(contact, Prepared, InUse, Retired) {
		if peer := p.now().peer; peer != "" {
			return peer
		}
	}
	return ""
}

// Free is how many bytes of pad the card has room for beside what is there.
func (s *Store) Free() (int64, error) {
	if err := s.Fault(); err != nil {
		return 0, err
	}
	free, err := s.free()
	return free, s.faulted(err)
}

func (s *Store) free() (int64, error) {
	free, err := s.latch.Free()
	return max(0, free-margin) / (2 * seal.CellSize) * (2 * seal.CellSize), err
}
