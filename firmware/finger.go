//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/boot"
	"onetimechat/firmware/boot/conf"
	"onetimechat/firmware/together"
	"onetimechat/hal/product"
	"onetimechat/hal/touch"
)

// fingers is where touches come from: a touchscreen on USB, or the touch
// controller of what is plugged onto the pin header.
type fingers interface {
	Run(ctx context.Context, give func(touch.Touch)) error
	Present() bool
}

// onHeader is a touch controller on the pin header, which cannot be unplugged.
type onHeader struct{ *product.Sheet }

func (onHeader) Present() bool { return true }

// newFingers finds the touchscreen that belongs to the screen, nil if it has none.
// plugged is nil for one that the kernel drives.
func newFingers(plugged *product.Product) (f fingers, halt func() error, err error) {
	halt = func() error { return nil }
	if plugged == nil {
		return touch.NewEvdev(&touch.DefaultOpts), halt, nil
	}
	if !plugged.HasTouch() {
		return nil, halt, nil
	}
	sheet, err := plugged.Feel(product.Opts{})
	if err != nil {
		return nil, nil, err
	}
	return onHeader{sheet}, sheet.Halt, nil
}

// controls are what an owner works the device by.
type controls struct {
	touch   fingers  // nil: no touchscreen
	buttons *buttons // nil: none
	halt    func() error
}

func newControls(c conf.Conf) (controls, error) {
	plugged := pluggedOn(c)
	pushed, err := newButtons(c, plugged)
	if err != nil {
		return controls{}, fmt.Errorf("the push-buttons: %w", err)
	}
	touched, halt, err := newFingers(plugged)
	if err != nil {
		return controls{}, fmt.Errorf("the touchscreen: %w", err)
	}
	return controls{touched, pushed, halt}, nil
}

// Present tells whether the device can be worked.
func (c controls) Present() bool { return c.buttons.all() || c.touch != nil && c.touch.Present() }

// Run gives a screen its touches and keys until ctx ends or one of them fails.
func (c controls) Run(ctx context.Context, screen *glass) error {
	var parts []func(context.Context) error
	if c.touch != nil {
		parts = append(parts, func(ctx context.Context) error {
			return failed(ctx, "touchscreen", c.touch.Run(ctx, screen.touched))
		})
	}
	if c.buttons != nil {
		parts = append(parts, func(ctx context.Context) error {
			return failed(ctx, "row of push-buttons", c.buttons.Run(ctx, screen.pressed))
		})
	}
	return together.Run(ctx, parts...)
}

// failed says what has failed, if it was not told to end.
func failed(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil || err == nil {
		return nil
	}
	return fmt.Errorf("the %s has failed: %w", what, err)
}

// watch has run go on until lift, which returns why it has failed, if it has. The
// context ends with that, too.
func watch(ctx context.Context, run func(context.Context) error) (watched context.Context, lift func() error) {
	watched, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		err := run(watched)
		cancel()
		ended <- err
	}()
	return watched, func() error {
		cancel()
		return <-ended
	}
}

// How patient waitFinger is: a touchscreen on USB is found within a second.
const (
	fingerTime = 5 * time.Second
	fingerLook = 50 * time.Millisecond
)

// waitFinger waits for a touchscreen, without which, or all push-buttons, nobody
// can approve anything, and says so if there is none.
func waitFinger(ctx context.Context, m *boot.Machine, f controls, screen *glass, renderer *display.Renderer) error {
	if f.buttons.all() {
		return nil
	}
	if err := screen.Show(renderer.Render(display.Busy{Text: "Looking for the touchscreen"})); err != nil {
		return err
	}
	missing := display.Fault{
		Title: "There is no touchscreen",
		Text:  "Plug one in: the device then goes on by itself. Nothing is wrong with the pads.",
	}
	late := time.NewTimer(fingerTime)
	defer late.Stop()
	clock := time.NewTicker(fingerLook)
	defer clock.Stop()
	for !f.Present() {
		select {
		case <-clock.C:
			m.Beat()
		case <-late.C:
			if err := screen.Show(renderer.Render(missing)); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
