package padstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
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
// on this device is refused. progress, if not nil, is told bytes.
func (s *Store) Import(source durable.Disk, origin string, progress func(done, total int64)) (contacts []string, err error) {
	s.imports.Lock()
	defer s.imports.Unlock()
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
	for _, name := range names {
		if _, ok := importable(name, s.owner); !ok {
			continue
		}
		contact, err := s.importPad(source, origin, name, progress)
		if err != nil {
			return contacts, fmt.Errorf("%s: %w", name, err)
		}
		contacts = append(contacts, contact)
	}
	if len(contacts) == 0 {
		return nil, fmt.Errorf("%w of %s's in %s: expected %s.CONTACT%s and .store", ErrNothingToImport, s.owner, origin, s.owner, metadataSuffix)
	}
	return contacts, nil
}

// importable tells whether a file in a source is metadata of owner's, and
// whose pad it names. The 2015 program names files for its randomness, urandom
// too.
func importable(name, owner string) (contact string, ok bool) {
	return contactOf(strings.Replace(name, ".urandom.", ".random.", 1), owner)
}

// resumeImports finishes what was interrupted after the pad was whole here.
func (s *Store) resumeImports(source durable.Disk, origin string) (contacts []string, err error) {
	s.mu.RLock()
	pads := slices.Clone(s.pads)
	s.mu.RUnlock()
	for _, p := range pads {
		if m := p.now(); m.state != Importing || m.origin != origin {
			continue
		}
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

// incoming is a pad about to be moved here.
type incoming struct {
	meta *metadata
	file durable.File // the source's store
	used spans        // of pad offsets, in ascending order
}

func (s *Store) importPad(source durable.Disk, origin, name string, progress func(done, total int64)) (string, error) {
	in, err := s.inspect(source, name)
	if err != nil {
		return "", err
	}
	defer in.file.Close()
	m := in.meta
	if err := s.refuseKnown(m.padID); err != nil {
		return m.contact, err
	}
	if err := s.device.change(func(r *deviceRecord) { r.Number++ }); err != nil {
		return m.contact, s.faulted(err)
	}
	m.number, m.origin, m.state = s.device.now().Number, origin, Importing
	s.name(m)
	if err := s.copyPad(in, progress); err != nil {
		return m.contact, err
	}
	p, err := openPad(s.latch, m.name, m.contact, s.owner, s.note)
	if err != nil {
		return m.contact, s.faulted(err)
	}
	s.mu.Lock()
	s.pads = append(s.pads, p)
	s.sortPads()
	s.mu.Unlock()
	return m.contact, s.finishImport(p, source, []string{name})
}

// inspect reads and checks all that can be checked before a byte is written.
func (s *Store) inspect(source durable.Disk, name string) (in incoming, err error) {
	text, err := readMetadata(source, name)
	if err != nil {
		return in, err
	}
	if in.meta, err = decode(text, s.owner); err != nil {
		return in, err
	}
	if contact, _ := importable(name, s.owner); contact != in.meta.contact {
		return in, fmt.Errorf("the metadata name %s as contact", in.meta.contact)
	}
	if state := in.meta.state; state != "" && state != InUse {
		return in, fmt.Errorf("this pad is %s: only a pad in use can be moved", state)
	}
	// Opening for writing refuses a source that cannot be overwritten.
	if in.file, err = source.Open(storeName(name)); err != nil {
		return in, fmt.Errorf("a pad that cannot be overwritten after the move is refused: %w", err)
	}
	if err := in.check(); err != nil {
		return in, errors.Join(err, in.file.Close())
	}
	return in, nil
}

// readMetadata reads slots as this program writes them, or plain JSON as the
// 2015 program does.
func readMetadata(source durable.Disk, name string) ([]byte, error) {
	file, err := source.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	size, err := file.Size()
	if err != nil {
		return nil, err
	}
	if size > maxImport {
		return nil, fmt.Errorf("metadata of %d bytes, more than %d", size, maxImport)
	}
	text := make([]byte, size)
	if _, err := file.ReadAt(text, 0); err != nil && err != io.EOF {
		return nil, err
	}
	if !bytes.HasPrefix(bytes.TrimLeft(text, "\x00"), []byte("otc-slot")) {
		return text, nil
	}
	slots, record, err := durable.OpenSlots(source, name, slotSize)
	if err != nil {
		return nil, err
	}
	return record, slots.Close()
}

// check holds the store file against its metadata, takes the pad's id, and
// prepares the metadata for their new place.
func (in *incoming) check() error {
	m := in.meta
	size, err := in.file.Size()
	if err != nil {
		return err
	}
	if size != m.nBytes {
		return fmt.Errorf("the store has %d bytes, its metadata say %d", size, m.nBytes)
	}
	if m.suite == seal.Unconditional {
		for i, l := range []lane{m.send, m.receive} {
			cell := make([]byte, seal.CellSize)
			if err := readLane(in.file, l, span{0, seal.CellSize}, cell); err != nil {
				return err
			}
			if _, err := seal.NewHashKey(cell); err != nil {
				return err
			}
			m.keySums[i] = keySum(cell)
			clear(cell)
		}
	}
	// Only now: what a power cut left to do is done by the copy.
	m.limitGaps()
	m.segment, m.slice, m.closing, m.segmentSent = span{}, span{}, span{}, false
	in.used = m.usedOffsets()
	if m.padID == "" {
		m.padID, err = splitDigest(in.file, m.split)
	}
	return err
}

// usedOffsets is what both lanes call used, as ranges of pad offsets.
func (m *metadata) usedOffsets() spans {
	var used spans
	add := func(l lane, s span) {
		if l.forward {
			used = used.add(s)
		} else {
			used = used.add(span{l.nBytes - s.to, l.nBytes - s.from})
		}
	}
	add(m.send, span{m.base(), m.cursor})
	for _, s := range m.used() {
		add(m.receive, s)
	}
	return used
}

var errOverwritten = errors.New("this pad has been overwritten")

// splitDigest names a pad that has no id of its own, by the 32 bytes at its
// split, which are used last. It never leaves the device.
func splitDigest(file durable.File, split int64) (string, error) {
	b := make([]byte, 32)
	if _, err := file.ReadAt(b, split-int64(len(b))/2); err != nil {
		return "", err
	}
	defer clear(b)
	if bytes.Count(b, b[:1]) == len(b) {
		return "", errOverwritten
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16]), nil
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
		return errors.New("this pad was on this device before: a pad is never used twice; make a fresh one")
	case len(ever) >= maxPadsEver || len(s.pads) >= MaxPads:
		return errors.New("this device can take no more pads")
	}
	return nil
}

// name gives the pad its file names: from the ids, never from a file.
func (s *Store) name(m *metadata) {
	m.name = fileName(s.owner, m.contact, m.number, len(s.of(m.contact, InUse, Prepared, Retired, Importing)) == 0)
	m.store = storeName(m.name)
}

// copyPad writes the pad under temporary names and then gives it its own: the
// metadata's name is what makes it a pad.
func (s *Store) copyPad(in incoming, progress func(done, total int64)) error {
	m := in.meta
	text, err := m.encode()
	if err == nil && len(text) > slotSize-durable.SectorSize {
		err = fmt.Errorf("metadata of %d bytes do not fit a slot", len(text))
	}
	if err != nil {
		return err
	}
	file, err := s.latch.Create(m.store + temporaryName)
	if err != nil {
		return s.faulted(err)
	}
	defer file.Close()
	if err := in.copy(file, progress); err != nil {
		return errors.Join(err, s.latch.Remove(m.store+temporaryName))
	}
	slots, err := durable.CreateSlots(s.latch, m.name+temporaryName, slotSize, text)
	if err != nil {
		return s.faulted(err)
	}
	err = errors.Join(slots.Close(), s.latch.Rename(m.store+temporaryName, m.store))
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

// copy copies all that is not used, and zeros for what is.
func (in *incoming) copy(to durable.File, progress func(done, total int64)) error {
	piece := make([]byte, copySize)
	defer clear(piece)
	for at := int64(0); at < in.meta.nBytes; {
		b := piece[:min(copySize, in.meta.nBytes-at)]
		if n, err := in.file.ReadAt(b, at); n < len(b) {
			return fmt.Errorf("reading the source: %w", err)
		}
		for _, u := range in.used {
			if u := (span{max(u.from, at), min(u.to, at+int64(len(b)))}); !u.empty() {
				clear(b[u.from-at : u.to-at])
			}
		}
		if _, err := to.WriteAt(b, at); err != nil {
			return fmt.Errorf("%w: %w", ErrFault, err)
		}
		at += int64(len(b))
		if progress != nil {
			progress(at, in.meta.nBytes)
		}
	}
	return to.Sync()
}

// finishImport remembers the pad's id, overwrites and removes what is left of
// the source, and then puts the pad to use.
func (s *Store) finishImport(p *pad, source durable.Disk, names []string) error {
	if p.broken() {
		return fmt.Errorf("%w: the copy is damaged, and its source is left as it is", ErrFault)
	}
	m := p.now()
	if !slices.Contains(s.ever.now(), m.padID) {
		err := s.ever.change(func(ids *[]string) { *ids = append(slices.Clone(*ids), m.padID) })
		if err != nil {
			return s.faulted(err)
		}
	}
	for _, name := range names {
		if contact, ok := importable(name, s.owner); !ok || contact != p.contact {
			continue
		}
		if err := s.removeSource(source, name, &m); err != nil {
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
	for range 2 { // in both slots: its source is gone
		if err := p.commit(&next, next.receive, span{}); err != nil {
			return err
		}
	}
	s.note(Entry{Kind: KindPad, Contact: p.contact, Text: fmt.Sprintf("pad %s imported, %d bytes, made from %s", p.publicNumber(), next.nBytes, next.source)})
	return nil
}

// removeSource overwrites and removes the source of the pad m, and leaves any
// other pad with this contact alone.
func (s *Store) removeSource(source durable.Disk, name string, m *metadata) error {
	text, err := readMetadata(source, name)
	if err != nil {
		return err
	}
	from, err := decode(text, s.owner)
	if err != nil {
		return err
	}
	if same, err := samePad(source, storeName(name), from, m); err != nil || !same {
		return err
	}
	if err := destroy(source, storeName(name), m.split); err != nil {
		return err
	}
	return source.Remove(name)
}

// samePad tells whether a source is the pad m, or what is left of it.
func samePad(source durable.Disk, store string, from, m *metadata) (bool, error) {
	if from.nBytes != m.nBytes || from.padID != "" {
		return from.padID == m.padID, nil
	}
	file, err := source.Open(store)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil // gone already, and its metadata alone are no pad
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	id, err := splitDigest(file, from.split)
	if errors.Is(err, errOverwritten) {
		return true, nil
	}
	return id == m.padID, err
}

// destroy overwrites a file with zeros and removes it. The bytes at the split,
// by which an interrupted import knows its pad again, go last.
func destroy(source durable.Disk, name string, split int64) error {
	file, err := source.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	size, err := file.Size()
	if err != nil {
		return err
	}
	mark := span{max(0, split-16), min(size, split+16)}
	whole, _ := lanes(size, size)
	for _, s := range []span{{0, mark.from}, {mark.to, size}} {
		if err := zero(file, whole, s); err != nil {
			return err
		}
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := zero(file, whole, mark); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return source.Remove(name)
}
