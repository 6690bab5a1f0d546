package entropy

import (
	"context"
	"fmt"
	"sync"
	"time"

	"onetimechat/hal/noise"
)

const (
	// maxBatch is the noise that is tested and extracted from together, at the
	// most, in bytes.
	maxBatch = 1 << 20
	// batchTime is how long reading a batch takes, about, at the most.
	batchTime = 2 * time.Second
	// startUp is the noise of the start-up test, in bytes: 4096 samples or
	// more (SP 800-90B, 4.3, asks for 1024). Nothing is extracted from it.
	startUp = 4096
	// sound is the noise after which an earlier failure no longer counts as
	// one in a row, in bytes: so a source that fails again and again stops,
	// also when it is good in between.
	sound = 256 << 10
)

// spring is one source with its tests, its extractor and its ledger.
type spring struct {
	source    noise.Source
	begun     bool   // the start-up test is passed
	began     []byte // its noise, of which nothing is made, until it is judged
	starts    *starts
	health    *Health
	extractor *Extractor
	ledger    ledger
	sample    sample
	noise     []byte // room for a batch; zeros between batches
	made      []byte // extracted, not taken yet
	out       []byte // the room that made is in

	mu      sync.Mutex // guards what follows
	state   SourceState
	reading meter // noise
	making  meter // extracted bytes, with the time for all that is done
	gauge   gauge
	inRow   int // failures in a row
	since   int // noise since the last of them, in bytes
}

func newSpring(source noise.Source, starts *starts) *spring {
	return &spring{source: source, starts: starts, state: SourceState{Description: source.Describe()}}
}

// fill fills p with extracted bytes.
func (s *spring) fill(ctx context.Context, p []byte) error {
	if !s.begun {
		if err := s.begin(ctx); err != nil {
			return err
		}
	}
	for len(p) > 0 {
		if len(s.made) == 0 {
			if err := s.batch(ctx, len(p)); err != nil {
				return err
			}
		}
		n, err := s.take(p)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// take moves extracted bytes into p: the only way out of a spring.
func (s *spring) take(p []byte) (int, error) {
	n := min(len(p), len(s.made))
	if err := s.ledger.leave(n); err != nil {
		return 0, err
	}
	copy(p, s.made[:n])
	clear(s.made[:n])
	s.made = s.made[n:]
	return n, nil
}

// begin prepares for what the source says of itself, and does the start-up
// test.
func (s *spring) begin(ctx context.Context) error {
	about := s.source.Describe()
	if err := s.prepare(about); err != nil {
		return fmt.Errorf("%s: %w", about.Name, err)
	}
	s.mu.Lock()
	s.state.Description = about
	s.mu.Unlock()
	tested, err := s.read(ctx, startUp)
	if err != nil {
		return err
	}
	defer clear(tested)
	s.began = append(s.began[:0], tested...)
	s.begun = true
	return nil
}

// judgeBeginning judges how the source began, once something is to be made of it:
// if it begins so again, that would be made again.
func (s *spring) judgeBeginning() error {
	if len(s.began) == 0 {
		return nil
	}
	err := s.starts.judge(s.began, s.ledger.credit)
	if err != nil {
		return fmt.Errorf("%s: %w", s.source.Describe().Name, err)
	}
	clear(s.began)
	s.began = s.began[:0]
	return nil
}

func (s *spring) prepare(about noise.Description) (err error) {
	if s.extractor != nil && about.Credit == s.ledger.credit && about.SampleBits == s.health.sampleBits {
		s.health.Reset()
		return nil
	}
	if s.health, err = NewHealth(about.SampleBits, about.Credit, alpha); err != nil {
		return err
	}
	if s.extractor, err = NewExtractor(about.Credit); err != nil {
		return err
	}
	s.ledger = ledger{credit: about.Credit}
	return nil
}

// batch makes bytes: as many as are wanted, or those of the largest batch.
func (s *spring) batch(ctx context.Context, want int) error {
	start := time.Now()
	size := s.extractor.Size()
	blocks := min((want+size-1)/size, s.mostBlocks())
	tested, err := s.read(ctx, blocks*BlockSize)
	if err != nil {
		return err
	}
	defer clear(tested)
	if err := s.judgeBeginning(); err != nil {
		return err
	}
	s.ledger.enter(blocks)
	s.made = room(&s.out, blocks*size)
	s.extractor.Extract(s.made, tested)

	estimate := s.sample.add(tested, s.health.sampleBits)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.making.add(len(s.made), time.Since(start))
	if estimate > 0 {
		s.state.Estimate = estimate
	}
	s.state.Failed = nil
	s.state.Balance = balance(s.ledger.credit, s.ledger.blocks)
	if s.inRow > 0 {
		if s.since += len(tested); s.since >= sound {
			s.inRow = 0
		}
	}
	return nil
}

// mostBlocks is the size of the largest batch at the source's rate.
func (s *spring) mostBlocks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	bytes := maxBatch
	if s.reading.rate() > 0 {
		bytes = int(min(float64(bytes), s.reading.rate()*batchTime.Seconds()))
	}
	return max(bytes/BlockSize, 1)
}

// read reads and tests n bytes of noise. It is the caller's to clear; after an
// error nothing of it is left.
func (s *spring) read(ctx context.Context, n int) ([]byte, error) {
	p := room(&s.noise, n)
	if err := s.readTested(ctx, p); err != nil {
		clear(p)
		return nil, err
	}
	return p, nil
}

func (s *spring) readTested(ctx context.Context, p []byte) error {
	start := time.Now()
	if err := s.source.Read(ctx, p); err != nil {
		return err
	}
	took := time.Since(start)
	err := s.health.Test(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.reading.add(len(p), took)
		if s.begun { // what hardware had stored up before says nothing
			err = s.gauge.add(len(p), took)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.state.Name, err)
	}
	return nil
}

// room is n bytes of *p, which grows if it must and is wiped when it is left.
func room(p *[]byte, n int) []byte {
	if cap(*p) < n {
		clear((*p)[:cap(*p)])
		*p = make([]byte, n)
	}
	return (*p)[:n]
}

// wipe forgets all noise, and what was made of it, but how the source began: it goes
// on from there, unless it is the one that failed.
func (s *spring) wipe() {
	// What is wiped was made and never leaves: the ledger does not give it back.
	s.ledger.bytes += int64(len(s.made))
	clear(s.made)
	s.made = nil
	clear(s.noise[:cap(s.noise)])
	s.sample.wipe()
	if s.health != nil {
		s.health.Reset()
	}
}

// failed notes a failure: the source is opened again, and the next batch begins
// with a start-up test. One that begins as it did before does so each time then.
func (s *spring) failed(err error) {
	s.begun, s.began = false, s.began[:0]
	_ = s.source.Close() // it failed already, and says more when it is opened
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Failed = err
	s.state.Failures++
	s.inRow++
	s.since = 0
	s.reading, s.making = meter{}, meter{}
}

// restart forgets earlier failures, and how fast the source once was.
func (s *spring) restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inRow, s.gauge = 0, gauge{}
}

func (s *spring) failures() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inRow
}

// rate is how many bytes a second it makes, 0 while not known.
func (s *spring) rate() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.making.rate()
}

// report is a copy of the state.
func (s *spring) report() SourceState {
	s.mu.Lock()
	defer s.mu.Unlock()
	report := s.state
	report.Rate = s.reading.rate()
	return report
}
