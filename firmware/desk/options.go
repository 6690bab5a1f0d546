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
	"onetimechat/hal/desk"
	"onetimechat/hostlink"
	"onetimechat/padstore/uid"
)

const usage = `otc-desk is a pad device at your desk, with a web page for its touchscreen.

  otc-desk --data DIR --owner NAME [--import DIR] [--link ADDR] [--panel ADDR] [--size WxH]

For example, after "otc pad make alice bob 64MiB --out pads":

  otc-desk --data alice-device --owner alice --import pads

Then open the panel's address in a browser, and chat with "otc chat".

`

// options is the command line, checked.
type options struct {
	data, owner string
	imports     string // a folder to move pads from; may be empty
	link, panel string // host:port
	size        image.Point
}

// parse reads the command line. It returns flag.ErrHelp when that asked for
// help, which is then on out.
func parse(args []string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("otc-desk", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.data, "data", "", "the `folder` that is the device's card; made if it is not there, and never copied")
	flags.StringVar(&o.owner, "owner", "", "the `name` of the device's owner")
	flags.StringVar(&o.imports, "import", "", "move the owner's pads out of this `folder` first")
	flags.StringVar(&o.link, "link", fmt.Sprintf("127.0.0.1:%d", hostlink.Port), "the `address` for the laptop's otc")
	flags.StringVar(&o.panel, "panel", "127.0.0.1:9052", "the loopback `address` of the touchscreen")
	size := flags.String("size", "480x320", "the screen: 320x240, 480x320 or 800x480 `pixels`")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(out, usage)
			flags.SetOutput(out)
			flags.PrintDefaults()
		}
		return o, err
	}
	var err error
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
