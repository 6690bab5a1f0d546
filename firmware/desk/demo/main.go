// Command demo shows One Time Chat end to end: it starts a relay and two pad
// devices whose touchscreens are web pages, has them meet and make a pad, and
// lets alice and bob chat with it. Everything but the boards and their noise is
// real; the pad is made from /dev/random, and says so on the screens.
//
// With --alone it taps for itself, prints the conversation and saves every
// screen. With --mischief the relay then drops and corrupts, and the warnings
// are shown. Otherwise alice and bob tap, and then it opens alice's chat in this
// terminal. Either way it ends all processes that it started. Start reading
// with meet (meet.go), play (play.go) and mischief (mischief.go); stage.go has
// the processes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"onetimechat/hal/desk/finger"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run() error {
	alone := flag.Bool("alone", false, "tap alone, print the conversation, save every screen")
	hostile := flag.Bool("mischief", false, "as --alone, with a relay that drops and corrupts, and what then is shown")
	bin := flag.String("bin", "bin", "folder of otc and otc-desk")
	out := flag.String("out", "out/demo", "folder for pads, data and pictures; emptied first")
	suite := flag.String("suite", "unconditional", "unconditional, made at a meeting, or paper, as in 2015, moved in from a folder")
	size := flag.String("size", "480x320", "size of the screens")
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("%q is one word too many", flag.Arg(0))
	case *suite != "unconditional" && *suite != "paper":
		return fmt.Errorf("%q is no suite: it is unconditional or paper", *suite)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *alone || *hostile {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Minute)
		defer cancel()
	}
	s, err := build(ctx, *bin, *out, *suite, *size)
	if err != nil {
		return errors.Join(err, s.strike())
	}
	if *hostile {
		return errors.Join(meet(ctx, s), mischief(ctx, s), s.strike())
	}
	if *alone {
		return errors.Join(meet(ctx, s), play(ctx, s), s.strike())
	}
	return errors.Join(invite(ctx, s), s.strike())
}

// invite lets people meet and chat: it says where to tap, and opens alice's
// chat here.
func invite(ctx context.Context, s *stage) error {
	bin, err := filepath.Abs(s.bin)
	if err != nil {
		return err
	}
	fmt.Printf(`
The two pad devices' touchscreens, to be opened in a browser:

  alice's   %s
  bob's     %s
`, s.alice.panel, s.bob.panel)
	if s.meets {
		fmt.Println(`
Tap New contact on both, choose how much pad on one, confirm it on the other, and
compare the words. The chat opens when both are at home again.`)
		for _, p := range []*person{s.alice, s.bob} {
			if _, err := p.finger.WaitUntil(ctx, hasContact); err != nil {
				return err
			}
		}
	}
	fmt.Printf(`
Bob joins from another terminal:

  %s chat %s %s bob

Alice's chat follows. Try: send bob hello
Then approve on alice's screen, and on bob's when he opens it. Leave with quit.

`, filepath.Join(bin, "otc"), s.relay, s.bob.link)
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "otc"), "chat", s.relay, s.alice.link, "alice")
	cmd.Env = s.alice.env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

// hasContact tells a home screen with somebody on it.
func hasContact(screen finger.Screen) bool {
	_, ok := screen.Target("contact-1")
	return screen.Name == "home" && ok
}
