//go:build linux

package main

import (
	"context"
	"errors"
	"image"
	"strings"
	"testing"

	"onetimechat/hal/touch"
)

// hand is a touchscreen that fails when it is told to.
type hand struct{ fail chan error }

func (h hand) Present() bool { return true }

func (h hand) Run(ctx context.Context, give func(touch.Touch)) error {
	give(touch.Touch{Down: true})
	select {
	case err := <-h.fail:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A touchscreen that fails stops the device, which says so; one that is let go of
// has not failed.
func TestATouchscreenThatFailsStopsTheDevice(t *testing.T) {
	broken := errors.New("the controller does not answer")
	h := hand{make(chan error)}
	touches := make(chan touch.Touch, 1)
	screen := &glass{panel: &blank{glass: image.Pt(320, 240)}, stage: stage{image.Rect(0, 0, 320, 240), 1}}
	screen.giveRaw(func(t touch.Touch) { touches <- t })
	work := func(ctx context.Context) error { return controls{touch: h}.Run(ctx, screen) }
	ctx, lift := watch(t.Context(), work)
	if got := <-touches; !got.Down || ctx.Err() != nil {
		t.Errorf("got %+v, %v", got, ctx.Err())
	}
	h.fail <- broken
	<-ctx.Done()
	if err := lift(); !errors.Is(err, broken) || !strings.Contains(err.Error(), "the touchscreen has failed") {
		t.Errorf("got %v", err)
	}
	ctx, lift = watch(t.Context(), work)
	<-touches
	if err := lift(); err != nil || ctx.Err() == nil {
		t.Errorf("let go of, it says %v", err)
	}
}
