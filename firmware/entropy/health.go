package entropy

import (
	"fmt"

	"onetimechat/hal/noise"
)

// Health is the tests that noise must pass before anything is extracted from
// it: repetition count, adaptive proportion, and no recurrence. They go on
// from one batch to the next, and detect gross failures; they prove nothing.
// It is used by one goroutine at a time.
type Health struct {
	sampleBits int
	repetition repetition
	proportion proportion
	recurrence recurrence
}

// NewHealth makes tests for samples of 1 or 8 bits at a credit. Noise exactly at
// that fails them with probability 2^-alpha at each chance, or up to twice of
// it: at every sample that may begin a run, and at every window. ErrUnfit for
// another size of sample, or a credit from which nothing can be extracted.
func NewHealth(sampleBits int, credit noise.Credit, alpha int) (*Health, error) {
	if err := creditFault(credit); err != nil {
		return nil, err
	}
	window := byteWindow
	switch sampleBits {
	case 1:
		window = bitWindow
	case 8:
	default:
		return nil, fmt.Errorf("%w: its samples have %d bits, not 1 or 8", ErrUnfit, sampleBits)
	}
	return &Health{
		sampleBits: sampleBits,
		repetition: repetition{cutoff: repetitionCutoff(sampleBits, credit, alpha)},
		proportion: proportion{cutoff: proportionCutoff(window, sampleBits, credit, alpha)},
		recurrence: newRecurrence(credit),
	}, nil
}

// Test says what is wrong with noise, which must be whole blocks: ErrStuck or
// ErrBiased, by the test that notices first, or nil. After an error it has
// forgotten everything, and begins anew.
func (h *Health) Test(noise []byte) error {
	if len(noise)%BlockSize != 0 {
		panic(fmt.Sprintf("entropy: testing %d bytes", len(noise)))
	}
	err := h.test(noise)
	if err != nil {
		h.Reset()
	}
	return err
}

func (h *Health) test(noise []byte) error {
	// About a window at a time, so that the error is of what came first.
	const piece = bitWindow / 8
	for rest := noise; len(rest) > 0; rest = rest[piece:] {
		if !h.repeats(rest[:piece]) {
			return fmt.Errorf("%w: %d equal samples in a row", ErrStuck, h.repetition.cutoff)
		}
		if !h.leans(rest[:piece]) {
			return fmt.Errorf("%w: %d equal samples in a window", ErrBiased, h.proportion.cutoff)
		}
	}
	if !h.recurrence.test(noise) {
		return fmt.Errorf("%w: it was there before", ErrStuck)
	}
	return nil
}

func (h *Health) repeats(p []byte) bool {
	if h.sampleBits == 1 {
		return h.repetition.bits(p)
	}
	return h.repetition.bytes(p)
}

func (h *Health) leans(p []byte) bool {
	if h.sampleBits == 1 {
		return h.proportion.bits(p)
	}
	return h.proportion.bytes(p)
}

// Reset forgets all noise.
func (h *Health) Reset() {
	h.repetition = repetition{cutoff: h.repetition.cutoff}
	h.proportion = proportion{cutoff: h.proportion.cutoff}
	h.recurrence.wipe()
}
