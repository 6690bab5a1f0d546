package chips

import (
	"math"
	"math/rand/v2"
	"time"
)

// Line is what can break between glass and chip.
type Line int

// What Break breaks: a measurement, all of them, or the interrupt line.
const (
	LineX Line = iota
	LineY
	LinePressure
	LineAll
	LineInterrupt
)

// Noise is what is added to each measured position.
type Noise struct {
	Sigma  float64 // of a normal distribution, in steps of the converter
	Spikes float64 // the share of measurements, 0…1, that are anything at all
	Seed   uint64
}

// Plate is where a finger lands in the touch chip's own numbers, as x, y runs
// over 0…1 (from the left and from the top of the upright glass, like a
// display's Picture): X[0]·x + X[1]·y + X[2], and Y likewise.
type Plate struct{ X, Y [3]float64 }

// Finger is the hand of the test: its methods are those of each touch chip.
type Finger struct {
	*chip
	plate Plate
	most  float64 // the largest number of a position
	pass  func()  // lets time pass in the chip, before and after something changes

	down     bool
	x, y     float64
	pressure float64
	noise    Noise
	random   *rand.Rand
	broken   map[Line]uint16
}

func newFinger(c *chip, plate Plate, most float64) Finger {
	return Finger{chip: c, plate: plate, most: most, pass: func() {}, pressure: 0.5, broken: map[Line]uint16{}}
}

// Down puts the finger on the glass at x, y (0…1), or slides it there.
func (f *Finger) Down(x, y float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pass()
	defer f.pass()
	f.x, f.y, f.down = x, y, true
}

// Move slides the finger. It does nothing while the finger is up.
func (f *Finger) Move(x, y float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pass()
	defer f.pass()
	if f.down {
		f.x, f.y = x, y
	}
}

// Lift takes the finger off.
func (f *Finger) Lift() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pass()
	defer f.pass()
	f.down = false
}

// SetPressure says how firmly the finger presses: above 0, up to 1. It starts
// at 0.5.
func (f *Finger) SetPressure(p float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pass()
	defer f.pass()
	f.pressure = min(max(p, 0.001), 1)
}

// SetNoise disturbs measurements from now on; Noise{} ends it.
func (f *Finger) SetNoise(n Noise) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pass()
	defer f.pass()
	f.noise, f.random = n, rand.New(rand.NewPCG(n.Seed, 0))
}

// Break lets a line read raw from now on (0, or 0xFFF for all ones), with or
// without a finger. LineInterrupt stays low at 0 and high otherwise.
func (f *Finger) Break(l Line, raw uint16) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pass()
	defer f.pass()
	f.broken[l] = raw
}

// Mend mends all lines.
func (f *Finger) Mend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pass()
	defer f.pass()
	clear(f.broken)
}

// measured is what the chip makes of a position: disturbed, whole, in range,
// unless its line is broken.
func (f *Finger) measured(l Line, v float64) uint16 {
	if raw, ok := f.broken[LineAll]; ok {
		return raw
	}
	if raw, ok := f.broken[l]; ok {
		return raw
	}
	if f.down && f.random != nil {
		v += f.random.NormFloat64() * f.noise.Sigma
		if f.random.Float64() < f.noise.Spikes {
			v = f.random.Float64() * f.most
		}
	}
	return uint16(min(max(math.Round(v), 0), f.most))
}

// at is a place in the chip's numbers, undisturbed.
func (p Plate) at(x, y float64) (float64, float64) {
	return p.X[0]*x + p.X[1]*y + p.X[2], p.Y[0]*x + p.Y[1]*y + p.Y[2]
}

// interrupt is what the interrupt line says, when an undamaged one would say
// active.
func (f *Finger) interrupt(active bool) bool {
	if raw, ok := f.broken[LineInterrupt]; ok {
		return raw == 0
	}
	return active
}

// TouchPanel is how a touch chip is built into a product.
type TouchPanel struct {
	Now   func() time.Time // nil is time.Now
	Plate Plate            // the zero value is straight, with a margin for resistive ones
}

// straight is a resistive plate as they come: the edges read some hundreds.
func straight() Plate {
	return Plate{X: [3]float64{3500, 0, 300}, Y: [3]float64{0, 3400, 350}}
}
