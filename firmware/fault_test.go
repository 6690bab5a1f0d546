//go:build linux

package main

import (
	"context"
	"errors"
	"image"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/firmware/boot"
	"onetimechat/firmware/boot/conf"
	"onetimechat/hal/product"
	"onetimechat/hal/touch"
	"onetimechat/hal/touch/affine"
)

// A fault that no screen shows is told by the LED: that the panel cannot be used,
// or what came before it was known which panel there is.
func TestTheLEDTellsOfAFaultThatNoScreenShows(t *testing.T) {
	if _, err := os.Stat("/dev/fb0"); err == nil {
		t.Skip("this computer's own screen would show the fault")
	}
	for _, c := range []struct {
		found boot.Signal // at the start
		want  int         // flashes
	}{{0, 3}, {boot.NoCard, 2}, {boot.BadBoot, 5}} {
		synctest.Test(t, func(t *testing.T) {
			sys := t.TempDir()
			led := filepath.Join(sys, "class/leds/ACT")
			if err := os.MkdirAll(led, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"trigger", "brightness"} {
				if err := os.WriteFile(filepath.Join(led, file), []byte("0"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			m := &boot.Machine{Conf: conf.Default(), LED: c.found, Roots: boot.Roots{Sys: sys}}
			m.Conf.Panel = "of another kind"
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() {
				_, err := showFault(ctx, m, errors.New("it failed"))
				ended <- err
			}()
			flashes, lit := 0, false
			for dark := 0; dark < 20; time.Sleep(50 * time.Millisecond) { // a second: the round is over
				synctest.Wait()
				is, err := os.ReadFile(filepath.Join(led, "brightness"))
				if err != nil {
					t.Fatal(err)
				}
				if dark++; string(is) == "1" {
					if dark = 0; !lit {
						flashes++
					}
				}
				lit = string(is) == "1"
			}
			cancel()
			if <-ended; flashes != c.want {
				t.Errorf("%d flashes for %d, want %d", flashes, c.found, c.want)
			}
		})
	}
}

// A display that is not plugged in takes all that is drawn on it. Where its touch
// controller is silent, too, the LED and HDMI have to tell; the display does all the
// same.
func TestADisplayWithASilentTouchControllerMayNotBeThere(t *testing.T) {
	silent := errors.New("no such device or address")
	for panel, want := range map[conf.Panel]error{
		conf.Framebuffer: nil, conf.Waveshare13: nil, conf.PiTFT28R: silent, conf.PiTFT28C: silent, conf.Waveshare35: silent,
	} {
		c := conf.Default()
		c.Panel = panel
		if err := missing(c, func(product.Product) error { return silent }); err != want {
			t.Errorf("%s: %v, want %v", panel, err, want)
		}
		if err := missing(c, func(product.Product) error { return nil }); err != nil {
			t.Errorf("%s, whose controller answers: %v", panel, err)
		}
	}
	b := &blank{glass: image.Pt(320, 240)}
	screen := &glass{panel: b, stage: stage{image.Rect(0, 0, 320, 240), 1}}
	if f, err := pagesOn(screen, silent); err != nil || b.shown != f.frame.Image {
		t.Errorf("the fault is not on the display: %v", err)
	}
}

// On a resistive sheet, whose calibration is on a card that a fault takes off the
// system, a tap lands anywhere, and turns a long fault's pages all the same.
func TestAFaultsPagesTurnOnAnUncalibratedSheet(t *testing.T) {
	for _, anywhere := range []bool{false, true} {
		b := &blank{glass: image.Pt(320, 240)}
		screen := &glass{panel: b, stage: stage{image.Rect(0, 0, 320, 240), 1}, fitted: affine.Identity}
		f, err := pagesOn(screen, errors.Join(boot.ErrOtherCard, boot.ErrNoCID, boot.ErrReadOnly))
		if err != nil {
			t.Fatal(err)
		}
		if f.frame.LastPage() {
			t.Fatal("the fault has one page only")
		}
		f.anywhere = anywhere
		screen.give(f)
		tap := func(at, lifted touch.Touch) {
			at.Down = true
			screen.touched(at)
			screen.touched(lifted)
		}
		corner := touch.Touch{X: .02, Y: .02}
		tap(corner, touch.Touch{Lost: true})
		if f.page != 0 {
			t.Error("a finger that was lost turns the page")
		}
		pages := 1
		for ; anywhere && !f.frame.LastPage() && pages < 10; pages++ {
			tap(corner, corner)
		}
		tap(corner, corner)
		if f.page != 0 || anywhere == (pages == 1) {
			t.Errorf("anywhere is %v: after %d pages it is on page %d", anywhere, pages, f.page+1)
		}
		var next image.Point
		for _, target := range f.frame.Targets {
			if target.Name == "next" {
				next = target.Rect.Min.Add(target.Rect.Max).Div(2)
			}
		}
		at := touch.Touch{X: float64(next.X) / 320, Y: float64(next.Y) / 240}
		if tap(at, at); f.page != 1 {
			t.Errorf("anywhere is %v: next leads to page %d", anywhere, f.page+1)
		}
	}
}
