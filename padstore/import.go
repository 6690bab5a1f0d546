package padstore

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"onetimechat/padstore/durable"
)

// maxImport is the largest metadata file that is looked at, in bytes. The 2015
// program's grow with every message.
const maxImport = 8 << 20

// maxOrigin is the longest name of a source, in bytes: it is kept in the pad's
// metadata until the import is finished.
const maxOrigin = 1024

// copySize is the piece in which pads are copied and overwritten, in bytes.
const copySize = 1 << 20

// Import moves the owner's pads out of source, a folder in the format of
// `otc pad make` or of the 2015 program, and answers whose they are. Each is
// moved whole or not at all: copied without what is used, then overwritten and
// removed in source, and only then put to use. Calling it again, with the same
// origin (source's name), finishes what was interrupted. A pad that ever was
// on this device is refused (ErrKnownPad), and keeps no other from being moved.
// progress, if not nil, is told bytes.
func (s *Store) Import(source durable.Disk, origin string, progress func(done, total int64)) (contacts []string, err error) {
	s.moving.Lock()
	defer s.moving.Unlock()
	if err := s.Fault(); err != nil {
		return nil, err
	}
	if len(origin) > maxOrigin {
		return nil, fmt.Errorf("the name of the source has more than %d bytes", maxOrigin)
	}
	if contacts, err = s.resumeImports(source, origin); err != nil {
		return contacts, err
	}
	names, err := source.List()
	if err != nil {
		return contacts, err
	}
	var known []error
	for _, name := range names {
		if _, ok := importable(name, s.owner); !ok {
			continue
		}
		contact, err := s.importPad(source, origin, name, progress)
		switch {
		case errors.Is(err, ErrKnownPad):
			known = append(known, fmt.Errorf("%s: %w", name, err))
		case err != nil:
			return contacts, errors.Join(append(known, fmt.Errorf("%s: %w", name, err))...)
		default:
			contacts = append(contacts, contact)
		}
	}
	if len(known) > 0 {
		return contacts, errors.Join(known...)
	}
	if len(contacts) == 0 {
		return nil, fmt.Errorf("%w of %s's in %s: expected %s.CONTACT%s and .store", ErrNothingToImport, s.owner, origin, s.owner, metadataSuffix)
	}
	return contacts, s.Fault() // of its log entry, say
}

// importable tells whether a file in a source is metadata of owner's, and
// whose pad it names. The 2015 program names files for its randomness, urandom
// too.
func importable(name, owner string) (contact string, ok bool) {
	contact, ok = contactOf(strings.Replace(name, ".urandom.", ".random.", 1), owner)
	return contact, ok && contact != owner
}

// resumeImports finishes what was interrupted after the pad was whole here.
func (s *Store) resumeImports(source durable.Disk, origin string) (contacts []string, err error) {
	for _, p := range s.importing(origin) {
		names, err := source.List()
		if err != nil {
			return contacts, err
		}
		if err := s.finishImport(p, source, names); err != nil {
			return contacts, err
		}
		contacts = append(contacts, p.contact)
	}
	return contacts, nil
}

func (s *Store) importPad(source durable.Disk, origin, name string, progress func(done, total int64)) (string, error) {
	in, err := s.inspect(source, name)
	if err != nil {
		return "", err
	}
	defer in.file.Close()
	m := in.meta
	if err := errors.Join(s.refuseKnown(m.padID), s.refuseForgotten(), s.unfinishedDraft()); err != nil {
		return m.contact, err
	}
	if free, err := s.free(); err != nil {
		return m.contact, s.faulted(err)
	} else if m.nBytes > free {
		return m.contact, ErrFull
	}
	if m.number, err = s.nextNumber(); err != nil {
		return m.contact, s.faulted(err)
	}
	m.origin, m.state = origin, Importing
	s.name(m)
	if err := s.copyPad(in, progress); err != nil {
		return m.contact, err
	}
	p, err := openPad(s.latch, m.name, m.contact, s.owner, s.note)
	if err != nil {
		return m.contact, s.faulted(err)
	}
	s.keep(p)
	return m.contact, s.finishImport(p, source, []string{name})
}

func (s *Store) refuseKnown(id string) error {
	if raw, err := hex.DecodeString(id); err != nil || len(raw) == 0 || len(raw) > 32 {
		return fmt.Errorf("pad_id %.80q is not a short hex string", id)
	}
	ever := s.ever.now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	known := slices.Contains(ever, id) || slices.ContainsFunc(s.pads, func(p *pad) bool { return p.now().padID == id })
	switch {
	case known:
		return ErrKnownPad
	case len(s.pads) >= MaxPads:
		return fmt.Errorf("this device has %d pads and takes no more: discard those that were replaced, or remove a contact", len(s.pads))
	case len(ever) >= maxPadsEver:
		return fmt.Errorf("this device has had %d pads and takes no more: only a device that was erased does", len(ever))
	}
	return nil
}

// remember notes a pad's id, for ever.
func (s *Store) remember(id string) error {
	if slices.Contains(s.ever.now(), id) {
		return nil
	}
	return s.ever.change(func(ids *[]string) { *ids = append(slices.Clone(*ids), id) })
}

// nextNumber is a public number that no pad has here, also if the record of the
// last one went back by a slot: by their numbers pads have names of files.
func (s *Store) nextNumber() (int64, error) {
	s.mu.RLock()
	last := int64(0)
	if len(s.pads) > 0 {
		last = s.pads[0].number // they are in descending order
	}
	s.mu.RUnlock()
	err := s.device.change(func(r *deviceRecord) { r.Number = max(r.Number, last) + 1 })
	return s.device.now().Number, err
}

// name gives the pad its file names: from the ids, never from a file.
func (s *Store) name(m *metadata) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	first := !slices.ContainsFunc(s.pads, func(p *pad) bool { return p.contact == m.contact })
	m.name = fileName(s.owner, m.contact, m.number, first)
	m.store = storeName(m.name)
}

// copyPad writes the pad under temporary names and then gives it its own: the
// metadata's name is what makes it a pad. Of a copy that comes to nothing none
// is left, as the pad may come again and serve.
func (s *Store) copyPad(in incoming, progress func(done, total int64)) error {
	m := in.meta
	text := m.encode()
	if len(text) > slotSize-durable.SectorSize {
		return fmt.Errorf("metadata of %d bytes do not fit a slot", len(text))
	}
	if err := s.writeCopy(in, text, progress); err != nil {
		err = errors.Join(err, destroy(s.latch, m.store+temporaryName, untold), removeAny(s.latch, m.name+temporaryName))
		if s.Fault() != nil {
			return s.faulted(err)
		}
		return err
	}
	err := s.latch.Rename(m.store+temporaryName, m.store)
	if err == nil {
		err = s.latch.Sync() // metadata without its pad would be a damaged one
	}
	if err == nil {
		err = s.latch.Rename(m.name+temporaryName, m.name)
	}
	if err == nil {
		err = s.latch.Sync()
	}
	return s.faulted(err)
}

// writeCopy writes both files. That the card is full is no fault.
func (s *Store) writeCopy(in incoming, text []byte, progress func(done, total int64)) error {
	disk := s.latch.spacious()
	file, err := disk.Create(in.meta.store + temporaryName)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := in.copy(file, progress); err != nil {
		return err
	}
	slots, err := durable.CreateSlots(disk, in.meta.name+temporaryName, slotSize, text)
	if err != nil {
		return err
	}
	return slots.Close()
}

// finishImport remembers the pad's id, overwrites and removes what is left of
// the source, and then puts the pad to use.
func (s *Store) finishImport(p *pad, source durable.Disk, names []string) error {
	if p.broken() {
		return fmt.Errorf("%w: the copy is damaged, and its source is left as it is", ErrFault)
	}
	m := p.now()
	if err := s.remember(m.padID); err != nil {
		return s.faulted(err)
	}
	if err := p.kept(); err != nil { // or the source would be all there is of it
		return s.faulted(err)
	}
	for _, name := range names {
		if contact, ok := importable(name, s.owner); !ok || contact != p.contact {
			continue
		}
		if err := s.removeSource(source, name, p); err != nil {
			return fmt.Errorf("overwriting the source of the import: %w", err)
		}
	}
	if err := source.Sync(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	next := *p.meta
	next.state, next.origin = InUse, ""
	if err := p.commitTwice(&next); err != nil { // its source is gone
		return err
	}
	s.note(Entry{Kind: KindPad, Contact: p.contact, Text: fmt.Sprintf("pad %s was imported, %d bytes, made from %s", p.publicNumber(), next.nBytes, next.source)})
	return nil
}

// removeSource overwrites and removes the source of the pad p, and leaves any
// other pad with this contact alone.
func (s *Store) removeSource(source durable.Disk, name string, p *pad) error {
	text, err := readMetadata(source, name)
	if err != nil {
		return err
	}
	from, err := decode(text, s.owner)
	if err != nil {
		return err
	}
	if same, err := samePad(source, storeName(name), from, p); err != nil || !same {
		return err
	}
	if err := destroySource(source, storeName(name), from.split); err != nil {
		return err
	}
	// The metadata go last: by them an interrupted import finds the rest.
	if err := source.Sync(); err != nil {
		return err
	}
	return source.Remove(name)
}
