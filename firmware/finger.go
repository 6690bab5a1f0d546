//go:build linux

package main

import (
	"context"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/boot"
	"onetimechat/hal/touch"
)

// How patient waitFinger is: a touchscreen on USB is found within a second.
const (
	fingerTime = 5 * time.Second
	fingerLook = 50 * time.Millisecond
)

// waitFinger waits for a touchscreen, without which nobody can approve anything,
// and says so if there is none.
func waitFinger(ctx context.Context, m *boot.Machine, fingers *touch.Evdev, screen *glass, renderer *display.Renderer) error {
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
	for !fingers.Present() {
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
