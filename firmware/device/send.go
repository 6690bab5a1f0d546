package device

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"onetimechat/display"
	"onetimechat/hostlink"
	"onetimechat/padstore/uid"
)

// Package seals one text for each contact of req, after its owner has read and
// approved it. Until the first contact's pad is burned, all or none are sealed.
func (d *Device) Package(ctx context.Context, req hostlink.PackageRequest) ([]hostlink.Sealed, error) {
	if err := d.checkSend(req); err != nil {
		return nil, err
	}
	c := &call{
		id:       req.ID,
		request:  frameRequest("package", append(slices.Clone(req.To), req.Text)...),
		contacts: req.To,
		packages: len(req.To),
	}
	a := d.do(ctx, c, func(ctx context.Context, c *call) answer { return d.send(ctx, c, req) })
	return a.sealed, a.err
}

// checkSend looks at all that can be said without a pad.
func (d *Device) checkSend(req hostlink.PackageRequest) error {
	switch {
	case req.From != d.store.Owner():
		return hostlink.NoPad
	case slices.Contains(req.To, req.From):
		return hostlink.ToYourself
	case len(req.To) == 0, slices.ContainsFunc(req.To, func(to string) bool { return !uid.Valid(to) }):
		return hostlink.NoPad
	case len(req.To) > hostlink.MaxContacts, len(req.Text) > hostlink.MaxText:
		return hostlink.TooLong
	case !utf8.ValidString(req.Text), len(slices.Compact(slices.Sorted(slices.Values(req.To)))) < len(req.To):
		return hostlink.EncryptionFailed
	}
	return nil
}

// send is the use case: look for room, take the turn, look again, ask, look
// again, burn and seal.
func (d *Device) send(ctx context.Context, c *call, req hostlink.PackageRequest) answer {
	if _, a, ok := d.room(req); !ok {
		return a
	}
	turn, err := d.turnFor(ctx, c)
	if err != nil {
		return answer{err: err}
	}
	costs, a, ok := d.room(req)
	if !ok {
		return a
	}
	_, err = turn.ask(ctx, question{
		screen: func(page int, ready bool) display.Screen {
			return display.ApproveSend{Text: req.Text, Costs: costs, Page: page, Ready: ready}
		},
		about:   "sending to " + strings.Join(req.To, ", "),
		contact: req.To[0],
		request: c.request,
	})
	if err != nil {
		return answer{err: err}
	}
	if _, a, ok := d.room(req); !ok {
		return a
	}
	return d.seal(req)
}

// room looks whether the text fits every contact's pad. If it does not, ok is
// false and a is the answer: for several contacts it names each one's reason.
func (d *Device) room(req hostlink.PackageRequest) (costs []display.Cost, a answer, ok bool) {
	a.sealed = make([]hostlink.Sealed, len(req.To))
	ok = true
	for i, to := range req.To {
		a.sealed[i] = hostlink.Sealed{To: to, Err: hostlink.EncryptionFailed}
		cost, err := d.store.Room(to, req.Text)
		if err != nil {
			ok = false
			a.sealed[i].Err = d.refusal(err)
			continue
		}
		costs = append(costs, display.Cost{Contact: to, Cost: cost.Cost, Left: cost.Left})
	}
	if !ok && len(req.To) == 1 {
		return nil, answer{err: a.sealed[0].Err}, false
	}
	return costs, a, ok
}

// seal burns pad for each contact. Once one is burned, the others' failures
// are answered beside it.
func (d *Device) seal(req hostlink.PackageRequest) answer {
	a := answer{sealed: make([]hostlink.Sealed, len(req.To))}
	for i, to := range req.To {
		s, err := d.store.Seal(to, req.Text)
		a.sealed[i] = hostlink.Sealed{To: to, Package: s.Package, Pad: s.Pad}
		if err != nil {
			a.sealed[i] = hostlink.Sealed{To: to, Err: d.refusal(err)}
			continue
		}
		a.keep = true
	}
	if !a.keep && len(req.To) == 1 {
		return answer{err: a.sealed[0].Err}
	}
	return a
}
