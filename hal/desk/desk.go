// Package desk is a touchscreen for a pad device at your desk: a web page on
// loopback that shows the screen live and takes a finger, by mouse, touch or
// keyboard.
//
// Start with Touchscreen: Show takes what the device draws, Serve takes what
// people do. Routes are in routes.go, who may use them is in guard.go. The
// other end of the wire, types and client, is package finger.
//
// What it refuses: any address but loopback, any page but its own (to look as
// well as to tap), and to know what a touch means. A point goes to the Finger;
// the device decides what it hit. It has no part in the board's binary.
package desk

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"slices"
	"sync"

	"onetimechat/display"
	"onetimechat/hal/desk/finger"
)

// Finger is what a touch does; the device implements it. Points are pixels
// from the top left corner and may lie off the screen, where a finger that
// slid off the glass is lifted. Both return the name of the target hit, empty
// for none, and whether that was alive.
type Finger interface {
	Press(p image.Point) (target string, active bool)
	Release(p image.Point) (target string, active bool)
}

// Touchscreen is a panel whose glass is a web page. Its methods may be called
// concurrently.
type Touchscreen struct {
	owner string
	size  image.Point

	mu      sync.Mutex
	picture *image.RGBA // of the newest frame
	encoded []byte      // picture as PNG, nil until somebody asks
	screen  finger.Screen
	drawn   *display.Frame // the newest
	since   uint64         // the first revision on which a tap means what it means now
	changed chan struct{}  // closed when screen.Revision grows
}

// New returns a dark touchscreen of size pixels for that owner's device; "" if
// nobody knows yet whose.
func New(size image.Point, owner string) *Touchscreen {
	return &Touchscreen{
		owner:   owner,
		size:    size,
		picture: image.NewRGBA(image.Rectangle{Max: size}),
		screen:  finger.Screen{Revision: 1, Name: "busy", Text: []string{}, Targets: []finger.Target{}},
		drawn:   &display.Frame{},
		since:   1,
		changed: make(chan struct{}),
	}
}

func (t *Touchscreen) String() string { return fmt.Sprintf("a web page, %dx%d", t.size.X, t.size.Y) }

// Show puts a frame on the screen. The revision grows when it differs from
// what was shown. A frame of another size is an error and is not shown.
func (t *Touchscreen) Show(f *display.Frame) error {
	if got := f.Image.Bounds(); got != (image.Rectangle{Max: t.size}) {
		return fmt.Errorf("desk: frame of %v on a screen of %v", got, t.size)
	}
	next := describe(f)

	t.mu.Lock()
	defer t.mu.Unlock()
	samePicture, sameTaps := bytes.Equal(f.Image.Pix, t.picture.Pix), sameTaps(f, t.drawn)
	if samePicture && sameTaps && sameWords(next, t.screen) {
		return nil
	}
	next.Revision = t.screen.Revision + 1
	t.screen, t.drawn = next, f
	if !sameTaps {
		t.since = next.Revision
	}
	if !samePicture {
		t.picture, t.encoded = f.Image, nil
	}
	close(t.changed)
	t.changed = make(chan struct{})
	return nil
}

// describe says a frame as data.
func describe(f *display.Frame) finger.Screen {
	s := finger.Screen{Name: f.Name, Text: append([]string{}, f.Text...), Targets: []finger.Target{}}
	for _, t := range f.Targets {
		s.Targets = append(s.Targets, finger.Target{
			Name: t.Name, Label: t.Label, Active: t.Active,
			X: t.Rect.Min.X, Y: t.Rect.Min.Y, W: t.Rect.Dx(), H: t.Rect.Dy(),
		})
	}
	return s
}

// sameWords compares all but the revision.
func sameWords(a, b finger.Screen) bool {
	return a.Name == b.Name && slices.Equal(a.Text, b.Text) && slices.Equal(a.Targets, b.Targets)
}

// sameTaps tells whether a tap on one frame means the same on the other: of both a
// gauge may have moved, but it is the same question, the same page, and the same
// buttons.
func sameTaps(a, b *display.Frame) bool {
	return a.Name == b.Name && a.Question == b.Question && a.Page == b.Page && slices.Equal(a.Targets, b.Targets)
}

// isMeant tells whether a tap on what a page showed at a revision is meant for what
// is shown now. A revision may be of an earlier life of the device.
func (t *Touchscreen) isMeant(revision uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.since <= revision && revision <= t.screen.Revision
}

// now returns what is shown, and a channel that closes when that changes.
func (t *Touchscreen) now() (finger.Screen, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.screen, t.changed
}

// png returns the picture; it is encoded once, however many ask.
func (t *Touchscreen) png() ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.encoded == nil {
		var buf bytes.Buffer
		if err := png.Encode(&buf, t.picture); err != nil {
			return nil, fmt.Errorf("desk: %w", err)
		}
		t.encoded = buf.Bytes()
	}
	return t.encoded, nil
}
