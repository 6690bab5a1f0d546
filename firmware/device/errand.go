package device

import (
	"context"
	"errors"
	"image"
	"time"

	"onetimechat/display"
)

// errandFor is how long what the owner began on the device waits for a tap.
const errandFor = 2 * time.Minute

// yieldFor is how long nobody may touch what yields before what waits for the
// screen comes instead: it is what its owner has just begun on the laptop, say.
const yieldFor = 10 * time.Second

// errLeft ends an errand: nobody tapped, or the device has stopped.
var errLeft = errors.New("nobody answered on the device")

// errand does something that the owner began on the device itself, if nobody
// has the screen. It has the turn meanwhile.
func (d *Device) errand(do func(ctx context.Context)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.taken || d.fault != nil || d.stopped {
		return
	}
	d.taken = true
	d.begin(do)
}

// begin begins an errand that has the turn already. mu is held.
func (d *Device) begin(do func(ctx context.Context)) {
	d.start(func(ctx context.Context) {
		do(ctx)
		d.mu.Lock()
		defer d.mu.Unlock()
		if !d.stopped {
			d.nextTurn()
		}
	})
}

// choice is something asked of the owner that no laptop is behind.
type choice struct {
	screen   func(page int, ready bool) display.Screen
	guarded  bool          // a decision: alive after guardTime and the last page
	late     lateness      // as a view's
	patience time.Duration // 0 for ever; then errLeft
	yields   bool          // to what waits for the screen
	reserve  bool          // it shows the reservoir, which may change
	rests    bool          // without a touch the idle screen covers it, for ever
	page     int           // that is shown first
}

// tap is a finger that was put down on and lifted from a target.
type tap struct {
	target string
	at     image.Point // where it came down
}

// choose shows c and waits for a tap on one of its targets. If ctx ends
// before, the screen says that the device waits. The caller has the turn.
func (d *Device) choose(ctx context.Context, c choice) (target string, err error) {
	t, err := d.await(ctx, c)
	return t.target, err
}

// await is choose, which also says where the tap was.
func (d *Device) await(ctx context.Context, c choice) (t tap, err error) {
	tapped := make(chan tap, 1)
	v := &view{screen: c.screen, guarded: c.guarded, late: c.late, patience: c.patience, yields: c.yields, reserve: c.reserve, page: c.page}
	v.tap = func(target string) func() {
		tapped <- tap{target, v.at}
		d.show(atWork("One moment."))
		return nil
	}
	left := make(chan struct{})
	v.expire = func() {
		close(left)
		d.show(atWork("One moment."))
	}
	v.drop = func() { close(left) }
	if c.rests {
		d.rest(v)
	}
	if !d.put(v) {
		return tap{}, errLeft
	}
	select {
	case t = <-tapped:
		return t, nil
	case <-left:
		return tap{}, errLeft
	case <-ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.view == v {
		d.show(atWork("One moment."))
	}
	select {
	case t = <-tapped: // the finger was first
		return t, nil
	default:
		return tap{}, ctx.Err()
	}
}

// put shows v, unless the device has stopped.
func (d *Device) put(v *view) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault != nil || d.stopped {
		return false
	}
	d.show(v)
	return true
}

// rest has the idle screen cover v, and not end it, when nobody touches it.
func (d *Device) rest(v *view) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.coverLater(v)
}

// tell shows something that the owner taps away.
func (d *Device) tell(ctx context.Context, w display.Warning) {
	_, _ = d.choose(ctx, choice{rests: true, screen: func(page int, _ bool) display.Screen {
		w.Page = page
		return w
	}})
}

// progress shows how far something is that is under way, in bytes, and returns whom
// to tell. It is nil if the device has stopped.
func (d *Device) progress(title string) (tell func(done, total int64)) {
	begun, is := time.Now(), display.Progress{Title: title, Unit: "bytes"}
	v := &view{
		awake:  true,
		screen: func(int, bool) display.Screen { return is },
		tap:    func(string) func() { return nil },
	}
	if !d.put(v) {
		return nil
	}
	return func(done, total int64) {
		d.mu.Lock()
		defer d.mu.Unlock()
		is.Done, is.Total = done, total
		if seconds := time.Since(begun).Seconds(); seconds > 1 {
			is.Rate = int64(float64(done) / seconds)
		}
		if d.view == v {
			d.draw()
		}
	}
}
