package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"onetimechat/padstore/durable"
)

// State is how far a message in the outbox has come.
type State string

// Delivered messages are not in the outbox any more.
const (
	// Asked: the device was asked to seal it and no answer was kept. Unless a
	// question is open right now, it was not sent.
	Asked State = "asked"
	// Waiting: sealed, and to be delivered.
	Waiting State = "waiting"
	// Parked: the relay refused it for good.
	Parked State = "parked"
	// Delivered: the relay has it.
	Delivered State = "delivered"
)

// Kept is one message for one recipient in the outbox.
type Kept struct {
	Number int64 // names the message in the outbox, together with To
	To     string
	Relay  string // address of the one that it is for
	State  State
	Reason string // why it is parked
}

// ErrNoSuchMessage says that no message of that number is there.
var ErrNoSuchMessage = errors.New("no message of that number")

// entry is one request to seal, on disk. Items without a package are asked.
// No text is ever in it.
type entry struct {
	number int64
	ID     string `json:"id"`
	Relay  string `json:"relay"`
	Items  []item `json:"items"`
}

type item struct {
	To      string `json:"to"`
	Package []byte `json:"package,omitempty"`
	Parked  string `json:"parked,omitempty"`
}

func (it item) state() State {
	switch {
	case len(it.Package) == 0:
		return Asked
	case it.Parked != "":
		return Parked
	}
	return Waiting
}

// asked tells whether the request has not been answered.
func (e entry) asked() bool {
	return !slices.ContainsFunc(e.Items, func(it item) bool { return len(it.Package) > 0 })
}

func (e entry) recipients() []string {
	to := make([]string, len(e.Items))
	for i, it := range e.Items {
		to[i] = it.To
	}
	return to
}

const outPrefix = "out-"

// entryName sorts by number.
func entryName(number int64) string { return fmt.Sprintf("%s%016d", outPrefix, number) }

// numberIn is the number behind the prefix of a file's name.
func numberIn(name, prefix string) (int64, error) {
	return strconv.ParseInt(strings.TrimPrefix(name, prefix), 10, 64)
}

func loadEntries(disk durable.Disk) ([]entry, error) {
	names, err := list(disk, outPrefix)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, name := range names {
		number, err := numberIn(name, outPrefix)
		if err != nil {
			continue // not ours
		}
		e := entry{number: number}
		if err := load(disk, name, &e); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func saveEntry(disk durable.Disk, e entry) error {
	if len(e.Items) == 0 {
		return remove(disk, entryName(e.number))
	}
	return save(disk, entryName(e.number), e)
}

// nextNumber is higher than all in entries.
func nextNumber(entries []entry) int64 {
	if len(entries) == 0 {
		return 1
	}
	return entries[len(entries)-1].number + 1
}

// Outbox lists what has not been delivered, for every relay, in order.
func (h *Host) Outbox(ctx context.Context) ([]Kept, error) {
	var kept []Kept
	err := h.files(ctx, func(disk durable.Disk) error {
		entries, err := loadEntries(disk)
		for _, e := range entries {
			for _, it := range e.Items {
				kept = append(kept, Kept{e.number, it.To, e.Relay, it.state(), it.Parked})
			}
		}
		return err
	})
	return kept, err
}

// Retry has the messages of that number delivered again, also parked ones, and
// by this relay, also those that were meant for another one: its address may
// have changed.
func (h *Host) Retry(ctx context.Context, number int64) error {
	err := h.changeEntry(ctx, number, anyID, func(e *entry) {
		if e.asked() {
			return
		}
		e.Relay = h.cfg.RelayAddress
		for i := range e.Items {
			e.Items[i].Parked = ""
		}
	})
	h.rouse()
	return err
}

// Drop forgets the messages of that number. What was sealed in them is lost:
// its recipient will be warned of a skip.
func (h *Host) Drop(ctx context.Context, number int64) error {
	return h.changeItems(ctx, number, anyID, func(*item) bool { return false })
}

// anyID is for people, who know numbers only. A program says which id it
// means: once an entry is gone another one may get its number.
const anyID = ""

// changeItems changes an entry by f, item by item: those that f returns false
// for are dropped.
func (h *Host) changeItems(ctx context.Context, number int64, id string, f func(*item) (keep bool)) error {
	return h.changeEntry(ctx, number, id, func(e *entry) {
		var keep []item
		for _, it := range e.Items {
			if f(&it) {
				keep = append(keep, it)
			}
		}
		e.Items = keep
	})
}

// changeEntry changes an entry by f; without items it is gone.
func (h *Host) changeEntry(ctx context.Context, number int64, id string, f func(*entry)) error {
	return h.files(ctx, func(disk durable.Disk) error {
		e := entry{number: number}
		if err := load(disk, entryName(number), &e); err != nil {
			return err
		}
		if len(e.Items) == 0 || id != anyID && id != e.ID {
			return ErrNoSuchMessage
		}
		f(&e)
		return saveEntry(disk, e)
	})
}

// rouse wakes KeepDelivering.
func (h *Host) rouse() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// Unsure lists the messages that were asked and whose answer was never kept:
// they were not sent. While another process asks it lists none.
func (h *Host) Unsure(ctx context.Context) ([]Kept, error) {
	now, cancel := context.WithTimeout(ctx, lockPoll)
	defer cancel()
	unlock, err := h.cfg.Place.Lock(now, lockSending)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer unlock()
	kept, err := h.Outbox(ctx)
	return slices.DeleteFunc(kept, func(k Kept) bool { return k.State != Asked }), err
}
