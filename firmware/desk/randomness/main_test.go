package main

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"onetimechat/firmware/entropy"
)

// What the tools print was recorded from Debian 12's, and shortened.

func TestRngtestIsReadAsItPrints(t *testing.T) {
	print := func(good, bad int) string {
		return fmt.Sprintf(`rngtest: starting FIPS tests...
rngtest: entropy source drained
rngtest: bits received from input: 24000000
rngtest: FIPS 140-2 successes: %d
rngtest: FIPS 140-2 failures: %d
rngtest: FIPS 140-2(2001-10-10) Monobit: 0
rngtest: FIPS 140-2(2001-10-10) Long run: 1
`, good, bad)
	}
	for _, c := range []struct {
		good, bad int
		wrong     bool
	}{{39_967, 32, false}, {39_940, 59, false}, {39_899, 100, true}, {0, 39_999, true}, {24, 0, false}, {24, 3, false}, {20, 7, true}} {
		v, err := readRngtest(print(c.good, c.bad))
		if err != nil || v.wrong != c.wrong {
			t.Errorf("%d of %d fail: %+v, %v", c.bad, c.good+c.bad, v, err)
		}
	}
	for _, out := range []string{"", "rngtest: entropy source drained\n", print(0, 0)} {
		if v, err := readRngtest(out); err == nil {
			t.Errorf("%q is taken for %+v", out, v)
		}
	}
}

func TestEntIsReadAsItPrints(t *testing.T) {
	const head = "0,File-bytes,Entropy,Chi-square,Mean,Monte-Carlo-Pi,Serial-Correlation\n"
	for line, wrong := range map[string]bool{
		"1,10000000,7.999982,254.491085,127.506536,3.142328,-0.000291\n": false,
		"1,100000000,6.979383,254897855.9,74.6965,4.000000,0.000089\n":   true,
		"1,100000000,7.999998,266.1,127.5012,3.141,0.008835\n":           true, // neighbours
		"1,100000000,7.999998,266.1,127.6,3.141,0.000035\n":              true, // mean
		"1,100000000,8.000000,0.010000,127.5,3.141,0.000035\n":           true, // too even
		"1,100000000,7.999997,402.000000,127.500000,3.141000,0.000035\n": true, // chi square
		"1,100000,7.998200,254.491085,127.900000,3.141000,-0.010000\n":   false,
	} {
		if v, err := readEnt(head + line); err != nil || v.wrong != wrong {
			t.Errorf("%s%+v, %v", line, v, err)
		}
	}
	for _, out := range []string{"", head, head + "1,2,3\n", "Cannot open file\n"} {
		if v, err := readEnt(out); err == nil {
			t.Errorf("%q is taken for %+v", out, v)
		}
	}
}

func TestDieharderIsReadAsItPrints(t *testing.T) {
	const head = `#=============================================================================#
#            dieharder version 3.31.1 Copyright 2003 Robert G. Brown          #
#=============================================================================#
   rng_name    |rands/second|   Seed   |
stdin_input_raw|  5.01e+07  |1355160599|
#=============================================================================#
        test_name   |ntup| tsamples |psamples|  p-value |Assessment
#=============================================================================#
`
	var a assessments
	for _, out := range []string{
		head + "         sts_monobit|   1|    100000|     100|0.38618277|  PASSED  \n",
		head + "        diehard_runs|   0|    100000|     100|0.99900000|   WEAK   \n" +
			"        diehard_runs|   0|    100000|     100|0.20000000|  PASSED  \n",
	} {
		if err := a.read(out); err != nil {
			t.Error(err)
		}
	}
	if v := a.verdict(); v.wrong || v.text != "2 passed, 1 weak, 0 failed" {
		t.Errorf("%+v", v)
	}
	failed := "        diehard_runs|   0|    100000|     100|0.00000000|  FAILED  \n"
	if err := a.read(head + failed + failed); err != nil {
		t.Error(err)
	}
	if v := a.verdict(); !v.wrong || v.text != "2 passed, 1 weak, 2 failed: diehard_runs" {
		t.Errorf("%+v", v)
	}
	// It exits with 0 after this, too.
	for _, out := range []string{"", head, "# stdin_input_raw(): Error: EOF\n"} {
		if err := a.read(out); err == nil {
			t.Errorf("%q is taken for a verdict", out)
		}
	}
}

func TestNoTestReadsMoreThanThereIs(t *testing.T) {
	for _, test := range tests {
		if test.megabytes > 100 {
			t.Errorf("%v reads %d MB", test.args, test.megabytes)
		}
	}
}

// The simulated sources pass the health tests, and their bits are as likely as
// their credit says.
func TestSimulatedSourcesAreAsGoodAsTheirCredit(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for _, simulate := range simulated {
		s := simulate(seed)
		w := entropy.NewWell(s)
		if err := w.Draw(t.Context(), make([]byte, 100_000)); err != nil {
			t.Errorf("%s: %v", s.about.Name, err)
		}
	}
	for name, s := range map[string]*source{"biased": biased(seed), "correlated": correlated(seed)} {
		p := make([]byte, 1<<20)
		if err := s.Read(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		// As text, so that neighbours are easily compared.
		var text strings.Builder
		for _, b := range p[:1<<17] {
			fmt.Fprintf(&text, "%08b", b)
		}
		n := float64(text.Len())
		likely := float64(strings.Count(text.String(), "0"))
		if name == "correlated" {
			likely = 0
			for i := 1; i < text.Len(); i++ {
				if text.String()[i] == text.String()[i-1] {
					likely++
				}
			}
		}
		if off := math.Abs(likely - n*likelier); off > 6*math.Sqrt(n*likelier*(1-likelier)) {
			t.Errorf("%s: the likelier comes with %.5f, not %.5f", name, likely/n, likelier)
		}
	}
}
