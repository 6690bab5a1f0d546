package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// demand is what the judges must find.
type demand int

const (
	mustPass demand = iota // none may find it grossly wrong
	mustFail               // each must
	mayFail
)

// verdict is what a judge found: in its words, and whether that is grossly
// wrong, which uniform bytes are about once in a million runs.
type verdict struct {
	text  string
	wrong bool
}

// judges are the tools. Each refuses a sample that is too small for it with
// errTooSmall.
var judges = []struct {
	name string
	ask  func(ctx context.Context, s sample) (verdict, error)
}{
	{"rngtest", askRngtest},
	{"ent", askEnt},
	{"dieharder", askDieharder},
}

var errTooSmall = errors.New("there is too little")

// judge has all judges look at a sample, prints what they say, removes it, and
// returns what is not as it must be.
func judge(ctx context.Context, name string, s sample, must demand) error {
	var faults []error
	for _, j := range judges {
		began := time.Now()
		v, err := j.ask(ctx, s)
		if errors.Is(err, errTooSmall) {
			fmt.Printf("%-27s %-10s not asked: %v\n", name, j.name, err)
			continue
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %s: %w", name, j.name, err))
			continue
		}
		said := "passes"
		if v.wrong {
			said = "FAILS"
		}
		fmt.Printf("%-27s %-10s %s: %s (%.1f s)\n", name, j.name, said, v.text, time.Since(began).Seconds())
		if v.wrong && must == mustPass || !v.wrong && must == mustFail {
			faults = append(faults, fmt.Errorf("%s: %s says that it %s", name, j.name, said))
		}
	}
	return errors.Join(append(faults, os.Remove(s.path))...)
}

// ask runs a tool with the sample as its input, and returns all it prints. The
// tools' exit statuses are of no use: dieharder's is 0 whatever happens.
func ask(ctx context.Context, s sample, tool string, args ...string) (string, error) {
	file, err := os.Open(s.path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = file, &out, &out
	err = cmd.Run()
	if exit := (&exec.ExitError{}); errors.As(err, &exit) && exit.Exited() {
		err = nil
	}
	return out.String(), err
}

var fipsLine = regexp.MustCompile(`FIPS 140-2 (successes|failures): (\d+)`)

// askRngtest counts blocks of 2500 bytes that fail the tests of FIPS 140-2,
// of which good ones fail 8 in 10000.
func askRngtest(ctx context.Context, s sample) (verdict, error) {
	out, err := ask(ctx, s, "rngtest")
	if err != nil {
		return verdict{}, err
	}
	return readRngtest(out)
}

func readRngtest(out string) (v verdict, err error) {
	counts := map[string]float64{}
	for _, m := range fipsLine.FindAllStringSubmatch(out, -1) {
		if counts[m[1]], err = strconv.ParseFloat(m[2], 64); err != nil {
			return v, err
		}
	}
	failed, all := counts["failures"], counts["failures"]+counts["successes"]
	if all == 0 {
		return v, fmt.Errorf("no verdict in %q", out)
	}
	expected := 8e-4 * all
	return verdict{
		text:  fmt.Sprintf("%.0f of %.0f blocks fail FIPS 140-2, %.1f are expected to", failed, all, expected),
		wrong: failed > expected+5*math.Sqrt(expected)+3,
	}, nil
}

// askEnt looks at how often each byte comes, and at neighbours.
func askEnt(ctx context.Context, s sample) (verdict, error) {
	const least = 100_000 // bytes
	if s.size < least {
		return verdict{}, fmt.Errorf("%w: %d bytes", errTooSmall, s.size)
	}
	out, err := ask(ctx, s, "ent", "-t")
	if err != nil {
		return verdict{}, err
	}
	return readEnt(out)
}

func readEnt(out string) (v verdict, err error) {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	fields := strings.Split(lines[len(lines)-1], ",")
	if len(fields) != 7 {
		return v, fmt.Errorf("no verdict in %q", out)
	}
	var values [7]float64
	for i, f := range fields {
		if values[i], err = strconv.ParseFloat(f, 64); err != nil {
			return v, err
		}
	}
	n, bits, square, mean, neighbours := values[1], values[2], values[3], values[4], values[6]
	return verdict{
		text: fmt.Sprintf("%.6f bits a byte, chi square %.1f, mean %.4f, correlation %.6f", bits, square, mean, neighbours),
		// Chi square has 255 degrees of freedom: outside of these with 1e-7. A
		// byte has the standard deviation 73.9.
		wrong: square < 155 || square > 395 || math.Abs(mean-127.5) > 5*73.9/math.Sqrt(n) || math.Abs(neighbours) > 5/math.Sqrt(n),
	}, nil
}
