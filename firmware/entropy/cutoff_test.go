package entropy

import (
	"math/big"
	"testing"

	"onetimechat/hal/noise"
)

// The table was made by a separate program with 120 decimal digits, summing
// each distribution from its thick end.
func TestCutoffsAreTheGoldenOnes(t *testing.T) {
	for _, c := range []struct {
		sampleBits             int
		credit                 noise.Credit
		alpha                  int
		repetition, proportion int
	}{
		{1, 5, 12, 155, 994},
		{1, 8, 12, 97, 969},
		{1, 16, 12, 49, 902},
		{1, 20, 12, 40, 869},
		{1, 27, 12, 30, 813},
		{1, 32, 12, 25, 775},
		{8, 5, 12, 21, 370},
		{8, 8, 12, 13, 296},
		{8, 16, 12, 7, 164},
		{8, 20, 12, 6, 123},
		{8, 27, 12, 5, 75},
		{8, 32, 12, 4, 54},
		{1, 5, 20, 257, 1002},
		{1, 8, 20, 161, 979},
		{1, 16, 20, 81, 915},
		{1, 20, 20, 65, 884},
		{1, 27, 20, 49, 830},
		{1, 32, 20, 41, 793},
		{8, 5, 20, 33, 383},
		{8, 8, 20, 21, 311},
		{8, 16, 20, 11, 177},
		{8, 20, 20, 9, 135},
		{8, 27, 20, 7, 85},
		{8, 32, 20, 6, 62},
		{1, 5, 30, 385, 1008},
		{1, 8, 30, 241, 988},
		{1, 16, 30, 121, 928},
		{1, 20, 30, 97, 898},
		{1, 27, 30, 73, 846},
		{1, 32, 30, 61, 810},
		{8, 5, 30, 49, 396},
		{8, 8, 30, 31, 325},
		{8, 16, 30, 16, 190},
		{8, 20, 30, 13, 147},
		{8, 27, 30, 10, 95},
		{8, 32, 30, 9, 71},
		{1, 5, 40, 513, 1013},
		{1, 8, 40, 321, 995},
		{1, 16, 40, 161, 938},
		{1, 20, 40, 129, 909},
		{1, 27, 40, 96, 859},
		{1, 32, 40, 81, 824},
		{8, 5, 40, 65, 406},
		{8, 8, 40, 41, 336},
		{8, 16, 40, 21, 201},
		{8, 20, 40, 17, 157},
		{8, 27, 40, 13, 103},
		{8, 32, 40, 11, 78},
	} {
		window := windowOf(c.sampleBits)
		if got := repetitionCutoff(c.sampleBits, c.credit, c.alpha); got != c.repetition {
			t.Errorf("%d-bit samples, credit %d, 2^-%d: repetition count %d, want %d", c.sampleBits, c.credit, c.alpha, got, c.repetition)
		}
		if got := proportionCutoff(window, c.sampleBits, c.credit, c.alpha); got != c.proportion {
			t.Errorf("%d-bit samples, credit %d, 2^-%d: adaptive proportion %d, want %d", c.sampleBits, c.credit, c.alpha, got, c.proportion)
		}
	}
}

// Figures that others give, for a whole bit in a sample.
func TestCutoffsAreThoseOfOthers(t *testing.T) {
	const whole = 64
	for _, c := range []struct{ window, alpha, want int }{
		{1024, 20, 589}, // SP 800-90B's choice of window for bits
		{512, 30, 325},  // jitterentropy 3
	} {
		if got := proportionCutoff(c.window, 1, whole, c.alpha); got != c.want {
			t.Errorf("window %d, 2^-%d: %d, want %d", c.window, c.alpha, got, c.want)
		}
	}
	if got := repetitionCutoff(1, whole, 30); got != 31 {
		t.Errorf("31 equal bits in a row are too many, not %d", got)
	}
}

func windowOf(sampleBits int) int {
	if sampleBits == 1 {
		return bitWindow
	}
	return byteWindow
}

// For every credit the tail at the cutoff is summed without any rounding, for
// a fraction just above the true probability, and one sample lower for a
// fraction just below it.
func TestCutoffsAreExact(t *testing.T) {
	for _, sampleBits := range []int{1, 8} {
		window := windowOf(sampleBits)
		for credit := lowestCredit; credit <= noise.MaxCredit; credit++ {
			low := below(sampleBits * int(credit))
			high := new(big.Int).Add(low, big.NewInt(1))
			for _, alpha := range []int{12, alpha} {
				c := proportionCutoff(window, sampleBits, credit, alpha)
				if !rare(high, window, c, alpha) {
					t.Errorf("%d-bit samples, credit %d, 2^-%d: %d comes too often by chance", sampleBits, credit, alpha, c)
				}
				if rare(low, window, c-1, alpha) {
					t.Errorf("%d-bit samples, credit %d, 2^-%d: %d would do", sampleBits, credit, alpha, c-1)
				}
			}
		}
	}
}

const fractionBits = 60

// below is the largest n for which n / 2^fractionBits is at most 2^(-e/64).
func below(e int) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), uint(64*fractionBits-e))
	for range 6 {
		n.Sqrt(n) // rounds down, six times down to the 64th root
	}
	return n
}

// rare says whether at least c of window trials hit with probability at most
// 2^-alpha, when each does with p / 2^fractionBits: whole numbers all along.
func rare(p *big.Int, window, c, alpha int) bool {
	miss := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), fractionBits), p)
	tail, power, term := new(big.Int), big.NewInt(1), new(big.Int)
	choose := new(big.Int).Binomial(int64(window), int64(c))
	for k := c; k <= window; k++ { // the sum of choose(window, k) p^(k-c) miss^(window-k)
		tail.Add(tail.Mul(tail, miss), term.Mul(choose, power))
		power.Mul(power, p)
		choose.Mul(choose, big.NewInt(int64(window-k)))
		choose.Quo(choose, big.NewInt(int64(k+1)))
	}
	tail.Mul(tail, term.Exp(p, big.NewInt(int64(c)), nil))
	most := new(big.Int).Lsh(big.NewInt(1), uint(fractionBits*window-alpha))
	return tail.Cmp(most) <= 0
}
