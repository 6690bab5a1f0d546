package entropy

import "time"

const (
	// sampleSize is the noise that is estimated at a time, in bytes.
	sampleSize = 32 << 10
	// samplePause is between the beginnings of samples: estimating takes the
	// processor a while.
	samplePause = 10 * time.Second
)

// sample collects a bounded part of the recent noise, for estimates.
type sample struct {
	noise []byte
	begun time.Time
}

// add looks at tested noise now and then, and returns an estimate of
// min-entropy per bit when it has enough of it, else 0.
func (s *sample) add(noise []byte, sampleBits int) float64 {
	now := time.Now()
	if len(s.noise) == 0 {
		if !s.begun.IsZero() && now.Sub(s.begun) < samplePause {
			return 0
		}
		s.begun = now
		if s.noise == nil {
			s.noise = make([]byte, 0, sampleSize)
		}
	}
	s.noise = append(s.noise, noise[:min(len(noise), sampleSize-len(s.noise))]...)
	if len(s.noise) < sampleSize {
		return 0
	}
	defer s.wipe()
	return estimate(s.noise, sampleBits)
}

// wipe forgets the noise.
func (s *sample) wipe() {
	clear(s.noise)
	s.noise = s.noise[:0]
}
