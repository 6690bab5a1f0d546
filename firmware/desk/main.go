// Command otc-desk is a pad device at your desk: the same store, suites,
// approvals, screens and link as the board's, with a web page on loopback for
// a touchscreen. Its pads are only as safe as the computer it runs on.
//
// Start with run. options.go reads the command line, desk.go puts the device
// together and runs it. All that a device does is in package device.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program: one ready line on stdout, or what was asked for, everything
// else on stderr, and a clean stop when ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, err := parse(args, stdout)
	switch {
	case errors.Is(err, errAnswered):
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "otc-desk: %v\nSee otc-desk --help.\n", err)
		return exitUsage
	}
	if err := serve(ctx, opts, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "otc-desk:", err)
		return exitFailed
	}
	return exitOK
}
