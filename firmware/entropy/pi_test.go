package entropy

import (
	"encoding/hex"
	"math/big"
	"testing"
)

// Machin: pi = 16 arctan(1/5) - 4 arctan(1/239).
func TestTheSeedIsTheDigitsOfPi(t *testing.T) {
	const digits, spare uint = 4 * uint(len(piDigits)), 64 // the spare ones take the rounding
	pi := new(big.Int).Mul(arctan(5, digits+spare), big.NewInt(16))
	pi.Sub(pi, new(big.Int).Mul(arctan(239, digits+spare), big.NewInt(4)))
	three := new(big.Int).Lsh(big.NewInt(3), digits+spare)
	want := pi.Sub(pi, three).Rsh(pi, spare).FillBytes(make([]byte, digits/8))
	if got := piDigits; got != hex.EncodeToString(want) {
		t.Errorf("pi is not 3 and %s", got)
	}
	if most := uint(blockBits + 8*yield(32) - 1); most != 5887 || most > digits {
		t.Errorf("%d digits are needed, there are %d", most, digits)
	}
}

// arctan is 2^digits arctan(1/n): 1/n - 1/3n^3 + 1/5n^5 - …
func arctan(n int64, digits uint) *big.Int {
	power := new(big.Int).Lsh(big.NewInt(1), digits)
	power.Quo(power, big.NewInt(n))
	sum := new(big.Int)
	term := new(big.Int)
	for k := int64(1); power.Sign() != 0; k += 2 {
		term.Quo(power, big.NewInt(k))
		if k%4 == 1 {
			sum.Add(sum, term)
		} else {
			sum.Sub(sum, term)
		}
		power.Quo(power, big.NewInt(n*n))
	}
	return sum
}
