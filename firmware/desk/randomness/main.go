// Command randomness has tools that others made judge what package entropy
// extracts, beside the raw noise that it was made of. The noise is simulated
// (sources.go), as bad as its credit allows, and that of the machine's own
// generators for as long as one likes to wait. The judges and what they must
// find are in judges.go.
//
// It exits with 1 if extracted bytes fail grossly, or if a tool takes
// simulated raw noise for good: a judge that passes anything is no judge.
//
// What passes is not proven random: the output of any cipher passes. The
// judges find mistakes in the making, no more.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"onetimechat/firmware/entropy"
	"onetimechat/hal/noise"
)

type options struct {
	size     int64 // bytes of each simulated file
	hardware time.Duration
	dir      string
	seed     uint64
}

func main() {
	var o options
	megabytes := flag.Int64("mb", 100, "megabytes to extract, and of raw noise, from each simulated source")
	flag.DurationVar(&o.hardware, "hardware", time.Minute, "how long to extract from each of the machine's own generators, at most; 0 for not at all")
	flag.StringVar(&o.dir, "dir", "out", "folder for the files that are judged, which are removed afterwards")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of the simulated sources")
	flag.Parse()
	o.size = *megabytes * megabyte
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "randomness:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	if o.size <= 0 || flag.NArg() > 0 {
		return errors.New("a positive number of megabytes is wanted, and no arguments")
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(o.dir, "randomness-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Println("seed", o.seed)
	var faults []error
	for _, simulate := range simulated {
		faults = append(faults, judgeSimulated(ctx, dir, o, simulate))
	}
	if o.hardware > 0 {
		faults = append(faults, judgeHardware(ctx, dir, o))
	}
	return errors.Join(faults...)
}

// judgeSimulated judges what is extracted from a simulated source, and then
// the raw noise of another one like it.
func judgeSimulated(ctx context.Context, dir string, o options, simulate func(seed uint64) *source) error {
	s := simulate(o.seed)
	name := s.about.Name
	began := time.Now()
	well := entropy.NewWell(s)
	enough := func(n int64) bool { return n >= o.size }
	extracted, err := write(dir, megabyte, enough, func(p []byte) error { return well.Draw(ctx, p) })
	if err = errors.Join(err, well.Close()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Printf("\n%s: %d bytes extracted in %.1f s\n", name, extracted.size, time.Since(began).Seconds())
	again := simulate(o.seed + 1)
	raw, err := write(dir, megabyte, enough, func(p []byte) error { return again.Read(ctx, p) })
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return errors.Join(judge(ctx, name+", extracted", extracted, mustPass), judge(ctx, name+", raw", raw, mustFail))
}

// judgeHardware judges what can be extracted, in the time there is, from the
// generators that the machine has.
func judgeHardware(ctx context.Context, dir string, o options) error {
	sources, err := noise.Find(noise.Roots{})
	if err != nil {
		fmt.Println("\nhardware:", err)
	}
	if len(sources) == 0 {
		fmt.Println("\nthis machine has no generator that can be used: none is judged")
	}
	var faults []error
	for _, s := range sources {
		faults = append(faults, judgeSource(ctx, dir, s, o))
	}
	return errors.Join(faults...)
}

// judgeSource judges one of them. What it gives itself may well pass, as it is
// processed; and it says nothing about the extractor if it cannot be read.
func judgeSource(ctx context.Context, dir string, s noise.Source, o options) (err error) {
	name := s.Describe().Name
	well := entropy.NewWell(s)
	defer func() { err = errors.Join(err, well.Close()) }()
	begin, took := time.Now(), time.Duration(0)
	enough := func(n int64) bool { return n >= o.size || time.Since(begin) > o.hardware }
	extracted, err := write(dir, 4096, enough, func(p []byte) error { return well.Draw(ctx, p) })
	if err == nil {
		took, begin = time.Since(begin), time.Now()
		var given sample
		given, err = write(dir, 4096, enough, func(p []byte) error { return s.Read(ctx, p) })
		if err == nil {
			fmt.Printf("\n%s: %d bytes extracted in %.1f s\n", name, extracted.size, took.Seconds())
			return errors.Join(judge(ctx, name+", extracted", extracted, mustPass), judge(ctx, name+", as it comes", given, mayFail))
		}
	}
	fmt.Printf("\n%s: %v: it is not judged\n", name, err)
	return ctx.Err()
}

const megabyte = 1_000_000

// sample is a file to be judged.
type sample struct {
	path string
	size int64
}

// write fills a new file, so many bytes at a time, until there are enough.
func write(dir string, chunk int, enough func(n int64) bool, fill func(p []byte) error) (s sample, err error) {
	file, err := os.CreateTemp(dir, "")
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	s.path = file.Name()
	buf := make([]byte, chunk)
	for !enough(s.size) {
		if err := fill(buf); err != nil {
			return s, err
		}
		n, err := file.Write(buf)
		if s.size += int64(n); err != nil {
			return s, err
		}
	}
	return s, nil
}
