//go:build linux

package main

import (
	"image"
	"sync"

	"onetimechat/display"
)

// faultPages is the screen of a device that could not start, or has crashed. Its
// pages can be turned, and nothing else.
type faultPages struct {
	renderer *display.Renderer
	screen   *glass
	reason   error

	mu    sync.Mutex
	page  int
	frame *display.Frame
	down  string // target that the finger was put down on
}

func (f *faultPages) draw() error {
	f.frame = f.renderer.Render(display.Fault{
		Title: "The device has stopped",
		Text:  "No pad is used. Switch the device off and on again.\n\n" + f.reason.Error(),
		Page:  f.page,
	})
	f.page = f.frame.Page
	return f.screen.Show(f.frame)
}

// Press is a finger put down at p.
func (f *faultPages) Press(p image.Point) (target string, active bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, _ := f.frame.Hit(p)
	f.down = t.Name
	return t.Name, t.Active
}

// Release is the finger lifted at p.
func (f *faultPages) Release(p image.Point) (target string, active bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, _ := f.frame.Hit(p)
	if !t.Active || t.Name != f.down {
		return t.Name, false
	}
	f.page++
	if t.Name == "prev" {
		f.page -= 2
	}
	// Nothing is left to be done about a panel that fails now.
	_ = f.draw()
	return t.Name, true
}
