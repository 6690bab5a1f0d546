package padstore

import (
	"encoding/hex"
	"fmt"
)

const (
	noiseName = "noise.record"
	noiseSize = 32768 // maxStarts of the longest fit, which a test shows
	// maxStarts and maxStart are how many beginnings of noise are kept, and how
	// many bytes of each.
	maxStarts = 64
	maxStart  = 240
)

// openNoise opens what is known of how sources began. A damaged record begins
// anew: a source that begins as it did before is then found one start later.
func (s *Store) openNoise() (err error) {
	check := func(list []string) error { _, err := parseStarts(list); return err }
	s.noise, err = openExpendable(s.latch, noiseName, noiseSize, []string{}, check, func(error) {
		s.note(Entry{Kind: KindNoise, Text: "how noise sources began at earlier starts cannot be read any more"})
	})
	return err
}

func parseStarts(list []string) (starts [][]byte, err error) {
	for _, text := range list {
		start, err := hex.DecodeString(text)
		if err != nil || len(start) == 0 || len(start) > maxStart {
			return nil, fmt.Errorf("%w: not the beginning of noise", errRecord)
		}
		starts = append(starts, start)
	}
	if len(starts) > maxStarts {
		return nil, fmt.Errorf("%w: %d beginnings of noise", errRecord, len(starts))
	}
	return starts, nil
}

// NoiseStarts are how noise sources began, as KeepNoiseStarts kept it last.
func (s *Store) NoiseStarts() [][]byte {
	starts, _ := parseStarts(s.noise.now()) // checked when it was read
	return starts
}

// KeepNoiseStarts keeps how noise sources began: at most 64 stretches of at most
// 240 bytes, of which nothing was made. They are durable on return.
func (s *Store) KeepNoiseStarts(starts [][]byte) error {
	if err := s.Fault(); err != nil {
		return err
	}
	list := make([]string, len(starts))
	for i, start := range starts {
		list[i] = hex.EncodeToString(start)
	}
	if _, err := parseStarts(list); err != nil {
		return err
	}
	return s.faulted(s.noise.change(func(kept *[]string) { *kept = list }))
}
