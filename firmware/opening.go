//go:build linux

package main

import (
	"context"
	"errors"
	"time"

	"onetimechat/display"
	"onetimechat/padstore"
	"onetimechat/padstore/durable"
)

// openingTime is how long the store may take to open before the screen says why
// nothing happens.
const openingTime = 3 * time.Second

// openStore opens the card's store. Where the power cut an erase, or the removal of
// a pad, what is left of it is overwritten first, a gigabyte in minutes, and from its
// beginning each time: a watchdog that did not wait would cut it again and again.
func openStore(ctx context.Context, h heart, card durable.Disk, owner string, screen *glass, renderer *display.Renderer) (store *padstore.Store, err error) {
	opening, opened := context.WithCancel(ctx)
	defer opened()
	go beat(opening, h, screen.look)
	done := make(chan struct{})
	go func() {
		defer close(done)
		store, err = padstore.Open(card, owner)
	}()
	select {
	case <-done:
		return store, err
	case <-time.After(openingTime):
	}
	shown := screen.Show(renderer.Render(display.Busy{Text: "Opening the pads. What a power cut left undone is done first, which can take minutes."}))
	<-done
	if shown != nil && err == nil {
		return nil, errors.Join(shown, store.Close())
	}
	return store, err
}
