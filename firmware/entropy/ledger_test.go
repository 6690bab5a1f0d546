package entropy

import (
	"errors"
	"math"
	"testing"

	"onetimechat/hal/noise"
)

func TestAccountOfAGigabyte(t *testing.T) {
	got := Account(noise.MaxCredit, 1e9)
	want := Balance{Blocks: 4464286, NoiseBits: 4464286 * 4096, Credited: 4464286 * 2048, Bound: -105.91}
	if math.Abs(got.Bound-want.Bound) > 0.005 {
		t.Errorf("it is 2^%.3f from uniform", got.Bound)
	}
	if got.Bound = want.Bound; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAccounts(t *testing.T) {
	for _, c := range []struct {
		credit noise.Credit
		bytes  int64
		blocks int64
		bound  float64
	}{
		{32, 0, 0, math.Inf(-1)},
		{32, 1, 1, -128},
		{32, 224, 1, -128},
		{32, 225, 2, -127},
		{5, 8, 1, -128},
		{5, 32, 4, -126},
		{20, 128 << 20, 1 << 20, -108},
	} {
		want := Balance{Blocks: c.blocks, NoiseBits: 4096 * c.blocks, Credited: 64 * int64(c.credit) * c.blocks, Bound: c.bound}
		if got := Account(c.credit, c.bytes); got != want {
			t.Errorf("%d bytes at credit %d: got %+v, want %+v", c.bytes, c.credit, got, want)
		}
	}
	// What another device tells may be nonsense.
	for _, credit := range []noise.Credit{math.MinInt, -1, 0, 4, 33, math.MaxInt} {
		if got := Account(credit, 1000); got != (Balance{}) {
			t.Errorf("credit %d: %+v", credit, got)
		}
	}
	if got := Account(32, math.MinInt64); got.Blocks != 0 || got.NoiseBits != 0 {
		t.Errorf("%+v", got)
	}
	if got := Account(5, math.MaxInt64); got.Blocks != 1<<60 || got.NoiseBits != math.MaxInt64 || got.Bound != -68 {
		t.Errorf("%+v", got)
	}
}

// At every credit exactly what the lemma allows leaves, and not a byte more.
func TestLedgerLetsNoMoreLeaveThanTheLemmaAllows(t *testing.T) {
	for credit := lowestCredit; credit <= noise.MaxCredit; credit++ {
		l := ledger{credit: credit}
		if err := l.leave(1); !errors.Is(err, errOverdrawn) {
			t.Errorf("credit %d, without noise: %v", credit, err)
		}
		for blocks := 1; blocks < 50; blocks += 7 {
			l.enter(7)
			for range 7 {
				if err := l.leave((64*int(credit) - 256) / 8); err != nil {
					t.Errorf("credit %d: %v", credit, err)
				}
			}
			if err := l.leave(1); !errors.Is(err, errOverdrawn) {
				t.Errorf("credit %d, after %d blocks: %v", credit, l.blocks, err)
			}
			if err := l.leave(-1); !errors.Is(err, errOverdrawn) {
				t.Errorf("credit %d: giving back: %v", credit, err)
			}
		}
	}
}
