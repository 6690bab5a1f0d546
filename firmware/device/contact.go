package device

import (
	"context"
	"fmt"

	"onetimechat/display"
	"onetimechat/padstore"
)

// contactTarget is the name under which a contact on the home screen is tapped.
func contactTarget(i int) string { return fmt.Sprintf("contact-%d", i+1) }

// showContact shows how the pads with a contact were made, newest first, and
// lets their owner do what can be done with each.
func (d *Device) showContact(ctx context.Context, contact string) {
	for i := 0; ; {
		pads := d.padsWith(contact)
		if len(pads) == 0 {
			return
		}
		i %= len(pads)
		target, err := d.showPad(ctx, pads[i], len(pads) > 1)
		switch {
		case err != nil || target == "ok":
			return
		case target == "more":
			i++
		default:
			d.act(ctx, pads[i], target)
		}
	}
}

func (d *Device) padsWith(contact string) (list []padstore.Pad) {
	for _, p := range d.store.Pads() {
		if p.Contact == contact {
			list = append(list, p)
		}
	}
	return list
}

// padNumbered is the pad of a public number, if it is still there.
func (d *Device) padNumbered(number string) (padstore.Pad, bool) {
	for _, p := range d.store.Pads() {
		if p.Number == number {
			return p, true
		}
	}
	return padstore.Pad{}, false
}

// showCertificate shows how one pad was made, and lets its owner do what can be
// done with it, until it is tapped away.
func (d *Device) showCertificate(ctx context.Context, number string) {
	for {
		p, ok := d.padNumbered(number)
		if !ok {
			return
		}
		target, err := d.showPad(ctx, p, false)
		if err != nil || target == "ok" {
			return
		}
		d.act(ctx, p, target)
	}
}

// showPad shows a pad's certificate and returns what was tapped.
func (d *Device) showPad(ctx context.Context, p padstore.Pad, more bool) (target string, err error) {
	cert, made, err := d.store.Certificate(p.Number)
	if err != nil && d.store.Fault() != nil {
		d.refusal(err)
		return "", err
	}
	s := display.Certificate{Contact: p.Contact, Facts: padFacts(p), More: more}
	switch {
	case err != nil:
		s.Facts = append(s.Facts, display.Fact{Name: "Certificate", Value: "It cannot be read: " + err.Error()})
	case made:
		s.Facts = append(s.Facts, certificateFacts(cert)...)
	default:
		s.Facts = append(s.Facts, display.Fact{Name: "Made", Value: "Not at a meeting of devices: it came by import. How it was made is for those to say who made it."})
	}
	switch {
	case p.State == padstore.Prepared:
		s.Action, s.Label = "in-use", "Does it show paired?"
	case p.Discardable:
		s.Action, s.Label = "discard", "Discard"
	}
	return d.choose(ctx, choice{patience: errandFor, yields: true, screen: func(page int, _ bool) display.Screen {
		s.Page = page
		return s
	}})
}

// act does what the owner tapped on a pad's certificate, once they are sure.
func (d *Device) act(ctx context.Context, p padstore.Pad, target string) {
	if target == "in-use" {
		shows, err := d.yesOrNo(ctx, display.Ask{
			Title: "Does " + p.Contact + "’s device show “paired”?",
			Text:  "Only then does it have the whole pad, and texts to " + p.Contact + " can be sealed with it. If it does not, meet again; or choose No, and discard this pad.",
			Yes:   "Yes, it does", No: "No",
		})
		if err != nil {
			return
		}
		if shows {
			d.change(ctx, d.store.Use(p.Number))
			return
		}
	}
	if d.sure(ctx, "Discard this pad?", "What was sealed with it and not yet opened can never be opened again. Its bytes are overwritten; a laboratory may still find some of them on the card.", "Discard", "Keep") {
		if tell := d.progress("Overwriting the pad with " + p.Contact); tell != nil {
			d.change(ctx, d.store.Discard(p.Number, tell))
		}
	}
}

// sure tells whether the owner wants what cannot be taken back.
func (d *Device) sure(ctx context.Context, title, text, yes, no string) bool {
	is, err := d.yesOrNo(ctx, display.Ask{Title: title, Text: text, Yes: yes, No: no, Grave: true})
	return err == nil && is
}

// yesOrNo tells whether the owner tapped yes.
func (d *Device) yesOrNo(ctx context.Context, q display.Ask) (bool, error) {
	target, err := d.choose(ctx, choice{guarded: true, patience: errandFor, screen: func(page int, ready bool) display.Screen {
		q.Page, q.Ready = page, ready
		return q
	}})
	return target == "yes", err
}

// change shows what a change of the store led to.
func (d *Device) change(ctx context.Context, err error) {
	switch {
	case d.store.Fault() != nil:
		d.refusal(err)
	case err != nil:
		d.tell(ctx, display.Warning{Title: "That could not be done", Text: err.Error()})
	}
	d.refresh(true)
}
