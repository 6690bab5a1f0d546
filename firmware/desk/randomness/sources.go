package main

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"

	"onetimechat/hal/noise"
)

// source is simulated noise, exactly as good as its credit: half a bit of
// min-entropy in each bit, whatever came before.
type source struct {
	about noise.Description
	fill  func(p []byte)
}

func (s *source) Describe() noise.Description { return s.about }

func (s *source) Read(ctx context.Context, p []byte) error {
	s.fill(p)
	return ctx.Err()
}

func (s *source) Close() error { return nil }

// simulated makes the sources, each of a kind of its own.
var simulated = []func(seed uint64) *source{biased, correlated, humming}

// likelier is the probability of the likelier bit with half a bit of
// min-entropy.
const likelier = 1 / math.Sqrt2

// biased is bits that are 0 with probability 2^-1/2, as from a comparator
// whose threshold is off.
func biased(seed uint64) *source {
	r := rand.New(rand.NewPCG(seed, 1))
	return ofBits("biased", func() uint64 { return ^ones(r) })
}

// correlated is bits of which each is the one before with probability 2^-1/2,
// as from noise that is sampled too fast.
func correlated(seed uint64) *source {
	r := rand.New(rand.NewPCG(seed, 2))
	last := uint64(0)
	return ofBits("correlated", func() uint64 {
		word := ^ones(r) ^ last<<63 // a 1 where the bit turns
		for shift := 1; shift < 64; shift *= 2 {
			word ^= word >> shift
		}
		last = word & 1
		return word
	})
}

// humming is bytes of four random bits upon a slow wave, as from a converter
// near the mains.
func humming(seed uint64) *source {
	const period = 441 // samples
	r := rand.New(rand.NewPCG(seed, 3))
	var wave [period]byte
	for i := range wave {
		wave[i] = byte(120 + 100*math.Sin(2*math.Pi*float64(i)/period))
	}
	at := 0
	about := noise.Description{Name: "humming", Raw: true, SampleBits: 8, Credit: noise.MaxCredit}
	return &source{about, func(p []byte) {
		for i := range p {
			p[i] = wave[at] + byte(r.Uint32()>>28)
			at = (at + 1) % period
		}
	}}
}

// ofBits is a source of 1-bit samples, 64 at a time; what is left of a word is
// lost.
func ofBits(name string, next func() uint64) *source {
	about := noise.Description{Name: name, Raw: true, SampleBits: 1, Credit: noise.MaxCredit}
	return &source{about, func(p []byte) {
		for ; len(p) >= 8; p = p[8:] {
			binary.BigEndian.PutUint64(p, next())
		}
		if len(p) > 0 {
			copy(p, binary.BigEndian.AppendUint64(nil, next()))
		}
	}}
}

// ones is 64 bits, each 1 with probability likelier: where a random number is
// below it. Its binary digits are drawn one after the other, for all bits that
// are not decided yet.
func ones(r *rand.Rand) (word uint64) {
	const digits = 53 // of a float64
	threshold := uint64(math.Round(likelier * (1 << digits)))
	for digit, open := digits-1, ^uint64(0); digit >= 0 && open != 0; digit-- {
		random := r.Uint64()
		if threshold>>digit&1 == 1 {
			word |= open &^ random
			open &= random
		} else {
			open &^= random
		}
	}
	return word
}
