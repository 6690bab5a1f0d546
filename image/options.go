package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"onetimechat/firmware/boot/conf"
	"onetimechat/image/card"
)

const usage = `image makes the card of a pad device.

  ./build.sh image [--owner NAME] [--panel NAME] [--out out/otc-pad.img] …
  ./build.sh image --update FOLDER-OR-ZIP

The first writes an image for a new card, an .xz of it, a list of what went into
it, and SHA256SUMS. The second writes only what is on the card's boot partition,
without otc.conf: copied over the files there, on any PC, it brings a device up
to date, and its pads stay. build.sh compiles the program for the board and names
it by --binary. Debian's kernel comes from --kernel-deb, or by apt into the folder
--cache.

`

// options is the command line, checked.
type options struct {
	binary    string
	out       string
	update    string // instead of out
	kernelDeb string // "": by apt
	cache     string
	size      int64 // of the image, in bytes
	packed    bool  // write an .xz, too
	conf      conf.Conf
}

// parse reads the command line. It returns flag.ErrHelp when that asked for
// help, which is then on w.
func parse(args []string, w io.Writer) (options, error) {
	settings := []string{"owner", "panel", "link", "net", "rotate", "reservoir", "watchdog", "comparator",
		"approve-button", "deny-button", "page-button"}
	o := options{conf: conf.Default(), size: card.MinSize()}
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.binary, "binary", "", "the `program` for the board, static, for arm64")
	flags.StringVar(&o.out, "out", "out/otc-pad.img", "the image `file` to write")
	flags.StringVar(&o.update, "update", "", "write the boot files into this `folder`, or .zip, instead of an image")
	flags.StringVar(&o.kernelDeb, "kernel-deb", "", "the `file` of Debian's kernel package, linux-image-…-arm64_….deb")
	flags.StringVar(&o.cache, "cache", "out/cache", "the `folder` where fetched packages are kept")
	flags.BoolVar(&o.packed, "xz", true, "write an .xz of the image, too")
	flags.Func("size", "the `size` of the image, such as 1GiB: at least, and by default, "+sizeText(o.size), func(s string) (err error) {
		o.size, err = parseSize(s)
		return err
	})
	for _, key := range settings {
		flags.Func(key, fmt.Sprintf("%s = `value` in the image's otc.conf", key), func(s string) error { return o.conf.Set(key, s) })
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(w, usage)
			flags.SetOutput(w)
			flags.PrintDefaults()
		}
		return o, err
	}
	for _, path := range []string{o.binary, o.out, o.update, o.kernelDeb, o.cache} {
		if strings.HasPrefix(path, "-") {
			return o, fmt.Errorf("%q stands where a file or folder belongs", path)
		}
	}
	unfit := ""
	if o.update != "" {
		flags.Visit(func(f *flag.Flag) {
			if f.Name == "size" || slices.Contains(settings, f.Name) {
				unfit = f.Name
			}
		})
	}
	switch {
	case unfit != "":
		return o, fmt.Errorf("--%s has no place in an update, which leaves otc.conf and the pads as they are", unfit)
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is one word too many", flags.Arg(0))
	case o.binary == "":
		return o, errors.New("--binary is missing: name the program for the board")
	case o.out == "" && o.update == "":
		return o, errors.New("--out is empty: name the image")
	}
	return o, nil
}

// parseSize reads 256MiB or 1GiB into bytes.
func parseSize(s string) (int64, error) {
	for unit, shift := range map[string]int{"MiB": 20, "GiB": 30} {
		number, ok := strings.CutSuffix(s, unit)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 32)
		if err != nil || n < 0 {
			break
		}
		if size := n << shift; size >= card.MinSize() && size <= card.MaxSize {
			return size, nil
		}
		return 0, fmt.Errorf("an image has %s to %s", sizeText(card.MinSize()), sizeText(card.MaxSize))
	}
	return 0, fmt.Errorf("%q is no size such as 256MiB or 1GiB", s)
}

// sizeText is n, whole MiB, as parseSize reads it.
func sizeText(n int64) string {
	if n%(1<<30) == 0 {
		return fmt.Sprintf("%dGiB", n>>30)
	}
	return fmt.Sprintf("%dMiB", n>>20)
}
