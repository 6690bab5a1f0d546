package entropytest

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"onetimechat/hal/noise"
)

// Behaviour fills p with noise, or fails, as noise.Source.Read does.
type Behaviour func(ctx context.Context, p []byte) error

// halfBit is the probability of the likelier bit when a bit holds half a bit
// of min-entropy.
const halfBit = 1 / math.Sqrt2

// Bytes gives each of 16 bytes with the same probability: four random bits,
// and the same four the other way round and inverted.
func Bytes(seed uint64) Behaviour {
	r := rand.New(rand.NewPCG(seed, 1))
	return func(_ context.Context, p []byte) error {
		for ; len(p) > 0; p = p[min(len(p), 16):] {
			spread(p[:min(len(p), 16)], r.Uint64())
		}
		return nil
	}
}

// spread makes bytes of four bits each. It is left out of what the race
// detector watches, or most of a test's time would go here.
//
//go:norace
func spread(p []byte, word uint64) {
	for i := range p {
		four := byte(word>>(4*i)) & 15
		p[i] = four<<4 | mirrored[four]
	}
}

// mirrored is each number of four bits, mirrored and inverted.
var mirrored = [16]byte{15, 7, 11, 3, 13, 5, 9, 1, 14, 6, 10, 2, 12, 4, 8, 0}

// Leaning gives bits that are 0 with a probability, whatever came before.
func Leaning(seed uint64, zero float64) Behaviour {
	r := rand.New(rand.NewPCG(seed, 2))
	return inWords(func() uint64 { return ^likely(r, zero) })
}

// Lingering gives bits that are the same as the one before with a probability.
func Lingering(seed uint64, same float64) Behaviour {
	r := rand.New(rand.NewPCG(seed, 3))
	last := uint64(0)
	return inWords(func() uint64 {
		word := ^likely(r, same) ^ last<<63
		for shift := 1; shift < 64; shift *= 2 {
			word ^= word >> shift
		}
		last = word & 1
		return word
	})
}

// likely is 64 bits, each 1 with probability p: where a random number is below
// p. Its binary digits are drawn one after the other, for all bits that are
// not decided yet.
func likely(r *rand.Rand, p float64) (word uint64) {
	const digits = 53 // of a float64
	rest := uint64(p * (1 << digits))
	for digit, open := digits-1, ^uint64(0); digit >= 0 && open != 0; digit-- {
		random := r.Uint64()
		if rest>>digit&1 == 1 {
			word |= open &^ random
			open &= random
		} else {
			open &^= random
		}
	}
	return word
}

// inWords keeps the bytes of a word that were not asked for.
func inWords(next func() uint64) Behaviour {
	var rest []byte
	return func(_ context.Context, p []byte) error {
		n := copy(p, rest)
		rest, p = rest[n:], p[n:]
		for ; len(p) >= 8; p = p[8:] {
			binary.BigEndian.PutUint64(p, next())
		}
		if len(p) > 0 {
			rest = binary.BigEndian.AppendUint64(nil, next())
			rest = rest[copy(p, rest):]
		}
		return nil
	}
}

// Stuck gives one byte over and over.
func Stuck(b byte) Behaviour {
	return func(_ context.Context, p []byte) error {
		for i := range p {
			p[i] = b
		}
		return nil
	}
}

// Periodic gives the first period bytes of another behaviour over and over.
func Periodic(period int, of Behaviour) Behaviour {
	var cycle []byte
	at := 0
	return func(ctx context.Context, p []byte) error {
		if cycle == nil {
			cycle = make([]byte, period)
			if err := of(ctx, cycle); err != nil {
				return err
			}
		}
		for i := range p {
			p[i] = cycle[at]
			at = (at + 1) % period
		}
		return nil
	}
}

// Gaps is another behaviour with n zeros in the middle of every run of every
// bytes.
func Gaps(every, n int, of Behaviour) Behaviour {
	at := 0
	return func(ctx context.Context, p []byte) error {
		if err := of(ctx, p); err != nil {
			return err
		}
		for i := range p {
			if at = (at + 1) % every; at >= every/2 && at < every/2+n {
				p[i] = 0
			}
		}
		return nil
	}
}

// Failing fails every time.
func Failing(err error) Behaviour {
	return func(context.Context, []byte) error { return fmt.Errorf("simulated: %w", err) }
}

// Ending is another behaviour for n bytes, and fails from then on: with
// noise.ErrMissing it was pulled out, with noise.ErrShort it was a recording.
// The Read that meets the end fills what there is left.
func Ending(n int, err error, of Behaviour) Behaviour {
	return func(ctx context.Context, p []byte) error {
		left := min(n, len(p))
		n -= left
		if other := of(ctx, p[:left]); other != nil || left == len(p) {
			return other
		}
		return fmt.Errorf("simulated: %w", err)
	}
}

// Silent gives nothing, and fails after a while, as sources do.
func Silent() Behaviour {
	return func(ctx context.Context, _ []byte) error {
		select {
		case <-time.After(2 * time.Second):
			return fmt.Errorf("simulated: %w", noise.ErrSilent)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
