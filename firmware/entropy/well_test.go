package entropy

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/firmware/entropy/entropytest"
	"onetimechat/hal/noise"
)

// recorder remembers what was read.
type recorder struct{ reads [][]byte }

func (r *recorder) record(of entropytest.Behaviour) entropytest.Behaviour {
	return func(ctx context.Context, p []byte) error {
		err := of(ctx, p)
		r.reads = append(r.reads, bytes.Clone(p))
		return err
	}
}

// yields is what is to be made of the noise after the last start-up test.
func (r *recorder) yields(t *testing.T) (want []byte) {
	t.Helper()
	for _, p := range r.reads {
		if len(p) == startUp {
			want = nil
			continue
		}
		want = append(want, extract(t, noise.MaxCredit, p)...)
	}
	return want
}

// draw draws n bytes, and sees to it that an error leaves none.
func draw(t *testing.T, w *Well, n int) ([]byte, error) {
	t.Helper()
	p := bytes.Repeat([]byte{0xa5}, n)
	err := w.Draw(t.Context(), p)
	if err != nil && !bytes.Equal(p, make([]byte, n)) {
		t.Errorf("after %v there is %x", err, p[:min(n, 32)])
	}
	return p, err
}

func mustDraw(t *testing.T, w *Well, n int) []byte {
	t.Helper()
	p, err := draw(t, w, n)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// mustBeWiped checks that no noise, and nothing made of it, is left.
func mustBeWiped(t *testing.T, w *Well) {
	t.Helper()
	for _, s := range w.springs {
		rooms := [][]byte{s.noise[:cap(s.noise)], s.out[:cap(s.out)], s.sample.noise[:cap(s.sample.noise)]}
		if s.health != nil {
			rooms = append(rooms, s.health.recurrence.markers[:]...)
			for i := range s.health.recurrence.past {
				rooms = append(rooms, s.health.recurrence.past[i][:])
			}
		}
		if e := s.extractor; e != nil {
			words := slices.Concat(e.in[:], e.out)
			for i := range e.tables {
				words = append(words, e.tables[i][:]...)
			}
			if slices.Max(words) > 0 {
				t.Errorf("the extractor of %s still holds something", s.state.Name)
			}
		}
		for i, room := range rooms {
			if !bytes.Equal(room, make([]byte, len(room))) {
				t.Errorf("room %d of %s still holds something", i, s.state.Name)
			}
		}
	}
}

func TestDrawGivesWhatTheReferenceExtracts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := entropytest.Good(1)
		var r recorder
		source.Become(r.record(entropytest.Bytes(1)))
		w := NewWell(source)
		var got []byte
		// Not in steps of blocks: what is left of one is kept.
		for _, n := range []int{0, 1, 37, 224, 500, 3, 448} {
			got = append(got, mustDraw(t, w, n)...)
			if batch := w.springs[0].noise; !bytes.Equal(batch[:cap(batch)], make([]byte, cap(batch))) {
				t.Error("noise is left over")
			}
		}
		if want := r.yields(t); len(want)-len(got) >= 224 || !bytes.HasPrefix(want, got) {
			t.Errorf("got %x\nwant %x", got, want)
		}
		if state := w.State()[0]; state.Failed != nil || state.Balance != Account(32, int64(len(got))) {
			t.Errorf("%+v", state)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		mustBeWiped(t, w)
	})
}

// A well is as slow as its slowest source, whichever that is.
func TestTheSlowestSourceSetsTheRate(t *testing.T) {
	w := NewWell(entropytest.Good(1), entropytest.Good(2), entropytest.Good(3))
	for slowest := range w.springs {
		for i, s := range w.springs {
			s.making = meter{bytes: 9000, took: time.Second}
			if i == slowest {
				s.making.bytes = 1000
			}
		}
		if rate := w.Rate(); rate != 1000 {
			t.Errorf("source %d makes 1000 bytes a second, together they make %v", slowest, rate)
		}
	}
	if NewWell().Rate() != 0 {
		t.Error("a well without sources has a rate")
	}
}

// faults are all the ways in which a source may fail.
var faults = []struct {
	name string
	bits bool // of a source of 1-bit samples
	is   func() entropytest.Behaviour
	want error
}{
	{"stuck at 0", false, func() entropytest.Behaviour { return entropytest.Stuck(0) }, ErrStuck},
	{"stuck at 1", true, func() entropytest.Behaviour { return entropytest.Stuck(0xff) }, ErrStuck},
	{"alternating", true, func() entropytest.Behaviour { return entropytest.Stuck(0xaa) }, ErrStuck},
	{"biased", true, func() entropytest.Behaviour { return entropytest.Leaning(1, 0.8) }, ErrBiased},
	{"slightly biased", true, func() entropytest.Behaviour { return entropytest.Leaning(1, 0.77) }, ErrBiased},
	{"correlated", true, func() entropytest.Behaviour { return entropytest.Lingering(1, 0.93) }, ErrStuck},
	{"periodic", false, func() entropytest.Behaviour { return entropytest.Periodic(1000, entropytest.Bytes(1)) }, ErrStuck},
	{"periodic in blocks", false, func() entropytest.Behaviour { return entropytest.Periodic(4*BlockSize, entropytest.Bytes(1)) }, ErrStuck},
	{"long period", true, func() entropytest.Behaviour { return entropytest.Periodic(30_011, entropytest.Leaning(1, 0.7)) }, ErrStuck},
	{"intermittently zero", false, func() entropytest.Behaviour { return entropytest.Gaps(20_000, 64, entropytest.Bytes(1)) }, ErrStuck},
	{"zero blocks", true, func() entropytest.Behaviour { return entropytest.Gaps(50_000, 512, entropytest.Leaning(1, 0.6)) }, ErrStuck},
	{"short", false, func() entropytest.Behaviour { return entropytest.Ending(50_000, noise.ErrShort, entropytest.Bytes(1)) }, noise.ErrShort},
	{"removed in the middle", false, func() entropytest.Behaviour {
		return entropytest.Ending(20_000, noise.ErrMissing, entropytest.Bytes(1))
	}, noise.ErrMissing},
	{"missing", false, func() entropytest.Behaviour { return entropytest.Failing(noise.ErrMissing) }, noise.ErrMissing},
	{"denied", false, func() entropytest.Behaviour { return entropytest.Failing(noise.ErrDenied) }, noise.ErrDenied},
	{"busy", false, func() entropytest.Behaviour { return entropytest.Failing(noise.ErrBusy) }, noise.ErrBusy},
	{"too slow", false, func() entropytest.Behaviour { return entropytest.Failing(noise.ErrSlow) }, noise.ErrSlow},
	{"broken", false, func() entropytest.Behaviour { return entropytest.Failing(noise.ErrFailed) }, noise.ErrFailed},
	{"silent", false, entropytest.Silent, noise.ErrSilent},
}

const much = 128 << 10 // bytes: what none of the faults lets through

func TestNothingComesOfAFaultUntilRestart(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := entropytest.Good(2)
				if f.bits {
					source = entropytest.Biased(2)
				}
				source.Become(f.is())
				w := NewWell(source)
				begin := time.Now()
				_, err := draw(t, w, much)
				if !errors.Is(err, ErrStopped) || !errors.Is(err, f.want) {
					t.Errorf("got %v, want %v", err, f.want)
				}
				// 15 s of pauses; a silent source takes its time as well.
				if took := time.Since(begin); took < 15*time.Second || took > time.Minute {
					t.Errorf("it stopped after %v", took)
				}
				mustBeWiped(t, w)
				state := w.State()[0]
				if !errors.Is(state.Failed, f.want) || state.Failures != tries {
					t.Errorf("%+v", state)
				}
				source.Heal()
				begin = time.Now()
				if _, err := draw(t, w, 1); !errors.Is(err, ErrStopped) || !errors.Is(err, f.want) || time.Since(begin) != 0 {
					t.Errorf("stopped: %v", err)
				}
				w.Restart()
				mustDraw(t, w, much)
				if state := w.State()[0]; state.Failed != nil || state.Failures != tries {
					t.Errorf("%+v", state)
				}
			})
		})
	}
}

// What a source gave up to a fault, in the same Draw, is not used either.
func TestATransientFaultIsOvercome(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source, good := entropytest.Good(3), entropytest.Bytes(3)
				if f.bits {
					source, good = entropytest.Biased(3), entropytest.Leaning(3, math.Sqrt2/2)
				}
				var r recorder
				source.Become(r.record(good))
				w := NewWell(source)
				mustDraw(t, w, 1000)
				source.Become(r.record(f.is()))
				time.AfterFunc(5*time.Second, func() { source.Become(r.record(good)) })
				got := mustDraw(t, w, much)
				if !bytes.HasPrefix(r.yields(t), got) {
					t.Error("it is not what was extracted since the last start-up test")
				}
				if state := w.State()[0]; state.Failures == 0 || state.Failed != nil {
					t.Errorf("%+v", state)
				}
			})
		})
	}
}

func TestNothingIsLeftInAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := entropytest.Good(5)
		source.Become(entropytest.Ending(2*portion*BlockSize/224, noise.ErrMissing, entropytest.Bytes(5)))
		w := NewWell(source)
		p := make([]byte, 3*portion)
		ctx, cancel := context.WithCancel(t.Context())
		var drawing sync.WaitGroup
		drawing.Go(func() {
			if err := w.Draw(ctx, p); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		if state := w.State()[0]; !errors.Is(state.Failed, noise.ErrMissing) || state.Balance.Blocks < portion/224 {
			t.Fatalf("it does not pause after a portion: %+v", state)
		}
		if !bytes.Equal(p, make([]byte, len(p))) {
			t.Errorf("there is %x", p[:32])
		}
		mustBeWiped(t, w)
		cancel()
		drawing.Wait()
	})
}

// The start-up test is of the noise as well, though nothing is made of it.
func TestASourceThatIsStuckAtItsStartFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, good, starts := entropytest.Good(4), entropytest.Bytes(4), 0
		source.Become(func(ctx context.Context, p []byte) error {
			if len(p) == startUp {
				starts++
			}
			if len(p) == startUp && starts == 1 {
				clear(p)
				return nil
			}
			return good(ctx, p)
		})
		w := NewWell(source)
		mustDraw(t, w, 1)
		if state := w.State()[0]; starts != 2 || state.Failures != 1 {
			t.Errorf("after %d start-up tests: %+v", starts, state)
		}
	})
}

func TestFailuresInARowStopAWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := entropytest.Good(4)
		w := NewWell(source)
		fault := func() {
			source.Stick()
			time.AfterFunc(time.Second/2, source.Heal)
		}
		for range 3 * tries { // far apart they do not
			fault()
			mustDraw(t, w, sound/2)
		}
		if state := w.State()[0]; state.Failures != 3*tries || state.Failed != nil {
			t.Errorf("%+v", state)
		}
		// Close together they do, though it is good in between.
		for range tries - 1 {
			fault()
			mustDraw(t, w, 1000)
		}
		fault()
		if _, err := draw(t, w, 1000); !errors.Is(err, ErrStopped) || !errors.Is(err, ErrStuck) {
			t.Error(err)
		}
	})
}

// Behind a whitener a generator whose noise is dead looks well, and gives the same
// each time that it is switched on.
func TestASourceThatBeginsAsItDidBeforeIsStuck(t *testing.T) {
	const once = 300_000 // bytes of noise until it fails
	for _, shift := range []int{0, 96, 1520} {
		synctest.Test(t, func(t *testing.T) {
			opened := 0
			open := func() entropytest.Behaviour {
				same := entropytest.Bytes(1)
				if opened++; opened > 1 { // what a port threw away was not the same each time
					if err := same(t.Context(), make([]byte, shift)); err != nil {
						t.Fatal(err)
					}
				}
				return entropytest.Ending(once, noise.ErrMissing, same)
			}
			source := entropytest.Good(1)
			source.BecomeAnew(open)
			w := NewWell(source)
			mustDraw(t, w, once/3)
			if _, err := draw(t, w, once/3); !errors.Is(err, ErrStopped) || !errors.Is(err, ErrStuck) {
				t.Errorf("%d bytes later: %v", shift, err)
			}
			w.Restart()
			if _, err := draw(t, w, once/3); !errors.Is(err, ErrStopped) || !errors.Is(err, ErrStuck) {
				t.Errorf("%d bytes later, after a restart: %v", shift, err)
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Two that are the same would cancel each other out.
func TestTwoSourcesThatBeginTheSameAreStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := entropytest.Good(1), entropytest.Good(1)
		for _, source := range []*entropytest.Source{one, other} {
			source.BecomeAnew(func() entropytest.Behaviour { return entropytest.Bytes(1) })
		}
		w := NewWell(one, other)
		if _, err := draw(t, w, 100); !errors.Is(err, ErrStuck) || !errors.Is(err, ErrSameStart) {
			t.Error(err)
		}
	})
}

// That is found also if another source fails just then, and all is made again.
func TestHowASourceBeganIsJudgedAfterAnotherOnesFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept [][]byte
		start := func(sources ...noise.Source) *Well {
			w := NewWell(sources...)
			w.Remember(kept, func(known [][]byte) error { kept = known; return nil })
			return w
		}
		mustDraw(t, start(entropytest.Good(1)), 100)
		counts, other := entropytest.Good(1), entropytest.Good(2)
		counts.Slow(startUp) // its start-up test takes a second
		good, failed := entropytest.Bytes(2), false
		other.Become(func(ctx context.Context, p []byte) error {
			if failed {
				return good(ctx, p)
			}
			failed = true
			time.Sleep(time.Second + time.Millisecond)
			return noise.ErrMissing
		})
		w := start(counts, other)
		mustDraw(t, w, 100) // after both were opened again, or read on, and it is not the same any more
		if state := w.State(); state[0].Failures != 1 || state[1].Failures != 1 {
			t.Errorf("%+v", state)
		}
	})
}

// Who repeats itself only later, did give noise before.
func TestASourceThatBecomesPeriodicDidNotBeginSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := entropytest.Good(1)
		w := NewWell(source)
		mustDraw(t, w, 100)
		source.Become(entropytest.Periodic(startUp, entropytest.Bytes(2)))
		for range 2 {
			if _, err := draw(t, w, 2*startUp); !errors.Is(err, ErrStuck) || errors.Is(err, ErrSameStart) {
				t.Error(err)
			}
			w.Restart()
		}
	})
}

// So does one of a device that was switched off in between.
func TestHowASourceBeganIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept [][]byte
		wrote := 0
		start := func(seed uint64, failing error) *Well {
			source := entropytest.Good(seed)
			source.BecomeAnew(func() entropytest.Behaviour { return entropytest.Bytes(seed) })
			w := NewWell(source)
			t.Cleanup(func() { w.Close() })
			w.Remember(kept, func(known [][]byte) error {
				if failing == nil {
					kept = known
					wrote++
				}
				return failing
			})
			return w
		}
		full := errors.New("no room")
		if _, err := draw(t, start(1, full), 100); !errors.Is(err, ErrStopped) || !errors.Is(err, full) || len(kept) > 0 {
			t.Errorf("what cannot be kept: %v", err)
		}
		mustDraw(t, start(1, nil), 100)
		for seed := range uint64(2 * MaxStarts) { // the oldest are forgotten, but not one that comes again
			if seed%(MaxStarts/2) == 0 {
				if _, err := draw(t, start(1, nil), 100); !errors.Is(err, ErrStopped) || !errors.Is(err, ErrStuck) {
					t.Errorf("after %d others: %v", seed, err)
				}
			}
			mustDraw(t, start(1000+seed, nil), 100)
		}
		if len(kept) != MaxStarts || wrote != 1+4*tries+2*MaxStarts {
			t.Errorf("%d are kept, written %d times", len(kept), wrote)
		}
	})
}

// A Draw that takes long fails for good as well, however much is sound in between.
func TestFailuresOfOneDrawStopAWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := noise.Description{Name: "simulated", SampleBits: 8, Credit: lowestCredit}
		source := entropytest.New(slow, entropytest.Bytes(1))
		seed := uint64(0)
		source.BecomeAnew(func() entropytest.Behaviour {
			seed++
			return entropytest.Ending(8*sound, noise.ErrMissing, entropytest.Bytes(seed))
		})
		w := NewWell(source)
		begin := time.Now()
		if _, err := draw(t, w, much); !errors.Is(err, ErrStopped) || !errors.Is(err, noise.ErrMissing) {
			t.Error(err)
		}
		if took := time.Since(begin); took > time.Minute {
			t.Errorf("it stopped after %v", took)
		}
	})
}
