package device

import (
	"context"
	"image"
	"sync"
	"time"

	"onetimechat/display"
	"onetimechat/padstore/uid"
)

// Naming is a device that has no owner yet: before its first start it asks what
// its owner is called. Press and Release are as a Device's.
type Naming struct {
	renderer *display.Renderer
	panel    Panel
	named    chan string // has the name once it is confirmed
	failed   chan error

	mu     sync.Mutex
	text   string // typed so far
	sure   bool   // asked whether that is right
	asked  time.Time
	page   int
	frame  *display.Frame
	finger string // target that the finger was put down on
}

// NewNaming returns a Naming with its first screen shown.
func NewNaming(renderer *display.Renderer, panel Panel) (*Naming, error) {
	n := &Naming{renderer: renderer, panel: panel, named: make(chan string, 1), failed: make(chan error, 1)}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n, n.draw()
}

// Owner waits for the name, which is a valid user id.
func (n *Naming) Owner(ctx context.Context) (string, error) {
	defer n.rest()
	select {
	case name := <-n.named:
		return name, nil
	case err := <-n.failed:
		return "", err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Press is a finger put down at p.
func (n *Naming) Press(p image.Point) (target string, active bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.finger = ""
	t, _ := n.frame.Hit(p)
	if t.Active {
		n.finger = t.Name
		n.tell(n.panel.Show(n.frame.Pressed(t)))
	}
	return t.Name, t.Active
}

// Release is the finger lifted at p.
func (n *Naming) Release(p image.Point) (target string, active bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	down := n.finger
	n.finger = ""
	t, _ := n.frame.Hit(p)
	tapped := t.Active && t.Name == down
	if tapped {
		n.tap(t)
	}
	if down != "" {
		n.tell(n.draw())
	}
	return t.Name, tapped
}

// tell notes that the panel has failed, if it has. mu is held.
func (n *Naming) tell(err error) {
	if err == nil {
		return
	}
	select {
	case n.failed <- err:
	default:
	}
}

// tap is a tap on t. mu is held.
func (n *Naming) tap(t display.Target) {
	switch t.Name {
	case "next":
		n.page++
	case "prev":
		n.page--
	case "delete":
		n.text = n.text[:len(n.text)-1]
	case "ok":
		if n.sure, n.page = uid.Valid(n.text), 0; n.sure {
			n.asked = time.Now()
			time.AfterFunc(guardTime, n.wake)
		}
	case "no":
		n.sure = false
	case "yes":
		select {
		case n.named <- n.text:
		default:
		}
	default: // a key, whose label is its character
		if len(n.text) < uid.MaxLen {
			n.text += t.Label
		}
	}
}

// wake shows the question alive, if it is still asked and for long enough.
func (n *Naming) wake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.sure && n.ready() {
		n.tell(n.draw())
	}
}

// rest asks nothing any more: the panel is somebody else's.
func (n *Naming) rest() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sure = false
}

// ready tells whether a second tap on ok, where yes is now, has passed.
func (n *Naming) ready() bool { return time.Since(n.asked) >= guardTime }

// draw shows where the naming is. mu is held.
func (n *Naming) draw() error {
	var s display.Screen = display.Keyboard{
		Title: "Whose device is this?", Text: n.text, Hint: "Your name, as others will know you.",
		Problem: n.problem(), Page: n.page,
	}
	if n.sure {
		s = display.Ask{
			Title: "Are you " + n.text + "?",
			Text:  "This is the name under which others meet you. It stays with this device, and cannot be changed once there is a pad.",
			Yes:   "Yes", No: "Change it", Ready: n.ready(), Page: n.page,
		}
	}
	n.frame = n.renderer.Render(s)
	n.page = n.frame.Page
	return n.panel.Show(n.frame)
}

// problem is what is wrong with the name so far.
func (n *Naming) problem() string {
	switch {
	case n.text == "" || uid.Valid(n.text) && len(n.text) < uid.MaxLen:
		return ""
	case len(n.text) == uid.MaxLen:
		return "No more letters fit."
	}
	return "It begins with a letter or a digit."
}
