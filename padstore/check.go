package padstore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// CheckSize is how many bytes Check writes to the card, and reads again.
const CheckSize = 1 << 20

const checkName = "check.store" + temporaryName

// Health is how card and pads are, as Check found them.
type Health struct {
	Pads, Damaged int           // pads that are here, and those of them that serve nothing
	Wrote, Read   time.Duration // for CheckSize bytes, the sync included
	Free          int64         // bytes that new pads may take of the card
}

// Check writes a file to the card, reads it again and removes it, and holds the
// keys of all pads against their checksums. It takes nothing of any pad. A card
// that gives back other bytes than it was given is a fault. ErrFull if it has no
// room for the file.
func (s *Store) Check() (Health, error) {
	s.moving.Lock()
	defer s.moving.Unlock()
	if err := s.Fault(); err != nil {
		return Health{}, err
	}
	var h Health
	err := s.tryCard(&h)
	if gone := s.latch.Remove(checkName); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone) // what a cut brings back of it, the next start removes
	}
	if err != nil {
		return Health{}, s.roomOrFault(err)
	}
	s.mu.RLock()
	pads := slices.Clone(s.pads)
	s.mu.RUnlock()
	for _, p := range pads {
		h.Pads++
		if !p.sound() {
			h.Damaged++
		}
	}
	h.Free, err = s.free()
	return h, s.faulted(err)
}

// tryCard writes a pattern of which no two sectors are alike, and reads it.
func (s *Store) tryCard(h *Health) (err error) {
	pattern := make([]byte, CheckSize)
	for i := range pattern {
		pattern[i] = byte(i + i>>9*7)
	}
	began := time.Now()
	file, err := s.latch.spacious().Create(checkName)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := file.WriteAt(pattern, 0); err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), s.latch.Sync()); err != nil {
		return err
	}
	h.Wrote = time.Since(began)
	if err := file.Forget(); err != nil {
		return err
	}
	began = time.Now()
	back := make([]byte, CheckSize)
	if n, err := file.ReadAt(back, 0); n < len(back) {
		return s.latch.check(fmt.Errorf("reading what was just written: %w", err))
	}
	h.Read = time.Since(began)
	if !bytes.Equal(back, pattern) {
		return s.latch.check(errors.New("the card gives back other bytes than it was given"))
	}
	return nil
}

// sound tells whether the pad serves, and its keys are as they should be.
func (p *pad) sound() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.damaged != nil {
		return false
	}
	if err := p.checkKeys(); err != nil {
		_ = p.spoilt(err)
		return false
	}
	return true
}
