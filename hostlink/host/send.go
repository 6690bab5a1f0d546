package host

import (
	"context"
	"errors"
	"slices"
	"unicode/utf8"

	"onetimechat/hostlink"
	"onetimechat/padstore/durable"
)

// Result says what became of one recipient's message.
type Result struct {
	To     string
	Number int64 // in the outbox; 0 when it was not sealed
	// Err says why it was not sealed, a hostlink.Refusal or ErrUnsure, or why
	// what was sealed is not sent: ErrRestored.
	Err error
}

var (
	// ErrUnsure: the link broke and stayed broken after the device was asked.
	// The message was not sent. Sending the same text to the same recipients
	// again fetches what the device may have sealed.
	ErrUnsure = errors.New("the pad device may have sealed this message, but it was not sent")
	// ErrNobody: no recipient is left.
	ErrNobody = errors.New("no recipient")
	// ErrNotText: only UTF-8 can be sent.
	ErrNotText = errors.New("not UTF-8 text")
)

// Send has the device seal text for each recipient, after one approval for up
// to hostlink.MaxContacts of them, and keeps the packages in the outbox, from
// where Deliver takes them, or KeepDelivering within a minute. Each recipient
// gets a Result. An error is about all that have none.
func (h *Host) Send(ctx context.Context, to []string, text string) ([]Result, error) {
	switch {
	case len(to) == 0:
		return nil, ErrNobody
	case !utf8.ValidString(text):
		return nil, ErrNotText
	case len(text) > hostlink.MaxText:
		return nil, hostlink.TooLong
	}
	unlock, err := h.cfg.Place.Lock(ctx, lockSending)
	if err != nil {
		return nil, err
	}
	defer unlock()
	status, err := h.checkOwner(ctx)
	if err != nil {
		return nil, err
	}
	results, known := h.sort(to, status)
	for chunk := range slices.Chunk(known, hostlink.MaxContacts) {
		for len(chunk) > 0 {
			more, err := h.seal(ctx, chunk, text, status)
			more, chunk = spared(more)
			results = append(results, more...)
			if err != nil {
				return results, err
			}
		}
	}
	return results, nil
}

// spared are those whose pad would have done when nothing was sealed because
// somebody else's does not: the device's word for them is EncryptionFailed. They
// are asked for once more, without the others, whose results are final.
func spared(results []Result) (final []Result, again []string) {
	isSpared := func(r Result) bool { return r.Err == hostlink.EncryptionFailed }
	isOther := func(r Result) bool { return r.Err != nil && !isSpared(r) }
	if !slices.ContainsFunc(results, isOther) {
		return results, nil
	}
	for _, r := range results {
		if isSpared(r) {
			again = append(again, r.To)
		} else {
			final = append(final, r)
		}
	}
	return final, again
}

// sort answers for those who would be refused anyway: a device seals for all
// of a request or for none.
func (h *Host) sort(to []string, status hostlink.Status) (refused []Result, known []string) {
	for i, name := range to {
		isContact := func(p hostlink.Pad) bool { return p.Contact == name }
		switch {
		case slices.Contains(to[:i], name):
		case name == h.cfg.User:
			refused = append(refused, Result{To: name, Err: hostlink.ToYourself})
		case !slices.ContainsFunc(status.Pads, isContact):
			refused = append(refused, Result{To: name, Err: hostlink.NoPad})
		default:
			known = append(known, name)
		}
	}
	return refused, known
}

// seal asks once, for all of to.
func (h *Host) seal(ctx context.Context, to []string, text string, status hostlink.Status) ([]Result, error) {
	e, again, err := h.writeAsked(ctx, to)
	if err != nil {
		return nil, err
	}
	var sealed []hostlink.Sealed
	lost, err := h.ask(ctx, func() (err error) {
		sealed, err = h.cfg.Device.Package(ctx, hostlink.PackageRequest{ID: e.ID, From: h.cfg.User, To: to, Text: text})
		return err
	})
	if err != nil {
		return h.notSealed(ctx, e, lost, err)
	}
	return h.keepSealed(ctx, e, sealed, status, again)
}

// writeAsked puts the request on disk before it is asked. A request to the
// same recipients whose answer got lost gives it its id: if the text is the
// same too, the device answers what it sealed then.
func (h *Host) writeAsked(ctx context.Context, to []string) (e entry, again bool, err error) {
	e = entry{ID: newID(), Relay: h.cfg.RelayAddress}
	for _, name := range to {
		e.Items = append(e.Items, item{To: name})
	}
	err = h.files(ctx, func(disk durable.Disk) error {
		entries, err := loadEntries(disk)
		if err != nil {
			return err
		}
		if _, err := loadSealed(disk); err != nil {
			return err // what could not be judged is not asked for
		}
		for _, old := range entries {
			if old.Relay == e.Relay && old.asked() && slices.Equal(old.recipients(), to) {
				e.ID, again = old.ID, true
				if err := remove(disk, entryName(old.number)); err != nil {
					return err
				}
				break
			}
		}
		e.number = nextNumber(entries)
		return saveEntry(disk, e)
	})
	return e, again, err
}

// notSealed decides whether the device may have sealed after all.
func (h *Host) notSealed(ctx context.Context, e entry, lost bool, err error) ([]Result, error) {
	unreachable := errors.Is(err, hostlink.ErrUnreachable)
	if unreachable && ctx.Err() == nil && lost {
		return resultsFor(e, ErrUnsure), err
	}
	tidy, cancel := afterwards(ctx)
	defer cancel()
	if ctx.Err() != nil { // the user took it back
		_ = h.cfg.Device.Cancel(tidy, e.ID)
		_ = h.cfg.Device.Acknowledge(tidy, e.ID)
		err = ctx.Err()
	}
	dropErr := h.changeItems(tidy, e.number, e.ID, func(*item) bool { return false })
	if dropErr != nil && !errors.Is(dropErr, ErrNoSuchMessage) {
		return nil, errors.Join(err, dropErr)
	}
	if refusal, ok := errors.AsType[hostlink.Refusal](err); ok {
		return resultsFor(e, refusal), nil
	}
	return nil, err
}

func resultsFor(e entry, err error) []Result {
	var results []Result
	for _, to := range e.recipients() {
		results = append(results, Result{To: to, Err: err})
	}
	return results
}

// keepSealed makes the packages durable, and only then lets the device forget
// them. What lies in pad that was used before is not kept.
func (h *Host) keepSealed(ctx context.Context, e entry, sealed []hostlink.Sealed, status hostlink.Status, again bool) ([]Result, error) {
	tidy, cancel := afterwards(ctx)
	defer cancel()
	var results []Result
	err := h.files(tidy, func(disk durable.Disk) error {
		refused, err := h.judge(disk, sealed, status, again)
		if err != nil {
			return err
		}
		e.Items = nil
		for i, one := range sealed {
			result := Result{To: one.To, Number: e.number, Err: refused[i]}
			if one.Err != "" {
				result.Err = one.Err
			}
			if result.Err != nil {
				result.Number = 0
			} else {
				e.Items = append(e.Items, item{To: one.To, Package: one.Package})
			}
			results = append(results, result)
		}
		return saveEntry(disk, e)
	})
	if err != nil {
		return nil, err
	}
	// A lost acknowledgement costs the device some memory until it starts anew.
	_ = h.cfg.Device.Acknowledge(tidy, e.ID)
	return results, nil
}
