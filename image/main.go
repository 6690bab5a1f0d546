// Command image makes the image that is flashed onto the SD card of a pad
// device: the boards' boot code, Debian's kernel, our program and nothing else.
//
// Start with run. options.go reads the command line; build.go gathers the boot
// files and writes the image, or an update; texts.go and overlay.go hold what
// tells the boards how to start; package kernel takes Debian's package apart,
// package card lays out the card. It needs no root, mounts nothing, writes to
// no card, and makes the same bytes from the same inputs, which the manifest
// lists.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"onetimechat/image/card"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	// Package card wants it so, and programs that we run may look for it.
	if err := os.Setenv("SOURCE_DATE_EPOCH", card.Date); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(exitFailed)
	}
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program: what went in and came out on stdout, errors on stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "image: %v\nSee ./build.sh image --help.\n", err)
		return exitUsage
	}
	if err := build(ctx, opts, stdout); err != nil {
		fmt.Fprintln(stderr, "image:", err)
		return exitFailed
	}
	return exitOK
}
