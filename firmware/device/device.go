// Package device is the pad device itself: what happens between the laptop's
// request, the owner's finger and the pads. It asks before anything is sealed
// or opened, and what the owner read on the screen is what is done.
//
// Start with Device. send.go and open.go are the two use cases; each waits for
// its turn on the screen (turns.go), asks its question (question.go), lets
// padstore burn, and leaves its answer to be fetched again (calls.go). view.go
// draws, touch.go takes the finger, log.go tells and shows what happened.
//
// Pads are made by two more: fill.go lays up extracted noise of the sources
// (sources.go) in the reservoir, and meet.go makes a pad of it with the device at
// the other end of a cable; person.go is the owner as the meeting asks them. They,
// what a contact's pads are (contact.go), the settings (settings.go, panel.go,
// capacity.go), what the device is (about.go) and whether it works (selftest.go,
// report.go), and pads on a stick (stick.go) are errands (errand.go): things that
// the owner does on the device with no laptop behind.
//
// One mutex owns the screen: what is shown, what the owner may tap, who waits,
// and which answers are kept. Each change draws and shows the new frame before
// it lets go, so that a tap always means what the glass shows. Slow work, which
// is everything on the card, is done without it; the turn keeps questions
// apart meanwhile. Run is the clock: it alone makes time pass.
//
// What the package refuses to do: bring anything to the screen that does not
// verify, show a second question over a first, take a tap that began before what it
// is on had been there for half a second (only pages turn, settings change and an idle
// screen wakes at once), and go on after a fault.
package device

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/entropy"
	"onetimechat/hal/noise"
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

// Config says what a Device is made of.
type Config struct {
	Store    *padstore.Store
	Renderer *display.Renderer
	Panel    Panel
	Link     string // the link's address, to type on the laptop

	Noise     *entropy.Well // nil: this device makes no randomness
	Reservoir int64         // bytes of it to lay up
	// FindNoise returns sources that it has not returned before, to join Noise,
	// also beside an error; nil: there are no others.
	FindNoise func() ([]noise.Source, error)
	Ports     Ports   // nil: no meetings here
	Stick     Stick   // nil: no removable media
	Dimmer    Dimmer  // nil: the panel's light cannot be dimmed
	Rotator   Rotator // nil: the picture cannot be turned
	Board     Board   // what About tells of the machine
	Off       func()  // switches the device off; nil: it cannot
	// Calibrate has the owner fit touches to the picture, on the panel itself,
	// until it returns; nil: there is nothing to calibrate.
	Calibrate func(context.Context) error
}

// Device is a pad device with its owner in front of it. It implements
// hostlink.Device. Its methods may be called concurrently.
type Device struct {
	store   *padstore.Store
	panel   Panel
	dimmer  Dimmer
	rotator Rotator
	board   Board
	link    string
	fill    *fill
	ports   Ports
	stick   Stick
	off     func()
	adjust  func(context.Context) error // calibrates the touchscreen; may be nil
	life    context.Context             // of errands
	endLife context.CancelFunc
	wake    chan struct{} // tells Run to look at the clock again
	running sync.WaitGroup

	mu       sync.Mutex
	renderer *display.Renderer
	light    light
	view     *view          // on the glass
	views    uint64         // shown so far
	frame    *display.Frame // of the view
	felt     *display.Frame // as it is on the glass, with a finger on it
	home     display.Home
	news     int           // log entries that the owner has not seen
	idle     time.Duration // without a touch, then the idle screen; 0: never
	finger   touch
	touched  time.Time // when a finger last was on the glass
	taken    bool      // somebody has the turn
	queue    []*ticket
	denials  []denial
	calls    []*call
	events   map[event]int64
	tested   []finding // of the self-test, but for the link
	heard    time.Time // when a laptop last asked; zero for never
	workNow  bool      // the store has work that need not wait
	workAt   time.Time // when it may have: notes of resting pads, the log
	stopped  bool
	fault    error
}

// New returns a Device, with its first screen shown. Messages that the last
// stop may have swallowed come before anything else.
func New(cfg Config) *Device {
	d := &Device{
		store:    cfg.Store,
		renderer: cfg.Renderer,
		panel:    cfg.Panel,
		dimmer:   cfg.Dimmer,
		rotator:  cfg.Rotator,
		board:    cfg.Board,
		link:     cfg.Link,
		fill:     newFill(cfg.Noise, cfg.FindNoise, cfg.Reservoir),
		ports:    cfg.Ports,
		stick:    cfg.Stick,
		off:      cfg.Off,
		adjust:   cfg.Calibrate,
		wake:     make(chan struct{}, 1),
		events:   map[event]int64{},
		tested:   untested(),
	}
	d.life, d.endLife = context.WithCancel(context.Background())
	home := d.readHome()
	text := unfinishedText(d.store.Unfinished())
	fault := d.store.Fault()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.home = home
	d.news = d.store.News()
	settings := d.store.Settings()
	d.idle, d.light.chosen = settings.Idle, settings.Brightness
	d.workAt = time.Now().Add(restTime)
	if fault != nil {
		d.fail(fault)
		return d
	}
	first := d.homeView()
	if text != "" {
		d.taken = true
		first = d.notice("After the last stop", text)
	}
	first.awake = true // nobody has tapped anything yet
	d.show(first)
	return d
}

// Run makes time pass on the screen, and does the store's idle work, until ctx
// ends. Calls that wait are then withdrawn, and nothing uses the store any
// more. The error is the fault that the screen showed, nil if there was none.
func (d *Device) Run(ctx context.Context) error {
	clock := time.NewTimer(0)
	defer clock.Stop()
	d.start(d.runFill)
	if d.stick != nil {
		d.start(d.watchStick)
	}
	for ctx.Err() == nil {
		next, work := d.tick()
		if work && d.work() {
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

// start runs a part of the device, or an errand, which ends when the device stops.
func (d *Device) start(part func(ctx context.Context)) { d.running.Go(func() { part(d.life) }) }

// work does one step of the store's idle work. More may be waiting.
func (d *Device) work() (more bool) {
	if d.faulted() {
		return false
	}
	more, err := d.store.Work()
	if err != nil {
		d.refusal(err)
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.workNow = d.workNow || more
	return more
}

// stop ends all calls and waits for them.
func (d *Device) stop() error {
	d.mu.Lock()
	d.stopped = true
	d.endLife()
	for _, c := range d.calls {
		c.cancel()
	}
	d.mu.Unlock()
	d.running.Wait()
	d.LinkDown()
	d.mu.Lock()
	defer d.mu.Unlock()
	if errors.Is(d.fault, padstore.ErrErased) {
		return nil // as its owner wanted
	}
	return d.fault
}

// tick does what is due. It returns how long until something else is, and
// whether the store has idle work to do.
func (d *Device) tick() (wait time.Duration, work bool) {
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
		d.workNow, d.workAt = true, time.Time{}
	}
	work, d.workNow = d.workNow, false
	if v := d.view; !v.awake && due(v.shown.Add(guardTime)) {
		v.awake = true
		d.draw()
	}
	if v := d.view; v.hidden && due(v.shown.Add(workTime)) {
		d.unhide()
	}
	if v := d.view; v.patience > 0 && due(d.used().Add(v.patience)) ||
		v.yields && len(d.queue) > 0 && due(d.touched.Add(yieldFor)) {
		v.expire() // what comes instead wakes Run again
	}
	d.forget(func(c *call) bool { return due(c.expires) })
	d.forgive(due)
	return next.Sub(now), work
}

// used is when the view came on the glass, or was last touched there. mu is held.
func (d *Device) used() time.Time {
	if d.touched.After(d.view.shown) {
		return d.touched
	}
	return d.view.shown
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
	if d.fault != nil || errors.Is(reason, padstore.ErrErasing) {
		return // what is at work on it says how it ends
	}
	d.fault = reason
	d.endLife() // a meeting, too: nobody could see how it goes
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
	title := "The device has stopped"
	text := "Nothing is sealed or opened any more. Switch the device off and on again: it then checks its pads.\n\n" + reason.Error()
	if errors.Is(reason, padstore.ErrErased) {
		title = "Everything is erased"
		text = "Switch the device off and on to begin anew.\n\nFlash memory may still remember what was overwritten: to be sure, destroy the card."
	}
	return &view{awake: true, screen: func(page int, _ bool) display.Screen {
		return display.Fault{Title: title, Text: text, Page: page}
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
		{padstore.ErrUnreadable, hostlink.PadUnreadable},
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

// LinkDown forgets the opened texts that could still be fetched, those that
// are just being opened included.
func (d *Device) LinkDown() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.calls {
		c.gone = c.gone || c.opens
	}
	d.forget(func(c *call) bool { return c.opens })
}

// unfinishedText tells the owner of messages that a stop may have swallowed, and what
// to do.
func unfinishedText(list []padstore.Unfinished) string {
	text := ""
	for _, u := range list {
		if u.Sent {
			text += fmt.Sprintf("The last message to %s may not have been sent. Ask whether it came; if not, send it again.\n", u.Contact)
		} else {
			text += fmt.Sprintf("The last message from %s may not have been read, and cannot be opened again. Ask for it once more.\n", u.Contact)
		}
	}
	return text
}
