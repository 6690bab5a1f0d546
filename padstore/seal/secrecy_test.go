package seal_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"onetimechat/padstore/seal"
)

// Whoever sees a package learns nothing of its text but its bucket: for every
// text of that bucket, and every hash key, there is exactly one segment with
// which the package is that text's, and all segments are as likely.
func TestAPackageMayHoldAnyText(t *testing.T) {
	const bucket, index = 64, 4096
	texts := []string{"", "yes", "no", "Meet me at noon.", "Meet me never.", strings.Repeat("x", bucket-2), "💣 in the café", "\x00\x00\x00"}
	noise := func(what string, n int) (b []byte) {
		for i := range (n + 31) / 32 {
			sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", what, i))
			b = append(b, sum[:]...)
		}
		return b[:n]
	}
	for _, text := range texts {
		pkg := slowSeal(seal.Unconditional, noise("key", 16), index, noise(text, 16+bucket), slowFrame(1, text, bucket))
		signed, tag := pkg[:len(pkg)-16], pkg[len(pkg)-16:]
		for _, other := range texts {
			cell := noise("another key "+other, 16)
			// The one mask that makes the tag, and the one text part.
			unmasked := slowPoly1305(cell, make([]byte, 16), signed)
			mask := lowBytes(new(big.Int).Sub(littleEndian(tag), littleEndian(unmasked)), 16)
			segment := slices.Concat(mask, slowXOR(signed[seal.IndexSize:], slowFrame(1, other, bucket)))
			key, err := seal.NewHashKey(cell)
			if err != nil {
				t.Fatal(err)
			}
			plain := seal.Unconditional.Encode(other, bucket)
			if again, err := seal.Unconditional.Seal(key, index, seal.NewSegment(segment), plain); err != nil || !bytes.Equal(again, pkg) {
				t.Errorf("the package of %q cannot be that of %q: %v", text, other, err)
			}
		}
	}
}
