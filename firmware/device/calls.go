package device

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"onetimechat/hostlink"
)

// Bounds of what is kept for hosts that do not acknowledge.
const (
	maxKeptPackages = 16       // sealed packages of requests with an id
	maxKeptOpened   = 32 << 20 // bytes: opened texts and what they were asked with
	maxUnanswered   = 16       // calls at work, also those whose client hung up
)

// call is a request being worked on, and afterwards, if it has an id, its
// answer until that is acknowledged or too old.
type call struct {
	id       string
	request  []byte   // all that was asked, the id apart
	contacts []string // whose notes an acknowledgement settles
	packages int      // sealed packages that it may leave
	opens    bool

	cancel  context.CancelFunc
	turn    *turn         // that it has taken, if it has; ended after the answer
	waiting int           // clients that have not been answered
	left    bool          // cancelled because none was waiting any more
	gone    bool          // not to be fetched again: wiped with its last client
	done    chan struct{} // closed when answer is there
	handed  chan struct{} // closed when, after that, nobody waits
	answer  answer
	expires time.Time // zero: kept until acknowledged
}

// answer is what a call led to.
type answer struct {
	sealed []hostlink.Sealed
	opened []opened
	err    error
	keep   bool // something has been burned for it
}

// opened is a hostlink.Opened whose text can be wiped. Copies that went to a
// client cannot.
type opened struct {
	hostlink.Opened
	text []byte
}

// do has work answer c, unless a call with the same id and request is there
// already: then its answer is this one's too. A client that goes away leaves
// the work to others that wait for it; with the last one it is withdrawn.
func (d *Device) do(ctx context.Context, c *call, work func(context.Context, *call) answer) answer {
	for {
		joined, err := d.join(ctx, *c, work)
		if err != nil {
			return answer{err: err}
		}
		select {
		case <-joined.done:
		case <-ctx.Done():
		}
		a, again := d.part(joined)
		if again && ctx.Err() == nil {
			continue // it joined what was just being withdrawn
		}
		return a
	}
}

// part takes a client off c and returns its answer: Withdrawn if there is none
// yet. It is again if c only ended because nobody waited.
func (d *Device) part(c *call) (a answer, again bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c.waiting--
	if !c.answered() {
		if c.waiting == 0 {
			c.left = true
			c.cancel()
		}
		return answer{err: hostlink.Withdrawn}, false
	}
	a = c.answer
	a.opened = slices.Clone(a.opened)
	for i := range a.opened {
		a.opened[i].Text = string(a.opened[i].text)
	}
	c.wipe()
	c.noteHanded()
	return a, c.left && !a.keep
}

// unanswered counts the calls at work, those that their clients gave up too.
// mu is held.
func (d *Device) unanswered() int {
	n := 0
	for _, c := range d.calls {
		if !c.answered() {
			n++
		}
	}
	return n
}

// answered tells whether the answer is there.
func (c *call) answered() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// noteHanded notes that all who waited have the answer. mu is held.
func (c *call) noteHanded() {
	select {
	case <-c.handed:
	default:
		if c.waiting == 0 {
			close(c.handed)
		}
	}
}

// wipe zeros the texts of an answer that nobody can fetch any more.
func (c *call) wipe() {
	if !c.gone || c.waiting > 0 {
		return
	}
	for _, o := range c.answer.opened {
		clear(o.text)
	}
}

// join returns the call that answers the request of c, starting it if it is
// new.
func (d *Device) join(ctx context.Context, c call, work func(context.Context, *call) answer) (*call, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped || d.fault != nil {
		return nil, hostlink.DeviceFault
	}
	d.forgetOld()
	for _, old := range d.calls {
		if c.id != "" && old.id == c.id && !old.gone && bytes.Equal(old.request, c.request) {
			old.waiting++
			return old, nil
		}
	}
	if c.id != "" && !d.roomFor(&c) || d.unanswered() >= maxUnanswered {
		return nil, hostlink.Busy
	}
	ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	c.done, c.handed = make(chan struct{}), make(chan struct{})
	c.waiting = 1
	d.calls = append(d.calls, &c)
	d.running.Go(func() { d.finish(&c, d.guarded(ctx, &c, work)) })
	return &c, nil
}

// guarded runs work. A panic in it is a fault: nobody knows what it left.
func (d *Device) guarded(ctx context.Context, c *call, work func(context.Context, *call) answer) (a answer) {
	defer func() {
		if recover() == nil {
			return
		}
		// The panic's value may hold anything: it is not told.
		d.mu.Lock()
		defer d.mu.Unlock()
		d.fail(errors.New("an internal error"))
		a = answer{err: hostlink.DeviceFault}
	}()
	return work(ctx, c)
}

// finish files the answer, and keeps it if it must not be lost. Clients have it
// before the screen goes on, which takes a slow board longer than to seal.
func (d *Device) finish(c *call, a answer) {
	c.cancel()
	d.mu.Lock()
	c.answer = a
	if c.opens {
		c.expires = time.Now().Add(fetchFor)
	}
	if c.gone = c.gone || c.id == "" || !a.keep; c.gone {
		d.calls = slices.DeleteFunc(d.calls, func(other *call) bool { return other == c })
		c.wipe()
	}
	close(c.done)
	c.noteHanded()
	d.mu.Unlock()
	<-c.handed
	d.refresh(a.keep)
	if c.turn != nil {
		c.turn.end()
	}
}

// roomFor tells whether c's answer can be kept. mu is held.
func (d *Device) roomFor(c *call) bool {
	packages, bytes := c.packages, c.size()
	for _, other := range d.calls {
		if other.id != "" {
			packages += other.packages
			bytes += other.size()
		}
	}
	return packages <= maxKeptPackages && bytes <= maxKeptOpened
}

// size is about how much memory an opening call takes: what was asked, and
// texts of about as many bytes.
func (c *call) size() int {
	if !c.opens {
		return 0
	}
	return 2 * len(c.request)
}

// Acknowledge says that the host keeps the answer to request id.
func (d *Device) Acknowledge(id string) {
	if id == "" {
		return
	}
	var contacts []string
	d.mu.Lock()
	d.forget(func(c *call) bool {
		if c.id != id {
			return false
		}
		contacts = append(contacts, c.contacts...)
		return true
	})
	faulted := d.fault != nil
	d.mu.Unlock()
	if faulted {
		return
	}
	slices.Sort(contacts)
	for _, contact := range slices.Compact(contacts) {
		if err := d.store.Settle(contact); err != nil {
			d.refusal(err)
		}
	}
}

// Cancel withdraws the waiting request id. What its owner has already approved
// goes on.
func (d *Device) Cancel(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.calls {
		if id != "" && c.id == id {
			c.cancel()
		}
	}
}

// forgetOld forgets what is kept for too long. mu is held.
func (d *Device) forgetOld() {
	now := time.Now()
	d.forget(func(c *call) bool { return !c.expires.IsZero() && !c.expires.After(now) })
}

// forget drops the answered calls that old names, and wipes their texts as
// soon as no client is owed one. mu is held.
func (d *Device) forget(old func(*call) bool) {
	d.calls = slices.DeleteFunc(d.calls, func(c *call) bool {
		if !c.answered() || !old(c) {
			return false
		}
		c.gone = true
		c.wipe()
		return true
	})
}

// frameRequest writes the parts of a request one after the other, each after
// its length, so that no two requests look the same.
func frameRequest[T string | []byte](method string, parts ...T) []byte {
	b := binary.AppendUvarint(nil, uint64(len(method)))
	b = append(b, method...)
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}
