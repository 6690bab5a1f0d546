package padstore

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/uid"
)

// Store is all that one pad device keeps on its card. Its methods may be
// called concurrently.
type Store struct {
	latch   *latch
	owner   string
	journal *journal
	device  *kept[deviceRecord]
	cursors *kept[[]refCursor]
	placed  atomic.Bool     // the cursors have moved since they were written
	ever    *kept[[]string] // ids of all pads that ever came here

	settings  *kept[settingsRecord]
	reservoir *Reservoir
	noise     *kept[[]string] // how sources began, in hex

	moving     sync.Mutex // one pad comes, or becomes one, at a time
	mu         sync.RWMutex
	pads       []*pad // newest first
	draft      *Draft
	unfinished []Unfinished
}

// Open opens the store on disk, making a new one if the disk is empty, and
// recovers every pad. A damaged pad does not stop it, but serves nothing. An
// error matching ErrFault means that the disk failed.
func Open(disk durable.Disk, owner string) (*Store, error) {
	if err := uid.Check(owner); err != nil {
		return nil, err
	}
	s := &Store{latch: newLatch(disk), owner: owner}
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrFault, err), s.close())
	}
	return s, nil
}

func (s *Store) open() error {
	if err := finishErase(s.latch); err != nil {
		return err
	}
	names, err := s.latch.List()
	if err != nil {
		return err
	}
	lost, err := s.openRecords(names)
	if err != nil {
		return err
	}
	if names, err = s.latch.List(); err != nil {
		return err
	}
	was := s.device.now()
	if err := s.device.change(func(r *deviceRecord) { r.Starts++; r.Clean = false }); err != nil {
		return err
	}
	if err := s.latch.keeps(s.device.slots); err != nil {
		return err
	}
	if s.journal, err = openJournal(s.latch, was.Starts+1, was.LogSeen); err != nil {
		return err
	}
	if err := s.logStart(was); err != nil {
		return err
	}
	for _, text := range lost {
		s.note(Entry{Kind: KindFault, Text: text})
	}
	if err := s.openCursors(); err != nil {
		return err
	}
	if err := s.openSettings(); err != nil {
		return err
	}
	if err := s.openReservoir(names); err != nil {
		return err
	}
	if err := s.openNoise(); err != nil {
		return err
	}
	if err := s.openDraft(names); err != nil {
		return err
	}
	// A draft that has become a pad is one of them.
	if names, err = s.latch.List(); err != nil {
		return err
	}
	for _, name := range names {
		if leftover(name, names) && !s.draft.becomes(name) {
			if err := destroy(s.latch, name, untold); err != nil {
				return err
			}
		}
	}
	if err := s.openPads(names); err != nil {
		return err
	}
	return errors.Join(s.journal.flush(), s.latch.Sync(), s.latch.err())
}

// openRecords opens what a device knows of itself, and says what of that was damaged
// and begins anew. A new store has no pads.
func (s *Store) openRecords(names []string) (lost []string, err error) {
	pads := slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, metadataSuffix) })
	for _, name := range []string{recordName, padsEverName} {
		if pads && !slices.Contains(names, name) {
			return nil, fmt.Errorf("there are pads but no %s", name)
		}
	}
	s.device, err = openKept(s.latch, recordName, recordSize, deviceRecord{Format: formatVersion, Owner: s.owner, Clean: true})
	if unreliable(err) {
		var told string
		told, err = s.renewDevice(names)
		lost = append(lost, told)
	}
	if err != nil {
		return nil, err
	}
	if r := s.device.now(); r.Format != formatVersion {
		return nil, fmt.Errorf("this store has format %d, made by another version of this program, which knows format %d", r.Format, formatVersion)
	} else if r.Owner != s.owner {
		return nil, fmt.Errorf("this store belongs to %s, not to %s", r.Owner, s.owner)
	}
	s.ever, err = openKept(s.latch, padsEverName, padsEverSize, []string{})
	if unreliable(err) {
		lost = append(lost, "which pads were here before cannot be read any more: none is moved in again, but meetings go on")
		s.ever, err = createKept(s.latch, padsEverName, padsEverSize, []string{forgotten})
	}
	return lost, err
}

func (s *Store) logStart(was deviceRecord) error {
	if err := s.journal.add(Entry{Kind: KindStart, Text: "the device was switched on"}); err != nil {
		return err
	}
	if was.Clean {
		return nil
	}
	return s.journal.add(Entry{Kind: KindUnclean, Text: "the device was not stopped in order before this start"})
}

func (s *Store) openPads(names []string) error {
	for _, name := range names {
		contact, ok := contactOf(name, s.owner)
		if !ok {
			continue
		}
		p, err := openPad(s.latch, name, contact, s.owner, s.note)
		if err != nil {
			return err
		}
		s.unfinished = append(s.unfinished, p.unfinished...)
		s.keep(p)
		// Its record may have gone back by a slot.
		if id := p.now().padID; id != "" {
			if err := s.remember(id); err != nil {
				return err
			}
		}
	}
	return nil
}

// keep puts a pad among the others.
func (s *Store) keep(p *pad) {
	if p.damaged != nil {
		s.note(Entry{Kind: KindFault, Contact: p.contact, Text: damagedText(p.damaged)})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pads = append(s.pads, p)
	slices.SortFunc(s.pads, func(a, b *pad) int { return cmp.Compare(b.number, a.number) })
}

// note records what the store itself saw. A log that cannot be written latches
// the store, which every method looks at.
func (s *Store) note(e Entry) {
	_ = s.journal.add(e)
}

// Close marks an orderly stop and lets go of the disk.
func (s *Store) Close() error {
	err := s.Fault()
	switch {
	case errors.Is(err, ErrErased):
		err = nil
	case err == nil:
		err = s.faulted(errors.Join(s.journal.flush(), s.writeCursors(), s.device.change(func(r *deviceRecord) { r.Clean = true })))
	}
	return errors.Join(err, s.close())
}

func (s *Store) close() error {
	var errs []error
	for _, p := range s.pads {
		errs = append(errs, p.close())
	}
	if s.draft != nil {
		errs = append(errs, s.draft.record.slots.Close(), s.draft.file.Close())
	}
	if s.reservoir != nil {
		errs = append(errs, s.reservoir.close())
	}
	if s.journal != nil {
		errs = append(errs, s.journal.file.Close())
	}
	if s.device != nil {
		errs = append(errs, s.device.slots.Close())
	}
	if s.cursors != nil {
		errs = append(errs, s.cursors.slots.Close())
	}
	if s.ever != nil {
		errs = append(errs, s.ever.slots.Close())
	}
	if s.settings != nil {
		errs = append(errs, s.settings.slots.Close())
	}
	if s.noise != nil {
		errs = append(errs, s.noise.slots.Close())
	}
	return errors.Join(errs...)
}

// Fault is why the store has stopped: a disk operation failed. It stays until
// the store is opened again.
func (s *Store) Fault() error {
	if err := s.latch.err(); err != nil {
		return fmt.Errorf("%w: %w", ErrFault, err)
	}
	return nil
}

// roomOrFault is faulted for what may find the card full, which is no fault.
func (s *Store) roomOrFault(err error) error {
	if errors.Is(err, ErrFull) && s.latch.err() == nil {
		return err
	}
	return s.faulted(err)
}

func (s *Store) faulted(err error) error {
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFault, err)
	}
	return nil
}

// Owner is the user id of this device's owner.
func (s *Store) Owner() string { return s.owner }

// Start counts how often this store was opened.
func (s *Store) Start() uint64 { return s.journal.start }

// Uptime is how long ago it was opened.
func (s *Store) Uptime() time.Duration { return time.Since(s.journal.since) }

// Unfinished lists the messages that a stop may have swallowed, as found when
// the store was opened.
func (s *Store) Unfinished() []Unfinished {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.unfinished)
}

// Work does one step of what can wait: overwriting closed gaps, clearing notes
// of pads that rest for 2 s, writing places in mailboxes, syncing the log. Call it
// after answers, and again while more is true or the device is idle.
func (s *Store) Work() (more bool, err error) {
	if err := s.Fault(); err != nil {
		return false, err
	}
	s.mu.RLock()
	pads := slices.Clone(s.pads)
	s.mu.RUnlock()
	for _, p := range pads {
		again, err := p.work()
		if err != nil {
			return false, err
		}
		more = more || again
	}
	return more, s.faulted(errors.Join(s.writeCursors(), s.journal.flush()))
}

// Record adds an entry to the device log.
func (s *Store) Record(e Entry) error {
	if err := s.Fault(); err != nil {
		return err
	}
	return s.faulted(s.journal.add(e))
}

// Tell passes on the time as a laptop told it. It only ever stands in the log,
// marked as told.
func (s *Store) Tell(t time.Time) { s.journal.tell(t) }

// Log returns the device log, newest first.
func (s *Store) Log() []Entry { return s.journal.entries() }

// Unread tells whether the log has entries that the owner has not seen.
func (s *Store) Unread() bool { return s.journal.unread() }

// News counts the entries of the log that the owner has not seen, whatever they
// tell.
func (s *Store) News() int { return s.journal.news() }

// MarkRead says that the owner has seen the log up to the entry with the Seq
// newest. What came meanwhile stays unread.
func (s *Store) MarkRead(newest uint64) error {
	if err := s.Fault(); err != nil {
		return err
	}
	mark := s.journal.markRead(newest)
	return s.faulted(s.device.change(func(r *deviceRecord) { r.LogSeen = mark }))
}
