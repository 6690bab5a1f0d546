package padstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"onetimechat/padstore/durable"
)

// formatVersion is the layout of the whole store. Older firmware refuses a
// newer one.
const formatVersion = 1

// Limits of what a device remembers beside its pads.
const (
	maxCursors    = 16
	maxAddress    = 256 // bytes
	maxRef        = 1<<53 - 1
	maxPadsEver   = 400
	recordSize    = 4096
	cursorsSize   = 32768 // also when JSON escapes every byte of every address
	padsEverSize  = 32768
	recordName    = "device.record"
	cursorsName   = "cursors.record"
	padsEverName  = "pads.record"
	temporaryName = ".partial" // suffix of files that are not whole yet
)

// deviceRecord is the little that a device knows of itself.
type deviceRecord struct {
	Format  int    `json:"format"`
	Owner   string `json:"owner"`
	Starts  uint64 `json:"starts"`
	Clean   bool   `json:"clean"` // stopped in order
	Number  int64  `json:"number"`
	LogSeen uint64 `json:"log_seen"`
	ID      string `json:"id,omitempty"` // of this device
}

// refCursor is a host's place in one relay's mailbox.
type refCursor struct {
	Server string `json:"server"`
	Ref    int64  `json:"ref"`
}

// errRecord: a record does not hold what it should.
var errRecord = errors.New("record is not consistent")

// unreliable tells whether opening a record failed because of what is in it,
// not because of the disk.
func unreliable(err error) bool {
	return errors.Is(err, errRecord) || errors.Is(err, durable.ErrNoSlot)
}

// kept is a value of type T in a slots file.
type kept[T any] struct {
	mu    sync.Mutex
	slots *durable.Slots
	value T
}

// openKept opens a record, or makes it whole under its name with first.
func openKept[T any](disk durable.Disk, name string, size int, first T) (*kept[T], error) {
	slots, text, err := durable.OpenSlots(disk, name, size)
	if errors.Is(err, fs.ErrNotExist) {
		return createKept(disk, name, size, first)
	}
	if err != nil {
		return nil, err
	}
	k := &kept[T]{slots: slots}
	if err := json.Unmarshal(text, &k.value); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s: %w", errRecord, name, err), slots.Close())
	}
	return k, nil
}

// openExpendable opens a record on which no pad depends: a damaged one, or one that
// check refuses, begins anew with first. Of that, told is told why.
func openExpendable[T any](disk durable.Disk, name string, size int, first T, check func(T) error, told func(why error)) (*kept[T], error) {
	k, err := openKept(disk, name, size, first)
	if err == nil {
		if err = check(k.now()); err == nil {
			return k, nil
		}
		if closed := k.slots.Close(); closed != nil {
			return nil, closed
		}
	}
	if !unreliable(err) {
		return nil, err
	}
	told(err)
	if err := disk.Remove(name); err != nil {
		return nil, err
	}
	return createKept(disk, name, size, first)
}

func createKept[T any](disk durable.Disk, name string, size int, first T) (*kept[T], error) {
	text, err := marshal(first)
	if err != nil {
		return nil, err
	}
	if err := removeAny(disk, name+temporaryName); err != nil {
		return nil, err
	}
	slots, err := durable.CreateSlots(disk, name+temporaryName, size, text)
	if err != nil {
		return nil, err
	}
	if err = disk.Rename(name+temporaryName, name); err == nil {
		err = disk.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, slots.Close())
	}
	return &kept[T]{slots: slots, value: first}, nil
}

// marshal is v in JSON that escapes none of what printable ASCII need not, so
// that its length can be relied on.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// change replaces the value by what f makes of a copy, durably, and so is then
// what was written to the files along with it, in no order.
func (k *kept[T]) change(f func(*T), along ...durable.File) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	next := k.value
	f(&next)
	text, err := marshal(next)
	if err != nil {
		return err
	}
	if err := k.slots.Write(text, along...); err != nil {
		return err
	}
	k.value = next
	return nil
}

// write writes the value once more: what was arranged is kept then, and a slot that
// holds something older, or cannot be read, is replaced.
func (k *kept[T]) write() error { return k.change(func(*T) {}) }

// arrange replaces the value in memory. That is not kept until the next change.
func (k *kept[T]) arrange(f func(T) T) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.value = f(k.value)
}

func (k *kept[T]) now() T {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.value
}

// sound tells whether c can be kept.
func (c refCursor) sound() bool {
	odd := func(r rune) bool { return r <= ' ' || r > '~' }
	return c.Server != "" && len(c.Server) <= maxAddress && !strings.ContainsFunc(c.Server, odd) && c.Ref >= 0 && c.Ref <= maxRef
}

// openCursors opens the places in mailboxes. Damaged ones begin anew: what was
// fetched already is then fetched again, and not opened twice. The journal is open.
func (s *Store) openCursors() (err error) {
	check := func(list []refCursor) error {
		if len(list) > maxCursors || slices.ContainsFunc(list, func(c refCursor) bool { return !c.sound() }) {
			return fmt.Errorf("%w: no places in mailboxes", errRecord)
		}
		return nil
	}
	s.cursors, err = openExpendable(s.latch, cursorsName, cursorsSize, []refCursor{}, check, func(error) {
		s.note(Entry{Kind: KindFault, Text: "which messages the laptop has fetched cannot be read any more: it fetches them again"})
	})
	return err
}

// NextRef is the place saved for a relay's mailbox. Asking counts as use.
func (s *Store) NextRef(server string) (ref int64, known bool) {
	s.cursors.arrange(func(list []refCursor) []refCursor {
		i := slices.IndexFunc(list, func(c refCursor) bool { return c.Server == server })
		if i < 0 {
			return list
		}
		ref, known = list[i].Ref, true
		return append(slices.Delete(slices.Clone(list), i, i+1), list[i])
	})
	return ref, known
}

// SaveNextRef keeps the place in a relay's mailbox, for at most 16 relays: a
// further one replaces the one longest unused. The address is at most 256
// bytes of printable ASCII, ref is below 2^53. Work writes it to the card, so
// that a laptop cannot have each of many written. A power cut before that is
// harmless: what was fetched is fetched again, and not opened twice.
func (s *Store) SaveNextRef(server string, ref int64) error {
	if err := s.Fault(); err != nil {
		return err
	}
	at := refCursor{server, ref}
	if !at.sound() {
		return ErrCursor
	}
	if list := s.cursors.now(); len(list) > 0 && list[len(list)-1] == at {
		return nil
	}
	s.cursors.arrange(func(list []refCursor) []refCursor {
		next := slices.DeleteFunc(slices.Clone(list), func(c refCursor) bool { return c.Server == server })
		if len(next) == maxCursors {
			next = next[1:]
		}
		return append(next, at)
	})
	s.placed.Store(true)
	return nil
}

// writeCursors writes the places in mailboxes to the card, if there are new ones.
func (s *Store) writeCursors() error {
	if !s.placed.Swap(false) {
		return nil
	}
	return s.cursors.write()
}
