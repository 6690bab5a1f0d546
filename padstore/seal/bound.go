package seal

import (
	"math"
	"math/big"
)

// clampedBits is how many bits of r Poly1305 keeps.
const clampedBits = 106

// ForgeryBound is the probability, at most, that one forged package verifies
// in Unconditional: 8L/2^106, where L = ⌈(n+6)/16⌉ and n is the plain bytes of
// the forged package or of the honest one at its index, whichever are more.
// Tries add up. See the package comment for why. MaxPlain gives the worst
// case.
func ForgeryBound(n int) *big.Rat {
	return new(big.Rat).SetFrac(big.NewInt(8*blocks(n)), new(big.Int).Lsh(big.NewInt(1), clampedBits))
}

// ForgeryBoundLog2 is ForgeryBound's binary logarithm, as in 2^-87.
func ForgeryBoundLog2(n int) float64 {
	return math.Log2(float64(8*blocks(n))) - clampedBits
}

// blocks is L: the 16-byte blocks of index ‖ c that Poly1305 hashes.
func blocks(n int) int64 { return (IndexSize + int64(n) + CellSize - 1) / CellSize }
