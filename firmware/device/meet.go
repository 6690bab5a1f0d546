package device

import (
	"context"
	"errors"
	"net"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/meeting"
	"onetimechat/padstore"
)

// Ports are a device's two openings to the outside, of which one is open at a
// time: the laptop's link, and the meeting cable.
type Ports interface {
	// CloseLink returns when no request is at work and none is taken any more.
	CloseLink() error
	// Find waits for the device at the other end of the meeting cable, and for
	// a laptop on the same socket to be unplugged.
	Find(ctx context.Context) (net.Conn, error)
	// OpenLink takes requests again. It waits for the meeting cable to be out.
	OpenLink(ctx context.Context) error
}

// meetFor is how long a device waits for the other one, without a tap.
const meetFor = 15 * time.Minute

// meet is the use case: the laptop away, the other device there, a pad made
// with it, the laptop back.
func (d *Device) meet(ctx context.Context) {
	d.put(waiting("Letting go of the laptop."))
	err := d.ports.CloseLink()
	if err != nil {
		d.stopFor(err)
		return
	}
	d.LinkDown()
	p := &person{device: d, wishes: make(chan meeting.Wish, 1)}
	result, err := d.makePad(ctx, p)
	poke(d.fill.drained)
	d.tellMeeting(result, err)
	d.refresh(true)
	d.showEnd(ctx, result, err)
	if ctx.Err() != nil {
		return // the device stops, and its link with it
	}
	d.put(waiting("Unplug the cable between the two devices."))
	if err := d.ports.OpenLink(ctx); err != nil && ctx.Err() == nil {
		d.stopFor(err)
	}
}

// stopFor stops the device for good.
func (d *Device) stopFor(reason error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail(reason)
}

// makePad finds the other device and makes a pad with it.
func (d *Device) makePad(ctx context.Context, p *person) (meeting.Result, error) {
	conn, err := d.findPeer(ctx)
	if err != nil {
		return meeting.Result{}, err
	}
	return meeting.Run(ctx, conn, meeting.Config{
		Store:  d.store,
		Owner:  p,
		Wishes: p.wishes,
		Rate:   d.fill.rate,
		Filled: d.fill.state,
	})
}

// findPeer shows what to plug where until the other device is there.
func (d *Device) findPeer(ctx context.Context) (net.Conn, error) {
	finding, cancel := context.WithCancel(ctx)
	defer cancel()
	type found struct {
		conn net.Conn
		err  error
	}
	there := make(chan found, 1)
	go func() {
		conn, err := d.ports.Find(finding)
		cancel() // nothing is left to ask
		there <- found{conn, err}
	}()
	var asked error
	for asked == nil {
		var target string
		target, asked = d.choose(finding, choice{patience: meetFor, reserve: true, screen: d.newContact})
		switch {
		case asked != nil:
		case target == "retry":
			poke(d.fill.retry)
		case target == "noise":
			d.showNoise(finding)
		default:
			asked = meeting.ErrCancelled
		}
	}
	cancel()
	f := <-there
	if f.err == nil && (ctx.Err() != nil || !errors.Is(asked, context.Canceled)) {
		f.err = errors.Join(asked, f.conn.Close())
	} else if f.err != nil && !errors.Is(asked, context.Canceled) {
		f.err = asked
	}
	return f.conn, f.err
}

func (d *Device) newContact(page int, _ bool) display.Screen {
	s := display.NewContact{Laptop: d.link != "", Page: page, Problem: d.fill.noSource()}
	if d.home.Reserve != nil {
		s.Reserve, s.Problem = *d.home.Reserve, d.noiseProblem(retryHere)
		s.Retry, s.Noise = s.Problem != "", true
	}
	return s
}

// tellMeeting logs how a meeting ended.
func (d *Device) tellMeeting(result meeting.Result, err error) {
	switch {
	case errors.Is(err, meeting.ErrCancelled), errors.Is(err, errLeft), errors.Is(err, context.Canceled):
	case err != nil:
		if d.store.Fault() != nil {
			d.refusal(err)
			return
		}
		d.note(padstore.KindMeeting, "", "a meeting ended without a new pad: "+err.Error())
	case !result.InUse:
		d.note(padstore.KindMeeting, result.Contact, "a pad is prepared; the other device's answer did not come")
	}
}

// showEnd says how a meeting ended, until its owner taps that away.
func (d *Device) showEnd(ctx context.Context, result meeting.Result, err error) {
	if err != nil {
		if title, text := ending(err); title != "" {
			if draft := d.store.Draft(); draft != nil {
				text += kept(draft.Making().Contact)
			}
			d.tell(ctx, display.Warning{Title: title, Text: text})
		}
		return
	}
	for {
		p, ok := d.padNumbered(result.Number)
		if !ok {
			return // its owner has just discarded it
		}
		target, err := d.choose(ctx, choice{rests: true, screen: func(int, bool) display.Screen {
			return display.Paired{
				Peer: result.Contact, Bytes: result.Bytes, Messages: p.SendMessages,
				InUse: p.State != padstore.Prepared, Demo: p.Demo,
			}
		}})
		if err != nil || target != "certificate" {
			return
		}
		d.showCertificate(ctx, result.Number)
	}
}
