package entropy

import "math"

// The estimators of SP 800-90B, 6.3.1 to 6.3.3: what min-entropy a sample of
// noise looks as if it had, for display. A low one is an alarm; a high one is
// no proof, as any cipher's output has it.

// z is the standard's 99.5 % quantile: estimates are at the low end of a
// confidence interval.
const z = 2.5758293035489008

// estimate is the lowest estimate of min-entropy per bit of p, in which
// samples have 1 or 8 bits; the latter are also taken as bits, the top one
// first.
func estimate(p []byte, sampleBits int) float64 {
	b := countBits(p)
	lowest := min(b.mostCommon(), b.markov(), collision(p))
	if sampleBits == 8 {
		lowest = min(lowest, mostCommonByte(p)/8)
	}
	return max(lowest, 0)
}

// mostCommonValue is the min-entropy of a sample, of which there are n and the
// most common value came count times (6.3.1).
func mostCommonValue(count, n int) float64 {
	share := float64(count) / float64(n)
	upper := min(share+z*math.Sqrt(share*(1-share)/float64(n-1)), 1)
	return -math.Log2(upper)
}

func mostCommonByte(p []byte) float64 {
	var counts [256]int
	most := 0
	for _, b := range p {
		counts[b]++
		most = max(most, counts[b])
	}
	return mostCommonValue(most, len(p))
}

// bitCounts is how often each bit came, and each pair of neighbours.
type bitCounts struct {
	single [2]int
	pair   [2][2]int
}

func bitAt(p []byte, i int) byte { return p[i/8] >> (7 - i%8) & 1 }

func countBits(p []byte) (c bitCounts) {
	last := bitAt(p, 0)
	c.single[last]++
	for i := 1; i < 8*len(p); i++ {
		bit := bitAt(p, i)
		c.single[bit]++
		c.pair[last][bit]++
		last = bit
	}
	return c
}

func (c bitCounts) mostCommon() float64 {
	return mostCommonValue(max(c.single[0], c.single[1]), c.single[0]+c.single[1])
}

// markov is the min-entropy per bit of the likeliest sequence of 128 bits from
// a source in which each bit depends on the one before (6.3.3).
func (c bitCounts) markov() float64 {
	const long = 128
	n := float64(c.single[0] + c.single[1])
	var begin [2]float64   // log2 of the probability of a bit
	var next [2][2]float64 // and of one after another
	for a := range 2 {
		begin[a] = math.Log2(float64(c.single[a]) / n)
		after := float64(max(c.pair[a][0]+c.pair[a][1], 1))
		for b := range 2 {
			next[a][b] = math.Log2(float64(c.pair[a][b]) / after)
		}
	}
	likeliest := math.Inf(-1)
	for a := range 2 {
		b := 1 - a
		likeliest = max(likeliest,
			begin[a]+(long-1)*next[a][a],
			begin[a]+next[a][b]+(long-2)*next[b][b],
			begin[a]+long/2*next[a][b]+(long/2-1)*next[b][a])
	}
	return min(-likeliest/long, 1)
}

// collision is the min-entropy per bit by how soon a bit comes that was there
// before: after two if they are equal, else after three (6.3.2). With
// probabilities p and q = 1 - p that is 2 + 2pq on average, to which the
// standard's formula comes down for bits.
func collision(p []byte) float64 {
	searches, threes := 0, 0
	for i := 0; i+2 < 8*len(p); searches++ {
		if bitAt(p, i) == bitAt(p, i+1) {
			i += 2
			continue
		}
		threes++
		i += 3
	}
	n, share := float64(searches), float64(threes)/float64(searches)
	deviation := math.Sqrt(share * (1 - share) * n / (n - 1))
	pq := max(share-z*deviation/math.Sqrt(n), 0) / 2
	if pq >= 0.25 {
		return 1
	}
	return -math.Log2((1 + math.Sqrt(1-4*pq)) / 2)
}
