package padstore

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"slices"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
	"onetimechat/padstore/uid"
)

const (
	draftName   = "draft.store"
	draftRecord = "draft.record"
	draftSlot   = 65536 // maxDraftLots of the longest lots of both sides fit, which a test shows
	// maxDraftLots is of how many sets of sources one side may be.
	maxDraftLots = 24
)

// draftState is a draft's record. Bytes before Sure were synced before it was
// written, those from there to Done together with it.
type draftState struct {
	Contact string `json:"contact"`
	Peer    string `json:"peer"`
	PadID   string `json:"pad_id"`
	Bytes   int64  `json:"bytes"` // planned
	Suite   string `json:"suite"`
	Bucket  int    `json:"bucket"`

	Stage  Stage  `json:"stage"`
	Done   int64  `json:"done"`
	Sure   int64  `json:"sure"`
	Sum    string `json:"sum"` // of [Sure, Done), empty if that is
	Tag    string `json:"tag"`
	Ours   lots   `json:"ours"`
	Theirs lots   `json:"theirs"`

	Adopting adopting `json:"adopting"`
}

// adopting is what Prepare has decided on, and must come to its end.
type adopting struct {
	Number  int64     `json:"number"`   // 0 while it is a draft
	Name    string    `json:"name"`     // metadata file
	KeySums [2]string `json:"key_sums"` // of the owner's lane and of the contact's
	Device  string    `json:"device"`
	Start   uint64    `json:"start"`
	Uptime  int64     `json:"uptime"`
	Told    int64     `json:"told"`
}

// refuseMaking says what keeps m from becoming a pad here.
func (s *Store) refuseMaking(m Making) error {
	if err := s.checkMaking(m); err != nil {
		return err
	}
	if err := s.refuseKnown(m.PadID); err != nil {
		return err
	}
	if known := s.Peer(m.Contact); known != "" && known != m.Peer {
		return ErrOtherDevice
	}
	return nil
}

func (s *Store) checkMaking(m Making) error {
	if err := uid.Check(m.Contact); err != nil {
		return err
	}
	if id, err := hex.DecodeString(m.Peer); err != nil || len(id) != deviceIDSize || hex.EncodeToString(id) != m.Peer {
		return fmt.Errorf("%.80q is no device's id", m.Peer)
	}
	if id, err := hex.DecodeString(m.PadID); err != nil || hex.EncodeToString(id) != m.PadID {
		return fmt.Errorf("%.80q is no pad's id", m.PadID)
	}
	if m.Bytes > seal.MaxIndex+1 {
		return fmt.Errorf("a pad of %d bytes", m.Bytes)
	}
	return Generation{A: s.owner, B: m.Contact, Bytes: m.Bytes, Suite: m.Suite, Bucket: m.Bucket}.Check()
}

// createDraft makes an empty draft. What a full card leaves of it is removed.
func (s *Store) createDraft(m Making) (*Draft, error) {
	disk := s.latch.spacious()
	file, err := disk.Create(draftName)
	if err != nil {
		return nil, err
	}
	record, err := createKept(disk, draftRecord, draftSlot, draftState{
		Contact: m.Contact, Peer: m.Peer, PadID: m.PadID, Bytes: m.Bytes,
		Suite: m.Suite.String(), Bucket: m.Bucket, Stage: Copying,
	})
	if err == nil {
		err = record.slots.Close()
	}
	if err == nil {
		record, err = openKept(s.latch, draftRecord, draftSlot, draftState{}) // from here on its room is there
	}
	if err != nil {
		return nil, errors.Join(err, file.Close(), removeAny(disk, draftRecord+temporaryName), disk.Remove(draftName))
	}
	d := &Draft{store: s, record: record, file: s.latch.with(file)}
	s.mu.Lock()
	s.draft = d
	s.mu.Unlock()
	return d, nil
}

// removeAny removes a file that need not be there.
func removeAny(disk durable.Disk, name string) error {
	if err := disk.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// remove throws the draft away: the record first, so that it never tells of
// bytes that are half overwritten.
func (d *Draft) remove(wrote func(bytes int64)) error {
	s := d.store
	s.mu.Lock()
	s.draft, d.gone = nil, true
	s.mu.Unlock()
	err := errors.Join(d.record.slots.Close(), d.file.Close())
	if err == nil {
		err = s.latch.Remove(draftRecord)
	}
	if err == nil {
		err = s.latch.Sync()
	}
	if err == nil {
		err = destroy(s.latch, draftName, wrote)
	}
	if err == nil {
		err = s.latch.Sync()
	}
	return err
}

// openDraft opens the draft that there is, and brings Prepare to its end if it
// was cut. What is not whole is overwritten and removed.
func (s *Store) openDraft(names []string) error {
	if slices.Contains(names, draftRecord) {
		d, err := s.loadDraft()
		if err != nil && !unreliable(err) {
			return err
		}
		if err == nil {
			s.draft = d
			if d.record.now().Adopting.Number != 0 {
				if err := d.adopt(); err != nil && !errors.Is(err, ErrFull) {
					return err
				}
			}
			return nil
		}
		s.note(Entry{Kind: KindMeeting, Text: "a pad that was not finished cannot be gone on with: " + err.Error()})
		if err := s.latch.Remove(draftRecord); err != nil {
			return err
		}
		if err := s.latch.Sync(); err != nil {
			return err
		}
	}
	return destroy(s.latch, draftName, untold)
}

func (s *Store) loadDraft() (*Draft, error) {
	record, err := openKept(s.latch, draftRecord, draftSlot, draftState{})
	if err != nil {
		return nil, err
	}
	d := &Draft{store: s, record: record}
	if err := d.open(); err != nil {
		if d.file != nil {
			err = errors.Join(err, d.file.Close())
		}
		return nil, errors.Join(err, record.slots.Close())
	}
	return d, nil
}

// open holds the record against this device and the draft's file, which it
// cuts to what is done. While a pad is adopted that file may have its own name.
func (d *Draft) open() error {
	now := d.record.now()
	if err := d.check(now); err != nil {
		return fmt.Errorf("%w: %w", errRecord, err)
	}
	var err error
	decided := now.Adopting.Number != 0
	d.file, err = d.store.latch.Open(draftName)
	if errors.Is(err, fs.ErrNotExist) && decided {
		d.file, err = d.store.latch.Open(storeName(now.Adopting.Name))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: its file is gone", errRecord)
	}
	if err != nil {
		return err
	}
	size, err := d.file.Size()
	if err != nil {
		return err
	}
	done := now.Done
	if !d.whole(now) {
		done = now.Sure
	}
	if now.Stage == Copying { // what it ends with must not be what cannot be read, or no more can be written
		done = widened(d.file, span{done, done + 1}, span{0, size}).from
	}
	if size < done || decided && size != done {
		return fmt.Errorf("%w: its file has %d bytes instead of %d", errRecord, size, now.Done)
	}
	if size > done || done < now.Done {
		// Written also if nothing changes, as the newest slot may be one that only
		// could not be read just now, and tell of more than is cut off here.
		if err := d.record.change(func(next *draftState) { next.rewind(done) }); err != nil {
			return err
		}
	}
	if err := d.cut(done); err != nil {
		return err
	}
	return d.file.Sync() // what was read may not be on the card yet
}

// whole tells whether the bytes that were synced together with the record are
// the ones that it tells of. What no sum finds, the tag does.
func (d *Draft) whole(now draftState) bool {
	sum := crc32.New(castagnoli())
	piece := make([]byte, min(copySize, now.Done-now.Sure))
	defer clear(piece)
	for at := now.Sure; at < now.Done; {
		part := piece[:min(int64(len(piece)), now.Done-at)]
		if durable.ReadFull(d.file, part, at) != nil {
			return false
		}
		sum.Write(part)
		at += int64(len(part))
	}
	return now.Sure == now.Done || sumText(sum.Sum32()) == now.Sum
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func sumText(sum uint32) string { return fmt.Sprintf("%08x", sum) }

// pieceSum is the checksum of bytes of pad, CRC-32C, which processors compute as
// fast as they read.
func pieceSum(b []byte) string { return sumText(crc32.Checksum(b, castagnoli())) }

// rewind forgets what lies beyond done bytes.
func (now *draftState) rewind(done int64) {
	if done < now.Done {
		now.Done, now.Sure, now.Sum = done, done, ""
		now.Ours, _ = now.Ours.split(done)
		now.Theirs, _ = now.Theirs.split(done)
	}
}

// check tells whether a record makes sense for this device.
func (d *Draft) check(now draftState) error {
	if _, err := seal.ParseSuite(now.Suite); err != nil {
		return err
	}
	if err := d.store.checkMaking(d.Making()); err != nil {
		return err
	}
	if now.Sure < 0 || now.Sure > now.Done || now.Done > now.Bytes {
		return fmt.Errorf("%d and %d bytes of %d", now.Sure, now.Done, now.Bytes)
	}
	if err := errors.Join(CheckLots(now.Ours, now.Done), CheckLots(now.Theirs, now.Done)); err != nil {
		return err
	}
	_, tagged := parseTag(now.Tag)
	switch {
	case now.Stage != Copying && now.Stage != Checked && now.Stage != Agreed:
		return fmt.Errorf("unknown stage %.20q", now.Stage)
	case tagged != (now.Stage != Copying) || now.Stage != Copying && now.Done != now.Bytes:
		return errors.New("a stage that does not fit the rest")
	case now.Adopting.Number == 0:
		return nil
	}
	contact, ok := contactOf(now.Adopting.Name, d.store.owner)
	if now.Stage != Agreed || now.Adopting.Number < 0 || !ok || contact != now.Contact {
		return errors.New("a pad that cannot be")
	}
	return nil
}
