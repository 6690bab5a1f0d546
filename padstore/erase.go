package padstore

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"onetimechat/padstore/durable"
)

// eraseMark is an empty file that says that everything is to be erased. It is
// the first to come and the last to go, so that a power cut only delays it.
const eraseMark = "erase.begun"

// Remove burns and removes all pads with a contact, damaged ones too, and a
// draft that was to become one. The oldest go first: as long as the newest is
// there, none of those that it replaced seals. Cut by the power, it may be
// called again. The ids of the pads stay known, so that none of them comes back.
// ErrNoPad if there is nothing. progress, which may be nil, is told the bytes.
func (s *Store) Remove(contact string, progress func(done, total int64)) error {
	s.moving.Lock()
	defer s.moving.Unlock()
	if err := s.Fault(); err != nil {
		return err
	}
	pads := s.with(contact)
	drafted := s.draft != nil && !s.draft.gone && s.draft.Making().Contact == contact
	if len(pads) == 0 && !drafted {
		return ErrNoPad
	}
	var names []string
	for _, p := range pads {
		names = append(names, p.now().store)
	}
	if drafted {
		names = append(names, draftName)
	}
	total, err := sizeOf(s.latch, names)
	if err != nil {
		return s.faulted(err)
	}
	wrote := tally(progress, total)
	if drafted {
		if err := s.draft.remove(wrote); err != nil {
			return s.faulted(err)
		}
	}
	for _, p := range slices.Backward(pads) {
		m := p.now()
		if err := p.giveUp(m.state); err != nil {
			return err
		}
		if err := s.discard(m, wrote); err != nil {
			return s.faulted(err)
		}
		s.drop(p)
	}
	s.note(Entry{Kind: KindPad, Contact: contact, Text: "the contact was removed, and all pad with them overwritten"})
	return s.Fault()
}

// with lists all pads with a contact, the newest first.
func (s *Store) with(contact string) []*pad {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.DeleteFunc(slices.Clone(s.pads), func(p *pad) bool { return p.contact != contact })
}

// drop takes a pad from among the others.
func (s *Store) drop(p *pad) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pads = slices.DeleteFunc(slices.Clone(s.pads), func(other *pad) bool { return other == p })
}

// Erase overwrites and removes all that this store ever wrote, and leaves a
// disk as empty as a new one; progress, which may be nil, is told the bytes.
// While it is at work every other method fails with ErrErasing, and afterwards
// with ErrErased. Cut by the power, it goes on when the store is next opened.
func (s *Store) Erase(progress func(done, total int64)) error {
	s.moving.Lock()
	defer s.moving.Unlock()
	if err := s.Fault(); err != nil {
		return err
	}
	mark, err := s.latch.Create(eraseMark)
	if err == nil {
		err = errors.Join(mark.Close(), s.latch.Sync())
	}
	if err != nil {
		return s.faulted(err)
	}
	s.latch.stop(ErrErasing)
	s.awaitAll()
	if err := eraseAll(s.latch.disk, progress); err != nil {
		err = fmt.Errorf("erasing was not finished, and goes on at the next start: %w", err)
		s.latch.stop(err)
		return s.faulted(err)
	}
	s.latch.stop(ErrErased)
	return nil
}

// awaitAll returns when whoever was at work has met the latch.
func (s *Store) awaitAll() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, p := range s.pads {
		p.now()
	}
	if s.draft != nil {
		s.draft.record.now()
	}
	s.reservoir.mu.Lock()
	defer s.reservoir.mu.Unlock()
	s.journal.entries()
	s.device.now()
	s.cursors.now()
	s.ever.now()
	s.settings.now()
	s.noise.now()
}

// eraseAll erases a disk that has the mark: first what tells which pad is
// whose and what of it is unused, then the pads, then the names.
func eraseAll(disk durable.Disk, progress func(done, total int64)) error {
	names, err := disk.List()
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == eraseMark })
	slices.SortStableFunc(names, func(a, b string) int { return bulk(a) - bulk(b) })
	total, err := sizeOf(disk, names)
	if err != nil {
		return err
	}
	wrote := tally(progress, total)
	for _, name := range names {
		if failed := blank(disk, name, wrote); err == nil {
			err = failed // the others can be overwritten all the same
		}
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := disk.Remove(name); err != nil {
			return err
		}
	}
	if err := disk.Sync(); err != nil {
		return err
	}
	if err := disk.Remove(eraseMark); err != nil {
		return err
	}
	return disk.Sync()
}

// bulk is 1 for what holds pad or noise, 0 for what says of what kind it is.
func bulk(name string) int {
	if strings.HasSuffix(name, ".store") || strings.HasSuffix(name, ".store"+temporaryName) {
		return 1
	}
	return 0
}

// tally counts bytes that were overwritten, for progress, which may be nil.
func tally(progress func(done, total int64), total int64) (wrote func(bytes int64)) {
	if progress == nil {
		return untold
	}
	done := int64(0)
	progress(done, total)
	return func(bytes int64) {
		done = min(done+bytes, total)
		progress(done, total)
	}
}

// untold is for what nobody watches.
func untold(int64) {}

// sizeOf is how many bytes those of the files that are there have together.
func sizeOf(disk durable.Disk, names []string) (total int64, err error) {
	for _, name := range names {
		file, err := disk.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		size, err := file.Size()
		if err := errors.Join(err, file.Close()); err != nil {
			return 0, err
		}
		total += size
	}
	return total, nil
}

// wipeSize is how much is overwritten before it is synced, in bytes: else all would
// be told as done while it still waits in memory.
const wipeSize = 4 << 20

// overwrite zeros a stretch of a file, durably, and tells of each piece.
func overwrite(file durable.File, whole lane, s span, wrote func(bytes int64)) error {
	for at := s.from; at < s.to; at += wipeSize {
		piece := span{at, min(s.to, at+wipeSize)}
		if err := zero(file, whole, piece); err != nil {
			return err
		}
		if err := file.Sync(); err != nil {
			return err
		}
		wrote(piece.len())
	}
	return nil
}

// blank overwrites a whole file, and tells of each piece.
func blank(disk durable.Disk, name string, wrote func(bytes int64)) (err error) {
	file, err := disk.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	size, err := file.Size()
	if err != nil {
		return err
	}
	return overwrite(file, wholeLane(size), span{0, wholeEnd(file, size)}, wrote)
}

// destroy overwrites a file, if it is there, tells of each piece, and removes it.
func destroy(disk durable.Disk, name string, wrote func(bytes int64)) error {
	err := blank(disk, name, wrote)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return disk.Remove(name)
}

// finishErase brings to its end what a power cut has left of an erase.
func finishErase(disk durable.Disk) error {
	names, err := disk.List()
	if err != nil || !slices.Contains(names, eraseMark) {
		return err
	}
	return eraseAll(disk, nil)
}
