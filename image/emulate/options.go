//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"

	"onetimechat/hostlink"
)

const usage = `emulate shows the image of a pad device on an emulated Raspberry Pi 3B.

  ./build.sh emulate [--two [--cable=false]] [--new] [--image FILE] [--cards FOLDER]

Its screen is a web page on which one taps; otc on this computer reaches it by
--device, as if it were the laptop at its link. With --two, alice's and bob's
boards have a meeting cable between them: tap New contact on both.

`

// The first board's ports on loopback; the second's are nextBoard higher.
const (
	firstLink  = hostlink.Port
	firstPanel = 9052
	nextBoard  = 10
)

// options is the command line, checked.
type options struct {
	image string
	cards string // folder
	fresh bool   // flash the cards anew
	two   bool
	cable bool // a meeting cable is in
	link  int  // port of the first board's
	panel int
}

// parse reads the command line. It returns flag.ErrHelp when that asked for
// help, which is then on w.
func parse(args []string, w io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("emulate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.image, "image", "out/otc-pad.img", "the image `file`")
	flags.StringVar(&o.cards, "cards", "out/cards", "the `folder` of the emulated SD cards")
	flags.BoolVar(&o.fresh, "new", false, "flash the cards anew: what was on them is gone")
	flags.BoolVar(&o.two, "two", false, "two boards, alice's and bob's, that can meet")
	flags.BoolVar(&o.cable, "cable", true, "with --two: the meeting cable is in")
	flags.IntVar(&o.link, "link", firstLink, "the `port` for otc; a second board's is 10 higher")
	flags.IntVar(&o.panel, "panel", firstPanel, "the `port` of the screen; a second board's is 10 higher")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(w, usage)
			flags.SetOutput(w)
			flags.PrintDefaults()
		}
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is one word too many", flags.Arg(0))
	case o.link < 0 || o.link > 65535-nextBoard || o.panel < 0 || o.panel > 65535-nextBoard:
		return o, errors.New("a port is 0 to 65525")
	}
	return o, nil
}

// loopback is an address for the i-th board. Port 0 is any.
func loopback(port, i int) string {
	if port > 0 {
		port += i * nextBoard
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
