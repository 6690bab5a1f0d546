//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"image"
	"strings"
	"sync"

	"onetimechat/display"
	"onetimechat/firmware/boot"
	"onetimechat/firmware/boot/conf"
	"onetimechat/hal/product"
)

// showFault shows why there is no device, until the board is switched off. Where the
// screen that otc.conf names is not known, or cannot be used, the LED tells, and a
// screen that the kernel drives shows why, if there is one.
func showFault(ctx context.Context, m *boot.Machine, reason error) (boot.End, error) {
	signal := m.LED
	screen, c, err := ownGlass(m)
	if err != nil {
		signal = cmp.Or(signal, boot.NoPanel)
		if !strings.Contains(reason.Error(), err.Error()) {
			reason = errors.Join(reason, err)
		}
		if screen != nil { // it may be seen all the same
			_, _ = pagesOn(screen, reason)
		}
		c = usb(m.Conf)
		screen, err = newGlass(c)
	} else if turned := screen.turnTo(m.Turned); turned != nil {
		reason = errors.Join(reason, turned) // it is shown in any case
	}
	switch {
	case signal == 0:
		return showOn(ctx, screen, c, reason)
	case err != nil: // the LED is all there is
		return boot.PowerOff, errors.Join(err, m.Signal(ctx, signal))
	}
	_, lift := watch(ctx, func(ctx context.Context) error { return m.Signal(ctx, signal) })
	defer func() { _ = lift() }() // a board without an LED shows its fault all the same
	return showOn(ctx, screen, c, reason)
}

// ownGlass lights the screen that otc.conf names, and says what that is. The glass
// beside an error is nil, or one that may not be there.
func ownGlass(m *boot.Machine) (*glass, conf.Conf, error) {
	c, err := settled(m.Conf)
	if err != nil {
		return nil, c, err
	}
	screen, err := newGlass(c)
	if err == nil {
		err = missing(c, func(p product.Product) error { return p.Answers(product.Opts{}) })
	}
	return screen, c, err
}

// missing is why a screen that was lit may not be there. A display on the pin header
// answers nothing, and is lit where there is none: its touch controller tells, if it
// can be asked.
func missing(c conf.Conf, answers func(product.Product) error) error {
	plugged := pluggedOn(c)
	if plugged == nil || !plugged.HasTouch() {
		return nil
	}
	return answers(*plugged)
}

// showOn shows a fault on a screen until ctx ends.
func showOn(ctx context.Context, screen *glass, c conf.Conf, reason error) (boot.End, error) {
	work, err := newControls(c)
	if err != nil { // it may be what is wrong: a touchscreen on USB can turn the pages, too
		if work, err = newControls(usb(c)); err != nil {
			return 0, err
		}
	}
	if work.buttons != nil {
		screen.keyed()
	}
	shown, err := pagesOn(screen, reason)
	if err != nil {
		return 0, err
	}
	// What a sheet was calibrated to is on the card, which is taken off the system.
	plugged := pluggedOn(c)
	shown.anywhere = plugged != nil && plugged.Touch.Resistive
	screen.give(shown)
	return boot.PowerOff, errors.Join(work.Run(ctx, screen), work.halt())
}

// usb is c without what is on the pin header.
func usb(c conf.Conf) conf.Conf {
	c.Panel, c.Buttons = conf.Framebuffer, conf.Buttons{}
	return c
}

// faultPages is the screen of a device that could not start, or has crashed. Its
// pages can be turned, and nothing else.
type faultPages struct {
	renderer *display.Renderer
	screen   *glass
	reason   error
	anywhere bool // where a finger is is not known: each tap turns to the next page, and from the last to the first

	mu    sync.Mutex
	page  int
	frame *display.Frame
	down  string // target that the finger was put down on
}

// pagesOn shows the first page on a screen.
func pagesOn(screen *glass, reason error) (*faultPages, error) {
	renderer, err := screen.renderer()
	if err != nil {
		return nil, err
	}
	f := &faultPages{renderer: renderer, screen: screen, reason: reason}
	return f, f.draw()
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

// hit is the target at p.
func (f *faultPages) hit(p image.Point) (target string, active bool) {
	if f.anywhere && p.In(f.frame.Image.Rect) {
		return "next", true
	}
	t, _ := f.frame.Hit(p)
	return t.Name, t.Active
}

// Press is a finger put down at p.
func (f *faultPages) Press(p image.Point) (target string, active bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	target, active = f.hit(p)
	f.down = target
	return target, active
}

// Release is the finger lifted at p.
func (f *faultPages) Release(p image.Point) (target string, active bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	target, active = f.hit(p)
	down := f.down
	f.down = ""
	if !active || target != down {
		return target, false
	}
	switch {
	case target == "prev":
		f.page--
	case f.anywhere && f.frame.LastPage():
		f.page = 0
	default:
		f.page++
	}
	// Nothing is left to be done about a panel that fails now.
	_ = f.draw()
	return target, true
}
