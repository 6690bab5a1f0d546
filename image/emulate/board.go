//go:build linux

package main

import (
	"context"
	"errors"
	"image"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"onetimechat/display"
	"onetimechat/hal/desk"
	"onetimechat/image/emulator"
)

// cardSize is how large the emulated SD cards are, in bytes, most of it holes.
const cardSize = 1 << 30

// reservoir is how much randomness the emulated boards lay up: they are slow.
const reservoir = "4 MiB"

// lookTime is how often the page gets what the screen shows.
const lookTime = 100 * time.Millisecond

// board is an emulated board and the page that stands for its glass.
type board struct {
	name   string // the owner's; "" where the first start asks
	card   *emulator.Card
	mac    byte
	door   string       // address
	page   net.Listener // of the screen
	screen *desk.Touchscreen

	mu sync.Mutex
	pi *emulator.Pi // nil while it is off
}

// newBoards flashes the cards that are not there, and opens the pages.
func newBoards(ctx context.Context, o options) ([]*board, error) {
	names := []string{""}
	if o.two {
		names = []string{"alice", "bob"}
	}
	if err := os.MkdirAll(o.cards, 0o700); err != nil {
		return nil, err
	}
	var boards []*board
	for i, name := range names {
		b := &board{name: name, mac: byte(i), door: loopback(o.link, i), screen: desk.New(glass, name)}
		var err error
		if b.card, err = cardOf(o, name); err != nil {
			return nil, err
		}
		if b.page, err = desk.Listen(ctx, loopback(o.panel, i)); err != nil {
			return nil, err
		}
		boards = append(boards, b)
	}
	return boards, nil
}

// glass is the emulated screen's size.
var glass = image.Pt(640, 480)

// cardOf is a board's card, from the last time or new.
func cardOf(o options, name string) (*emulator.Card, error) {
	settings := map[string]string{"reservoir": reservoir}
	file := "card.img"
	if o.two {
		file, settings["owner"] = name+".img", name
	}
	path := filepath.Join(o.cards, file)
	if o.fresh {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if _, err := os.Stat(path); err == nil {
		return again(o, path)
	}
	card, err := emulator.Flash(o.image, path, cardSize)
	if err == nil {
		err = card.Set(settings)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	return card, nil
}

// again is a card of an earlier run, with what the image has by now.
func again(o options, path string) (*emulator.Card, error) {
	card, err := emulator.Insert(path)
	if err != nil {
		return nil, err
	}
	return card, card.Update(o.image)
}

// Press implements desk.Finger.
func (b *board) Press(p image.Point) (string, bool) { return b.touch(p, (*emulator.Pi).Press) }

// Release implements desk.Finger.
func (b *board) Release(p image.Point) (string, bool) { return b.touch(p, (*emulator.Pi).Release) }

// touch touches the glass. What is hit there is known to the device alone.
func (b *board) touch(p image.Point, how func(*emulator.Pi, image.Point) error) (target string, active bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return "", b.pi != nil && how(b.pi, p) == nil
}

// run switches the board on, and shows its screen until it is off or ctx ends,
// which cuts its power.
func (b *board) run(ctx context.Context, plug *emulator.Plug) (err error) {
	pi, err := emulator.Start(ctx, emulator.Options{Card: b.card, Laptop: b.door, MAC: b.mac})
	if err != nil {
		return err
	}
	defer func() {
		b.turn(nil)
		if err = errors.Join(err, pi.Cut()); ctx.Err() != nil {
			err = nil // it was cut in the middle of something
		}
	}()
	if plug != nil {
		if err := pi.PlugCable("meeting", plug); err != nil {
			return err
		}
	}
	b.turn(pi)
	clock := time.NewTicker(lookTime)
	defer clock.Stop()
	for {
		select {
		case <-clock.C:
			if err := b.show(pi); err != nil {
				return err
			}
		case <-pi.Ended():
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

func (b *board) turn(pi *emulator.Pi) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pi = pi
}

// show puts what is on the glass into the page.
func (b *board) show(pi *emulator.Pi) error {
	picture, err := pi.Screen()
	if errors.Is(err, emulator.ErrOff) {
		return nil
	}
	if err != nil {
		return err
	}
	return b.screen.Show(&display.Frame{Name: "emulated", Image: picture, Pages: 1})
}

// plugsFor is the ends of a meeting cable, nil where there is none.
func plugsFor(boards []*board, cable bool) ([]*emulator.Plug, error) {
	plugs := make([]*emulator.Plug, len(boards))
	if len(boards) < 2 || !cable {
		return plugs, nil
	}
	var err error
	plugs[0], plugs[1], err = emulator.Cable()
	return plugs, err
}
