package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

// tests of dieharder that read at most 100 MB. From its standard input (-g 200)
// it never begins again at the start, where it would judge its own repetition,
// but gives no verdict when there is too little. A test that would read more
// by itself is told to repeat itself less often (-p).
var tests = []struct {
	megabytes int64 // that it reads, rounded up
	args      []string
}{
	{45, []string{"-d", "12"}},            // 3d spheres
	{47, []string{"-d", "11"}},            // minimum distance
	{50, []string{"-d", "10"}},            // parking lot
	{56, []string{"-d", "0"}},             // birthdays
	{66, []string{"-d", "8"}},             // ones in a stream
	{81, []string{"-d", "15"}},            // runs up and down
	{81, []string{"-d", "100"}},           // STS monobit
	{81, []string{"-d", "101"}},           // STS runs
	{81, []string{"-d", "102"}},           // STS serial
	{81, []string{"-d", "204"}},           // Kolmogorov-Smirnov
	{92, []string{"-d", "206"}},           // DCT
	{92, []string{"-d", "2", "-p", "10"}}, // ranks of 32x32 matrices
	{90, []string{"-d", "3", "-p", "14"}}, // ranks of 6x8 matrices
	{92, []string{"-d", "4", "-p", "18"}}, // bit stream
}

// askDieharder runs all tests for which there is enough. One of their p-values
// in 100 is weak by chance, one in a million fails.
func askDieharder(ctx context.Context, s sample) (verdict, error) {
	var found assessments
	for _, t := range tests {
		if t.megabytes*megabyte > s.size {
			continue
		}
		out, err := ask(ctx, s, "dieharder", append([]string{"-g", "200"}, t.args...)...)
		if err != nil {
			return verdict{}, err
		}
		if err := found.read(out); err != nil {
			return verdict{}, fmt.Errorf("%v: %w", t.args, err)
		}
	}
	if found == (assessments{}) {
		return verdict{}, fmt.Errorf("%w: %d bytes", errTooSmall, s.size)
	}
	return found.verdict(), nil
}

// assessments counts p-values, and names the tests of those that failed.
type assessments struct {
	passed, weak, failed int
	names                string
}

var assessment = regexp.MustCompile(`(?m)^ *(\S+)\| *\d+\|.*\| *(PASSED|WEAK|FAILED) *$`)

// read adds what one run of dieharder printed: at least one p-value, or it did
// not get to its end.
func (a *assessments) read(out string) error {
	found := assessment.FindAllStringSubmatch(out, -1)
	if len(found) == 0 || strings.Contains(out, "EOF") {
		return fmt.Errorf("no verdict in %q", out)
	}
	for _, m := range found {
		switch m[2] {
		case "PASSED":
			a.passed++
		case "WEAK":
			a.weak++
		default:
			a.failed++
			if name := " " + m[1]; !strings.HasSuffix(a.names, name) {
				a.names += name
			}
		}
	}
	return nil
}

func (a assessments) verdict() verdict {
	text := fmt.Sprintf("%d passed, %d weak, %d failed", a.passed, a.weak, a.failed)
	if a.failed > 0 {
		text += ":" + a.names
	}
	return verdict{text: text, wrong: a.failed > 0}
}
