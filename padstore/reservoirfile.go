package padstore

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

// openReservoir opens the reservoir, or makes it with no capacity. One whose
// record cannot be relied on, or does not fit its file, is overwritten and
// begun anew: what it held was given to nobody, and more noise is to be had.
// Guessing what of it is ready would save a little time, and risk serving what
// is no noise.
func (s *Store) openReservoir(names []string) error {
	hasFile, hasRecord := slices.Contains(names, reservoirName), slices.Contains(names, reservoirRecord)
	if hasRecord {
		r := &Reservoir{store: s}
		err := r.load()
		if err == nil || !unreliable(err) {
			s.reservoir = r
			return err
		}
		s.noteAnew(err)
		if err := errors.Join(r.close(), s.latch.Remove(reservoirRecord)); err != nil {
			return err
		}
	} else if hasFile {
		s.noteAnew(errors.New("its record is gone"))
	}
	if err := destroy(s.latch, reservoirName, untold); err != nil {
		return err
	}
	s.reservoir = &Reservoir{store: s}
	return s.reservoir.create()
}

func (s *Store) noteAnew(why error) {
	s.note(Entry{Kind: KindNoise, Text: "the reservoir is damaged, and is overwritten and begun anew: " + why.Error()})
}

func (r *Reservoir) create() (err error) {
	if r.file, err = r.store.latch.Create(reservoirName); err != nil {
		return err
	}
	// Durable before its record: one without the other is damaged.
	if err = r.store.latch.Sync(); err != nil {
		return err
	}
	if r.record, err = createKept(r.store.latch, reservoirRecord, reservoirSlot, reservoirState{}); err != nil {
		return err
	}
	r.show()
	return nil
}

// load opens the record and the file, holds them against each other, and brings
// to an end what was cut.
func (r *Reservoir) load() (err error) {
	if r.record, err = openKept(r.store.latch, reservoirRecord, reservoirSlot, reservoirState{}); err != nil {
		return err
	}
	now := r.record.now()
	burning, err := now.check()
	if err != nil {
		return fmt.Errorf("%w: %w", errRecord, err)
	}
	r.file, err = r.store.latch.Open(reservoirName)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: its file is gone", errRecord)
	}
	if err != nil {
		return err
	}
	size, err := r.file.Size()
	if err != nil {
		return err
	}
	if size < now.Capacity {
		return fmt.Errorf("%w: its file has %d bytes instead of %d", errRecord, size, now.Capacity)
	}
	if size > now.Capacity { // Resize was cut; nothing there was ever ready, or it is burned
		if err := r.record.write(); err != nil { // in place of a slot that could not be read
			return err
		}
		if err := r.file.Truncate(now.Capacity); err != nil {
			return err
		}
	}
	all := span{0, now.Capacity}
	if err := zero(r.file, now.whole(), widened(r.file, burning, all)); err != nil {
		return err
	}
	// Where noise is laid up next must not be a sector that cannot be read.
	next := span{now.Ready, min(now.Ready+seal.CellSize, now.Capacity)}
	if bad := widened(r.file, next, all); bad != next {
		if err := zero(r.file, now.whole(), bad); err != nil {
			return err
		}
	}
	r.show()
	return r.file.Sync()
}

// check tells whether a record makes sense, and what may be half overwritten.
func (now reservoirState) check() (burning span, err error) {
	if now.Capacity < 0 || now.Capacity > maxReservoir || now.Ready < 0 || now.Ready > now.Capacity ||
		now.Capacity%seal.CellSize != 0 || now.Ready%seal.CellSize != 0 {
		return span{}, fmt.Errorf("%d bytes of %d", now.Ready, now.Capacity)
	}
	if err := CheckLots(now.Lots, now.Ready); err != nil {
		return span{}, err
	}
	if now.Burning == "" {
		return span{}, nil
	}
	burning, err = now.whole().parse(now.Burning)
	if err == nil && burning.from < now.Ready {
		err = errors.New("burning overlaps what is ready")
	}
	return burning, err
}

// read reads the stretch s into b, of which it may be a part of a cell longer,
// and says how far it is sound: s.len(), or where in it the lowest destroyed
// cell lies.
func (r *Reservoir) read(b []byte, s span) (lowest int64, err error) {
	var last [seal.CellSize]byte
	defer clear(last[:])
	size, begun := s.len(), cells(int64(len(b)))*seal.CellSize
	for _, part := range []struct {
		b  []byte
		at int64
	}{{b[:begun], 0}, {last[:size-begun], begun}} {
		if durable.ReadFull(r.file, part.b, s.from+part.at) != nil {
			return r.readable(s)
		}
		for from := range seal.Unconditional.Destroyed(part.b) {
			return part.at + int64(from), nil
		}
	}
	copy(b[begun:], last[:])
	return size, nil
}

// readable says where the lowest sector that cannot be read begins. If none
// can, the card does not answer, and nothing is given up.
func (r *Reservoir) readable(s span) (lowest int64, err error) {
	lowest, lost := s.len(), int64(0)
	sector := make([]byte, durable.SectorSize)
	defer clear(sector)
	for at := s.from; at < s.to; {
		part := sector[:min(s.to-at, durable.SectorSize-at%durable.SectorSize)]
		if durable.ReadFull(r.file, part, at) != nil {
			lowest, lost = min(lowest, at-s.from), lost+int64(len(part))
		}
		at += int64(len(part))
	}
	if lost == s.len() && lost > durable.SectorSize {
		return 0, fmt.Errorf("%w: %w", ErrFault, errOutage)
	}
	if lost == 0 {
		return 0, fmt.Errorf("%w: the reservoir could not be read", ErrFault)
	}
	return lowest, nil
}

func (r *Reservoir) close() error {
	var errs []error
	if r.file != nil {
		errs = append(errs, r.file.Close())
	}
	if r.record != nil {
		errs = append(errs, r.record.slots.Close())
	}
	return errors.Join(errs...)
}
