package host

import (
	"context"
	"fmt"
	"slices"

	"onetimechat/hostlink"
	"onetimechat/padstore/durable"
)

// Held is a package on the later list: its owner denied opening it.
type Held struct {
	Ref  int64 // above hostlink.MaxRef once the relay lost the mailbox it came from
	From string
}

func (h *Host) laterPrefix() string { return "later-" + h.key() + "-" }

func (h *Host) laterName(ref int64) string { return fmt.Sprintf("%s%016d", h.laterPrefix(), ref) }

// hold keeps a denied package.
func (h *Host) hold(ctx context.Context, p parcel) error {
	return h.files(ctx, func(disk durable.Disk) error { return save(disk, h.laterName(p.Ref), p) })
}

// release removes what has been held under ref.
func (h *Host) release(disk durable.Disk, ref int64) error {
	names, err := list(disk, h.laterName(ref))
	if err != nil || len(names) == 0 {
		return err
	}
	return remove(disk, h.laterName(ref))
}

// holds tells whether this very package is on the later list. Another one that
// is there under its ref, which the relay must have given twice, makes room.
func (h *Host) holds(ctx context.Context, p parcel) (held bool, err error) {
	err = h.files(ctx, func(disk durable.Disk) error {
		var other parcel
		if err := load(disk, h.laterName(p.Ref), &other); err != nil || other.Package == nil {
			return err
		}
		if held = other.digest() == p.digest(); held {
			return nil
		}
		return h.renumber(disk, func(name string) bool { return name == h.laterName(p.Ref) })
	})
	return held, err
}

// forgetGone forgets what was asked and can be answered no more: the relay has
// it no longer, nor has the later list.
func (h *Host) forgetGone(disk durable.Disk, in *inbox) error {
	gone := func(a asked) bool { return a.Ref < in.Cursor || a.Ref > hostlink.MaxRef }
	if !slices.ContainsFunc(in.Asked, gone) {
		return nil
	}
	held, err := list(disk, h.laterPrefix())
	if err != nil {
		return err
	}
	in.Asked = slices.DeleteFunc(in.Asked, func(a asked) bool { return gone(a) && !slices.Contains(held, h.laterName(a.Ref)) })
	return nil
}

// renumber gives held packages numbers that are no refs: the mailbox that they
// came from is no more, and the relay may give their refs again.
func (h *Host) renumber(disk durable.Disk, gone func(name string) bool) error {
	names, err := list(disk, h.laterPrefix())
	if err != nil {
		return err
	}
	number := int64(hostlink.MaxRef + 1)
	for _, name := range names {
		if !gone(name) {
			continue
		}
		for ; slices.Contains(names, h.laterName(number)); number++ {
		}
		if err := disk.Rename(name, h.laterName(number)); err != nil {
			return err
		}
		number++
	}
	return disk.Sync()
}

// renumberFrom renumbers what is held under refs that a mailbox which lost its
// messages has yet to give.
func (h *Host) renumberFrom(ctx context.Context, next int64) error {
	return h.files(ctx, func(disk durable.Disk) error {
		return h.renumber(disk, func(name string) bool { return name >= h.laterName(next) && name <= h.laterName(hostlink.MaxRef) })
	})
}

// Later lists the packages that were denied, in order of ref.
func (h *Host) Later(ctx context.Context) ([]Held, error) {
	parcels, err := h.held(ctx)
	var all []Held
	for _, p := range parcels {
		all = append(all, Held{Ref: p.Ref, From: p.From})
	}
	return all, err
}

func (h *Host) held(ctx context.Context) ([]parcel, error) {
	var parcels []parcel
	err := h.files(ctx, func(disk durable.Disk) error {
		names, err := list(disk, h.laterPrefix())
		if err != nil {
			return err
		}
		for _, name := range names {
			var p parcel
			if err := load(disk, name, &p); err != nil {
				return err
			}
			if p.Ref, err = numberIn(name, h.laterPrefix()); err != nil {
				continue // not ours
			}
			parcels = append(parcels, p)
		}
		return nil
	})
	return parcels, err
}

// OpenLater has the device asked again about the packages of those refs on the
// later list; no refs means all of them.
func (h *Host) OpenLater(ctx context.Context, refs []int64, show Show) (Report, error) {
	return h.pass(ctx, show, func(p *pass) error {
		parcels, err := h.held(ctx)
		if err != nil {
			return err
		}
		for _, ref := range refs {
			if !slices.ContainsFunc(parcels, func(p parcel) bool { return p.Ref == ref }) {
				return ErrNoSuchMessage
			}
		}
		if len(refs) > 0 {
			parcels = slices.DeleteFunc(parcels, func(p parcel) bool { return !slices.Contains(refs, p.Ref) })
		}
		if err := p.begin(ctx); err != nil {
			return err
		}
		return p.openRequests(ctx, parcels)
	})
}

// DropLater forgets a denied package.
func (h *Host) DropLater(ctx context.Context, ref int64) error {
	return h.files(ctx, func(disk durable.Disk) error {
		names, err := list(disk, h.laterName(ref))
		if err == nil && len(names) == 0 {
			err = ErrNoSuchMessage
		}
		if err != nil {
			return err
		}
		return remove(disk, h.laterName(ref))
	})
}
