package device

import (
	"context"
	"fmt"
	"strings"

	"onetimechat/display"
	"onetimechat/firmware/meeting"
)

// person is the owner, as far as a meeting asks them. It implements
// meeting.Owner.
type person struct {
	device *Device
	wishes chan meeting.Wish

	// What device.mu guards.
	filling *view // nil until the first Show
	is      meeting.Progress
	resting *view // the filling, while nobody watches
	waiting *view // nil until the first Wait
	waits   string
}

// Choose implements meeting.Owner.
func (p *person) Choose(ctx context.Context, o meeting.Offer) (int64, error) {
	sizes := sizes(o)
	if len(sizes) == 0 {
		return 0, meeting.ErrNoNoise
	}
	var shown []display.SizeChoice
	for _, s := range sizes {
		shown = append(shown, s.screen())
	}
	target, err := p.device.choose(ctx, choice{screen: func(page int, _ bool) display.Screen {
		return display.MeetingSize{Peer: o.Contact, Known: knownText(o), Choices: shown, PerDay: perDay, Page: page}
	}})
	if err != nil {
		return 0, err
	}
	for i, s := range sizes {
		if target == sizeTarget(i) {
			return s.bytes, p.sureOf(ctx, o, s.bytes)
		}
	}
	return 0, meeting.ErrCancelled
}

// sureOf makes sure that the owner knows what a choice throws away: what was
// filled with this contact, or with another one. If they want to keep it, the
// meeting ends.
func (p *person) sureOf(ctx context.Context, o meeting.Offer, bytes int64) error {
	draft := p.device.store.Draft()
	if draft == nil || sizeOf(o, bytes).goesOn(o) {
		return nil
	}
	with := draft.Making().Contact
	keep := "To keep it, stop here, and go on with " + with + "."
	if with == o.Contact {
		keep = "To keep it, stop here. It can be gone on with only if " + with + "’s device has it, too: then the first of the sizes says so."
	}
	target, err := p.device.choose(ctx, choice{guarded: true, screen: func(page int, ready bool) display.Screen {
		return display.Ask{
			Title: "Begin anew?",
			Text:  "What was filled at a meeting with " + with + " is not a pad yet. It is thrown away if a new pad is begun now. " + keep,
			Yes:   "Begin anew", No: "Stop", Grave: true, Ready: ready, Page: page,
		}
	}})
	if err == nil && target != "yes" {
		err = meeting.ErrCancelled
	}
	return err
}

// Confirm implements meeting.Owner.
func (p *person) Confirm(ctx context.Context, o meeting.Offer, bytes int64) error {
	theirs, known := sizeOf(o, bytes), knownText(o)
	if theirs.goesOn(o) {
		known = strings.TrimSpace("Goes on with what was filled before. " + known)
	}
	target, err := p.device.choose(ctx, choice{guarded: true, screen: func(page int, ready bool) display.Screen {
		return display.MeetingConfirm{Peer: o.Contact, Known: known, Choice: theirs.screen(), PerDay: perDay, Ready: ready, Page: page}
	}})
	if err == nil && target != "confirm" {
		err = meeting.ErrCancelled
	}
	if err != nil {
		return err
	}
	return p.sureOf(ctx, o, bytes)
}

// Compare implements meeting.Owner.
func (p *person) Compare(ctx context.Context, contact string, words [4]string) (bool, error) {
	target, err := p.device.choose(ctx, choice{guarded: true, screen: func(_ int, ready bool) display.Screen {
		return display.MeetingWords{Peer: contact, Words: words, Ready: ready}
	}})
	return target == "same", err
}

// Wait implements meeting.Owner.
func (p *person) Wait(what string) {
	d := p.device
	d.mu.Lock()
	defer d.mu.Unlock()
	p.waits = what
	switch {
	case d.fault != nil || d.stopped:
	case p.waiting != nil && d.view == p.waiting: // a finger may be on it
		d.draw()
	default:
		p.waiting = p.waitingView()
		d.show(p.waiting)
	}
}

func (p *person) waitingView() *view {
	return &view{
		screen: func(int, bool) display.Screen {
			return display.Busy{Text: "Waiting for " + p.waits + ".", Cancellable: true}
		},
		tap: func(string) func() {
			p.wish(meeting.Cancel)
			return nil
		},
	}
}

// Discard implements meeting.Owner.
func (p *person) Discard() {
	p.device.put(waiting("Overwriting what was filled. A large pad takes a while."))
}

// Show implements meeting.Owner.
func (p *person) Show(is meeting.Progress) {
	d := p.device
	poke(d.fill.drained)
	d.mu.Lock()
	defer d.mu.Unlock()
	p.is = is
	switch {
	case d.fault != nil || d.stopped:
	case p.filling == nil:
		p.filling = p.fillingView()
		d.show(p.filling)
	case d.view == p.filling, p.resting != nil && d.view == p.resting:
		d.draw()
	}
}

// fillingView is the filling, with its two ways out.
func (p *person) fillingView() *view {
	v := &view{patience: p.device.idle, screen: func(int, bool) display.Screen {
		return display.Progress{
			Title: "Making the pad with " + p.is.Contact, Done: p.is.Done, Total: p.is.Total, Unit: "bytes",
			Rate: int64(p.is.Rate), Left: p.is.Left, Stop: true, Cancellable: true,
		}
	}}
	v.expire = func() {
		d := p.device
		p.resting = d.idleView(func() string {
			return fmt.Sprintf("Making a pad: %d %%", 100*p.is.Done/max(p.is.Total, 1))
		}, func() { d.showAgain(p.filling) })
		d.show(p.resting)
	}
	v.tap = func(target string) func() {
		if target == "stop" {
			p.device.show(p.unsureView(meeting.Stop, "Stop here?",
				"The pad becomes as large as it is now, and cannot grow any more.", "Stop here"))
			return nil
		}
		p.device.show(p.unsureView(meeting.Cancel, "Throw this pad away?",
			"All that both devices have filled so far is overwritten. To keep it, go on, and choose “Stop here”.", "Throw away"))
		return nil
	}
	return v
}

// unsureView makes sure of a wish, so that hours of filling are not lost, or cut
// short, by a stray tap. Filling goes on behind it.
func (p *person) unsureView(w meeting.Wish, title, text, yes string) *view {
	v := &view{guarded: true, screen: func(page int, ready bool) display.Screen {
		return display.Ask{Title: title, Text: text, Yes: yes, No: "Go on", Grave: w == meeting.Cancel, Ready: ready, Page: page}
	}}
	v.tap = func(target string) func() {
		if target == "yes" {
			p.wish(w)
		}
		p.device.showAgain(p.filling)
		return nil
	}
	return v
}

// wish passes a wish on; a later one replaces one that nobody has taken.
func (p *person) wish(w meeting.Wish) {
	select {
	case <-p.wishes:
	default:
	}
	p.wishes <- w
}
