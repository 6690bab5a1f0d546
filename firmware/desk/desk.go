package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/device"
	"onetimechat/firmware/entropy"
	"onetimechat/firmware/together"
	"onetimechat/hal/desk"
	"onetimechat/hal/noise/deskfile"
	"onetimechat/hostlink"
	"onetimechat/padstore"
	"onetimechat/padstore/durable"
)

// serve runs the device until ctx ends. It opens its addresses first, because
// that fails most easily, and closes the card last.
func serve(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	renderer, err := display.NewRenderer(o.size)
	if err != nil {
		return err
	}
	link, err := listenLink(ctx, o.link)
	if err != nil {
		return err
	}
	defer link.Close()
	panel, err := desk.Listen(ctx, o.panel)
	if err != nil {
		return err
	}
	defer panel.Close()
	store, closeCard, err := openCard(ctx, o, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeCard()) }()

	screen := desk.New(o.size, o.owner)
	config := device.Config{
		Store: store, Renderer: renderer, Panel: screen, Link: link.Addr().String(),
		Board: device.Board{Model: "none: a desk device on a computer"},
	}
	ports := newPorts(link, o.meet)
	well := entropy.NewWell(deskfile.New(o.noise))
	well.Remember(store.NoiseStarts(), store.KeepNoiseStarts)
	defer func() { err = errors.Join(err, well.Close()) }()
	if o.meet != "" {
		config.Noise, config.Ports = well, ports
		if config.Reservoir, err = device.ReservoirSize(store, o.reservoir); err != nil {
			return err
		}
	} else if err := device.MakeID(ctx, store, well); err != nil {
		fmt.Fprintln(stderr, "otc-desk: the device goes without an id, so that a laptop may take another device of its owner's for a copy of it:", err)
	}
	if o.stick != "" {
		config.Stick = stick{o.stick}
	}
	dev := device.New(config)
	ports.server = hostlink.NewServer(dev, hostlink.Options{
		Names: []string{"localhost"},
		// Not its value, which may hold anything.
		Panicked: func(any) { fmt.Fprintln(stderr, "otc-desk: a call panicked") },
	})
	if _, err := fmt.Fprintf(stdout, "link http://%s panel http://%s\n", link.Addr(), panel.Addr()); err != nil {
		return err
	}
	return together.Run(ctx,
		dev.Run,
		ports.run,
		func(ctx context.Context) error { return screen.Serve(ctx, panel, dev) },
	)
}

// openCard opens the folder that is the device's card, and moves new pads in.
func openCard(ctx context.Context, o options, stderr io.Writer) (store *padstore.Store, closeCard func() error, err error) {
	card, err := durable.OpenFolder(o.data)
	if err != nil {
		return nil, nil, fmt.Errorf("--data: %w", err)
	}
	store, err = padstore.Open(card, o.owner)
	if err != nil {
		err = fmt.Errorf("the pads in %s cannot be used: %w", o.data, err)
		return nil, nil, errors.Join(err, card.Close())
	}
	closeCard = func() error { return errors.Join(store.Close(), card.Close()) }
	if o.imports != "" {
		if err := importPads(ctx, store, o, stderr); err != nil {
			return nil, nil, errors.Join(fmt.Errorf("--import: %w", err), closeCard())
		}
	}
	return store, closeCard, nil
}

// importPads moves the owner's pads out of o.imports onto the card.
func importPads(ctx context.Context, store *padstore.Store, o options, stderr io.Writer) (err error) {
	// The folder's full name is how an interrupted import is found again.
	path, err := filepath.Abs(o.imports)
	if err != nil {
		return err
	}
	from, err := os.Stat(path)
	if err != nil {
		return err // OpenFolder would make it
	}
	if card, err := os.Stat(o.data); err == nil && os.SameFile(from, card) {
		return errors.New("this is the device's own card: name the folder that the pads were made in")
	}
	source, err := awaitFolder(ctx, path, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	contacts, err := store.Import(source, path, nil)
	if len(contacts) > 0 {
		fmt.Fprintf(stderr, "otc-desk: moved the pad with %s out of %s\n", strings.Join(contacts, ", "), o.imports)
	}
	if errors.Is(err, padstore.ErrNothingToImport) && len(store.Pads()) > 0 {
		err = fmt.Errorf("%w; the pads that are here already need no --import", err)
	}
	return err
}

// awaitFolder opens the folder once no other program has it: the other device's
// half of a pad may be on its way out of it.
func awaitFolder(ctx context.Context, path string, stderr io.Writer) (*durable.Folder, error) {
	for told := false; ; told = true {
		folder, err := durable.OpenFolder(path)
		if !errors.Is(err, durable.ErrInUse) {
			return folder, err
		}
		if !told {
			fmt.Fprintf(stderr, "otc-desk: waiting for another program to be done with %s\n", path)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func listenLink(ctx context.Context, addr string) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("link: %w; is another device running? --link takes another address", err)
	}
	return l, nil
}
