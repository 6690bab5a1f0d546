package padstore

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/uid"
)

// Kinds of log entries.
const (
	KindStart     = "start"
	KindUnclean   = "unclean stop"
	KindForgery   = "did not verify" // one entry per contact, counted
	KindReuse     = "already opened" // one entry per contact, counted
	KindSkip      = "skip"
	KindClosed    = "gap closed"
	KindDestroyed = "destroyed pad"
	KindRecovered = "recovered"
	KindMalformed = "no text"
	KindDenied    = "denied"
	KindWithdrawn = "withdrawn"
	KindTimedOut  = "timed out"
	KindFault     = "fault"
	KindPad       = "pad"
	KindNoise     = "noise"
	KindMeeting   = "meeting"
	KindSettings  = "settings"
	KindSelfTest  = "self-test"
)

// Entry is one entry of the device log. Record fills in all but Kind, Contact
// and Text.
type Entry struct {
	Kind    string        `json:"kind"`
	Contact string        `json:"contact,omitempty"`
	Text    string        `json:"text"`
	Start   uint64        `json:"start"`
	Uptime  time.Duration `json:"uptime"`
	Told    time.Time     `json:"told,omitzero"` // by a laptop; zero when none did
	Count   int64         `json:"count,omitempty"`
	New     bool          `json:"-"` // not seen by the owner yet
	Seq     uint64        `json:"seq"`
}

// The log is a file of fixed size: a ring of entries, one a sector, then a
// share for entries that stand for many, one per contact and kind. Whoever can
// make packages fail, the relay say, can count those up, and push out nothing.
const (
	journalName = "device.log"
	ringSize    = 1024
	shareSize   = 2 * MaxPads
	logPiece    = 128 // sectors that are read at once: a part of both sizes
	maxLogText  = 200 // bytes
	shortText   = 40  // fits a sector however much of it JSON escapes
)

// MaxPads is how many pads a device keeps.
const MaxPads = 64

// journal is the device log. Entries reach the disk at once, but are synced
// with flush: a log entry is never worth a wait before an answer.
type journal struct {
	mu      sync.Mutex
	file    durable.File
	start   uint64
	since   time.Time
	told    time.Time // as told, at toldAt
	toldAt  time.Time
	seq     uint64
	seen    uint64 // the newest entry that the owner has seen
	ring    []Entry
	newest  uint64 // in the ring as it was found
	next    int    // slot of the ring that is written next
	share   map[shareKey]*shared
	slots   int // of share in use
	unsaved bool
}

type shareKey struct{ kind, contact string }

type shared struct {
	entry Entry
	slot  int
	dirty bool
}

func counted(kind string) bool { return kind == KindForgery || kind == KindReuse }

// openJournal opens the log, or makes it. Sectors that are torn or damaged are
// left out.
func openJournal(disk durable.Disk, start, seen uint64) (*journal, error) {
	// A log that was lost goes on after what was seen, so that it shows as new.
	j := &journal{start: start, since: time.Now(), seen: seen, seq: seen, share: map[shareKey]*shared{}}
	file, err := disk.Open(journalName)
	if errors.Is(err, fs.ErrNotExist) {
		file, err = disk.Create(journalName)
	}
	if err != nil {
		return nil, err
	}
	j.file = file
	size, err := file.Size()
	if err != nil {
		return nil, err
	}
	if size < (ringSize+shareSize)*durable.SectorSize {
		if _, err := file.WriteAt(make([]byte, (ringSize+shareSize)*durable.SectorSize), 0); err != nil {
			return nil, err
		}
		return j, nil
	}
	piece := make([]byte, logPiece*durable.SectorSize)
	for i := 0; i < ringSize+shareSize; i += logPiece {
		written, err := j.read(i, piece)
		if err != nil {
			return nil, err
		}
		if !written && i < ringSize {
			i = ringSize - logPiece // the ring has not come further, and was never round
		}
	}
	slices.SortFunc(j.ring, func(a, b Entry) int { return cmp.Compare(a.Seq, b.Seq) })
	return j, nil
}

// read restores the entries of a piece, from a slot on, and tells whether there
// ever was one. An unreadable log must not stop the device.
func (j *journal) read(slot int, piece []byte) (written bool, err error) {
	const size = durable.SectorSize
	_, unreadable := j.file.ReadAt(piece, int64(slot)*size)
	lost := map[int]bool{} // pages
	for k := range logPiece {
		sector := piece[k*size : (k+1)*size]
		if unreadable != nil {
			if _, err := j.file.ReadAt(sector, int64(slot+k)*size); err != nil {
				clear(sector)
				written, lost[k*size/pageSize] = true, true // for all that is known
				continue
			}
		}
		if e, ok := parseEntry(sector); ok {
			j.restore(slot+k, e)
		}
		written = written || sector[0] != 0
	}
	// Written whole, or no entry of such a page could be written again.
	for page := range lost {
		at := page * pageSize
		if _, err := j.file.WriteAt(piece[at:at+pageSize], int64(slot)*size+int64(at)); err != nil {
			return written, err
		}
		j.unsaved = true
	}
	return written, nil
}

func (j *journal) restore(slot int, e Entry) {
	j.seq = max(j.seq, e.Seq)
	if slot < ringSize {
		if e.Seq > j.newest {
			j.newest, j.next = e.Seq, (slot+1)%ringSize
		}
		j.ring = append(j.ring, e)
		return
	}
	j.share[shareKey{e.Kind, e.Contact}] = &shared{entry: e, slot: slot - ringSize}
	j.slots = max(j.slots, slot-ringSize+1)
}

// add appends e, or counts it up.
func (j *journal) add(e Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seq++
	e.Seq, e.Start, e.Uptime, e.Told = j.seq, j.start, time.Since(j.since), j.toldNow()
	e.Text, e.Contact = cutText(e.Text, maxLogText), cutText(e.Contact, uid.MaxLen)
	if counted(e.Kind) {
		j.count(e)
		return nil
	}
	if len(j.ring) == ringSize {
		j.ring = j.ring[1:]
	}
	j.ring = append(j.ring, e)
	// Not at a place taken from seq: counted entries move that on, and would
	// choose what is written over.
	slot := j.next
	j.next = (slot + 1) % ringSize
	return j.write(slot, e)
}

// count keeps a counted entry in memory: it reaches the disk with flush, so
// that a flood wears out neither card nor patience.
func (j *journal) count(e Entry) {
	key := shareKey{e.Kind, e.Contact}
	s := j.share[key]
	if s == nil {
		s = &shared{slot: j.freeSlot()}
		j.share[key] = s
	}
	e.Count = s.entry.Count + 1
	s.entry, s.dirty = e, true
}

// freeSlot is a slot of the share that is free. If none is, as contacts came and
// went, the entry that was counted up longest ago gives way.
func (j *journal) freeSlot() int {
	if j.slots < shareSize {
		j.slots++
		return j.slots - 1
	}
	oldest := shareKey{}
	for key, s := range j.share {
		if was := j.share[oldest]; was == nil || s.entry.Seq < was.entry.Seq {
			oldest = key
		}
	}
	slot := j.share[oldest].slot
	delete(j.share, oldest)
	return slot
}

func (j *journal) toldNow() time.Time {
	if j.told.IsZero() {
		return time.Time{}
	}
	return j.told.Add(time.Since(j.toldAt)).Round(time.Second).UTC()
}

// toldUnix is the time as told in Unix seconds, 0 if none did.
func (j *journal) toldUnix() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	if now := j.toldNow(); !now.IsZero() {
		return now.Unix()
	}
	return 0
}

func cutText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut]
}

func (j *journal) write(slot int, e Entry) error {
	sector, err := formatEntry(e)
	if err != nil {
		return err
	}
	j.unsaved = true
	_, err = j.file.WriteAt(sector, int64(slot)*durable.SectorSize)
	return err
}

// formatEntry writes one sector: the first half of the JSON's SHA-256 in hex,
// a space, the JSON, and zeros.
func formatEntry(e Entry) ([]byte, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	sector := fmt.Appendf(nil, "%s %s\n", entrySum(text), text)
	if len(sector) > durable.SectorSize && len(e.Text) > shortText {
		e.Text = cutText(e.Text, shortText)
		return formatEntry(e)
	}
	if len(sector) > durable.SectorSize {
		return nil, fmt.Errorf("log entry of %d bytes", len(sector))
	}
	return append(sector, make([]byte, durable.SectorSize-len(sector))...), nil
}

func parseEntry(sector []byte) (e Entry, ok bool) {
	if sector[0] == 0 {
		return Entry{}, false // never written
	}
	line, _, found := bytes.Cut(sector, []byte("\n"))
	sum, text, spaced := bytes.Cut(line, []byte(" "))
	if !found || !spaced || string(sum) != entrySum(text) {
		return Entry{}, false
	}
	err := json.Unmarshal(text, &e)
	return e, err == nil
}

func entrySum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// flush makes all entries durable.
func (j *journal) flush() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.share {
		if !s.dirty {
			continue
		}
		if err := j.write(ringSize+s.slot, s.entry); err != nil {
			return err
		}
		s.dirty = false
	}
	if !j.unsaved {
		return nil
	}
	j.unsaved = false
	return j.file.Sync()
}

// entries returns the log, newest first.
func (j *journal) entries() []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := slices.Clone(j.ring)
	for _, s := range j.share {
		all = append(all, s.entry)
	}
	slices.SortFunc(all, func(a, b Entry) int { return cmp.Compare(b.Seq, a.Seq) })
	for i := range all {
		all[i].New = all[i].Seq > j.seen
	}
	return all
}

// unread tells whether there is anything that the owner should look at: starts
// alone are nothing new.
func (j *journal) unread() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	news := func(e Entry) bool { return e.Seq > j.seen && e.Kind != KindStart && e.Kind != KindPad }
	for _, s := range j.share {
		if news(s.entry) {
			return true
		}
	}
	return slices.ContainsFunc(j.ring, news)
}

// news counts the entries that the owner has not seen.
func (j *journal) news() (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.ring {
		if e.Seq > j.seen {
			n++
		}
	}
	for _, s := range j.share {
		if s.entry.Seq > j.seen {
			n++
		}
	}
	return n
}

// markRead moves the mark up to newest, and returns it.
func (j *journal) markRead(newest uint64) uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seen = max(j.seen, min(newest, j.seq))
	return j.seen
}

// forgeries counts what did not verify, per contact.
func (j *journal) forgeries(contact string) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	if s := j.share[shareKey{KindForgery, contact}]; s != nil {
		return s.entry.Count
	}
	return 0
}

// tell passes over a time that JSON cannot hold: whoever tells it could keep
// the log from being written.
func (j *journal) tell(t time.Time) {
	if year := t.UTC().Year(); year < 1970 || year > 9000 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.told, j.toldAt = t, time.Now()
}
