package device

import (
	"bytes"
	"context"
	"slices"
	"time"

	"onetimechat/hostlink"
)

// maxQueue is how many calls may wait for the screen beside the one that has
// it; a further one is told Busy.
const maxQueue = 4

// maxDenials bounds what is remembered of denials: more than an owner taps in
// denyFor on purpose.
const maxDenials = 16

// ticket is a place in the queue for the screen.
type ticket struct {
	up chan struct{} // closed when its turn has come, or there is a fault
}

// turn is the right to the screen. Whoever has it looks at the pads once more,
// asks, and acts, while nobody else does.
type turn struct {
	device *Device
	over   bool // handed over to a view that its owner closes
}

// takeTurn waits until the screen is free. While it waits, a request that goes
// away leaves no trace.
func (d *Device) takeTurn(ctx context.Context) (*turn, error) {
	d.mu.Lock()
	switch {
	case d.fault != nil:
		d.mu.Unlock()
		return nil, hostlink.DeviceFault
	case !d.taken:
		d.taken = true
		d.mu.Unlock()
		return &turn{device: d}, nil
	case len(d.queue) >= maxQueue:
		d.mu.Unlock()
		return nil, hostlink.Busy
	}
	t := &ticket{up: make(chan struct{})}
	d.queue = append(d.queue, t)
	d.stir() // what is on the glass may yield
	d.mu.Unlock()

	select {
	case <-t.up:
	case <-ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault != nil {
		return nil, hostlink.DeviceFault
	}
	if i := slices.Index(d.queue, t); i >= 0 {
		d.queue = slices.Delete(d.queue, i, i+1)
		return nil, hostlink.Withdrawn
	}
	if ctx.Err() != nil { // the turn came just then
		d.nextTurn()
		return nil, hostlink.Withdrawn
	}
	return &turn{device: d}, nil
}

// turnFor is takeTurn for the question of a call, unless the owner has just denied
// it, also while it waited.
func (d *Device) turnFor(ctx context.Context, c *call) (*turn, error) {
	if d.denied(c.request) {
		return nil, hostlink.Rejected
	}
	t, err := d.takeTurn(ctx)
	if err != nil {
		return nil, err
	}
	c.turn = t
	if d.denied(c.request) {
		return nil, hostlink.Rejected
	}
	return t, nil
}

// end gives the screen to whoever is next, unless it was handed over.
func (t *turn) end() {
	t.device.mu.Lock()
	defer t.device.mu.Unlock()
	if !t.over {
		t.over = true
		t.device.nextTurn()
	}
}

// handOver gives the turn to v, which ends it when its owner has done. mu is
// held.
func (t *turn) handOver(v *view) {
	t.over = true
	if t.device.fault == nil {
		t.device.show(v)
	}
}

// nextTurn lets the next one have the screen; home is shown until it asks. mu
// is held.
func (d *Device) nextTurn() {
	if d.fault != nil {
		return
	}
	d.taken = len(d.queue) > 0
	if d.taken {
		close(d.queue[0].up)
		d.queue = d.queue[1:]
	}
	if !d.view.isHome {
		d.show(d.homeView())
	}
}

// denial is a request that the owner does not want to be asked again, yet.
type denial struct {
	request []byte
	until   time.Time
}

// remember notes a denied request. mu is held.
func (d *Device) remember(request []byte) {
	if len(d.denials) == maxDenials {
		clear(d.denials[0].request)
		d.denials = slices.Delete(d.denials, 0, 1)
	}
	d.denials = append(d.denials, denial{request, time.Now().Add(denyFor)})
}

// denied tells whether the owner has just denied the same request.
func (d *Device) denied(request []byte) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	d.forgive(func(until time.Time) bool { return !until.After(now) })
	return slices.ContainsFunc(d.denials, func(n denial) bool { return bytes.Equal(n.request, request) })
}

// forgive forgets the denials that are over, and wipes their texts. mu is held.
func (d *Device) forgive(over func(until time.Time) bool) {
	d.denials = slices.DeleteFunc(d.denials, func(n denial) bool {
		if !over(n.until) {
			return false
		}
		clear(n.request)
		return true
	})
}
