package entropy

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"

	"onetimechat/firmware/entropy/entropytest"
)

func TestDrawGivesWhatTheReferenceExtracts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const seed = 1
		w := NewWell(entropytest.Good(seed))
		got := make([]byte, 1000)
		// Not in steps of blocks: what is left of one is kept.
		for rest := got; len(rest) > 0; {
			n := min(len(rest), 37)
			if err := w.Draw(t.Context(), rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		in := make([]byte, startUp+5*BlockSize)
		if err := entropytest.Good(seed).Read(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		var want []byte
		for block := in[startUp:]; len(block) > 0; block = block[BlockSize:] {
			want = append(want, slowly(32, block[:BlockSize])...)
		}
		if !bytes.Equal(got, want[:len(got)]) {
			t.Errorf("got %x\nwant %x", got, want[:len(got)])
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAStuckSourceStopsAWellUntilRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := entropytest.Good(1)
		s.Stick()
		w := NewWell(s)
		p := make([]byte, 1000)
		if err := w.Draw(t.Context(), p); !errors.Is(err, ErrStopped) || !errors.Is(err, ErrStuck) {
			t.Error(err)
		}
		s.Heal()
		w.Restart()
		if err := w.Draw(t.Context(), p); err != nil {
			t.Error(err)
		}
	})
}
