package main

import (
	"hash/maphash"

	"onetimechat/firmware/entropy"
	"onetimechat/hal/noise"
)

// batch is the noise that is tested and extracted at a time, in bytes.
const batch = 1 << 20

// randomness tests and extracts noise in memory, beside a checksum of it: what
// any look at each byte costs at least.
func randomness() ([]figure, error) {
	samples := make([]byte, batch)
	scatter(samples, 1)
	seed := maphash.MakeSeed()
	limit := 1e3 * perSecond(batch, func() { maphash.Bytes(seed, samples) })
	health, err := entropy.NewHealth(8, noise.MaxCredit, 30)
	if err != nil {
		return nil, err
	}
	bits, err := entropy.NewHealth(1, noise.MaxCredit, 30)
	if err != nil {
		return nil, err
	}
	extractor, err := entropy.NewExtractor(noise.MaxCredit)
	if err != nil {
		return nil, err
	}
	out := make([]byte, batch/entropy.BlockSize*extractor.Size())
	var failed error
	test := func(h *entropy.Health) float64 {
		return 1e3 * perSecond(batch, func() {
			h.Reset() // else it is noticed that the same noise comes again
			if err := h.Test(samples); err != nil {
				failed = err
			}
		})
	}
	tested, testedBits := test(health), test(bits)
	extracted := 1e3 * perSecond(batch, func() { extractor.Extract(out, samples) })
	return []figure{
		figure{Name: "extract", Value: extracted, Unit: "MB/s"}.against(limit).goal("≥ 10 MB/s a core", extracted >= 10),
		figure{Name: "health-8bit", Value: tested, Unit: "MB/s"}.against(limit).goal("≥ 50 MB/s a core", tested >= 50),
		figure{Name: "health-1bit", Value: testedBits, Unit: "MB/s"}.against(limit).goal("none", true),
	}, failed
}

// scatter fills b with bytes that pass the health tests: a linear congruence
// that goes on from x, which is no randomness.
func scatter(b []byte, x uint64) uint64 {
	for i := range b {
		x = x*6364136223846793005 + 1442695040888963407
		b[i] = byte(x >> 56)
	}
	return x
}
