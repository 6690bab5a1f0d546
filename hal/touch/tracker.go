package touch

// Codes of linux/input-event-codes.h.
const (
	evSyn = 0x00
	evKey = 0x01
	evAbs = 0x03

	synReport  = 0
	synDropped = 3

	btnLeft  = 0x110
	btnTouch = 0x14a

	absX           = 0x00
	absY           = 0x01
	absMTSlot      = 0x2f
	absMTPositionX = 0x35
	absMTPositionY = 0x36
	absMTTracking  = 0x39
)

// event is one struct input_event without its time.
type event struct {
	kind, code uint16
	value      int32
}

// axis is the range of one coordinate.
type axis struct{ least, most int32 }

// share is where v lies in the range, from 0 to 1.
func (a axis) share(v int32) float64 {
	if a.most <= a.least {
		return 0
	}
	return min(1, max(0, float64(int64(v)-int64(a.least))/float64(int64(a.most)-int64(a.least))))
}

// tracker follows one finger through a device's events. Of several fingers it
// follows the one in slot 0: a second one does nothing.
//
// A device that tells of fingers in slots also plays one with a single finger, the
// one that has been down for longest (Linux, drivers/input/input-mt.c,
// input_mt_report_pointer_emulation). That may be a thumb at the glass's edge while
// another finger taps, so nothing is taken from it.
type tracker struct {
	x, y    axis
	slots   bool // fingers are in slots
	slot    int32
	atX     int32
	atY     int32
	down    bool // as of the events so far
	told    bool // the last Touch was down
	dropped bool // events were lost: wait for the next report
	// Coordinates that were lost, or were never told: the kernel tells of changes
	// only, so until one comes where a finger is is not known.
	lostX, lostY bool
	// Nor does it name a slot again that it named in what was lost. Until it names
	// another one, what comes is taken for the first finger's.
	guessed bool
}

// newTracker knows of no finger: what was told before it listened is not told again.
func newTracker(x, y axis) *tracker { return &tracker{x: x, y: y, lostX: true, lostY: true} }

// take takes one event. ok tells that it completes a touch.
func (t *tracker) take(e event) (touch Touch, ok bool) {
	switch e.kind {
	case evKey:
		if !t.slots && (e.code == btnTouch || e.code == btnLeft) {
			t.down = e.value != 0
		}
	case evAbs:
		t.move(e)
	case evSyn:
		return t.sync(e.code)
	}
	return Touch{}, false
}

func (t *tracker) move(e event) {
	t.slots = t.slots || e.code == absMTTracking
	switch {
	case e.code == absMTSlot:
		if t.guessed { // and may have been another finger's
			t.guessed, t.lostX, t.lostY = false, true, true
		}
		t.slot = e.value
	case e.code == absX && !t.slots:
		t.atX, t.lostX = e.value, false
	case e.code == absY && !t.slots:
		t.atY, t.lostY = e.value, false
	case t.slot != 0: // a second finger
	case e.code == absMTPositionX:
		t.atX, t.lostX = e.value, false
	case e.code == absMTPositionY:
		t.atY, t.lostY = e.value, false
	case e.code == absMTTracking:
		t.down = e.value >= 0
	}
}

// sync ends a report. After lost events the finger counts as gone, until it is
// put down anew, and is known where.
func (t *tracker) sync(code uint16) (Touch, bool) {
	if code == synDropped {
		t.dropped, t.lostX, t.lostY = true, true, true
		t.slot, t.guessed = 0, true
		return t.lose()
	}
	if code != synReport {
		return Touch{}, false
	}
	if t.dropped {
		// What the kernel has kept of the lost report may be half of it.
		t.dropped, t.down, t.lostX, t.lostY = false, false, true, true
		return Touch{}, false
	}
	if !t.told && (t.lostX || t.lostY) {
		t.down = false
	}
	if t.down == t.told {
		return Touch{}, false
	}
	t.told = t.down
	return Touch{Down: t.down, X: t.x.share(t.atX), Y: t.y.share(t.atY)}, true
}

// lose lifts a finger that is down nowhere.
func (t *tracker) lose() (Touch, bool) {
	was := t.told
	t.down, t.told = false, false
	return Touch{Lost: true}, was
}
