package entropy

import (
	"math/big"

	"onetimechat/hal/noise"
)

// alpha is how rarely good noise fails a health test, as an exponent: 2^-30 at
// each of its chances (SP 800-90B, 4.4, recommends 2^-20 to 2^-40).
const alpha = 30

// precision of the sums below, in bits. Each of their at most 1024 steps loses
// one or two of these; a cutoff would need about 40 to be told from the next.
const precision = 256

// repetitionCutoff is how many equal samples in a row are too many: with
// min-entropy H a sample, 1 + ceil(alpha / H) (SP 800-90B, 4.4.1).
func repetitionCutoff(sampleBits int, credit noise.Credit, alpha int) int {
	entropy := sampleBits * int(credit) // in 64ths of a bit
	return 1 + (64*alpha+entropy-1)/entropy
}

// proportionCutoff is how many equal samples in a window are too many: the
// smallest C with P(X >= C) <= 2^-alpha, where X counts the hits of as many
// trials as the window has samples, each with probability 2^-H (SP 800-90B,
// 4.4.2: 1 + critbinom(W, 2^-H, 1 - alpha)). The tail is summed from its thin
// end, where all terms are positive and none is rounded away.
func proportionCutoff(window, sampleBits int, credit noise.Credit, alpha int) int {
	hit := likeliest(sampleBits, credit)
	ratio := float(1)
	ratio.Sub(ratio, hit).Quo(ratio, hit) // of a miss to a hit
	term := float(1)
	for range window {
		term.Mul(term, hit)
	}
	most := new(big.Float).SetMantExp(float(1), -alpha)
	tail := float(0)
	for k := window; k > 0; k-- {
		if tail.Add(tail, term).Cmp(most) > 0 {
			return k + 1
		}
		// From k hits to k-1: W over k becomes W over k-1.
		term.Mul(term, ratio).Mul(term, float(k)).Quo(term, float(window-k+1))
	}
	return 1
}

// likeliest is the probability of the likeliest sample, 2^-H.
func likeliest(sampleBits int, credit noise.Credit) *big.Float {
	root := new(big.Float).SetMantExp(float(1), -1)
	for range 6 { // the 64th root of one half
		root.Sqrt(root)
	}
	p := float(1)
	for range sampleBits * int(credit) {
		p.Mul(p, root)
	}
	return p
}

func float(n int) *big.Float { return new(big.Float).SetPrec(precision).SetInt64(int64(n)) }
