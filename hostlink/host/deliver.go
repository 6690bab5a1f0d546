package host

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"onetimechat/hostlink/mailbox"
	"onetimechat/padstore/durable"
)

// Delivery is what one try to deliver one message came to.
type Delivery struct {
	Number int64
	To     string
	State  State // Delivered, Parked, or Waiting
	Err    error // why it is parked or still waiting
}

// Waits between tries, doubling from the first to the last.
const (
	firstWait = time.Second
	lastWait  = time.Minute
	// idleWait is when KeepDelivering looks for packages that another process
	// left.
	idleWait = time.Minute
)

// Deliver tries once to deliver what waits for this relay, in order for each
// recipient. It returns what it tried, also beside an error. What is left then
// waits for KeepDelivering.
func (h *Host) Deliver(ctx context.Context) ([]Delivery, error) {
	defer h.rouse()
	return h.deliver(ctx, func(string) bool { return true })
}

// KeepDelivering delivers until ctx ends, with growing pauses for a recipient
// whose messages the relay does not take. It tells notify of every try, and
// state how each pass went with this laptop's disk: while that fails nothing
// would be delivered in order, and it is tried again after a while.
func (h *Host) KeepDelivering(ctx context.Context, notify func(Delivery), state func(error)) error {
	for {
		tried, err := h.deliver(ctx, h.due)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for _, d := range tried {
			notify(d)
		}
		if err == nil || errors.Is(err, mailbox.ErrUnreachable) {
			state(nil)
			err = h.pause(ctx)
		} else {
			state(err)
			err = sleep(ctx, lastWait)
		}
		if err != nil {
			return err
		}
	}
}

// pause waits until a recipient's turn comes, or until it is woken.
func (h *Host) pause(ctx context.Context) error {
	wait := idleWait
	h.mu.Lock()
	for _, t := range h.notUntil {
		wait = min(wait, max(0, time.Until(t)))
	}
	h.mu.Unlock()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-h.wake:
	case <-timer.C:
	}
	return nil
}

func (h *Host) due(to string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !time.Now().Before(h.notUntil[to])
}

// note remembers how a try went.
func (h *Host) note(to string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		delete(h.failures, to)
		delete(h.notUntil, to)
		return
	}
	wait := min(lastWait, firstWait<<min(h.failures[to], 10))
	if busy, ok := errors.AsType[*mailbox.BusyError](err); ok {
		wait = max(wait, busy.After)
	}
	h.failures[to]++
	h.notUntil[to] = time.Now().Add(wait)
}

// deliver makes one pass. Only one process does so at a time: two would break
// the order.
func (h *Host) deliver(ctx context.Context, due func(to string) bool) ([]Delivery, error) {
	unlock, err := h.cfg.Place.Lock(ctx, lockDelivering)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var entries []entry
	err = h.files(ctx, func(disk durable.Disk) (err error) {
		entries, err = loadEntries(disk)
		return err
	})
	if err != nil {
		return nil, err
	}
	h.forgetOthers(entries)
	var tried []Delivery
	var unreachable error
	held := map[string]bool{} // an earlier message to them is still here
	for _, e := range entries {
		for _, it := range e.Items {
			if e.Relay != h.cfg.RelayAddress || it.state() != Waiting || held[it.To] || !due(it.To) {
				held[it.To] = held[it.To] || it.state() == Waiting && e.Relay == h.cfg.RelayAddress
				continue
			}
			d := Delivery{Number: e.number, To: it.To, State: Waiting, Err: unreachable}
			if unreachable == nil {
				if d, err = h.deliverOne(ctx, e, it); err != nil {
					return tried, err
				}
			}
			h.note(it.To, waitingError(d))
			held[it.To] = d.State == Waiting
			tried = append(tried, d)
			if errors.Is(d.Err, mailbox.ErrUnreachable) {
				unreachable = d.Err // for everybody else too
			}
		}
	}
	return tried, unreachable
}

func waitingError(d Delivery) error {
	if d.State == Waiting {
		return d.Err
	}
	return nil
}

// forgetOthers forgets the pauses of those for whom nothing waits.
func (h *Host) forgetOthers(entries []entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for to := range h.notUntil {
		waits := func(e entry) bool {
			return slices.ContainsFunc(e.Items, func(it item) bool { return it.To == to && it.state() == Waiting })
		}
		if !slices.ContainsFunc(entries, waits) {
			delete(h.notUntil, to)
			delete(h.failures, to)
		}
	}
}

// deliverOne hands one package to the relay and removes it once the relay has
// it. The relay's id makes a second try harmless when the first one's answer,
// or our memory of it, was lost.
func (h *Host) deliverOne(ctx context.Context, e entry, it item) (Delivery, error) {
	d := Delivery{Number: e.number, To: it.To, State: Delivered}
	_, err := h.cfg.Relay.Send(ctx, mailbox.Outgoing{
		Recipient: it.To,
		Sender:    h.cfg.User,
		Contents:  base64.StdEncoding.EncodeToString(it.Package),
		ID:        e.ID,
	})
	if ctx.Err() != nil && err != nil {
		return d, ctx.Err()
	}
	if err != nil {
		d.State, d.Err = Waiting, err
		if refused, ok := errors.AsType[*mailbox.RefusedError](err); ok {
			d.State = Parked
			return d, h.park(ctx, e, it.To, refused.Error())
		}
		return d, nil
	}
	tidy, cancel := afterwards(ctx)
	defer cancel()
	err = h.changeItems(tidy, e.number, e.ID, func(other *item) bool { return other.To != it.To })
	if errors.Is(err, ErrNoSuchMessage) {
		err = nil // dropped meanwhile
	}
	return d, err
}

func (h *Host) park(ctx context.Context, e entry, to, reason string) error {
	return h.changeItems(ctx, e.number, e.ID, func(it *item) bool {
		if it.To == to {
			it.Parked = reason
		}
		return true
	})
}
