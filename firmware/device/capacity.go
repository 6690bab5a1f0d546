package device

import (
	"context"
	"fmt"
	"slices"
	"time"

	"onetimechat/display"
	"onetimechat/padstore"
)

// ReservoirSize is how many bytes the reservoir is to hold: as many as its owner
// has chosen, else as wish says, and no more than the card has room for.
func ReservoirSize(store *padstore.Store, wish int64) (int64, error) {
	if chosen := store.Settings().Reservoir; chosen > 0 {
		wish = chosen
	}
	most, err := mostReservoir(store)
	return min(wish, most), err
}

// mostReservoir is a third of what is free, so that the pad that is made of it
// finds room, too. It never shrinks because pads have come to be there.
func mostReservoir(store *padstore.Store) (int64, error) {
	free, err := store.Free()
	if err != nil {
		return 0, fmt.Errorf("the card cannot be read: %w", err)
	}
	now := store.Reservoir().Level().Capacity
	third := (free + now) / 3 >> 20 << 20
	return max(now, third, 1<<20), nil
}

// reservoirSizes are those that the owner can choose from, in bytes: some that
// are easy to say, as far as there is room, and the one there is.
func reservoirSizes(now, most int64) []int64 {
	sizes := []int64{now}
	for size := int64(16 << 20); size <= 64<<30; size *= 4 {
		if size <= most && size != now {
			sizes = append(sizes, size)
		}
	}
	slices.Sort(sizes)
	return sizes
}

// roomText is a number of bytes, rounded down, for where more digits say nothing.
func roomText(bytes int64) string {
	if bytes >= 10<<30 || bytes >= 1<<30 && bytes%(1<<30) == 0 {
		return fmt.Sprintf("%d GiB", bytes>>30)
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
}

// chooseReservoir lets the owner choose how much randomness may be laid up.
func (d *Device) chooseReservoir(ctx context.Context) {
	most, err := mostReservoir(d.store)
	if err != nil {
		d.change(ctx, err)
		return
	}
	free, err := d.store.Free()
	if err != nil {
		d.change(ctx, err)
		return
	}
	level, now, rate := d.store.Reservoir().Level(), d.fill.wanted(), d.fill.rate()
	sizes := reservoirSizes(now, most)
	shown := display.ReservoirSize{Now: now, Ready: level.Ready, Free: free}
	for _, size := range sizes {
		choice := display.ReservoirChoice{Bytes: size}
		if more := size - level.Ready; more > 0 && rate > 0 {
			choice.Wait = time.Duration(float64(more) / rate * float64(time.Second))
		}
		shown.Choices = append(shown.Choices, choice)
	}
	target, err := d.choose(ctx, choice{patience: errandFor, yields: true, screen: func(page int, _ bool) display.Screen {
		shown.Page = page
		return shown
	}})
	if err != nil {
		return
	}
	for i, size := range sizes {
		if target == sizeTarget(i) && size != now {
			d.resize(ctx, size)
		}
	}
}

// resize keeps the owner's choice, and has the fill do it.
func (d *Device) resize(ctx context.Context, bytes int64) {
	ready := d.store.Reservoir().Level().Ready
	if bytes < ready && !d.sure(ctx, "Throw randomness away?",
		"More is ready than that. What is over is overwritten, and would have to be made again.", "Throw away", "Keep") {
		return
	}
	s := d.store.Settings()
	s.Reservoir = bytes
	err := d.store.Choose(s)
	if err == nil {
		d.fill.want(bytes)
	}
	d.change(ctx, err)
}
