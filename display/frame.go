// Package display draws the pad device's screens.
//
// Start with the types in screens.go, which say what to show (those of the self-test
// and of a calibration stand beside their drawing); a Renderer turns one into a Frame:
// the picture, its words, and the places that can be tapped.
//
// Each screen lays out rows (body.go) and buttons (buttons.go) and draws them on a
// canvas (canvas.go). Sizes and colours are in theme.go, letters in typeface.go; wrap.go
// breaks text into lines, and body.go lines into pages. ring.go is for devices worked by
// push-buttons.
//
// What it refuses to do: cut a text off, which gets pages instead, show a text from
// elsewhere raw, tell anything by colour alone, and know what a tap does.
package display

import (
	"fmt"
	"image"
)

// Target is a place on a Frame that can be tapped. One that is not Active is
// drawn dead and must do nothing.
type Target struct {
	Name   string // such as approve, as written at the screens that have it
	Label  string // as drawn
	Rect   image.Rectangle
	Active bool

	kind kind
}

// Frame is one drawn screen. It is not changed once it was shown.
type Frame struct {
	Name    string // of the screen, such as "home"
	Image   *image.RGBA
	Text    []string // all that can be read on Image, top to bottom
	Targets []Target
	// Page is the page shown, from 0; it differs from the one asked for when
	// that does not exist. Pages is at least 1.
	Page, Pages int
	// Question tells apart what a device asks or shows one after the other, however
	// alike it looks: frames of one have the same number. Render leaves it 0.
	Question uint64

	boxes []textBox
}

// LastPage tells whether the last page is shown.
func (f *Frame) LastPage() bool { return f.Page == f.Pages-1 }

// Hit returns the target at p, also one that is not active.
func (f *Frame) Hit(p image.Point) (Target, bool) {
	for _, t := range f.Targets {
		if p.In(t.Rect) {
			return t, true
		}
	}
	return Target{}, false
}

// Sizes are the panel sizes that screens are made for, in pixels.
func Sizes() []image.Point {
	return []image.Point{{320, 240}, {480, 320}, {800, 480}, {240, 240}}
}

// KeysOnly tells whether screens of a size are worked by push-buttons alone: what
// is to be tapped on them is too small for a finger.
func KeysOnly(size image.Point) bool { return size.X < 320 }

// ParseSize reads one of Sizes, written as in "480x320".
func ParseSize(s string) (image.Point, error) {
	for _, p := range Sizes() {
		if s == fmt.Sprintf("%dx%d", p.X, p.Y) {
			return p, nil
		}
	}
	return image.Point{}, fmt.Errorf("display: size %q is not 240x240, 320x240, 480x320 or 800x480", s)
}
