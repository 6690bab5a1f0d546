//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/boot"
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

// newFingers finds the touchscreen that belongs to the screen. plugged is nil
// for one that the kernel drives.
func newFingers(plugged *product.Product) (f fingers, halt func() error, err error) {
	if plugged == nil {
		return touch.NewEvdev(&touch.DefaultOpts), func() error { return nil }, nil
	}
	sheet, err := plugged.Feel(product.Opts{})
	if err != nil {
		return nil, nil, err
	}
	return onHeader{sheet}, sheet.Halt, nil
}

// watch has a finger's touches given away until lift, which returns why the
// touchscreen has failed, if it has. The context ends with that, too: nobody can
// approve anything any more.
func watch(ctx context.Context, f fingers, give func(touch.Touch)) (watched context.Context, lift func() error) {
	watched, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		err := f.Run(watched, give)
		if watched.Err() != nil {
			err = nil // it was told to end
		} else if err != nil {
			err = fmt.Errorf("the touchscreen has failed: %w", err)
		}
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

// waitFinger waits for a touchscreen, without which nobody can approve anything,
// and says so if there is none.
func waitFinger(ctx context.Context, m *boot.Machine, f fingers, screen *glass, renderer *display.Renderer) error {
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
