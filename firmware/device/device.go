// Package device is the pad device itself: what happens between the laptop's
// request, the owner's finger and the pads. It asks before anything is sealed
// or opened, and what the owner read on the screen is what is done.
//
// Start with Device. send.go and open.go are the two use cases; each waits for
// its turn on the screen (turns.go), asks its question (view.go), lets padstore
// burn, and leaves its answer to be fetched again (calls.go). log.go tells and
// shows what happened.
//
// One mutex owns the screen: what is shown, what the owner may tap, who waits,
// and which answers are kept. Each change draws and shows the new frame before
// it lets go, so that a tap always means what the glass shows. Slow work, which
// is everything on the card, is done without it; the turn keeps questions
// apart meanwhile. Run is the clock: it alone makes time pass.
//
// What the package refuses to do: bring anything to the screen that does not
// verify, show a second question over a first, take a tap that began before
// its question, and go on after a fault.
package device

import (
	"context"
	"errors"
	"fmt"
	"image"
	"sync"
	"time"

	"onetimechat/display"
	"onetimechat/hostlink"
	"onetimechat/padstore"
)

// How long things last.
const (
	guardTime   = 500 * time.Millisecond  // before a question can be approved
	questionFor = 60 * time.Second        // without a tap, then it is denied
	logFor      = 60 * time.Second        // without a tap, then home again
	readerFor   = 10 * time.Minute        // without a tap, then the text is covered
	denyFor     = 10 * time.Second        // the same request is not asked again
	fetchFor    = 60 * time.Second        // an opened text can be fetched again
	restTime    = 2100 * time.Millisecond // padstore clears its notes after 2 s
)

// Panel shows frames. Show returns when the frame is on the glass; after an
// error nobody knows what the owner sees.
type Panel interface {
	Show(f *display.Frame) error
}

// Config says what a Device is made of.
type Config struct {
	Store    *padstore.Store
	Renderer *display.Renderer
	Panel    Panel
	Link     string // the link's address, to type on the laptop
}

// Device is a pad device with its owner in front of it. It implements
// hostlink.Device. Its methods may be called concurrently.
type Device struct {
	store    *padstore.Store
	renderer *display.Renderer
	panel    Panel
	link     string
	wake     chan struct{} // tells Run to look at the clock again
	running  sync.WaitGroup

	mu      sync.Mutex
	view    *view // on the glass
	frame   *display.Frame
	home    display.Home
	finger  touch
	taken   bool // somebody has the turn
	queue   []*ticket
	denials []denial
	calls   []*call
	events  map[event]int64
	workAt  time.Time // when notes of resting pads are due
	stopped bool
	fault   error
}

// New returns a Device, with its first screen shown. Messages that the last
// stop may have swallowed come before anything else.
func New(cfg Config) *Device {
	d := &Device{
		store:    cfg.Store,
		renderer: cfg.Renderer,
		panel:    cfg.Panel,
		link:     cfg.Link,
		wake:     make(chan struct{}, 1),
		events:   map[event]int64{},
	}
	home := d.readHome()
	text := unfinishedText(d.store.Unfinished())
	fault := d.store.Fault()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.home = home
	d.workAt = time.Now().Add(restTime)
	switch {
	case fault != nil:
		d.fail(fault)
	case text != "":
		d.taken = true
		d.show(d.notice("After the last stop", text))
	default:
		d.show(d.homeView())
	}
	return d
}

// Run makes time pass on the screen, and does the store's idle work, until ctx
// ends. Calls that wait are then withdrawn, and nothing uses the store any
// more. The error is the fault that the screen showed, nil if there was none.
func (d *Device) Run(ctx context.Context) error {
	clock := time.NewTimer(0)
	defer clock.Stop()
	for ctx.Err() == nil {
		next := d.tick()
		more, err := d.work()
		if err == nil && more {
			continue
		}
		clock.Reset(next)
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-clock.C:
		}
	}
	return d.stop()
}

// work does one step of idle work.
func (d *Device) work() (more bool, err error) {
	if d.faulted() {
		return false, nil
	}
	more, err = d.store.Work()
	if err != nil {
		d.refusal(err)
	}
	return more, err
}

// stop ends all calls and waits for them.
func (d *Device) stop() error {
	d.mu.Lock()
	d.stopped = true
	for _, c := range d.calls {
		c.cancel()
	}
	d.mu.Unlock()
	d.running.Wait()
	d.LinkDown()
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fault
}

// tick does what is due and returns how long until something else is.
func (d *Device) tick() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	next := now.Add(time.Hour)
	due := func(at time.Time) bool {
		if at.IsZero() || !at.After(now) {
			return !at.IsZero()
		}
		if at.Before(next) {
			next = at
		}
		return false
	}
	if due(d.workAt) {
		d.workAt = time.Time{} // Run works after every tick
	}
	if v := d.view; (v.guarded || v.lateOK) && !v.awake && due(v.shown.Add(guardTime)) {
		v.awake = true
		d.draw()
	}
	if v := d.view; v.patience > 0 && due(v.touched.Add(v.patience)) {
		v.expire() // what comes instead wakes Run again
	}
	d.forget(func(c *call) bool { return due(c.expires) })
	return next.Sub(now)
}

// stir has Run look at the clock again.
func (d *Device) stir() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// fail stops the device for good: it shows the fault and refuses everything.
// mu is held.
func (d *Device) fail(reason error) {
	if d.fault != nil {
		return
	}
	d.fault = reason
	was := d.view
	d.show(faultView(reason))
	if was != nil && was.drop != nil {
		was.drop()
	}
	for _, t := range d.queue {
		close(t.up)
	}
	d.queue = nil
}

func faultView(reason error) *view {
	text := "Nothing is sealed or opened any more. Switch the device off and on again: it then checks its pads.\n\n" + reason.Error()
	return &view{screen: func(page int, _ bool) display.Screen {
		return display.Fault{Title: "The device has stopped", Text: text, Page: page}
	}}
}

func (d *Device) faulted() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fault != nil
}

// refusal turns an error of the store into what may cross the link. It stops
// the device if the store has latched.
func (d *Device) refusal(err error) hostlink.Refusal {
	for _, r := range []struct {
		err  error
		says hostlink.Refusal
	}{
		{padstore.ErrNoPad, hostlink.NoPad},
		{padstore.ErrDepleted, hostlink.Depleted},
		{padstore.ErrTooLong, hostlink.TooLong},
		{padstore.ErrCursor, hostlink.TooLong},
		{padstore.ErrNotVerified, hostlink.DecryptionFailed},
		{padstore.ErrMalformed, hostlink.DecryptionFailed},
		{padstore.ErrAlreadyOpened, hostlink.AlreadyOpened},
	} {
		if errors.Is(err, r.err) {
			return r.says
		}
	}
	if fault := d.store.Fault(); fault != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.fail(fault)
	}
	return hostlink.DeviceFault
}

// LinkDown forgets the opened texts that could still be fetched.
func (d *Device) LinkDown() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forget(func(c *call) bool { return !c.expires.IsZero() })
}

// Status answers what a laptop may always know. told is its time, zero when it
// told none.
func (d *Device) Status(told time.Time) hostlink.Status {
	if !told.IsZero() {
		d.store.Tell(told)
	}
	s := hostlink.Status{
		Owner:     d.store.Owner(),
		Start:     d.store.Start(),
		Uptime:    int64(d.store.Uptime() / time.Second),
		LogUnread: d.store.Unread(),
		Pads:      []hostlink.Pad{},
	}
	for _, p := range d.store.Pads() {
		s.Pads = append(s.Pads, hostlink.Pad{
			Contact: p.Contact, Number: p.Number, Suite: p.Suite.String(), Bucket: p.Bucket,
			Source: p.Source, State: string(p.State),
			SendLeft: p.SendLeft, ReceiveLeft: p.ReceiveLeft,
			SendMessages: p.SendMessages, ReceiveMessages: p.ReceiveMessages,
			Forgeries: p.Forgeries,
		})
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s.Screen = d.frame.Name
	return s
}

// NextRef is the host's place in a relay's mailbox, as saved.
func (d *Device) NextRef(owner, server string) (ref int64, known bool, err error) {
	switch {
	case d.faulted():
		return 0, false, hostlink.DeviceFault
	case owner != d.store.Owner():
		return 0, false, hostlink.NoPad
	case len(server) > hostlink.MaxAddress:
		return 0, false, hostlink.TooLong
	}
	ref, known = d.store.NextRef(server)
	return ref, known, nil
}

// SaveNextRef keeps the host's place in a relay's mailbox.
func (d *Device) SaveNextRef(owner, server string, ref int64) error {
	switch {
	case d.faulted():
		return hostlink.DeviceFault
	case owner != d.store.Owner():
		return hostlink.NoPad
	}
	if err := d.store.SaveNextRef(server, ref); err != nil {
		return d.refusal(err)
	}
	return nil
}

// refresh shows what has changed in the store on the home screen.
func (d *Device) refresh() {
	home := d.readHome()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.home = home
	d.workAt = time.Now().Add(restTime)
	if d.view.isHome {
		d.draw()
	}
	d.stir()
}

// readHome asks the store what home shows. mu is not held: a pad may be busy
// with its card.
func (d *Device) readHome() display.Home {
	home := display.Home{Owner: d.store.Owner(), Link: d.link, Unread: d.store.Unread()}
	for _, p := range d.store.Pads() {
		home.Contacts = append(home.Contacts, display.Contact{
			Name:      p.Contact,
			Send:      display.Gauge{Left: p.SendLeft, Total: p.SendTotal, Messages: p.SendMessages},
			Receive:   display.Gauge{Left: p.ReceiveLeft, Total: p.ReceiveTotal, Messages: p.ReceiveMessages},
			Forgeries: p.Forgeries,
			Note:      noteOf(p),
		})
	}
	return home
}

// noteOf says what is special about a pad, the worst first.
func noteOf(p padstore.Pad) string {
	switch {
	case p.Fault:
		return "damaged"
	case p.State != padstore.InUse:
		return string(p.State)
	case p.Source == "urandom":
		return "demo randomness"
	}
	return ""
}

// touch is a finger that is down.
type touch struct {
	view   *view // what it was put down on, nil if on nothing that counts
	target string
}

// Press is a finger put down at p, in pixels. It returns the target there,
// empty for none, and whether that is alive.
func (d *Device) Press(p image.Point) (target string, active bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.finger = touch{}
	t, ok := d.frame.Hit(p)
	if !ok {
		return "", false
	}
	d.view.touched = time.Now()
	d.stir()
	if t.Active {
		d.finger = touch{d.view, t.Name}
	}
	return t.Name, t.Active
}

// Release is the finger lifted at p. It returns the target there, and whether
// this was a tap: put down on and lifted from the same living target of the
// same question.
func (d *Device) Release(p image.Point) (target string, active bool) {
	target, after := d.release(p)
	if after == nil {
		return target, false
	}
	after()
	d.stir()
	return target, true
}

// release says what is left to do without the mutex; nil if it was no tap.
func (d *Device) release(p image.Point) (string, func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	down := d.finger
	d.finger = touch{}
	t, ok := d.frame.Hit(p)
	if !ok || !t.Active || down != (touch{d.view, t.Name}) {
		return t.Name, nil
	}
	v := d.view
	v.touched = time.Now()
	switch t.Name {
	case "next", "prev":
		v.page++
		if t.Name == "prev" {
			v.page -= 2
		}
		d.draw()
	default:
		if after := v.tap(t.Name); after != nil {
			return t.Name, after
		}
	}
	return t.Name, func() {}
}

// unfinishedText tells the owner of messages that a stop may have swallowed.
func unfinishedText(list []padstore.Unfinished) string {
	text := ""
	for _, u := range list {
		if u.Sent {
			text += fmt.Sprintf("The last message to %s may not have been sent.\n", u.Contact)
		} else {
			text += fmt.Sprintf("The last message from %s may not have been read. It cannot be opened again.\n", u.Contact)
		}
	}
	return text
}
