package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

// padOptions are the flags of pad make: the paper's (Figure 3), and ours.
type padOptions struct {
	out, source, suite string
	bucket             int
	bytes, kib, mib    int64
	verbose            bool
}

// padCommand makes pads on a trusted computer, as the paper's generator does
// (section 6.2), for those who do not make them at a meeting of two devices.
func padCommand() *cobra.Command {
	pad := &cobra.Command{
		Use:   "pad",
		Short: "Make pads on a trusted computer",
		Example: `  otc pad make alice bob 64MiB --out /media/stick
  otc pad make --help`,
		Args: noMore,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var o padOptions
	create := &cobra.Command{
		Use:   "make USER1 USER2 [SIZE]",
		Short: "Fill a new pad with random bytes, for two pad devices to import",
		Long: `Fill a new pad with random bytes, for two pad devices to import.

Writes four files into --out: a store and its metadata for either user. Each
pad device imports its own two, which overwrites and removes them there.

SIZE is a number of bytes, or ends in KiB, MiB or GiB. The default source is
the system's /dev/random. With --source urandom the pad is marked as demo
randomness wherever it shows.

Whoever has this computer, now or later, may have the pad: use one that is
never on a network, and a folder in memory or on a disk that you destroy.`,
		Example: `  otc pad make alice bob 64MiB --out /media/stick
  otc pad make alice bob 1GiB --out pads --source /dev/hwrng
  otc pad make alice bob -k 512 -s urandom -v       as in 2015`,
		Args: between(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := o.generation(args)
			if err != nil {
				return usageError{err}
			}
			ctx, stop := untilStopped(cmd.Context())
			defer stop()
			defer context.AfterFunc(ctx, stop)() // a second Ctrl-C ends it while a source gives nothing
			return o.generate(ctx, g, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := create.Flags()
	f.StringVar(&o.out, "out", ".", "folder for the four files")
	f.StringVarP(&o.source, "source", "s", "random", "random, urandom, a file or a device")
	f.StringVar(&o.source, "service", "random", "the same, under its 2015 name")
	f.StringVar(&o.suite, "suite", seal.Unconditional.String(), "unconditional, or paper to chat with a 2015 device")
	f.IntVar(&o.bucket, "bucket", seal.DefaultBucket, "texts are padded to multiples of this many bytes (unconditional)")
	f.Int64VarP(&o.bytes, "bytes", "b", 0, "size in bytes")
	f.Int64VarP(&o.kib, "kib", "k", 0, "size in KiB")
	f.Int64VarP(&o.mib, "mib", "m", 0, "size in MiB")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "say more")
	create.MarkFlagsMutuallyExclusive("bytes", "kib", "mib")
	pad.AddCommand(create)
	return pad
}

// generation turns flags and arguments into what to make.
func (o padOptions) generation(args []string) (padstore.Generation, error) {
	suite, err := seal.ParseSuite(o.suite)
	if err != nil {
		return padstore.Generation{}, err
	}
	size, err := o.size(args[2:])
	if err != nil {
		return padstore.Generation{}, err
	}
	g := padstore.Generation{A: args[0], B: args[1], Bytes: size, Suite: suite, Bucket: o.bucket, Source: sourceName(o.source)}
	if suite == seal.Paper {
		g.Bucket = 0
	}
	return g, g.Check()
}

func (o padOptions) size(args []string) (int64, error) {
	byFlag := o.bytes != 0 || o.kib != 0 || o.mib != 0
	switch {
	case len(args) == 1 && !byFlag:
		return parseSize(args[0])
	case len(args) == 0 && byFlag:
		for _, part := range []struct{ count, unit int64 }{{o.bytes, 1}, {o.kib, 1 << 10}, {o.mib, 1 << 20}} {
			if part.count != 0 {
				return times(part.count, part.unit)
			}
		}
	}
	return 0, errors.New("say the size once: as in 64MiB, or by -b, -k or -m")
}

// parseSize reads sizes such as 4096, 512KiB, 64MiB, 1GiB.
func parseSize(text string) (int64, error) {
	for _, u := range []struct {
		suffix string
		unit   int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"", 1}} {
		digits, ok := strings.CutSuffix(text, u.suffix)
		if !ok {
			continue
		}
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
			return times(n, u.unit)
		}
		break
	}
	return 0, fmt.Errorf("%q is not a size: write it as in 4096, 512KiB, 64MiB or 1GiB", text)
}

func times(n, unit int64) (int64, error) {
	if n <= 0 || n > math.MaxInt64/unit {
		return 0, fmt.Errorf("%d times %d bytes is too little or too much", n, unit)
	}
	return n * unit, nil
}

// sourceName is what the pad's metadata say of its source (rservice).
func sourceName(source string) string {
	switch source {
	case "/dev/random":
		return "random"
	case "/dev/urandom":
		return "urandom"
	}
	return filepath.Base(source)
}

func sourcePath(source string) string {
	if source == "random" || source == "urandom" {
		return "/dev/" + source
	}
	return source
}

// stoppable is a source of randomness that fails when its context ends.
type stoppable struct {
	ctx context.Context
	io.Reader
}

func (s stoppable) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(b)
}

// generate makes the pad, with a progress bar on a terminal and a summary. What it
// began goes when it is stopped: that was half a pad, on a disk that may be full of it.
func (o padOptions) generate(ctx context.Context, g padstore.Generation, stdout, stderr io.Writer) error {
	random, err := os.Open(sourcePath(o.source))
	if err != nil {
		return fmt.Errorf("cannot open the source of randomness: %w", err)
	}
	defer random.Close()
	dir, err := durable.OpenFolder(o.out)
	if err != nil {
		return fmt.Errorf("cannot use the folder for the pad: %w", err)
	}
	defer dir.Close()
	if o.verbose {
		fmt.Fprintf(stderr, "reading %d bytes from %s into %s\n", g.Bytes, random.Name(), o.out)
	}
	begin := time.Now()
	bar := progressbar.NewOptions64(g.Bytes, progressbar.OptionSetWriter(stderr), progressbar.OptionShowBytes(true),
		progressbar.OptionSetDescription("filling"), progressbar.OptionFullWidth(), progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetVisibility(isTerminal(stderr)),
		progressbar.OptionClearOnFinish())
	err = padstore.Generate(dir, g, stoppable{ctx, random}, func(done int64) { _ = bar.Set64(done) })
	if err != nil {
		return errors.Join(err, bar.Exit())
	}
	o.summary(g, time.Since(begin), stdout)
	return nil
}

func (o padOptions) summary(g padstore.Generation, took time.Duration, stdout io.Writer) {
	seconds := max(took.Seconds(), 0.001)
	fmt.Fprintf(stdout, "Made a pad of %d bytes (%s) from %s in %.1f s, %.0f KiB/s:\n", g.Bytes, g.Suite, g.Source, seconds, float64(g.Bytes)/1024/seconds)
	for _, name := range g.Files() {
		fmt.Fprintf(stdout, "  %s\n", filepath.Join(o.out, name))
	}
	if g.Source == "urandom" {
		fmt.Fprintln(stdout, "This is demo randomness: a cipher's output, not noise.")
	}
}
