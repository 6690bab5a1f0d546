//go:build linux

// Command firmware is the pad device on a Raspberry Pi: the only program on the
// card, and its PID 1.
//
// Start with serve, which puts the device together of the board's parts: the
// screen (glass.go, finger.go), the card (opening.go), the noise, and the two openings
// to the outside (ports.go). Where that fails, showFault (fault.go) says why. What comes
// before is package boot's, and all that a device does is package device's, the same as
// at a desk.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/boot"
	"onetimechat/firmware/boot/conf"
	"onetimechat/firmware/device"
	"onetimechat/firmware/entropy"
	"onetimechat/firmware/together"
	"onetimechat/hal/link"
	"onetimechat/hal/noise"
	"onetimechat/hal/panel"
	"onetimechat/hostlink"
	"onetimechat/padstore"
	"onetimechat/padstore/durable"
)

// beatTime is how often the watchdog hears that the device answers.
const beatTime = 2 * time.Second

func main() { os.Exit(boot.Run(boot.Program{Main: serve, Fault: showFault})) }

// memoryLimit is what Go's garbage may not add to, in bytes: the least board has 512
// MiB, and a laptop's eight requests of 8 MiB come to more while they are parsed.
const memoryLimit = 128 << 20

// serve is the device, until ctx ends.
func serve(ctx context.Context, m *boot.Machine) (end boot.End, err error) {
	debug.SetMemoryLimit(memoryLimit)
	if err := boot.LockMemory(); err != nil {
		return 0, err
	}
	if m.Conf, err = settled(m.Conf); err != nil {
		return 0, err
	}
	screen, err := newGlass(m.Conf)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, screen.panel.Halt()) }()
	screen.tell = m.Turn
	work, err := newControls(m.Conf)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, work.halt()) }()
	if work.buttons != nil {
		screen.keyed()
	}
	card, err := durable.OpenFolder(m.Store)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, card.Close()) }()
	if err := screen.turnAsChosen(card); err != nil {
		return 0, fmt.Errorf("the screen: %w", err)
	}
	renderer, err := screen.renderer()
	if err != nil {
		return 0, err
	}
	// When what the owner works the device by fails, nobody can approve anything any more.
	ctx, lift := watch(ctx, func(ctx context.Context) error { return work.Run(ctx, screen) })
	defer func() {
		if failed := lift(); failed != nil {
			err = failed // whatever came of it
		}
	}()
	if err := waitFinger(ctx, m, work, screen, renderer); err != nil {
		return 0, err
	}
	calibrate, err := fitTouches(ctx, m, card, screen)
	if err != nil {
		return 0, err
	}
	owner, err := ownerOf(ctx, m, card, screen, renderer)
	if err != nil {
		return 0, err
	}
	store, err := openStore(ctx, m, card, owner, screen, renderer)
	if err != nil {
		return 0, fmt.Errorf("the pads on the card cannot be used: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return boot.PowerOff, run(ctx, m, store, screen, renderer, calibrate)
}

// ownerOf is the device's owner: as otc.conf says, else as the card knows, else
// as is typed now.
func ownerOf(ctx context.Context, m *boot.Machine, card durable.Disk, screen *glass, renderer *display.Renderer) (string, error) {
	known, err := padstore.OwnerOf(card)
	if err != nil {
		return "", fmt.Errorf("the card cannot be read: %w", err)
	}
	wanted := m.Conf.Owner
	switch {
	case wanted == "" && known != "":
		return known, nil
	case wanted != "" && known != "" && wanted != known:
		return wanted, padstore.Rename(card, wanted)
	case wanted != "":
		return wanted, nil
	}
	naming, err := device.NewNaming(renderer, screen)
	if err != nil {
		return "", err
	}
	screen.give(naming)
	defer screen.give(nil)
	asking, stop := context.WithCancel(ctx)
	defer stop()
	go beat(asking, m, screen.look)
	return naming.Owner(ctx)
}

// run is the device with its owner's store. calibrate may be nil.
func run(ctx context.Context, m *boot.Machine, store *padstore.Store, screen *glass, renderer *display.Renderer, calibrate func(context.Context) error) (err error) {
	port, err := link.Choose(string(m.Conf.Link), m.Model)
	if err != nil {
		return err
	}
	ctx, off := context.WithCancel(ctx)
	defer off()
	reservoir, err := device.ReservoirSize(store, m.Conf.Reservoir)
	if err != nil {
		return err
	}
	ports := &ports{store: store, broken: make(chan error, 1)}
	config := device.Config{
		Store: store, Renderer: renderer, Panel: screen, Rotator: screen, Board: boardOf(m),
		Reservoir: reservoir, Ports: ports, Stick: stick{m.Stick()},
		Off: off, Calibrate: calibrate,
	}
	if config.Dimmer, err = dimmerOf(m.Conf); err != nil {
		return err
	}
	comparator, halt, err := findComparator(m.Conf)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, halt()) }()
	config.Noise, config.FindNoise = entropy.NewWell(comparator...), noise.NewFinder(noise.Roots{}).Find
	config.Noise.Remember(store.NoiseStarts(), store.KeepNoiseStarts)
	defer func() { err = errors.Join(err, config.Noise.Close()) }()
	var dev *device.Device
	ports.link, err = link.New(&link.Opts{Port: port, Net: m.Net, Serial: m.Serial, Changed: func(up bool) {
		if !up {
			dev.LinkDown()
		}
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ports.link.Halt()) }()
	config.Link = net.JoinHostPort(ports.link.Address(), strconv.Itoa(link.RPCPort))
	dev = device.New(config)
	screen.give(dev)
	defer screen.give(nil)
	ports.server = hostlink.NewServer(dev, hostlink.Options{Names: []string{link.Name}})
	return together.Run(ctx, dev.Run, ports.run, func(ctx context.Context) error {
		beat(ctx, m, func() { dev.Status(time.Time{}) })
		return nil
	})
}

// boardOf is what About tells of the board.
func boardOf(m *boot.Machine) device.Board {
	return device.Board{Model: m.Model, Image: fmt.Sprintf("%x", sha256.Sum256(m.Manifest)), LowVoltage: m.LowVoltage}
}

// dimmerOf is the light of a screen that the kernel drives; nil where it dims none.
func dimmerOf(c conf.Conf) (device.Dimmer, error) {
	if c.Panel != conf.Framebuffer {
		return nil, nil
	}
	light, err := panel.NewBacklight("")
	switch {
	case errors.Is(err, panel.ErrNoBacklight):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("the screen's light: %w", err)
	}
	return light, nil
}

// heart is what the watchdog hears: a boot.Machine.
type heart interface{ Beat() }

// beat tells the watchdog that look, which waits for what a hang would hold,
// has come back, until ctx ends.
func beat(ctx context.Context, h heart, look func()) {
	clock := time.NewTicker(beatTime)
	defer clock.Stop()
	for {
		look()
		h.Beat()
		select {
		case <-clock.C:
		case <-ctx.Done():
			return
		}
	}
}

// stick is the board's socket for sticks. It implements device.Stick.
type stick struct{ *boot.Stick }

// Look implements device.Stick.
func (s stick) Look() (device.Folder, string, error) {
	folder, name, err := s.Stick.Look()
	if folder == nil {
		return nil, "", err
	}
	return folder, name, err
}
