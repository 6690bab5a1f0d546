package main

import (
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"net"
	"net/netip"

	"onetimechat/display"
	"onetimechat/firmware/device"
	"onetimechat/hal/cable"
	"onetimechat/hal/desk"
	"onetimechat/hostlink"
	"onetimechat/padstore/uid"
)

const usage = `otc-desk is a pad device at your desk, with a web page for its touchscreen.

  otc-desk --data DIR --owner NAME [--meet ADDR] [--noise FILE] [--reservoir MIB]
           [--stick DIR] [--import DIR] [--link ADDR] [--panel ADDR] [--size WxH]

For example, two devices that can meet, each in its own terminal:

  otc-desk --data alice-device --owner alice --meet 127.0.0.1:9060
  otc-desk --data bob-device --owner bob --meet 127.0.0.1:9060 --link 127.0.0.1:9061 --panel 127.0.0.1:9062

Open both panels' addresses in a browser, tap New contact on both, and then chat
with "otc chat". Their randomness is this computer's /dev/random, and the pads
are marked as demo randomness. Or move a pad in that "otc pad make" has made:

  otc-desk --data alice-device --owner alice --import pads

`

// options is the command line, checked.
type options struct {
	data, owner string
	imports     string // a folder to move pads from; may be empty
	stick       string // a folder that stands for a stick; may be empty
	meet        string // host:port that stands for the meeting cable; may be empty
	noise       string // a file that stands for a noise source
	reservoir   int64  // bytes
	link, panel string // host:port
	size        image.Point
}

// errAnswered: the command line asked for something to read, and that is all.
var errAnswered = errors.New("answered")

// parse reads the command line. It returns errAnswered when that asked for help or
// the version, which is then on out.
func parse(args []string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("otc-desk", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.data, "data", "", "the `folder` that is the device's card; made if it is not there, and never copied")
	flags.StringVar(&o.owner, "owner", "", "the `name` of the device's owner")
	flags.StringVar(&o.imports, "import", "", "move the owner's pads out of this `folder` first")
	flags.StringVar(&o.stick, "stick", "", "the `folder` that stands for a stick: pads in it are offered on the screen")
	flags.StringVar(&o.meet, "meet", "", "the loopback `address` that stands for the meeting cable; the same on both devices")
	flags.StringVar(&o.noise, "noise", "/dev/random", "the `file` that stands for a noise source; pads made of it are marked as demo randomness")
	reservoir := flags.Int64("reservoir", 64, "randomness laid up for meetings, in `MiB`")
	flags.StringVar(&o.link, "link", fmt.Sprintf("127.0.0.1:%d", hostlink.Port), "the `address` for the laptop's otc")
	flags.StringVar(&o.panel, "panel", "127.0.0.1:9052", "the loopback `address` of the touchscreen")
	version := flags.Bool("version", false, "say which otc-desk this is")
	size := flags.String("size", "480x320", "the screen: 240x240, 320x240, 480x320 or 800x480 `pixels`")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, usage)
		flags.SetOutput(out)
		flags.PrintDefaults()
		return o, errAnswered
	case err != nil:
		return o, err
	case *version:
		fmt.Fprintf(out, "otc-desk: %s\n", device.ProgramText())
		return o, errAnswered
	}
	o.reservoir = *reservoir << 20
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is one word too many", flags.Arg(0))
	case o.data == "":
		return o, errors.New("--data is missing: name the folder that is the device's card")
	case o.owner == "":
		return o, errors.New("--owner is missing: name the device's owner")
	}
	if err := uid.Check(o.owner); err != nil {
		return o, fmt.Errorf("--owner: %w", err)
	}
	if err := desk.CheckAddress(o.panel); err != nil {
		return o, fmt.Errorf("--panel: %w", err)
	}
	if o.meet != "" {
		if err := cable.CheckAddress(o.meet); err != nil {
			return o, fmt.Errorf("--meet: %w", err)
		}
	}
	if *reservoir < 1 || *reservoir > 1<<20 {
		return o, fmt.Errorf("--reservoir: %d is not from 1 to 1048576 MiB", *reservoir)
	}
	if err := checkLink(o.link); err != nil {
		return o, fmt.Errorf("--link: %w", err)
	}
	if o.size, err = display.ParseSize(*size); err != nil {
		return o, fmt.Errorf("--size: %w", err)
	}
	return o, nil
}

// checkLink refuses a link on every address: a link has one laptop at its
// other end.
func checkLink(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not host:port, such as 127.0.0.1:9051", addr)
	}
	ip, err := netip.ParseAddr(host)
	if host == "localhost" || err == nil && !ip.IsUnspecified() {
		return nil
	}
	return fmt.Errorf("%q is not one address of this machine, such as 127.0.0.1:9051", addr)
}
