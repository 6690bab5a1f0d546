package entropy

import (
	"bytes"
	"math"
	"testing"

	"onetimechat/firmware/entropy/entropytest"
)

// near checks an estimate: a little below the truth, as it is the low end of a
// confidence interval.
func near(t *testing.T, what string, got, truth, within float64) {
	t.Helper()
	if got < truth-within || got > truth+within/4 {
		t.Errorf("%s: %.4f, truly %.4f", what, got, truth)
	}
}

func read(t *testing.T, b entropytest.Behaviour, n int) []byte {
	t.Helper()
	p := make([]byte, n)
	if err := b(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEstimatesOfBitsThatLean(t *testing.T) {
	_, seed := newRand(t)
	for _, zero := range []float64{0.05, 0.25, 0.5, 0.6, math.Sqrt2 / 2, 0.9, 0.99} {
		p := read(t, entropytest.Leaning(seed, zero), 1<<17)
		truth := -math.Log2(max(zero, 1-zero))
		c := countBits(p)
		near(t, "most common value", c.mostCommon(), truth, 0.02)
		near(t, "Markov", c.markov(), truth, 0.02)
		near(t, "lowest", estimate(p, 1), truth, 0.15)
		// Near one half it hardly depends on the lean: there it is rough.
		rough := 0.02
		if zero == 0.5 {
			rough = 0.15
		}
		near(t, "collision", collision(p), truth, rough)
	}
}

func TestEstimatesOfBitsThatDependOnTheLast(t *testing.T) {
	_, seed := newRand(t)
	for _, same := range []float64{0.1, 0.3, 0.6, math.Sqrt2 / 2, 0.95} {
		p := read(t, entropytest.Lingering(seed, same), 1<<17)
		each := -math.Log2(max(same, 1-same))
		truth := (1 + 127*each) / 128 // the first of 128 bits depends on nothing
		c := countBits(p)
		near(t, "Markov", c.markov(), truth, 0.02)
		near(t, "most common value, which sees nothing of it", c.mostCommon(), 1, 0.03)
		if e := estimate(p, 1); e > c.markov() || e <= 0 {
			t.Errorf("lowest: %.4f", e)
		}
	}
}

func TestEstimatesOfBytes(t *testing.T) {
	_, seed := newRand(t)
	p := read(t, entropytest.Bytes(seed), 1<<17)
	near(t, "16 values", mostCommonByte(p), 4, 0.1)
	near(t, "16 values, lowest", estimate(p, 8), 0.5, 0.1)
	p = read(t, entropytest.Leaning(seed, 0.5), 1<<17)
	near(t, "256 values", mostCommonByte(p), 8, 0.5)
	near(t, "256 values, lowest", estimate(p, 8), 1, 0.15)
}

func TestEstimatesOfNoNoiseAtAll(t *testing.T) {
	for _, c := range []struct {
		name string
		p    []byte
	}{
		{"zeros", make([]byte, sampleSize)},
		{"ones", bytes.Repeat([]byte{0xff}, sampleSize)},
		{"turns", bytes.Repeat([]byte{0x55}, sampleSize)},
	} {
		for _, sampleBits := range []int{1, 8} {
			// Turns have one bit in 128, by the Markov estimate.
			if e := estimate(c.p, sampleBits); e < 0 || e > 1.0/128 {
				t.Errorf("%s, %d-bit samples: %.4f", c.name, sampleBits, e)
			}
		}
	}
}

// The example of SP 800-90B, 6.3.1: of 20 samples the most common value is 8.
func TestMostCommonValueOfTheStandardsExample(t *testing.T) {
	if got := mostCommonValue(8, 20); math.Abs(got-0.5363) > 0.0001 {
		t.Errorf("got %.4f", got)
	}
}

// The Markov estimate by the standard's table of six sequences, with counts by
// hand: 0011 0100, of which 0 comes 5 times; after it 0 twice and 1 twice,
// after 1 0 twice and 1 once.
func TestMarkovOfAShortSequence(t *testing.T) {
	c := countBits([]byte{0b00110100})
	if c != (bitCounts{single: [2]int{5, 3}, pair: [2][2]int{{2, 2}, {2, 1}}}) {
		t.Errorf("%+v", c)
	}
	log := func(first, a, b float64, timesA, timesB int) float64 {
		return math.Log2(first) + float64(timesA)*math.Log2(a) + float64(timesB)*math.Log2(b)
	}
	const p0, p1, p00, p01, p10, p11 = 5.0 / 8, 3.0 / 8, 1.0 / 2, 1.0 / 2, 2.0 / 3, 1.0 / 3
	likeliest := max(
		log(p0, p00, 1, 127, 0), log(p0, p01, p10, 64, 63), log(p0, p01, p11, 1, 126),
		log(p1, p10, p00, 1, 126), log(p1, p10, p01, 64, 63), log(p1, p11, 1, 127, 0))
	if got := c.markov(); math.Abs(got+likeliest/128) > 1e-9 {
		t.Errorf("got %.6f, want %.6f", got, -likeliest/128)
	}
}

// The standard's formula for the mean of a collision search (6.3.2, step 7),
// with its incomplete gamma function written out, is 2 + 2pq.
func TestTheCollisionFormulaComesDownToTwoTerms(t *testing.T) {
	for p := 0.5; p < 1; p += 0.01 {
		q := 1 - p
		z := 1 / q
		gamma := (z*z + 2*z + 2) * math.Exp(-z) // of 3 and z
		f := gamma * math.Pow(z, -3) * math.Exp(z)
		mean := p/(q*q)*(1+(1/p-1/q)/2)*f - p/q*(1/p-1/q)/2
		if math.Abs(mean-(2+2*p*q)) > 1e-9 {
			t.Errorf("p = %.2f: %.9f, not %.9f", p, mean, 2+2*p*q)
		}
	}
}

func BenchmarkEstimate(b *testing.B) {
	p := make([]byte, sampleSize)
	b.SetBytes(sampleSize)
	for b.Loop() {
		estimate(p, 8)
	}
}
