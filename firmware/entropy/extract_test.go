package entropy

import (
	"bytes"
	"testing"

	"onetimechat/firmware/entropy/entropytest"
	"onetimechat/hal/noise"
)

// slowly multiplies one block bit by bit, as the package comment says.
func slowly(credit noise.Credit, block []byte) []byte {
	bit := func(b []byte, i int) byte { return b[i/8] >> (7 - i%8) & 1 }
	digits := make([]byte, 0, len(piDigits)/2)
	for i := 0; i < len(piDigits); i += 2 {
		digits = append(digits, hexDigit(piDigits[i])<<4|hexDigit(piDigits[i+1]))
	}
	out := make([]byte, (64*int(credit)-256)/8)
	for i := range 8 * len(out) {
		var y byte
		for j := range 4096 {
			y ^= bit(digits, i-j+4095) & bit(block, j)
		}
		out[i/8] |= y << (7 - i%8)
	}
	return out
}

func hexDigit(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

func TestExtractorIsTheSlowReference(t *testing.T) {
	source := entropytest.Good(1)
	for credit := lowestCredit; credit <= noise.MaxCredit; credit++ {
		e, err := NewExtractor(credit)
		if err != nil {
			t.Fatal(err)
		}
		blocks := 1 + int(credit)%3
		in := make([]byte, blocks*BlockSize)
		source.Read(t.Context(), in)
		out := make([]byte, blocks*e.Size())
		e.Extract(out, in)
		for b := range blocks {
			if want := slowly(credit, in[b*BlockSize:][:BlockSize]); !bytes.Equal(out[b*e.Size():][:e.Size()], want) {
				t.Errorf("credit %d, block %d: got %x, want %x", credit, b, out[b*e.Size():][:e.Size()], want)
			}
		}
	}
}

func BenchmarkExtract(b *testing.B) {
	for _, blocks := range []int{1, 64, 2048} {
		b.Run(string(rune('0'+len("x")))+"", func(b *testing.B) {
			e, _ := NewExtractor(noise.MaxCredit)
			in := make([]byte, blocks*BlockSize)
			out := make([]byte, blocks*e.Size())
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				e.Extract(out, in)
			}
		})
	}
}
