package prefixsum_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"

	"onetimechat/padstore/prefixsum"
)

// Whatever a text has in common with those before it, and wherever it differs: its sum
// is that of crypto/sha256.
func TestSumsAreThoseOfTheWholeText(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		var s prefixsum.Sum
		text := make([]byte, rng.IntN(600))
		for range 100 {
			end := make([]byte, rng.IntN(3)*rng.IntN(100))
			if got, want := s.Of(text, end), sha256.Sum256(append(bytes.Clone(text), end...)); got != want {
				t.Fatalf("%d and %d bytes: %x, not %x", len(text), len(end), got, want)
			}
			switch rng.IntN(4) {
			case 0: // longer or shorter
				text = append(text[:rng.IntN(len(text)+1)], make([]byte, rng.IntN(150))...)
			case 1: // the same again
			default: // a byte near its end is another
				if n := len(text); n > 0 {
					text[n-1-rng.IntN(min(n, 1+rng.IntN(200)))]++
				}
			}
		}
	}
}

// BenchmarkOf shows what a text with the beginning of the one before costs.
func BenchmarkOf(b *testing.B) {
	for _, size := range []int{400, 2600} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var s prefixsum.Sum
			text := make([]byte, size)
			for b.Loop() {
				text[size-100]++
				s.Of(text, nil)
			}
		})
	}
}
