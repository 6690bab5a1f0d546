package padstore

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

const (
	reservoirName   = "reservoir.store"
	reservoirRecord = "reservoir.record"
	reservoirSlot   = 32768 // MaxLots of the longest fit, which a test shows
	// maxReservoir is far beyond any card, and far from overflow.
	maxReservoir = 1 << 48
)

// MaxLots is how often the sources may have changed in what is ready.
const MaxLots = 16

// Level is how full the reservoir is, in bytes.
type Level struct {
	Ready    int64
	Capacity int64
	Demo     bool // some of it is demo randomness
}

// Reservoir is extracted randomness laid up for the next pad. Every byte of a
// pad's own contribution comes out of it, and comes out once. Its methods may
// be called concurrently.
//
// It is a stack of 16-byte cells in a file: [0, ready) may be taken, the rest
// is zeros, or what an Add did not come to the end of. A byte that was taken is
// zeros before Take returns, so that whatever the record says, also one that
// went back in time, the file holds nothing that was ever given away.
type Reservoir struct {
	store *Store
	level atomic.Pointer[Level] // so that asking never waits for the card

	mu     sync.Mutex
	file   durable.File
	record *kept[reservoirState]
}

// reservoirState is the reservoir's record.
type reservoirState struct {
	Capacity int64  `json:"capacity"` // the file's size, once it is fully written
	Ready    int64  `json:"ready"`
	Burning  string `json:"burning"` // may be half overwritten; nothing of it is ready
	Lots     lots   `json:"lots"`    // what made [0, ready)
}

// Reservoir is this device's.
func (s *Store) Reservoir() *Reservoir { return s.reservoir }

// Level says how full it is.
func (r *Reservoir) Level() Level { return *r.level.Load() }

// Resize sets the most bytes it may hold, rounded up to whole cells of 16;
// what is over it is burned. The file is written fully, never sparse. ErrFull,
// with nothing changed, if the card has no room.
func (r *Reservoir) Resize(capacity int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.store.Fault(); err != nil {
		return err
	}
	if capacity < 0 || capacity > maxReservoir {
		return fmt.Errorf("a reservoir of %d bytes", capacity)
	}
	capacity = cells(capacity+seal.CellSize-1) * seal.CellSize
	var err error
	switch now := r.record.now().Capacity; {
	case capacity > now:
		err = r.grow(now, capacity)
	case capacity < now:
		err = r.shrink(capacity)
	}
	return r.store.roomOrFault(err)
}

// cells is how many whole cells size bytes are.
func cells(size int64) int64 { return size / seal.CellSize }

// grow writes the file's new part before the record tells of it.
func (r *Reservoir) grow(from, to int64) error {
	free, err := r.store.free()
	if err != nil {
		return err
	}
	if to-from > free {
		return ErrFull
	}
	if err := zero(r.store.latch.spacious().with(r.file), wholeLane(to), span{from, to}); errors.Is(err, ErrFull) {
		return errors.Join(err, r.file.Truncate(from))
	} else if err != nil {
		return err
	}
	if err := r.file.Sync(); err != nil {
		return err
	}
	return r.change(func(now *reservoirState) { now.Capacity = to })
}

// shrink burns what is over, and gives the room back. The record comes first:
// a file that is too long is cut when the store is opened, one that is too
// short is damaged.
func (r *Reservoir) shrink(to int64) error {
	if r.record.now().Ready > to {
		if err := r.burn(to); err != nil {
			return err
		}
	}
	if err := r.change(func(now *reservoirState) { now.Capacity, now.Burning = to, "" }); err != nil {
		return err
	}
	if err := r.file.Truncate(to); err != nil {
		return err
	}
	return r.file.Sync()
}

// Add lays up b, made by the sources together; durable on return. Only whole
// cells of 16 bytes are kept. ErrFull, with nothing changed, if it does not
// fit, or if the sources have changed too often: then some must be used first.
func (r *Reservoir) Add(b []byte, made []Origin) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.store.Fault(); err != nil {
		return err
	}
	if err := checkOrigins(made); err != nil {
		return err
	}
	now := r.record.now()
	b = b[:cells(int64(len(b)))*seal.CellSize]
	size := int64(len(b))
	if size == 0 {
		return nil
	}
	list := now.Lots.push(Lot{Origins: made, Bytes: size})
	if size > now.Capacity-now.Ready || len(list) > MaxLots {
		return ErrFull
	}
	if err := r.write(b, span{now.Ready, now.Ready + size}, now.Capacity); err != nil {
		return r.store.faulted(err)
	}
	// Synced before the record counts it: what a cut left of it is no noise.
	if err := r.file.Sync(); err != nil {
		return r.store.faulted(err)
	}
	return r.store.faulted(r.change(func(next *reservoirState) {
		next.Ready, next.Lots, next.Burning = now.Ready+size, list, ""
	}))
}

// write writes b to the stretch s of the file, with zeros behind it where it would
// end in the middle of what cannot be read.
func (r *Reservoir) write(b []byte, s span, capacity int64) error {
	over := widened(r.file, span{s.to - 1, s.to}, span{s.from, capacity}).to - s.to
	if over > 0 {
		b = append(slices.Clip(b), make([]byte, over)...)
		defer clear(b)
	}
	_, err := r.file.WriteAt(b, s.from)
	return err
}

// Take moves len(b) bytes out into b and says what made them, in their order:
// on return they are durably marked used and overwritten. A cell that is begun
// is used up. ErrDry, with nothing but destroyed bytes given up, if there are
// fewer.
func (r *Reservoir) Take(b []byte) ([]Lot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.store.Fault(); err != nil || len(b) == 0 {
		return nil, err
	}
	made, err := r.take(b)
	if err != nil {
		clear(b)
		return nil, err
	}
	return made, nil
}

func (r *Reservoir) take(b []byte) ([]Lot, error) {
	size := cells(int64(len(b))+seal.CellSize-1) * seal.CellSize
	passed := int64(0)
	defer func() {
		if passed > 0 {
			r.store.note(Entry{Kind: KindNoise, Text: fmt.Sprintf("%d bytes of the reservoir were already destroyed and are passed over", passed)})
		}
	}()
	for {
		now := r.record.now()
		s := span{now.Ready - size, now.Ready}
		if s.from < 0 {
			return nil, ErrDry
		}
		lowest, err := r.read(b, s)
		if err != nil {
			return nil, err
		}
		to := s.from
		if lowest < s.len() {
			to += lowest
		}
		if err := r.burn(to); err != nil {
			return nil, r.store.faulted(err)
		}
		if lowest == s.len() {
			_, made := now.Lots.split(s.from)
			made, _ = made.split(int64(len(b)))
			return made, nil
		}
		passed += s.to - to
	}
}

// Distrust burns what the source of a name made alone, and what was laid up over
// it: at most so many bytes, from the top on, of which it answers how many.
func (r *Reservoir) Distrust(source string, most int64) (burned int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.store.Fault(); err != nil {
		return 0, err
	}
	now, from := r.record.now(), int64(0)
	for _, l := range now.Lots {
		if len(l.Origins) == 1 && l.Origins[0].Name == source {
			from = max(from, now.Ready-cells(most)*seal.CellSize)
			return now.Ready - from, r.store.faulted(r.burn(from))
		}
		from += l.Bytes
	}
	return 0, nil
}

// burn takes everything from a position on out of what is ready: it is marked
// used and overwritten, both durable on return.
//
// The two may reach the card in any order. If only the record did, opening the
// store overwrites what it names as burning. If only zeros did, in some of the
// sectors, then nothing of it was given to anybody: what is not zeros is as
// good as before, and the zeros are whole cells, which Take does not pass on.
func (r *Reservoir) burn(from int64) error {
	now := r.record.now()
	whole := now.whole()
	s := widened(r.file, span{from, now.Ready}, span{0, now.Capacity})
	if err := zero(r.file, whole, s); err != nil {
		return err
	}
	err := r.change(func(next *reservoirState) {
		next.Ready, next.Burning = s.from, whole.text(s)
		next.Lots, _ = now.Lots.split(s.from)
	}, r.file)
	if err != nil {
		return err
	}
	return r.store.latch.keeps(r.record.slots)
}

// change changes the record, durably, and the level with it.
func (r *Reservoir) change(f func(*reservoirState), along ...durable.File) error {
	if err := r.record.change(f, along...); err != nil {
		return err
	}
	r.show()
	return nil
}

func (r *Reservoir) show() {
	now := r.record.now()
	r.level.Store(&Level{Ready: now.Ready, Capacity: now.Capacity, Demo: now.Lots.demo()})
}

// whole is the file as one lane.
func (now reservoirState) whole() lane { return wholeLane(now.Capacity) }
