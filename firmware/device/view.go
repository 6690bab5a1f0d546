package device

import (
	"context"
	"image"
	"slices"
	"time"

	"onetimechat/display"
)

// view is what the glass is about: a question, a text, a list. Its functions
// are called with the device's mutex held.
type view struct {
	screen func(page int, ready bool) display.Screen
	// tap is a tap on anything but next and prev. What it returns is done
	// after the mutex was let go.
	tap func(target string) (after func())
	// patience is how long it waits without a touch, 0 for ever; then expire.
	patience time.Duration
	expire   func()
	yields   bool     // what waits for the screen has it expire after yieldFor
	drop     func()   // when a fault takes its place; may be nil
	guarded  bool     // it can be approved, after guardTime and its last page
	late     lateness // nil: all but the pages
	isHome   bool
	hidden   bool // until it has been the view for workTime
	reserve  bool // it shows the reservoir, which may change
	dim      bool // it needs less light

	page  int
	shown time.Time   // when it first was on the glass
	at    image.Point // where a finger last came down
	awake bool        // nothing is late: guardTime is over, or all may be tapped at once
	read  bool        // the last page was on the glass
}

// workTime is how long the device may be at work before the glass says so: most is
// done by then, and to draw a screen for nothing takes a slow panel as long as that.
const workTime = 300 * time.Millisecond

// show puts v on the glass. mu is held.
func (d *Device) show(v *view) {
	d.view = v
	d.views++
	if v.hidden {
		d.hold()
	} else {
		d.draw()
		d.shine()
	}
	d.stir()
}

// hold leaves on the glass what is there, dead, with the button pressed that led to
// the view. mu is held.
func (d *Device) hold() {
	d.view.shown = time.Now()
	d.frame = asleep(d.felt, func(string) bool { return true })
	d.frame.Name, d.frame.Question = "busy", d.views
	d.feel(d.frame)
}

// unhide draws a hidden view. mu is held.
func (d *Device) unhide() {
	d.view.hidden = false
	d.draw()
	d.shine()
}

// draw shows the view as it is now. A question whose last page comes on the
// glass is drawn again, alive. mu is held.
func (d *Device) draw() {
	v := d.view
	ready := v.awake && v.read
	f := d.renderer.Render(v.screen(v.page, ready))
	f.Question = d.views
	if !v.awake {
		f = asleep(f, v.late)
	}
	d.frame = f
	if !d.feel(f) {
		return
	}
	v.page = f.Page
	v.read = v.read || f.LastPage()
	if v.shown.IsZero() {
		v.shown = time.Now()
	}
	if v.guarded && v.awake && v.read && !ready {
		d.draw()
	}
}

// lateness tells which targets come alive after guardTime only, lest the second
// half of a double tap hits what has just appeared, such as Cancel where Same was.
type lateness func(target string) bool

// butPages has all be late but the pages, which lose nothing.
func butPages(target string) bool { return target != "next" && target != "prev" }

// asleep is f with what is late dead.
func asleep(f *display.Frame, late lateness) *display.Frame {
	if late == nil {
		late = butPages
	}
	g := *f
	g.Targets = slices.Clone(f.Targets)
	for i := range g.Targets {
		t := &g.Targets[i]
		t.Active = t.Active && !late(t.Name)
	}
	return &g
}

// showAgain is show of a view that something else has covered: it is as late as
// when it first appeared. mu is held.
func (d *Device) showAgain(v *view) {
	v.awake, v.shown = false, time.Time{}
	d.show(v)
}

func (d *Device) homeView() *view {
	return &view{
		isHome: true,
		screen: func(page int, _ bool) display.Screen {
			home := d.home
			home.Page = page
			return home
		},
		reserve:  true,
		tap:      d.tapHome,
		patience: d.idle,
		expire:   func() { d.show(d.idleView(func() string { return "" }, func() { d.show(d.homeView()) })) },
	}
}

// idleView hides names, says what goes on, and counts what waits. A touch brings
// back what was there, and does nothing else.
func (d *Device) idleView(doing func() string, back func()) *view {
	return &view{
		reserve: true, // the count may change
		dim:     true,
		awake:   true,
		screen:  func(int, bool) display.Screen { return display.Idle{News: d.news, Doing: doing()} },
		tap: func(string) func() {
			back()
			return nil
		},
	}
}

// cover hides v, which must be neither left in sight nor lost.
func (d *Device) cover(v *view, doing string) {
	d.show(d.idleView(func() string { return doing }, func() { d.showAgain(v) }))
}

// coverLater has v covered when nobody touches it for as long as home. mu is held.
func (d *Device) coverLater(v *view) {
	v.patience = d.idle
	v.expire = func() { d.cover(v, "Something is to be read here") }
}

// tapHome begins what the owner tapped on the home screen. mu is held.
func (d *Device) tapHome(target string) func() {
	switch target {
	case "log":
		return func() { d.errand(func(ctx context.Context) { d.showLog(ctx, d.off != nil) }) }
	case "settings":
		return func() { d.errand(d.showSettings) }
	case "new-contact":
		return func() { d.errand(d.meet) }
	}
	for i, c := range d.home.Contacts {
		if target == contactTarget(i) {
			return func() { d.errand(func(ctx context.Context) { d.showContact(ctx, c.Name) }) }
		}
	}
	return nil
}

// notice is a warning that stays until its owner taps it away, and then gives
// up the turn. mu is held.
func (d *Device) notice(title, text string) *view {
	v := &view{
		screen: func(page int, _ bool) display.Screen {
			return display.Warning{Title: title, Text: text, Page: page}
		},
		tap: func(string) func() {
			d.nextTurn()
			return nil
		},
	}
	d.coverLater(v)
	return v
}

// atWork is what the device is at, if that takes long.
func atWork(text string) *view {
	v := waiting(text)
	v.hidden = true
	return v
}

func waiting(text string) *view {
	return &view{awake: true, screen: func(int, bool) display.Screen { return display.Busy{Text: text} }}
}
