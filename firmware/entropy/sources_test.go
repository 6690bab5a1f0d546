package entropy

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"onetimechat/firmware/entropy/entropytest"
	"onetimechat/hal/noise"
)

func TestSourcesAreExtractedEachForItselfAndXored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alone := func(s *entropytest.Source) []byte { return mustDraw(t, NewWell(s), 300_000) }
		low := entropytest.New(noise.Description{SampleBits: 1, Credit: 12}, entropytest.Leaning(7, 0.75))
		x, y, z := alone(entropytest.Good(5)), alone(entropytest.Biased(6)), alone(low)
		low = entropytest.New(low.Describe(), entropytest.Leaning(7, 0.75))
		w := NewWell(entropytest.Good(5), entropytest.Biased(6), low)
		var got []byte
		for _, n := range []int{1, 300, 299_699} {
			got = append(got, mustDraw(t, w, n)...)
		}
		for i := range got {
			if got[i] != x[i]^y[i]^z[i] {
				t.Fatalf("byte %d is not the xor", i)
			}
		}
		for i, credit := range []noise.Credit{32, 32, 12} {
			if state := w.State()[i]; state.Balance != Account(credit, int64(len(got))) {
				t.Errorf("source %d: %+v", i, state.Balance)
			}
		}
	})
}

// A source that joins is in all that is drawn from then on, with tests of its own,
// and in nothing before.
func TestASourceThatJoinsIsInEveryDrawFromThenOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var first, second recorder
		a, b := entropytest.Good(1), entropytest.Good(2)
		a.Become(first.record(entropytest.Bytes(1)))
		b.Become(second.record(entropytest.Bytes(2)))
		w := NewWell()
		defer w.Close()
		w.Join(a)
		alone := mustDraw(t, w, 448)
		w.Join(b)
		if len(second.reads) > 0 || len(w.State()) != 2 {
			t.Error("it is read before it is drawn from")
		}
		both := mustDraw(t, w, 448)
		one, two := first.yields(t), second.yields(t)
		if !bytes.Equal(alone, one[:448]) || len(second.reads[0]) != startUp {
			t.Error("the first draw is not of the first source alone, or the second one is not tested")
		}
		for i := range both {
			if both[i] != one[448+i]^two[i] {
				t.Fatalf("byte %d is %#x, not the xor of both", i, both[i])
			}
		}
		b.Stick()
		if _, err := draw(t, w, 448); !errors.Is(err, ErrStopped) || !errors.Is(err, ErrStuck) {
			t.Errorf("it goes on without it: %v", err)
		}
	})
}

// The seeds are fixed: at 2^-30 a few megabytes of bits exactly at their credit
// fail once in 200 times.
func TestGoodSourcesDoNotFail(t *testing.T) {
	const seed = 1
	synctest.Test(t, func(t *testing.T) {
		for _, s := range []*entropytest.Source{entropytest.Good(seed), entropytest.Biased(seed), entropytest.Correlated(seed)} {
			w := NewWell(s)
			mustDraw(t, w, 1<<20)
			if state := w.State()[0]; state.Failures != 0 {
				t.Errorf("%+v", state)
			}
		}
	})
}

func TestTheFirstSourceThatFailsFailsTheDraw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, bad := entropytest.Good(1), entropytest.Biased(2)
		good.Slow(100_000)
		w := NewWell(good, bad)
		mustDraw(t, w, 1000)
		bad.Fail(noise.ErrMissing)
		begin := time.Now()
		if _, err := draw(t, w, 1<<20); !errors.Is(err, ErrStopped) || !errors.Is(err, noise.ErrMissing) {
			t.Error(err)
		}
		// The slow one was not waited for.
		if took := time.Since(begin); took > 16*time.Second {
			t.Errorf("it took %v", took)
		}
		mustBeWiped(t, w)
		state := w.State()
		if state[0].Failed != nil || state[0].Failures != 0 || !errors.Is(state[1].Failed, noise.ErrMissing) || state[1].Failures != tries {
			t.Errorf("%+v", state)
		}
		bad.Heal()
		w.Restart()
		mustDraw(t, w, 1000)
	})
}

// misoLine is an SPI port with a comparator on it, or what is left of one.
type misoLine struct {
	spi.Conn
	line entropytest.Behaviour
}

func (l misoLine) Connect(physic.Frequency, spi.Mode, int) (spi.Conn, error) { return l, nil }
func (l misoLine) Tx(_, r []byte) error                                      { return l.line(context.Background(), r) }
func (l misoLine) String() string                                            { return "SPI0.1" }

// A comparator whose line is stuck, or turns like a clock, is read like any
// other: the tests name it.
func TestAStuckComparatorIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		line entropytest.Behaviour
		want error
	}{
		"low":             {entropytest.Stuck(0), ErrStuck},
		"high":            {entropytest.Stuck(0xff), ErrStuck},
		"a clock":         {entropytest.Stuck(0x55), ErrStuck},
		"too often high":  {entropytest.Leaning(1, 0.15), ErrBiased},
		"a bus that ends": {entropytest.Failing(os.ErrClosed), noise.ErrFailed},
		"good noise":      {entropytest.Leaning(1, math.Sqrt2/2), nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			source, err := noise.NewComparator(misoLine{line: c.line}, &noise.DefaultOpts)
			if err != nil {
				t.Fatal(err)
			}
			w := NewWell(source)
			if _, err := draw(t, w, 1000); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
			if state := w.State()[0]; c.want != nil && !errors.Is(state.Failed, c.want) {
				t.Errorf("%s: the state says %v", name, state.Failed)
			}
		})
	}
}

func TestAWellWithoutSources(t *testing.T) {
	w := NewWell()
	if _, err := draw(t, w, 100); !errors.Is(err, ErrNoSource) {
		t.Error(err)
	}
	if w.Rate() != 0 || w.State() != nil || w.Close() != nil {
		t.Error(w.Rate(), w.State())
	}
}

func TestASourceThatLeavesNothingToExtractIsRefusedAtOnce(t *testing.T) {
	for _, about := range []noise.Description{
		{SampleBits: 8, Credit: 4}, {SampleBits: 8, Credit: 33}, {SampleBits: 8}, {SampleBits: 2, Credit: 32}, {Credit: 32},
	} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			_, err := draw(t, NewWell(entropytest.New(about, entropytest.Bytes(1))), 10)
			if !errors.Is(err, ErrUnfit) || !errors.Is(err, ErrStopped) || time.Since(begin) > 0 {
				t.Errorf("%+v: %v", about, err)
			}
		})
	}
}

// replaced is a source that comes back as another one.
type replaced struct {
	*entropytest.Source
	about noise.Description
}

func (r *replaced) Describe() noise.Description { return r.about }

func TestASourceThatComesBackAsAnotherIsCreditedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &replaced{Source: entropytest.Good(1)}
		source.about = source.Source.Describe()
		w := NewWell(source)
		mustDraw(t, w, 1000)
		source.Become(func(context.Context, []byte) error {
			source.about.Credit, source.about.Name = 20, "another"
			source.Heal()
			return noise.ErrMissing
		})
		mustDraw(t, w, 1000)
		if state := w.State()[0]; state.Name != "another" || state.Credit != 20 || state.Balance != Account(20, 1000) {
			t.Errorf("%+v", state)
		}
	})
}

// Whatever else goes wrong, nothing passes the ledger.
func TestTheLedgerStopsAWellThatMakesTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWell(entropytest.Good(1))
		mustDraw(t, w, 224)
		w.springs[0].ledger.credit = 31 // the extractor still makes 224 bytes of a block
		_, err := draw(t, w, 5*224)
		if !errors.Is(err, errOverdrawn) || !errors.Is(err, ErrStopped) {
			t.Error(err)
		}
		mustBeWiped(t, w)
	})
}

func TestBatchesAreAsLargeAsNeededAndNotLarger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		source := entropytest.New(noise.Description{SampleBits: 1, Credit: 6}, r.record(entropytest.Leaning(1, 0.8)))
		w := NewWell(source)
		mustDraw(t, w, 1)
		mustDraw(t, w, 100<<10)
		sizes := map[int]bool{}
		for _, p := range r.reads {
			sizes[len(p)] = true
			if len(p) > maxBatch || len(p)%BlockSize != 0 {
				t.Errorf("%d bytes were read at once", len(p))
			}
		}
		if len(r.reads[0]) != startUp || len(r.reads[1]) != BlockSize || !sizes[maxBatch] {
			t.Errorf("%v", sizes)
		}
		// A slow source is read for about two seconds at a time.
		r.reads = nil
		source = entropytest.New(entropytest.Good(1).Describe(), r.record(entropytest.Bytes(1)))
		source.Slow(10_000)
		w = NewWell(source)
		mustDraw(t, w, 50_000)
		for _, p := range r.reads {
			if len(p) > 20_000 {
				t.Errorf("%d bytes were read at once", len(p))
			}
		}
	})
}

func TestTheRateIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fast, slow := entropytest.Good(1), entropytest.Good(2)
		fast.Slow(50_000)
		slow.Slow(10_000)
		w := NewWell(fast, slow)
		if w.Rate() != 0 || w.State()[0].Rate != 0 {
			t.Errorf("before anything was drawn it is %.0f", w.Rate())
		}
		mustDraw(t, w, 20_000)
		near := func(what string, got, want float64) {
			if math.Abs(got/want-1) > 0.01 {
				t.Errorf("%s: %.0f bytes a second, want %.0f", what, got, want)
			}
		}
		near("fast", w.State()[0].Rate, 50_000)
		near("slow", w.State()[1].Rate, 10_000)
		near("both", w.Rate(), 10_000*224/512)
		// It follows when the source slows down.
		slow.Slow(2000)
		mustDraw(t, w, 100_000)
		near("slower", w.State()[1].Rate, 2000)
	})
}

func TestARateThatCollapsesIsAFailure(t *testing.T) {
	for _, size := range []int{100, 20_000} { // small draws and large ones
		synctest.Test(t, func(t *testing.T) {
			source := entropytest.Good(1)
			source.Slow(64_000)
			w := NewWell(source)
			mustDraw(t, w, 40_000)
			source.Slow(5000) // a thirteenth
			for range 50_000 / size {
				mustDraw(t, w, size)
			}
			source.Slow(3000) // less than a sixteenth
			var err error
			begin := time.Now()
			for err == nil && time.Since(begin) < time.Minute {
				_, err = draw(t, w, size)
			}
			if !errors.Is(err, ErrRate) || !errors.Is(err, ErrStopped) {
				t.Errorf("draws of %d: %v", size, err)
			}
			// To the owner that is the source now.
			w.Restart()
			mustDraw(t, w, 20_000)
		})
	}
}

func TestADrawThatIsCalledOffLeavesNothingAndIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := entropytest.Good(1)
		source.Slow(1000)
		w := NewWell(source, entropytest.Good(2))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		p := bytes.Repeat([]byte{0xa5}, 100_000)
		if err := w.Draw(ctx, p); !errors.Is(err, context.DeadlineExceeded) || !bytes.Equal(p, make([]byte, len(p))) {
			t.Errorf("%v, %x", err, p[:10])
		}
		mustBeWiped(t, w)
		if state := w.State()[0]; state.Failures != 0 || state.Failed != nil {
			t.Errorf("%+v", state)
		}
		mustDraw(t, w, 1000)
		// In a pause after a failure, too.
		source.Stick()
		ctx, cancel = context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if err := w.Draw(ctx, p); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestCloseEndsADrawUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := entropytest.Good(1)
		source.Slow(1000)
		w := NewWell(source)
		mustDraw(t, w, 100)
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := draw(t, w, 100_000); !errors.Is(err, os.ErrClosed) {
				t.Error(err)
			}
		})
		synctest.Wait()
		begin := time.Now()
		if err := w.Close(); err != nil || time.Since(begin) != 0 {
			t.Error(err, time.Since(begin))
		}
		all.Wait()
		mustBeWiped(t, w)
		if _, err := draw(t, w, 1); !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

// The race detector watches.
func TestAWellCanBeAskedWhileItIsDrawnFrom(t *testing.T) {
	w := NewWell(entropytest.Good(1), entropytest.Biased(2))
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, ask := range []func(){func() { w.State() }, func() { w.Rate() }, w.Restart} {
		all.Go(func() {
			for ctx.Err() == nil {
				ask()
			}
		})
	}
	for range 20 {
		mustDraw(t, w, 1000)
	}
	if w.Rate() <= 0 {
		t.Errorf("the rate is %v", w.Rate())
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	cancel()
	all.Wait()
}

func TestEstimatesAreMadeOfTheRecentNoise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := entropytest.Biased(1)
		w := NewWell(source)
		mustDraw(t, w, 1000)
		if e := w.State()[0].Estimate; e != 0 {
			t.Errorf("of a few bytes it is %.3f", e)
		}
		mustDraw(t, w, sampleSize/2)
		first := w.State()[0].Estimate
		if first < 0.47 || first > 0.5 {
			t.Errorf("of noise with half a bit a bit it is %.3f", first)
		}
		source.Become(entropytest.Leaning(2, 0.73))
		mustDraw(t, w, sampleSize)
		if e := w.State()[0].Estimate; e != first {
			t.Errorf("it was made again at once, %.3f", e)
		}
		time.Sleep(samplePause)
		mustDraw(t, w, sampleSize)
		if e := w.State()[0].Estimate; e < 0.42 || e > 0.455 {
			t.Errorf("of noise with 0.454 bits a bit it is %.3f", e)
		}
	})
}
