package product_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/hal/chips"
	"onetimechat/hal/touch"
	"onetimechat/hal/touch/affine"
	"onetimechat/hal/touch/ft6236"
	"onetimechat/hal/touch/stmpe610"
	"onetimechat/hal/touch/xpt2046"
)

// sheet is a touch controller with its driver, and a hand over its glass.
type sheet struct {
	name  string
	begin func() (driver, hand, error)
	// resistive glass has to be calibrated, and noise on it must be told from
	// fingers.
	resistive bool
}

type driver interface {
	Run(ctx context.Context, give func(touch.Touch)) error
}

type hand interface {
	Down(x, y float64)
	Lift()
	SetNoise(chips.Noise)
	SetPressure(p float64)
	Break(l chips.Line, raw uint16)
	Mend()
	FailAt(n int, err error)
	FailFrom(n int, err error)
	Errors() []error
}

// even is a sheet that needs no calibration: it ends where the glass does.
var even = chips.Plate{X: [3]float64{4095, 0, 0}, Y: [3]float64{0, 4095, 0}}

func sheets() []sheet {
	return []sheet{
		{"XPT2046", func() (driver, hand, error) {
			m, opts := chips.NewXPT2046(chips.TouchPanel{Plate: even}), xpt2046.DefaultOpts
			opts.PenIRQ = m.PenIRQ
			d, err := xpt2046.New(m.Port, &opts)
			return d, m, err
		}, true},
		{"STMPE610", func() (driver, hand, error) {
			m, opts := chips.NewSTMPE610(chips.TouchPanel{Plate: even}), stmpe610.DefaultOpts
			d, err := stmpe610.New(m.Port, &opts)
			return d, m, err
		}, true},
		{"FT6236", func() (driver, hand, error) {
			m := chips.NewFT6236(chips.TouchPanel{})
			d, err := ft6236.New(m, &ft6236.DefaultOpts)
			return d, m, err
		}, false},
	}
}

// table has a driver running while f plays with the hand; f gets what was told
// since the last time it asked.
func (s sheet) table(t *testing.T, f func(t *testing.T, h hand, told func() []touch.Touch)) {
	t.Helper()
	t.Run(s.name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d, h, err := s.begin()
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var mu sync.Mutex
			var touches []touch.Touch
			done := make(chan error)
			go func() {
				done <- d.Run(ctx, func(t touch.Touch) {
					mu.Lock()
					defer mu.Unlock()
					touches = append(touches, t)
				})
			}()
			defer func() {
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
				for _, err := range h.Errors() {
					t.Errorf("the chip: %v", err)
				}
			}()
			told := func() []touch.Touch {
				synctest.Wait()
				mu.Lock()
				defer mu.Unlock()
				list := touches
				touches = nil
				return list
			}
			wait(100 * time.Millisecond) // it sees that nobody touches
			if list := told(); len(list) > 0 {
				t.Errorf("told of nobody: %+v", list)
			}
			f(t, h, told)
		})
	})
}

// wait lets time pass for driver and chip.
func wait(d time.Duration) { time.Sleep(d); synctest.Wait() }

// soon is in how much time a touch has to be told of: from finger to the
// device, which then draws the button pressed.
const soon = 60 * time.Millisecond

// A tap is told soon, once, and where it is.
func TestATapLandsWhereTheFingerIs(t *testing.T) {
	for _, s := range sheets() {
		s.table(t, func(t *testing.T, h hand, told func() []touch.Touch) {
			for _, at := range [][2]float64{{.1, .1}, {.9, .1}, {.5, .5}, {.13, .87}, {.9, .9}} {
				h.Down(at[0], at[1])
				wait(soon)
				down := told()
				if len(down) != 1 || !down[0].Down || !near(down[0], at[0], at[1], .02) {
					t.Fatalf("a finger at %v is told as %+v", at, down)
				}
				wait(300 * time.Millisecond)
				h.Lift()
				wait(soon)
				up := told()
				if len(up) != 1 || up[0].Down || up[0].Lost || !near(up[0], at[0], at[1], .02) {
					t.Fatalf("lifted at %v is told as %+v", at, up)
				}
			}
		})
	}
}

// How soon a touch is told, at whatever moment between two looks at the chip it
// comes: what the bench program reads of it.
func TestTouchFigure(t *testing.T) {
	worst := time.Duration(0)
	for _, s := range sheets() {
		s.table(t, func(t *testing.T, h hand, told func() []touch.Touch) {
			for phase := range 20 {
				wait(time.Duration(phase) * time.Millisecond)
				begin := time.Now()
				h.Down(.3, .7)
				for len(told()) == 0 {
					if wait(time.Millisecond); time.Since(begin) > soon {
						t.Fatalf("a finger is not told of within %v", soon)
					}
				}
				worst = max(worst, time.Since(begin))
				h.Lift()
				wait(300 * time.Millisecond)
				told()
			}
		})
	}
	t.Logf("figure {\"name\":\"touch-told\",\"value\":%g,\"unit\":\"ms\"}", worst.Seconds()*1000)
}

func near(t touch.Touch, x, y, within float64) bool {
	return math.Abs(t.X-x) <= within && math.Abs(t.Y-y) <= within
}

// Three crosses fit a sheet that was glued on askew, through driver and chip.
func TestASheetIsCalibrated(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		// From 150 to 300 steps at one edge, and as much less at the other;
		// sometimes the axes are exchanged, or mirrored.
		low := func() float64 { return 150 + 150*rng.Float64() }
		x, y := low(), low()
		plate := chips.Plate{X: [3]float64{4095 - 2*x, 60 * rng.Float64(), x}, Y: [3]float64{-60 * rng.Float64(), 4095 - 2*y, y}}
		if rng.IntN(2) == 0 {
			plate.X[0], plate.X[2] = -plate.X[0], 4095-plate.X[2]
		}
		if rng.IntN(2) == 0 {
			plate.X, plate.Y = plate.Y, plate.X
		}
		s := sheet{name: fmt.Sprintf("%.2f", plate), begin: func() (driver, hand, error) {
			m := chips.NewXPT2046(chips.TouchPanel{Plate: plate})
			m.SetNoise(chips.Noise{Sigma: 4, Spikes: .01, Seed: seed})
			d, err := xpt2046.New(m.Port, &xpt2046.DefaultOpts)
			return d, m, err
		}}
		s.table(t, func(t *testing.T, h hand, told func() []touch.Touch) {
			tap := func(p affine.Point) affine.Point {
				h.Down(p.X, p.Y)
				wait(soon)
				list := told()
				if len(list) != 1 || !list[0].Down {
					t.Fatalf("a finger is told as %+v", list)
				}
				h.Lift()
				wait(soon)
				told()
				return affine.Point{X: list[0].X, Y: list[0].Y}
			}
			shown := [3]affine.Point{{X: .15, Y: .15}, {X: .85, Y: .5}, {X: .5, Y: .85}}
			m, err := affine.Fit([3]affine.Point{tap(shown[0]), tap(shown[1]), tap(shown[2])}, shown)
			if err != nil {
				t.Fatal(err)
			}
			for range 5 {
				at := affine.Point{X: .05 + .9*rng.Float64(), Y: .05 + .9*rng.Float64()}
				if got := m.Apply(tap(at)); math.Hypot(got.X-at.X, got.Y-at.Y) > .02 {
					t.Errorf("a finger at %v is seen at %v", at, got)
				}
			}
		})
	}
}

// A chip that stands still while a finger lies there loses that one, and knows the
// next.
func TestATouchChipThatStandsStillGoesOn(t *testing.T) {
	for _, s := range sheets() {
		s.table(t, func(t *testing.T, h hand, told func() []touch.Touch) {
			chip, ok := h.(interface{ StickFIFO() })
			if !ok {
				return
			}
			h.Down(.5, .5)
			wait(time.Second)
			chip.StickFIFO()
			wait(time.Second)
			h.Lift()
			wait(soon)
			if list := told(); len(list) != 2 || !list[0].Down || !list[1].Lost {
				t.Errorf("the finger is told as %+v", list)
			}
			h.Down(.3, .7)
			wait(soon)
			h.Lift()
			wait(soon)
			if list := told(); len(list) != 2 || !list[0].Down || list[1].Down || list[1].Lost || !near(list[1], .3, .7, .02) {
				t.Errorf("the next tap is told as %+v", list)
			}
		})
	}
}

// Whatever is no finger that was put down and lifted makes no tap: a resting
// one, a light one, a broken line, a chip that lost its bus, noise.
func TestNothingElseMakesATap(t *testing.T) {
	taps := func(t *testing.T, why string, list []touch.Touch) {
		t.Helper()
		for i := 1; i < len(list); i++ {
			if list[i-1].Down && !list[i].Down && !list[i].Lost {
				t.Errorf("%s makes a tap: %+v", why, list)
			}
		}
	}
	for _, s := range sheets() {
		s.table(t, func(t *testing.T, h hand, told func() []touch.Touch) {
			var lines []chips.Line
			if s.resistive { // a capacitive sheet has none: its chip says what it feels
				lines = []chips.Line{chips.LineX, chips.LineY, chips.LinePressure, chips.LineAll}
			}
			for _, raw := range []uint16{0, 4095} {
				for _, l := range lines {
					h.Down(.5, .5)
					wait(100 * time.Millisecond)
					h.Break(l, raw)
					wait(time.Second)
					taps(t, fmt.Sprintf("line %d broken at %d", l, raw), told())
					h.Lift()
					wait(100 * time.Millisecond)
					taps(t, "a finger lifted off a broken line", told())
					h.Mend()
					wait(time.Second)
					taps(t, "a line that was mended", told())
				}
			}
			h.Down(.5, .5)
			wait(10 * time.Second)
			list := told()
			if len(list) != 1 || !list[0].Down {
				t.Errorf("a resting finger is told as %+v", list)
			}
			h.FailFrom(1, errBus)
			wait(50 * time.Millisecond)
			h.FailFrom(0, nil)
			taps(t, "a bus that fails for a moment", told())
			h.Lift()
			wait(time.Second)
			taps(t, "a finger that was lost", told())
			if s.resistive {
				h.SetNoise(chips.Noise{Sigma: 400, Spikes: .5, Seed: 1})
				h.SetPressure(.02)
				h.Down(.5, .5)
				wait(10 * time.Second)
				taps(t, "noise", told())
			}
		})
	}
}
