package host

import (
	"context"
	"time"

	"onetimechat/hostlink"
	"onetimechat/hostlink/mailbox"
	"onetimechat/padstore/durable"
)

// Show is told of every arrival before its outcome is recorded, in order of
// ref. When it fails, nothing is recorded, and the text comes again.
type Show func(Arrival) error

// Report sums up one Receive.
type Report struct {
	Arrivals  int  // that Show was told of
	Elsewhere int  // packages already opened by another of the user's hosts, or at another address; Show is not told of them
	Reset     bool // the relay lost the mailbox, or begins it anew: its refs are counted from 0 again
	// Stopped says why packages are still waiting: Busy, TimedOut, Withdrawn
	// or DeviceFault; "" when none are.
	Stopped hostlink.Refusal
	// Cursor is the lowest ref without an outcome.
	Cursor int64
	next   int64 // behind the highest ref seen
	used   int   // packages that came of the sender's pad: what anybody can send does not count
	more   bool  // packages at next or behind it are known to wait
	open   int   // packages seen that have no outcome
}

// batchSize is how many messages are fetched at once.
const batchSize = hostlink.MaxBatch

// placeTime lies between two places that are kept without need.
const placeTime = 10 * time.Second

// pass is one Receive under way.
type pass struct {
	h         *Host
	show      Show
	in        *inbox
	deviceRef int64 // the place that the device keeps; other hosts may have moved it
	report    Report
	open      []int64 // refs of this pass without an outcome
	stop      bool
}

// Receive fetches what waits in the mailbox and has the device open it, all of
// one fetch after one approval. The Report holds also beside an error.
func (h *Host) Receive(ctx context.Context, show Show) (Report, error) {
	return h.pass(ctx, show, func(p *pass) error {
		if err := p.begin(ctx); err != nil {
			return err
		}
		err := p.fetchAll(ctx)
		p.report.Cursor, p.report.open = p.in.Cursor, len(p.open)
		return err
	})
}

// pass lets do open packages while nobody else does.
func (h *Host) pass(ctx context.Context, show Show, do func(*pass) error) (Report, error) {
	unlock, err := h.cfg.Place.Lock(ctx, lockReceiving)
	if err != nil {
		return Report{}, err
	}
	defer unlock()
	p := &pass{h: h, show: show}
	if p.in, err = h.loadInbox(ctx); err == nil {
		err = do(p)
	}
	return p.report, err
}

// begin finds the place to start at: this host's own, else the one that the
// device keeps for a new host, else the beginning.
func (p *pass) begin(ctx context.Context) error {
	h := p.h
	if _, err := h.checkOwner(ctx); err != nil {
		return err
	}
	ref, known, err := h.cfg.Device.NextRef(ctx, h.cfg.User, h.cfg.RelayAddress)
	if err != nil {
		return err
	}
	if known {
		p.deviceRef = ref
	}
	if !p.in.Begun {
		p.in.Begun, p.in.Cursor = true, p.deviceRef
		if p.in.Backlog, err = h.backlog(ctx); err != nil {
			return err
		}
	}
	p.report.Cursor, p.report.next = p.in.Cursor, p.in.Cursor
	return nil
}

func (p *pass) fetchAll(ctx context.Context) error {
	for !p.stop {
		var batch mailbox.Batch
		var err error
		if p.report.next <= hostlink.MaxRef {
			batch, err = p.h.cfg.Relay.Messages(ctx, p.h.cfg.User, p.report.next, batchSize, 0)
		}
		if err != nil {
			return err
		}
		if len(batch.Messages) == 0 {
			again, err := p.wentBack(ctx)
			if err != nil || !again {
				return err
			}
			continue
		}
		if err := p.take(ctx, batch.Messages); err != nil {
			return err
		}
		if batch.Complete {
			return nil
		}
		p.stop = p.stop || len(p.in.Done) >= maxDone
	}
	p.report.more = true
	return nil
}

// wentBack notices that the mailbox is shorter than it was: the relay lost its
// data, or somebody who played the relay once invented refs. Then the mailbox
// is read from its beginning; what was opened before is not opened again.
func (p *pass) wentBack(ctx context.Context) (bool, error) {
	if p.report.Reset || p.report.next == 0 {
		return false, nil
	}
	next, err := p.h.cfg.Relay.NextRef(ctx, p.h.cfg.User)
	if err != nil || next >= p.in.Cursor {
		return false, err
	}
	if err := p.h.renumberFrom(ctx, next); err != nil {
		return false, err
	}
	p.in.Cursor, p.in.Backlog, p.in.Done, p.open = 0, next, nil, nil
	p.report.Reset, p.report.next = true, 0
	return true, p.h.saveInbox(ctx, p.in)
}

// take brings one batch as far as it goes.
func (p *pass) take(ctx context.Context, messages []mailbox.Message) error {
	var judged []Arrival // without asking the device
	var parcels []parcel
	for _, m := range messages {
		if p.in.done(m.Ref) {
			continue
		}
		parcel, outcome := p.h.open(m)
		if outcome == "" && !p.in.presented(parcel) { // else its request is asked again, whole
			held, err := p.h.holds(ctx, parcel)
			if err != nil {
				return err
			}
			if held {
				outcome = Denied
			}
		}
		if outcome != "" {
			judged = append(judged, Arrival{Ref: m.Ref, From: parcel.From, Outcome: outcome})
			continue
		}
		parcels = append(parcels, parcel)
		p.open = append(p.open, m.Ref)
	}
	upTo, used := messages[len(messages)-1].Ref+1, p.report.used
	if err := p.settle(ctx, judged); err != nil {
		return err
	}
	if err := p.openRequests(ctx, parcels); err != nil {
		return err
	}
	p.report.next = upTo
	p.in.advance(upTo, p.open)
	err := p.h.files(ctx, func(disk durable.Disk) error {
		if err := p.h.forgetGone(disk, p.in); err != nil {
			return err
		}
		return save(disk, p.h.inboxName(), p.in)
	})
	if err != nil {
		return err
	}
	back := p.in.Cursor < p.deviceRef
	if p.report.used == used && !back && !p.h.mayPlace() {
		return nil
	}
	return p.saveCursor(ctx)
}

// openRequests asks first what was asked before and not answered.
func (p *pass) openRequests(ctx context.Context, parcels []parcel) error {
	requests, rest := p.in.repeated(parcels)
	for _, chunk := range chunks(rest) {
		requests = append(requests, request{parcels: chunk})
	}
	for _, r := range requests {
		if p.stop {
			break
		}
		if err := p.openAll(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// saveCursor tells the device, once the outcomes are on disk. The device's
// place never goes back, unless the mailbox did.
func (p *pass) saveCursor(ctx context.Context) error {
	if p.in.Cursor > p.deviceRef && p.in.Cursor <= hostlink.MaxRef || p.report.Reset && p.in.Cursor != p.deviceRef {
		err := p.h.cfg.Device.SaveNextRef(ctx, p.h.cfg.User, p.h.cfg.RelayAddress, p.in.Cursor)
		if err != nil {
			return err
		}
		p.deviceRef = p.in.Cursor
	}
	return nil
}

// mayPlace tells, every placeTime, that the device may keep a place in the mailbox
// to which nothing but what anybody can send has brought it. Each place is written to
// the card, and whoever plays the relay could wear it out.
func (h *Host) mayPlace() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.placed) < placeTime {
		return false
	}
	h.placed = time.Now()
	return true
}
