package padstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

// incoming is a pad about to be moved here.
type incoming struct {
	meta *metadata
	file durable.File // the source's store
	used spans        // of pad offsets, in ascending order
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
	text, err := durable.ReadFile(source, name, maxImport)
	if err != nil {
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
		told := m.keySums
		if m.keySums, err = keySums(in.file, m); err != nil {
			return err
		}
		if told != [2]string{} && told != m.keySums {
			return errKeySum
		}
	}
	// Only now: what a power cut left to do is done by the copy.
	m.limitGaps()
	m.peer = "" // a stick cannot tell which device the contact's is
	m.segment, m.slice, m.closing, m.segmentSent = span{}, span{}, span{}, false
	in.used = m.usedOffsets()
	if m.padID == "" {
		m.padID, err = splitDigest(in.file, m.split)
	}
	return err
}

// usedOffsets is what both lanes call used, as ranges of pad offsets.
func (m *metadata) usedOffsets() spans {
	used := spans{}.add(m.send.offsets(span{m.base(), m.cursor}))
	for s := range m.used() {
		used = used.add(m.receive.offsets(s))
	}
	return used
}

// splitDigest names a pad that has no id of its own, by the 32 bytes at its
// split, which are used last. It never leaves the device.
func splitDigest(file durable.File, split int64) (string, error) {
	b, err := splitBytes(file, split)
	if err != nil {
		return "", err
	}
	defer clear(b)
	if bytes.Count(b, b[:1]) == len(b) {
		return "", errors.New("this pad has been overwritten")
	}
	return digest(b), nil
}

func splitBytes(file durable.File, split int64) ([]byte, error) {
	b := make([]byte, 32)
	_, err := file.ReadAt(b, split-int64(len(b))/2)
	return b, err
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// copy copies all that is not used, and zeros for what is.
func (in *incoming) copy(to durable.File, progress func(done, total int64)) error {
	piece := make([]byte, min(copySize, in.meta.nBytes))
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
			return err
		}
		at += int64(len(b))
		if progress != nil {
			progress(at, in.meta.nBytes)
		}
	}
	return to.Sync()
}

// samePad tells whether a source is the pad p, or what is left of it after a
// power cut: the bytes at the split tear, too.
func samePad(source durable.Disk, store string, from *metadata, p *pad) (bool, error) {
	m := p.now()
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
	theirs, err := splitBytes(file, m.split)
	if err != nil {
		return false, err
	}
	ours, err := splitBytes(p.file, m.split)
	if err != nil {
		return false, err
	}
	defer clear(theirs)
	defer clear(ours)
	if digest(theirs) == m.padID {
		return true, nil
	}
	for i := range theirs {
		if theirs[i] != 0 && theirs[i] != ours[i] {
			return false, nil
		}
	}
	return true, nil
}

// destroySource overwrites a pad's file in a source, and removes it. The bytes at the
// split, by which an interrupted import knows its pad again, go last.
func destroySource(source durable.Disk, name string, split int64) error {
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
	for _, s := range []span{{0, mark.from}, {mark.to, size}, mark} {
		if err := overwrite(file, wholeLane(size), s, untold); err != nil {
			return err
		}
	}
	return source.Remove(name)
}
