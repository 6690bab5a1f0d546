package entropy

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"

	"onetimechat/hal/noise"
)

// digitsOfPi are the binary digits after the point, each in a byte.
func digitsOfPi() []byte {
	packed, err := hex.DecodeString(piDigits)
	if err != nil {
		panic(err)
	}
	return samplesOf(packed, 1)
}

// slowly multiplies one block bit by bit, as the package comment says.
func slowly(credit noise.Credit, block []byte) []byte {
	m := 64*int(credit) - 256
	digits := digitsOfPi()
	bits := samplesOf(block, 1)
	out := make([]byte, m/8)
	for i := range m {
		var y byte
		for j, x := range bits {
			y ^= digits[i-j+4095] & x
		}
		out[i/8] |= y << (7 - i%8)
	}
	return out
}

func extract(t *testing.T, credit noise.Credit, noise []byte) []byte {
	t.Helper()
	e, err := NewExtractor(credit)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, len(noise)/BlockSize*e.Size())
	e.Extract(out, noise)
	return out
}

func TestExtractorIsTheSlowReference(t *testing.T) {
	_, seed := newRand(t)
	for credit := lowestCredit; credit <= noise.MaxCredit; credit += 3 {
		block := goodNoise(t, seed+uint64(credit), 8, BlockSize)
		if got, want := extract(t, credit, block), slowly(credit, block); !bytes.Equal(got, want) {
			t.Errorf("credit %d: got %x, want %x", credit, got, want)
		}
	}
}

// Every entry of the matrix, from blocks of one bit each.
func TestEachBitOfABlockGivesItsColumn(t *testing.T) {
	for _, credit := range []noise.Credit{lowestCredit, 19, noise.MaxCredit} {
		e, err := NewExtractor(credit)
		if err != nil {
			t.Fatal(err)
		}
		in := make([]byte, lanes*BlockSize)
		out := make([]byte, lanes*e.Size())
		want := make([]byte, e.Size())
		digits := digitsOfPi()
		for first := 0; first < blockBits; first += lanes {
			clear(in)
			for b := range lanes {
				j := first + b
				in[b*BlockSize+j/8] = 0x80 >> (j % 8)
			}
			e.Extract(out, in)
			for b := range lanes {
				clear(want)
				for i := range 8 * len(want) {
					want[i/8] |= digits[i-(first+b)+4095] << (7 - i%8)
				}
				if !bytes.Equal(out[b*len(want):][:len(want)], want) {
					t.Fatalf("credit %d: the column of bit %d is wrong", credit, first+b)
				}
			}
		}
	}
}

// Whatever blocks are extracted together, and however many.
func TestBlocksAreExtractedEachForItself(t *testing.T) {
	r, seed := newRand(t)
	const credit = 20
	in := goodNoise(t, seed, 8, 70*BlockSize)
	var want []byte
	for b := 0; b < len(in); b += BlockSize {
		want = append(want, extract(t, credit, in[b:][:BlockSize])...)
	}
	e, err := NewExtractor(credit)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		from := r.IntN(70)
		n := r.IntN(70 - from)
		got := make([]byte, n*e.Size())
		e.Extract(got, in[from*BlockSize:][:n*BlockSize])
		if !bytes.Equal(got, want[from*e.Size():][:len(got)]) {
			t.Errorf("%d blocks from %d on differ", n, from)
		}
	}
	if !bytes.Equal(in, goodNoise(t, seed, 8, len(in))) {
		t.Error("the noise was changed")
	}
}

func TestExtractorIsLinear(t *testing.T) {
	_, seed := newRand(t)
	a, b := goodNoise(t, seed, 8, 100*BlockSize), goodNoise(t, seed+1, 1, 100*BlockSize)
	sum := make([]byte, len(a))
	for i := range sum {
		sum[i] = a[i] ^ b[i]
	}
	x, y, got := extract(t, 32, a), extract(t, 32, b), extract(t, 32, sum)
	for i := range got {
		if got[i] != x[i]^y[i] {
			t.Fatalf("byte %d is not that of a xor that of b", i)
		}
	}
}

func TestExtractorKnownAnswers(t *testing.T) {
	text, err := os.ReadFile("testdata/toeplitz.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name, Noise, Out string
		Credit           noise.Credit
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors) != 6 {
		t.Fatal(len(vectors), err)
	}
	for _, v := range vectors {
		block, err := hex.DecodeString(v.Noise)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(extract(t, v.Credit, block)); got != v.Out {
			t.Errorf("%s, credit %d: got %s, want %s", v.Name, v.Credit, got, v.Out)
		}
		if got := hex.EncodeToString(slowly(v.Credit, block)); got != v.Out {
			t.Errorf("%s, credit %d, slowly: got %s, want %s", v.Name, v.Credit, got, v.Out)
		}
	}
}

func TestExtractorKeepsNothing(t *testing.T) {
	e, err := NewExtractor(noise.MaxCredit)
	if err != nil {
		t.Fatal(err)
	}
	in := goodNoise(t, 1, 8, 3*BlockSize)
	e.Extract(make([]byte, 3*e.Size()), in)
	for _, words := range [][]uint64{e.in[:], e.out, e.tables[0][:], e.tables[together-1][:]} {
		for _, w := range words {
			if w != 0 {
				t.Fatal("noise is left")
			}
		}
	}
}

func TestExtractorRefusesCreditsAndSizes(t *testing.T) {
	for _, credit := range []noise.Credit{-1, 0, 4, 33, 64} {
		if e, err := NewExtractor(credit); e != nil || !errors.Is(err, ErrUnfit) {
			t.Errorf("credit %d: %v", credit, err)
		}
	}
	e, err := NewExtractor(noise.MaxCredit)
	if err != nil {
		t.Fatal(err)
	}
	if e.Size() != 224 {
		t.Errorf("%d bytes are extracted from a block", e.Size())
	}
	for _, c := range []struct{ out, in int }{{224, 511}, {224, 1024}, {223, 512}, {225, 512}, {224, 0}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d bytes were extracted from %d", c.out, c.in)
				}
			}()
			e.Extract(make([]byte, c.out), make([]byte, c.in))
		}()
	}
}

func BenchmarkExtract(b *testing.B) {
	for _, blocks := range []int{1, 64, 2048} {
		b.Run(fmt.Sprintf("%d blocks", blocks), func(b *testing.B) {
			e, err := NewExtractor(noise.MaxCredit)
			if err != nil {
				b.Fatal(err)
			}
			in := make([]byte, blocks*BlockSize)
			out := make([]byte, blocks*e.Size())
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				e.Extract(out, in)
			}
		})
	}
}
