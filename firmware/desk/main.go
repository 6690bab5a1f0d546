// Command otc-desk is a pad device at your desk: the same store, suites,
// approvals, screens and link as the board's, with a web page on loopback for
// a touchscreen. Its pads are only as safe as the computer it runs on.
//
// Start with run, which wires the parts and stops them again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"onetimechat/display"
	"onetimechat/firmware/device"
	"onetimechat/hal/desk"
	"onetimechat/hostlink"
	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/uid"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(desktop(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are the command line.
type options struct {
	data, owner, link, panel, importFrom, size string
}

// desktop runs the device until ctx ends, and answers the exit code.
func desktop(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "otc-desk:", err)
		return exitUsage
	}
	if err := run(ctx, o, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "otc-desk:", err)
		return exitFailed
	}
	return 0
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("otc-desk", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.data, "data", "", "`folder` of the pads, for this device alone")
	f.StringVar(&o.owner, "owner", "", "user `name` of the device's owner")
	f.StringVar(&o.link, "link", fmt.Sprintf("127.0.0.1:%d", hostlink.Port), "`address` for the laptop")
	f.StringVar(&o.panel, "panel", "127.0.0.1:9052", "`address` of the touchscreen's web page")
	f.StringVar(&o.importFrom, "import", "", "`folder` with pads of the owner's, which are moved in")
	f.StringVar(&o.size, "size", "480x320", "`pixels` of the screen: 320x240, 480x320 or 800x480")
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(stderr, "A pad device at your desk, its touchscreen a web page.\n\n  otc-desk --data DIR --owner NAME [--import DIR]\n\n")
		f.SetOutput(stderr)
		f.PrintDefaults()
	case err != nil:
	case f.NArg() > 0:
		err = fmt.Errorf("%q is not understood", f.Arg(0))
	case o.data == "":
		err = errors.New("say where the pads are: --data DIR")
	case o.owner == "":
		err = errors.New("say whose device this is: --owner NAME")
	default:
		err = uid.Check(o.owner)
	}
	return o, err
}

// run opens the store and both listeners, prints the ready line, and serves
// until ctx ends.
func run(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	size, err := display.ParseSize(o.size)
	if err != nil {
		return err
	}
	renderer, err := display.NewRenderer(size)
	if err != nil {
		return err
	}
	link, panel, err := listen(ctx, o)
	if err != nil {
		return err
	}
	defer link.Close()
	defer panel.Close()
	store, release, err := openStore(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	screen := desk.New(size, o.owner)
	dev := device.New(device.Config{Store: store, Renderer: renderer, Panel: screen, Link: link.Addr().String()})
	if _, err := fmt.Fprintf(stdout, "link http://%s panel http://%s\n", link.Addr(), panel.Addr()); err != nil {
		return err
	}
	server := hostlink.NewServer(dev, hostlink.Options{
		Names:    []string{"localhost"},
		Panicked: func(value any) { fmt.Fprintln(stderr, "otc-desk: a call panicked:", value) },
	})
	return serve(ctx,
		dev.Run,
		func(ctx context.Context) error { return server.Serve(ctx, link) },
		func(ctx context.Context) error { return screen.Serve(ctx, panel, dev) },
	)
}

func listen(ctx context.Context, o options) (link, panel net.Listener, err error) {
	var config net.ListenConfig
	if link, err = config.Listen(ctx, "tcp", o.link); err != nil {
		return nil, nil, fmt.Errorf("link: %w", err)
	}
	if panel, err = desk.Listen(ctx, o.panel); err != nil {
		return nil, nil, errors.Join(err, link.Close())
	}
	return link, panel, nil
}

// openStore opens the pads, and moves new ones in. release lets go of them.
func openStore(o options) (store *padstore.Store, release func() error, err error) {
	folder, err := durable.OpenFolder(o.data)
	if err != nil {
		return nil, nil, fmt.Errorf("data folder: %w", err)
	}
	store, err = padstore.Open(folder, o.owner)
	if err != nil {
		return nil, nil, errors.Join(err, folder.Close())
	}
	release = func() error { return errors.Join(store.Close(), folder.Close()) }
	if o.importFrom == "" {
		return store, release, nil
	}
	if err := importPads(store, o.importFrom); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("import: %w", err), release())
	}
	return store, release, nil
}

func importPads(store *padstore.Store, from string) (err error) {
	origin, err := filepath.Abs(from)
	if err != nil {
		return err
	}
	if _, err := os.Stat(origin); err != nil {
		return err
	}
	source, err := durable.OpenFolder(origin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	_, err = store.Import(source, origin, nil)
	return err
}

// serve runs all parts until ctx ends or one of them does, and waits for all.
func serve(ctx context.Context, parts ...func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for i, part := range parts {
		wg.Go(func() {
			defer stop()
			errs[i] = part(ctx)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
