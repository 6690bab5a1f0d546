package padstore

import (
	"errors"
	"fmt"
	"slices"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

// Prepare makes an Agreed draft a prepared pad, in both metadata slots, and
// answers its public number. A power cut in the middle of it is made good when
// the store is opened. ErrFull, with the draft as it was, if the card is full.
func (d *Draft) Prepare() (number string, err error) {
	s := d.store
	s.moving.Lock()
	defer s.moving.Unlock()
	if err := s.Fault(); err != nil {
		return "", err
	}
	now := d.record.now()
	if d.gone || now.Stage != Agreed {
		return "", ErrState
	}
	if now.Adopting.Number == 0 {
		if err := d.decide(now); err != nil {
			return "", err
		}
	}
	if err := d.adopt(); err != nil {
		return "", s.roomOrFault(err)
	}
	now = d.record.now()
	p, err := openPad(s.latch, now.Adopting.Name, now.Contact, s.owner, s.note)
	if err != nil {
		return "", s.faulted(err)
	}
	s.keep(p)
	s.note(Entry{Kind: KindPad, Contact: p.contact, Text: fmt.Sprintf("pad %s was prepared, %d bytes, made from %s", p.publicNumber(), now.Done, sourceOf(now.Ours, now.Theirs))})
	return p.publicNumber(), s.Fault()
}

// decide fixes what the pad will be called. From then on it will be one.
func (d *Draft) decide(now draftState) error {
	s := d.store
	if err := s.refuseMaking(d.Making()); err != nil {
		return err
	}
	next := adopting{Device: s.DeviceID(), Start: s.Start(), Uptime: int64(s.Uptime().Seconds()), Told: s.journal.toldUnix()}
	m, err := now.metadata(s.owner, next)
	if err != nil {
		return err
	}
	if m.keySums, err = d.keySums(); err != nil {
		return s.faulted(err)
	}
	if m.number, err = s.nextNumber(); err != nil {
		return s.faulted(err)
	}
	s.name(m)
	next.Number, next.Name, next.KeySums = m.number, m.name, m.keySums
	for range 2 { // in both slots: there is no way back
		if err := d.record.change(func(r *draftState) { r.Adopting = next }); err != nil {
			return s.faulted(err)
		}
	}
	return nil
}

// metadata are those of the pad that a draft becomes.
func (now draftState) metadata(owner string, a adopting) (*metadata, error) {
	suite, err := seal.ParseSuite(now.Suite)
	if err != nil {
		return nil, err
	}
	m := &metadata{
		owner: owner, contact: now.Contact, nBytes: now.Done, split: now.Done / 2,
		source: sourceOf(now.Ours, now.Theirs), suite: suite, bucket: now.Bucket,
		padID: now.PadID, state: Prepared, number: a.Number, peer: now.Peer,
		name: a.Name, store: storeName(a.Name), keySums: a.KeySums,
	}
	return m, m.fresh()
}

// adopt takes all steps from a draft to a prepared pad, each of which may have
// been taken before. The metadata's name is what makes it a pad, and the
// draft's record what makes these steps be taken again.
func (d *Draft) adopt() error {
	s, now := d.store, d.record.now()
	if err := s.remember(now.PadID); err != nil {
		return err
	}
	names, err := s.latch.List()
	if err != nil {
		return err
	}
	if !slices.Contains(names, now.Adopting.Name) {
		if err := d.nameFiles(now, names); err != nil {
			return err
		}
	}
	if err := s.latch.Remove(draftRecord); err != nil {
		return err
	}
	if err := s.latch.Sync(); err != nil {
		return err
	}
	s.mu.Lock()
	s.draft, d.gone = nil, true
	s.mu.Unlock()
	return errors.Join(d.record.slots.Close(), d.file.Close())
}

// nameFiles writes the certificate and the metadata, and gives all three files
// their names, the metadata last.
func (d *Draft) nameFiles(now draftState, names []string) error {
	s, disk := d.store, d.store.latch.spacious()
	m, err := now.metadata(s.owner, now.Adopting)
	if err != nil {
		return err
	}
	certificate, err := marshal(now.certificate(s.owner))
	if err != nil {
		return err
	}
	if err := createWhole(disk, certificateName(m.name), certificateSlot(certificate), certificate); err != nil {
		return err
	}
	if err := createWhole(disk, m.name, slotSize, m.encode()); err != nil {
		return err
	}
	if slices.Contains(names, draftName) {
		if err := disk.Rename(draftName, m.store); err != nil {
			return err
		}
	}
	if err := disk.Rename(certificateName(m.name)+temporaryName, certificateName(m.name)); err != nil {
		return err
	}
	if err := disk.Sync(); err != nil { // metadata without their pad would be a damaged one
		return err
	}
	if err := disk.Rename(m.name+temporaryName, m.name); err != nil {
		return err
	}
	return disk.Sync()
}

// createWhole writes a slots file under its temporary name.
func createWhole(disk durable.Disk, name string, size int, record []byte) error {
	if err := removeAny(disk, name+temporaryName); err != nil {
		return err
	}
	slots, err := durable.CreateSlots(disk, name+temporaryName, size, record)
	if err != nil {
		return err
	}
	return slots.Close()
}

// becomes tells whether a file belongs to the pad that a draft is to become.
func (d *Draft) becomes(name string) bool {
	if d == nil {
		return false
	}
	at := d.record.now().Adopting
	return at.Number != 0 && (name == storeName(at.Name) || name == certificateName(at.Name))
}
