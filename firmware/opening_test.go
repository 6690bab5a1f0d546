//go:build linux

package main

import (
	"image"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
)

// busyCard is a card that has a minute's worth to overwrite.
type busyCard struct{ durable.Disk }

func (c busyCard) List() ([]string, error) {
	time.Sleep(time.Minute) // of the test's own clock
	return c.Disk.List()
}

// pulse is a heart that notes when it beat.
type pulse struct{ beats []time.Time }

func (p *pulse) Beat() { p.beats = append(p.beats, time.Now()) }

// A store that takes long to open is not cut by the watchdog, which is used to
// heartbeats by then, and the screen says why nothing happens.
func TestTheWatchdogWaitsForAStoreToOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &blank{glass: image.Pt(320, 240)}
		screen := &glass{panel: b, stage: stage{image.Rect(0, 0, 320, 240), 1}}
		renderer, err := screen.renderer()
		if err != nil {
			t.Fatal(err)
		}
		var p pulse
		began := time.Now()
		store, err := openStore(t.Context(), &p, busyCard{durabletest.New(1)}, "alice", screen, renderer)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		last := began
		for _, at := range append(p.beats, time.Now()) {
			if gap := at.Sub(last); gap > 5*time.Second {
				t.Errorf("no heartbeat for %v", gap)
			}
			last = at
		}
		if last.Sub(began) < time.Minute || b.drawn == 0 {
			t.Errorf("it took %v, with %d pictures", last.Sub(began), b.drawn)
		}
	})
}
