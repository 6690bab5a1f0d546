package durable

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"onetimechat/padstore/prefixsum"
)

// ErrNoSlot is returned for a slots file in which no slot is valid.
var ErrNoSlot = errors.New("no valid slot")

// Slots is a small record that changes whole or not at all. Its file has two
// slots; a change goes to the older one and is synced; the newest valid one
// counts. A slot is one header line and the record, padded with zeros to whole pages:
//
//	otc-slot 2 SEQUENCE LENGTH SHA256\n
//
// sequence and length in decimal with leading zeros, and the checksum, in hex, of the
// record and then of the header before it. Slot number = sequence mod 2. Slots of
// format 1 are read, too.
//
// A power cut while the older slot is written leaves the newer one as it was.
// A damaged newest slot brings back the record before it, never another one.
// Not safe for concurrent use.
type Slots struct {
	disk     Disk
	file     File
	size     int
	sequence uint64
	slot     []byte // what was written last, whose memory the next takes
	sum      prefixsum.Sum
}

const (
	slotFormat = "otc-slot 2 %020d %08d " // and the checksum
	headerSize = len("otc-slot 2 ") + 20 + 1 + 8 + 1 + 64 + 1
	// A write covers whole pages, so that no page is read back first.
	pageSize = 4096
)

// CreateSlots makes a slots file with slots of size bytes, a multiple of 4096,
// and the record in both. The name is durable after the Disk's next Sync.
func CreateSlots(disk Disk, name string, size int, record []byte) (*Slots, error) {
	file, err := disk.Create(name)
	if err != nil {
		return nil, err
	}
	s := &Slots{disk: disk, file: file, size: size}
	if _, err := file.WriteAt(make([]byte, 2*size), 0); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	for range 2 {
		if err := s.Write(record); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	return s, nil
}

// OpenSlots opens a slots file and returns its newest valid record. Whatever
// it returns has been synced, also when an earlier process died before it
// could. The error matches ErrNoSlot if no slot is valid.
func OpenSlots(disk Disk, name string, size int) (*Slots, []byte, error) {
	file, err := disk.Open(name)
	if err != nil {
		return nil, nil, err
	}
	s := &Slots{disk: disk, file: file, size: size}
	record, err := s.newest()
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", name, err), file.Close())
	}
	return s, record, nil
}

func (s *Slots) newest() ([]byte, error) {
	var record []byte
	slot := make([]byte, s.size)
	for i := range 2 {
		// A slot that cannot be read is as good as a damaged one.
		if ReadFull(s.file, slot, int64(i*s.size)) != nil {
			continue
		}
		sequence, payload, ok := parseSlot(slot)
		if ok && sequence%2 == uint64(i) && sequence > s.sequence {
			s.sequence, record = sequence, bytes.Clone(payload)
		}
	}
	if s.sequence == 0 {
		return nil, ErrNoSlot
	}
	return record, nil
}

func parseSlot(slot []byte) (sequence uint64, record []byte, ok bool) {
	fields := bytes.Fields(slot[:headerSize])
	if len(fields) != 5 {
		return 0, nil, false
	}
	sequence, err := strconv.ParseUint(string(fields[2]), 10, 64)
	length, wrong := strconv.Atoi(string(fields[3]))
	if err != nil || wrong != nil || length < 0 || length > len(slot)-headerSize {
		return 0, nil, false
	}
	record = slot[headerSize : headerSize+length]
	// Comparing the whole header leaves one spelling of each slot.
	is := slot[:headerSize]
	ok = bytes.Equal(is, appendHeader(nil, sequence, record, new(prefixsum.Sum))) || bytes.Equal(is, firstHeader(sequence, record))
	return sequence, record, ok
}

func appendHeader(b []byte, sequence uint64, record []byte, s *prefixsum.Sum) []byte {
	begin := len(b)
	b = fmt.Appendf(b, slotFormat, sequence, len(record))
	sum := s.Of(record, b[begin:])
	return append(hex.AppendEncode(b, sum[:]), '\n')
}

// firstHeader is that of format 1, which is read and no longer written: its checksum
// began with what changes each time.
func firstHeader(sequence uint64, record []byte) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d\n%s", sequence, len(record), record))
	return fmt.Appendf(nil, "otc-slot 1 %020d %08d %x\n", sequence, len(record), sum)
}

// Room is the longest record that fits, in bytes.
func (s *Slots) Room() int { return s.size - headerSize }

// Write replaces the record; the new one is durable when Write returns nil, and
// so is what was written to the files along with it, in no order.
func (s *Slots) Write(record []byte, along ...File) error {
	if len(record) > s.Room() {
		return fmt.Errorf("record of %d bytes is over the slot's %d", len(record), s.Room())
	}
	next := s.sequence + 1
	s.slot = append(appendHeader(s.slot[:0], next, record, &s.sum), record...)
	if over := len(s.slot) % pageSize; over > 0 {
		s.slot = append(s.slot, make([]byte, pageSize-over)...)
	}
	if _, err := s.file.WriteAt(s.slot, int64(next%2)*int64(s.size)); err != nil {
		return err
	}
	if err := s.disk.SyncFiles(append(along, s.file)...); err != nil {
		return err
	}
	s.sequence = next
	return nil
}

// ErrNotKept: what was written and synced is not on the disk.
var ErrNotKept = errors.New("the disk does not keep what is written to it")

// Check reads from the disk whether what was written last is there: a worn-out card
// may take all writes and keep none. The error is ErrNotKept if it is not.
func (s *Slots) Check() error {
	if err := s.file.Forget(); err != nil {
		return err
	}
	kept := make([]byte, len(s.slot))
	if err := ReadFull(s.file, kept, int64(s.sequence%2)*int64(s.size)); err != nil {
		return err
	}
	if !bytes.Equal(kept, s.slot) {
		return ErrNotKept
	}
	return nil
}

// Close closes the file.
func (s *Slots) Close() error { return s.file.Close() }
