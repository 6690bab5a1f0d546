// Package calibration is the use case in which the owner of a resistive panel
// touches three crosses, and a fourth one that shows whether the first three
// were right.
//
// Start with New and Flow.Map. It is fed raw touches, as the touch sheet tells
// them (Flow.Touched): a map that is wrong must not stand in the way of a right
// one. kept.go keeps the map on the card.
//
// What it refuses to do: take a map that the fourth cross does not bear out. It
// then says so, and begins anew.
package calibration

import (
	"context"
	"errors"
	"image"
	"math"
	"sync"

	"onetimechat/display"
	"onetimechat/hal/touch"
	"onetimechat/hal/touch/affine"
)

// Limits, as shares of the glass.
const (
	// tolerance is how far off the fourth cross may be: on a glass 7 cm wide
	// 3 mm, a third of the smallest button.
	tolerance = 0.04
	// still is how far a finger may move between touch and lift.
	still = 0.03
)

// What is wrong, as the owner reads it.
const (
	moved    = "The finger moved. Please touch this cross again."
	misfit   = "The touches did not fit together. Please begin again."
	mismatch = "The last touch was not on its cross. Please begin again."
)

// Panel is the glass, as a device sees it.
type Panel interface {
	Show(f *display.Frame) error
}

// Flow is one calibration. Its methods may be called at once from several
// goroutines.
type Flow struct {
	renderer *display.Renderer
	panel    Panel
	wayOut   string // as display.Calibrate has it
	crosses  [4]image.Point
	shown    [4]affine.Point // the crosses on the glass
	done     chan affine.Map
	failed   chan error

	mu      sync.Mutex
	touched [4]affine.Point // the first step of them
	step    int
	finger  *affine.Point // that is down
	problem string
}

// New returns a Flow with its first cross shown. size is that of frames; where
// tells where on the glass, not turned, the middle of a pixel of a frame is. wayOut
// tells the owner how to leave the sheet as it was; it may be empty.
func New(renderer *display.Renderer, panel Panel, size image.Point, where func(image.Point) affine.Point, wayOut string) (*Flow, error) {
	f := &Flow{
		renderer: renderer, panel: panel, wayOut: wayOut,
		crosses: display.CalibrationCrosses(size),
		done:    make(chan affine.Map, 1), failed: make(chan error, 1),
	}
	for i, p := range f.crosses {
		f.shown[i] = where(p)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f, f.draw()
}

// Map waits for the map that the four crosses agree on.
func (f *Flow) Map(ctx context.Context) (affine.Map, error) {
	select {
	case m := <-f.done:
		return m, nil
	case err := <-f.failed:
		return affine.Identity, err
	case <-ctx.Done():
		return affine.Identity, ctx.Err()
	}
}

// Touched takes a touch as the sheet tells it. It counts when the finger is
// lifted; a lost one does not.
func (f *Flow) Touched(t touch.Touch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, down := affine.Point{X: t.X, Y: t.Y}, f.finger
	f.finger = nil
	switch {
	case f.step == len(f.crosses): // it is over
		return
	case t.Down:
		f.finger = &at
		return
	case t.Lost || down == nil:
		return
	case math.Hypot(at.X-down.X, at.Y-down.Y) > still:
		f.problem = moved
	default:
		f.take(*down)
	}
	if f.step == len(f.crosses) {
		return
	}
	if err := f.draw(); err != nil {
		select {
		case f.failed <- err:
		default:
		}
	}
}

// take is a touch on the cross that is shown. mu is held.
func (f *Flow) take(at affine.Point) {
	f.touched[f.step] = at
	f.step++
	f.problem = ""
	if f.step < len(f.crosses)-1 {
		return
	}
	m, err := affine.Fit([3]affine.Point(f.touched[:3]), [3]affine.Point(f.shown[:3]))
	if err == nil && f.step == len(f.crosses) {
		err = m.Check(f.touched[3], f.shown[3], tolerance)
	}
	switch {
	case errors.Is(err, affine.ErrMismatch):
		f.step, f.problem = 0, mismatch
	case err != nil:
		f.step, f.problem = 0, misfit
	case f.step == len(f.crosses):
		f.done <- m
	}
}

// draw shows the cross that is to be touched. mu is held.
func (f *Flow) draw() error {
	return f.panel.Show(f.renderer.Render(display.Calibrate{
		Cross: f.crosses[f.step], Step: f.step + 1, Of: len(f.crosses), Problem: f.problem, WayOut: f.wayOut,
	}))
}
