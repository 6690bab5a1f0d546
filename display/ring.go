package display

import (
	"image"
	"slices"

	"github.com/fogleman/gg"
)

// Key is one of three push-buttons that work a device without a finger on the
// glass.
type Key int

const (
	KeyApprove Key = iota // does what the ring marks
	KeyDeny               // refuses, cancels or leaves
	KeyPage               // turns the page, or moves the ring on
)

// Ring marks, on one frame after another, which target KeyApprove means. Its zero
// value is on no frame. It only chooses: what is tapped, and whether that
// counts, is for those who would take a finger's tap.
//
// It never moves onto a target by itself but where a screen or a list begins, so that
// nobody who presses a key several times over does what they have not seen
// marked.
type Ring struct {
	screen string // name of the frame that it is on
	target string // "" for none
}

// Follow takes the ring to the frame that is shown next. On another screen it
// begins at the main target, which may be dead yet. Another target that has gone,
// or is dead, loses it.
func (r *Ring) Follow(f *Frame) {
	main := f.main()
	if f.Name != r.screen {
		*r = Ring{f.Name, main}
		return
	}
	t, ok := f.target(r.target)
	switch {
	case !ok && !f.text(): // another list, or another page of it
		r.target = main
	case !ok || !t.Active && t.Name != main:
		r.target = ""
	}
}

// Press says what a key does on f: it taps t, which is alive, or moves the ring to
// it, or does neither.
func (r *Ring) Press(f *Frame, k Key) (t Target, taps, moves bool) {
	if wake, ok := f.target("wake"); ok {
		return wake, wake.Active, false
	}
	switch k {
	case KeyApprove:
		t, _ = f.target(r.target)
	case KeyDeny:
		t = f.leave()
	case KeyPage:
		if t, _ = f.target("next"); !f.text() || !t.Active {
			t, moves = r.move(f)
			return t, false, moves
		}
	}
	return t, t.Active, false
}

// move takes the ring to the next living target; one that was lost back to the
// main one.
func (r *Ring) move(f *Frame) (t Target, moves bool) {
	if t, _ = f.target(f.main()); r.target == "" && t.Active {
		r.target = t.Name
		return t, true
	}
	at := slices.IndexFunc(f.Targets, func(t Target) bool { return t.Name == r.target })
	for i := range f.Targets {
		t = f.Targets[(at+1+i)%len(f.Targets)]
		if t.Active && !refuses(t.Name) && !pointed(t.Name) {
			moves = t.Name != r.target
			r.target = t.Name
			return t, moves
		}
	}
	return Target{}, false
}

// On is f with the ring drawn, around what can be tapped only.
func (r *Ring) On(f *Frame) *Frame {
	t, ok := f.target(r.target)
	if !ok || !t.Active || t.Rect == f.Image.Rect {
		return f
	}
	ringed := *f
	ringed.Image = image.NewRGBA(f.Image.Rect)
	copy(ringed.Image.Pix, f.Image.Pix)
	dc := gg.NewContextForRGBA(ringed.Image)
	around := t.Rect.Inset(-1)
	dc.DrawRoundedRectangle(float64(around.Min.X), float64(around.Min.Y), float64(around.Dx()), float64(around.Dy()), 6)
	dc.SetColor(colInk)
	dc.SetLineWidth(5)
	dc.StrokePreserve()
	dc.SetColor(colAmber)
	dc.SetLineWidth(3)
	dc.Stroke()
	return &ringed
}

// target is the target of a name, dead or alive.
func (f *Frame) target(name string) (Target, bool) {
	i := slices.IndexFunc(f.Targets, func(t Target) bool { return t.Name == name })
	if i < 0 {
		return Target{}, false
	}
	return f.Targets[i], true
}

// main is the name of the target that a screen is for: the one that is drawn to
// stand out, else the first of a list, else what leads on from a text. A screen that
// favours no answer, such as the words to compare, has none.
func (f *Frame) main() string {
	for _, is := range []func(Target) bool{
		func(t Target) bool { return t.kind == positive || t.kind == forward },
		f.listed,
		func(t Target) bool { return t.Name == "ok" },
	} {
		for _, t := range f.Targets {
			if is(t) && !turns(t.Name) && !refuses(t.Name) && !pointed(t.Name) {
				return t.Name
			}
		}
	}
	return ""
}

// leave is the target that decides nothing: what refuses, or, where nothing does,
// what is done with.
func (f *Frame) leave() Target {
	for _, t := range f.Targets {
		if refuses(t.Name) || t.Name == "ok" && t.kind == neutral {
			return t
		}
	}
	return Target{}
}

// listed tells whether a target is above the bottom row.
func (f *Frame) listed(t Target) bool {
	return slices.ContainsFunc(f.Targets, func(below Target) bool { return t.Rect.Max.Y <= below.Rect.Min.Y })
}

// text tells whether a screen is to be read: it lists no targets.
func (f *Frame) text() bool { return !slices.ContainsFunc(f.Targets, f.listed) }

func turns(name string) bool { return name == "prev" || name == "next" }

// pointed tells whether a target asks where on it a finger is, which no key says.
func pointed(name string) bool { return name == "touch" }

func refuses(name string) bool {
	switch name {
	case "deny", "cancel", "no", "different", "delete":
		return true
	}
	return false
}
