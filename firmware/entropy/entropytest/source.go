// Package entropytest simulates noise sources for tests: good ones, and ones
// that fail in every way that is known. Only tests and the desk's judge of
// randomness import it; nothing secret can be made of it.
//
// Start with Good. Become changes what a Source does while it runs, Heal makes
// it good again; the behaviours to choose from are in behaviour.go.
package entropytest

import (
	"context"
	"sync"
	"time"

	"onetimechat/hal/noise"
)

// Source is a simulated noise source. A test may change it while it is read.
type Source struct {
	about noise.Description
	good  Behaviour

	mu   sync.Mutex
	now  Behaviour        // nil until Read opens the source
	open func() Behaviour // nil: it does the same as before
}

// New makes a Source that does what good does.
func New(about noise.Description, good Behaviour) *Source {
	return &Source{about: about, good: good, now: good}
}

// Good is a fast source of 8-bit samples exactly at the largest credit: every
// byte is one of 16, each as likely, so half of its bits are random.
func Good(seed uint64) *Source {
	return New(noise.Description{Name: "simulated", Raw: true, SampleBits: 8, Credit: noise.MaxCredit}, Bytes(seed))
}

// Biased is a source of 1-bit samples exactly at the largest credit: each bit
// is 0 with probability 2^-1/2, whatever came before.
func Biased(seed uint64) *Source {
	return New(noise.Description{Name: "simulated, biased", Raw: true, SampleBits: 1, Credit: noise.MaxCredit}, Leaning(seed, halfBit))
}

// Correlated is a source of 1-bit samples exactly at the largest credit: each
// bit is the one before with probability 2^-1/2.
func Correlated(seed uint64) *Source {
	return New(noise.Description{Name: "simulated, correlated", Raw: true, SampleBits: 1, Credit: noise.MaxCredit}, Lingering(seed, halfBit))
}

// Describe implements noise.Source.
func (s *Source) Describe() noise.Description { return s.about }

// Read implements noise.Source.
func (s *Source) Read(ctx context.Context, p []byte) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.mu.Lock()
	if s.now == nil {
		s.now = s.open()
	}
	now := s.now
	s.mu.Unlock()
	err := now(ctx, p)
	if err != nil {
		_ = s.Close()
	}
	return err
}

// Close implements noise.Source.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil {
		s.now = nil
	}
	return nil
}

// Become changes what the source does from the next Read on.
func (s *Source) Become(b Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.open = b, nil
}

// BecomeAnew has it do what open makes, anew each time that it is opened: now,
// and after each failed Read and each Close.
func (s *Source) BecomeAnew(open func() Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.open = nil, open
}

// Heal makes the source good again.
func (s *Source) Heal() { s.Become(s.good) }

// Stick has it give the same byte over and over.
func (s *Source) Stick() { s.Become(Stuck(0)) }

// Fail has every Read fail with err.
func (s *Source) Fail(err error) { s.Become(Failing(err)) }

// Slow has it give good noise at so many bytes a second.
func (s *Source) Slow(rate int) {
	s.Become(func(ctx context.Context, p []byte) error {
		select {
		case <-time.After(time.Duration(len(p)) * time.Second / time.Duration(rate)):
			return s.good(ctx, p)
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}
