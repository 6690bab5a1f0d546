//go:build linux

// Command emulate shows an image on emulated Raspberry Pis, for trying it out
// with no board at hand: their screens are web pages, and otc on this computer
// reaches them as if it were the laptop at their link.
//
// Start with serve. options.go reads the command line, board.go is one board
// with its page. What is emulated, and what is not, is package emulator's. Its
// randomness is this computer's, so its pads are for trying out.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
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
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program: where to look on stdout, errors on stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	opts, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "emulate: %v\nSee ./build.sh emulate --help.\n", err)
		return exitUsage
	}
	if err := serve(ctx, opts, stdin, stdout); err != nil {
		fmt.Fprintln(stderr, "emulate:", err)
		return exitFailed
	}
	return exitOK
}

// serve runs the boards until ctx ends or all are off. Enter takes a meeting
// cable out, or puts it in, while the boards are off for a moment.
func serve(ctx context.Context, o options, stdin io.Reader, stdout io.Writer) error {
	boards, err := newBoards(ctx, o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	served := make(chan error)
	for _, b := range boards {
		fmt.Fprintf(stdout, "%s: screen http://%s/   otc --device %s\n", cmp.Or(b.name, "pad device"), b.page.Addr(), b.door)
		go func() { served <- b.screen.Serve(ctx, b.page, b) }()
	}
	fmt.Fprintf(stdout, "\n%s\n", advice(boards))
	errs := []error{sessions(ctx, boards, o.cable, lines(stdin), stdout)}
	cancel()
	for range boards {
		errs = append(errs, <-served)
	}
	return errors.Join(errs...)
}

// sessions is one session after the other.
func sessions(ctx context.Context, boards []*board, cable bool, enter <-chan struct{}, stdout io.Writer) error {
	for ; ; cable = !cable {
		again, err := session(ctx, boards, cable, enter, stdout)
		if err != nil || !again {
			return err
		}
	}
}

func advice(boards []*board) string {
	text := "Open the screen in a browser; it comes in some 10 seconds. The cards keep their\n" +
		"state between runs. The randomness is this computer's: pads made here are for\ntrying out. Ctrl-C cuts the power, which is safe at any moment."
	if len(boards) > 1 {
		text += "\n\nEnter pulls the meeting cable out, or plugs it in; the boards are off meanwhile,\nfor QEMU cannot do that while they are on."
	}
	return text
}

// session is the boards being on, with the cable in or out. again tells that
// Enter ended it.
func session(ctx context.Context, boards []*board, cable bool, enter <-chan struct{}, stdout io.Writer) (again bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if len(boards) == 1 {
		enter = nil
	} else if cable {
		fmt.Fprintln(stdout, "on, with the meeting cable in")
	} else {
		fmt.Fprintln(stdout, "on, with the meeting cable out")
	}
	plugs, err := plugsFor(boards, cable)
	if err != nil {
		return false, err
	}
	ended := make(chan error)
	for i, b := range boards {
		go func() { ended <- b.run(ctx, plugs[i]) }()
	}
	var errs []error
	for on := len(boards); on > 0; {
		select {
		case err := <-ended:
			on--
			if err != nil {
				errs = append(errs, err)
				cancel()
			}
		case <-enter:
			again = true
			cancel()
		}
	}
	return again && len(errs) == 0, errors.Join(errs...)
}

// lines tells of each line that is read.
func lines(r io.Reader) <-chan struct{} {
	told := make(chan struct{})
	go func() {
		for in := bufio.NewScanner(r); in.Scan(); {
			told <- struct{}{}
		}
	}()
	return told
}
