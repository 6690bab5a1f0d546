package host

import (
	"context"
	"errors"
	"slices"

	"onetimechat/hostlink"
	"onetimechat/padstore/durable"
)

// openAll has the device open one request's packages.
func (p *pass) openAll(ctx context.Context, r request) error {
	before := make([]bool, len(r.parcels)) // shown to the device before
	for i, parcel := range r.parcels {
		before[i] = p.in.presented(parcel)
	}
	if r.id == "" {
		r.id = newID()
		p.in.forget(r.refs())
		for _, parcel := range r.parcels {
			p.in.Asked = append(p.in.Asked, asked{parcel.Ref, r.id, parcel.digest()})
		}
		if err := p.h.saveInbox(ctx, p.in); err != nil {
			return err
		}
	}
	results, lost, err := p.h.unpackage(ctx, r)
	if refusal, ok := errors.AsType[hostlink.Refusal](err); ok {
		if len(r.parcels) > 1 && aboutOne(refusal) {
			return p.oneByOne(ctx, r)
		}
		results, err = slices.Repeat([]hostlink.Opened{{Err: refusal}}, len(r.parcels)), nil
	}
	if err != nil {
		return p.notOpened(ctx, r, before, lost, err)
	}
	return p.record(ctx, r, results, func(i int) bool { return before[i] || lost })
}

// notOpened forgets what the device cannot have seen.
func (p *pass) notOpened(ctx context.Context, r request, before []bool, lost bool, err error) error {
	broke, ok := errors.AsType[*hostlink.UnreachableError](err)
	if !ok || broke.Sent || lost {
		return err
	}
	for i, parcel := range r.parcels {
		if !before[i] {
			p.in.forget([]int64{parcel.Ref})
		}
	}
	tidy, cancel := afterwards(ctx)
	defer cancel()
	return errors.Join(err, p.h.saveInbox(tidy, p.in))
}

// unpackage asks the device, and checks that it answered for every package.
func (h *Host) unpackage(ctx context.Context, r request) (results []hostlink.Opened, lost bool, err error) {
	req := hostlink.UnpackageRequest{ID: r.id, To: h.cfg.User}
	for _, p := range r.parcels {
		req.Packages = append(req.Packages, hostlink.Incoming{From: p.From, Package: p.Package})
	}
	lost, err = h.ask(ctx, func() (err error) {
		results, err = h.cfg.Device.Unpackage(ctx, req)
		return err
	})
	if err == nil && len(results) != len(r.parcels) {
		err = hostlink.ErrProtocol
	}
	return results, lost, err
}

// aboutOne tells whether a refusal of many packages is for one of them, such
// as two that overlap, so that each has to be asked for itself.
func aboutOne(r hostlink.Refusal) bool {
	switch r {
	case hostlink.Rejected, hostlink.ShownOnDevice, hostlink.Busy, hostlink.TimedOut, hostlink.Withdrawn, hostlink.DeviceFault:
		return false
	}
	return true
}

func (p *pass) oneByOne(ctx context.Context, r request) error {
	for _, one := range r.parcels {
		if p.stop {
			break
		}
		p.in.forget([]int64{one.Ref})
		if err := p.openAll(ctx, request{parcels: []parcel{one}}); err != nil {
			return err
		}
	}
	return nil
}

// record judges the answers, shows them, and only then makes the outcomes
// durable and lets the device forget the texts.
func (p *pass) record(ctx context.Context, r request, results []hostlink.Opened, presented func(i int) bool) error {
	var arrivals []Arrival
	var unopened []int64
	for i, result := range results {
		a := Arrival{Ref: r.parcels[i].Ref, From: r.parcels[i].From, Text: result.Text, Skip: result.Skip, Reuse: result.Reuse}
		a.Outcome = p.outcome(result.Err, a.Ref, presented(i))
		switch {
		case a.Outcome != "":
			arrivals = append(arrivals, a)
		case result.Err != hostlink.DeviceFault: // which may come after opening
			unopened = append(unopened, a.Ref)
		}
		if a.Outcome == "" {
			p.report.Stopped = result.Err
			p.stop = p.stop || result.Err != hostlink.DeviceFault || len(results) > 1
		}
		if a.Outcome == Denied {
			if err := p.h.hold(ctx, r.parcels[i]); err != nil {
				return err
			}
		}
	}
	p.in.forget(unopened)
	slices.SortFunc(arrivals, byRef)
	if err := p.settle(ctx, arrivals); err != nil {
		return err
	}
	_ = p.h.cfg.Device.Acknowledge(ctx, r.id) // else the device keeps the texts for a minute
	return nil
}

// outcome is "" for what may still be opened.
func (p *pass) outcome(r hostlink.Refusal, ref int64, presented bool) Outcome {
	switch r {
	case "":
		return Opened
	case hostlink.ShownOnDevice:
		return OnDevice
	case hostlink.Rejected:
		return Denied
	case hostlink.NoPad, hostlink.ToYourself:
		return Stranger
	case hostlink.Busy, hostlink.TimedOut, hostlink.Withdrawn, hostlink.DeviceFault:
		return ""
	case hostlink.PadUnreadable:
		return Unreadable
	case hostlink.AlreadyOpened:
		switch {
		case presented:
			return TextLost
		case ref < p.deviceRef, ref < p.in.Backlog:
			return Elsewhere
		}
		return Reopened
	}
	return Unverified
}

// settle shows arrivals and records that they have an outcome.
func (p *pass) settle(ctx context.Context, arrivals []Arrival) error {
	if len(arrivals) == 0 {
		return nil
	}
	refs := make([]int64, 0, len(arrivals))
	for _, a := range arrivals {
		refs = append(refs, a.Ref)
		switch a.Outcome {
		case Unverified, Reopened, Stranger:
		default:
			p.report.used++
		}
		if a.Outcome == Elsewhere {
			p.report.Elsewhere++
			continue
		}
		if err := p.show(a); err != nil {
			return err
		}
		p.report.Arrivals++
	}
	p.open = slices.DeleteFunc(p.open, func(ref int64) bool { return slices.Contains(refs, ref) })
	p.in.settle(refs)
	tidy, cancel := afterwards(ctx)
	defer cancel()
	return p.h.files(tidy, func(disk durable.Disk) error {
		for _, a := range arrivals {
			if a.Outcome != Denied {
				if err := p.h.release(disk, a.Ref); err != nil {
					return err
				}
			}
		}
		return save(disk, p.h.inboxName(), p.in)
	})
}
