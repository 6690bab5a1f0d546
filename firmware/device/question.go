package device

import (
	"context"

	"onetimechat/display"
	"onetimechat/hostlink"
)

// question is what the owner decides on.
type question struct {
	screen  func(page int, ready bool) display.Screen
	about   string // for the log and the withdrawal, such as "sending to bob"
	contact string // for the log
	request []byte // what the laptop asked for
}

// verdict is how a question ended: the target tapped, or why there is none.
type verdict struct {
	target string
	err    error
}

// ask shows q and waits for the owner. It returns the name of the target
// tapped, or why there is none: Rejected, TimedOut, Withdrawn, DeviceFault.
// After an approval the screen says that the device is at work, until the turn
// ends. A question withdrawn from the glass leaves a notice and takes the turn
// with it.
func (t *turn) ask(ctx context.Context, q question) (string, error) {
	d := t.device
	decided := make(chan verdict, 1)
	v := d.questionView(q, decided)
	if err := d.pose(ctx, v); err != nil {
		return "", err
	}
	var is verdict
	select {
	case is = <-decided:
	case <-ctx.Done():
		if t.withdraw(v, q) {
			is = verdict{err: hostlink.Withdrawn}
		} else { // the finger was first
			is = <-decided
		}
	}
	d.tellOutcome(q, is.err)
	return is.target, is.err
}

// questionView is q on the glass. It decides once: with that it gives way to
// another view.
func (d *Device) questionView(q question, decided chan<- verdict) *view {
	v := &view{screen: q.screen, guarded: true, patience: questionFor}
	decide := func(is verdict) {
		decided <- is
		if d.view == v {
			d.show(atWork("Working with the pad"))
		}
	}
	v.tap = func(target string) func() {
		if target == "deny" {
			d.remember(q.request)
			decide(verdict{err: hostlink.Rejected})
			return nil
		}
		decide(verdict{target: target})
		return nil
	}
	v.expire = func() { decide(verdict{err: hostlink.TimedOut}) }
	v.drop = func() { decide(verdict{err: hostlink.DeviceFault}) }
	return v
}

// pose shows a question, unless there is no use in it any more.
func (d *Device) pose(ctx context.Context, v *view) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.fault != nil:
		return hostlink.DeviceFault
	case ctx.Err() != nil:
		return hostlink.Withdrawn
	}
	d.show(v)
	return nil
}

// withdraw puts a notice where v is, unless v was decided already.
func (t *turn) withdraw(v *view, q question) bool {
	d := t.device
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.view != v {
		return false
	}
	t.handOver(d.notice("Withdrawn by the laptop", "The laptop withdrew its question about "+q.about+". Nothing was done."))
	return true
}
