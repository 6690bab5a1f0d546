package keypad_test

import (
	"errors"
	"image"
	"slices"
	"testing"

	"onetimechat/display"
	"onetimechat/firmware/keypad"
	"onetimechat/hal/keys"
)

// glass keeps what it was shown, and fails when it is told to.
type glass struct {
	frame *display.Frame
	err   error
}

func (g *glass) Show(f *display.Frame) error {
	if g.err == nil {
		g.frame = f
	}
	return g.err
}

// hand notes where a finger was, p for a press and r for a release.
type hand struct {
	on   *display.Frame
	done []string
}

func (h *hand) note(what string, p image.Point) (string, bool) {
	t, _ := h.on.Hit(p)
	h.done = append(h.done, what+" "+t.Name)
	return t.Name, t.Active
}

func (h *hand) Press(p image.Point) (string, bool)   { return h.note("p", p) }
func (h *hand) Release(p image.Point) (string, bool) { return h.note("r", p) }

// table is a keypad with two settings on its glass.
func table(t *testing.T) (*keypad.Keypad, *glass, *hand, func(display.Key, bool) error) {
	renderer, err := display.NewRenderer(image.Pt(240, 240))
	if err != nil {
		t.Fatal(err)
	}
	f := renderer.Render(display.Settings{Items: []display.Setting{{Name: "idle", Label: "Idle"}, {Name: "erase", Label: "Erase"}}})
	g, h := &glass{}, &hand{on: f}
	k := keypad.New(g)
	if err := k.Take(keys.Event{Down: true}, h); err != nil { // nothing is shown yet
		t.Fatal(err)
	}
	h.done = nil
	if err := k.Show(f); err != nil {
		t.Fatal(err)
	}
	return k, g, h, func(key display.Key, down bool) error { return k.Take(keys.Event{Key: int(key), Down: down}, h) }
}

func want(t *testing.T, h *hand, done ...string) {
	t.Helper()
	if !slices.Equal(h.done, done) {
		t.Errorf("the finger did %q, want %q", h.done, done)
	}
	h.done = nil
}

// A key is a finger on one place: it lifts where it was put down, whatever comes
// onto the glass meanwhile.
func TestAKeyIsAFingerOnOnePlace(t *testing.T) {
	k, _, h, key := table(t)
	key(display.KeyApprove, true)
	want(t, h, "p idle")
	renderer, err := display.NewRenderer(image.Pt(240, 240))
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Show(renderer.Render(display.Idle{})); err != nil {
		t.Fatal(err)
	}
	key(display.KeyApprove, false)
	want(t, h, "r idle")
}

// Moving the ring puts a finger down and takes it away again: it taps nothing.
func TestMovingTheRingTapsNothing(t *testing.T) {
	_, g, h, key := table(t)
	before := g.frame
	key(display.KeyPage, true)
	key(display.KeyPage, false)
	want(t, h, "p erase", "r ", "r ")
	if slices.Equal(g.frame.Image.Pix, before.Image.Pix) {
		t.Error("the ring is not seen to move")
	}
	key(display.KeyApprove, true)
	want(t, h, "p erase")
}

// A key that is lost is lifted nowhere.
func TestALostKeyIsLiftedNowhere(t *testing.T) {
	k, _, h, key := table(t)
	key(display.KeyApprove, true)
	if err := k.Take(keys.Event{Lost: true}, h); err != nil {
		t.Error(err)
	}
	want(t, h, "p idle", "r ")
}

// On a glass that fails the ring is where it was seen.
func TestARingThatCannotBeShownStays(t *testing.T) {
	_, g, h, key := table(t)
	g.err = errors.New("the ribbon came off")
	if err := key(display.KeyPage, true); !errors.Is(err, g.err) {
		t.Errorf("got %v", err)
	}
	g.err = nil
	h.done = nil
	key(display.KeyApprove, true)
	want(t, h, "p idle")
}
