// Package resistive tells a finger on a resistive touch sheet from noise.
//
// Start with Filter.Take, which is given a Reading at each poll: a handful of
// conversions of both coordinates, and how firmly the two sheets touch (see
// Sheet.Contact for controllers that measure that). It answers where the
// finger is, for touch.Poll. The package is pure: no I/O, no clock.
//
// What it refuses to do: believe. A finger is put down only after two firm
// readings that agree, and lifted only after two that say clearly that the
// sheets are apart. Conversions that scatter are no place, a line that reads
// its least or its most value everywhere says nothing, and a finger that jumps
// is not the same finger. What was down is then lost, which is no tap, and nothing
// is put down again before the sheets were seen apart.
package resistive

import (
	"slices"

	"onetimechat/hal/touch"
)

// Full is the largest value of a conversion: both controllers have 12 bits.
const Full = 4095

// Samples is how many conversions of a coordinate make one Reading. The median
// of five is right with any two of them wrong.
const Samples = 5

// Limits of a reading, in units of a conversion.
const (
	// rail is how near its ends a coordinate is none: the electrodes of a sheet
	// keep a finger further away than that.
	rail = 24
	// spread is how far the middle three samples may lie apart: 2 % of the
	// glass, about a millimetre. A finger held still is within a tenth of it.
	spread = 82
	// jump is how far a finger can move from one poll to the next: a tenth of
	// the glass in 10 ms is faster than a flick.
	jump = 410
)

// Limits in readings.
const (
	sure     = 2 // that agree before a finger is down, or lifted
	patience = 3 // of a finger that is down may say nothing; then it is lost
)

// Contact is how the two sheets touch.
type Contact int

const (
	// Unknown is neither apart nor firm: a finger on its way down or up, noise,
	// a broken line. It is the zero value, so that nothing is taken for anything.
	Unknown Contact = iota
	// Apart: no finger.
	Apart
	// Firm: a finger, whose place is measured.
	Firm
)

// Reading is what is measured at one poll. X and Y count only if Contact is
// Firm.
type Reading struct {
	Contact Contact
	X, Y    [Samples]uint16
}

// state is what is known of the finger.
type state int

const (
	lost   state = iota // until the sheets are seen apart
	lifted              // the sheets are apart
	down
)

// Filter follows one finger. Its zero value knows nothing yet: a finger that
// lies on the glass from the start is not put down.
type Filter struct {
	state  state
	x, y   uint16 // of the last good reading
	agreed int    // good readings in a row that agree, while lifted
	apart  int    // readings in a row that were Apart
	doubts int    // readings in a row that were neither
}

// Take takes the next reading and answers where the finger is now, from 0 to 1
// across the sheet.
func (f *Filter) Take(r Reading) touch.Touch {
	x, y, good := place(r)
	switch {
	case good:
		f.firm(x, y)
	case r.Contact == Apart:
		f.noFinger()
	default:
		f.doubt()
	}
	return f.now()
}

// Lose forgets the finger: what the controller said is not known.
func (f *Filter) Lose() { *f = Filter{} }

// Idle tells whether the glass is known to be free.
func (f *Filter) Idle() bool { return f.state == lifted && f.agreed == 0 }

func (f *Filter) firm(x, y uint16) {
	near := apart(x, f.x) <= jump && apart(y, f.y) <= jump
	f.apart, f.doubts = 0, 0
	switch f.state {
	case lost:
		return
	case down:
		if !near {
			f.Lose()
			return
		}
	case lifted:
		if apart(x, f.x) > spread || apart(y, f.y) > spread {
			f.agreed = 0
		}
		if f.agreed++; f.agreed == sure {
			f.state = down
		}
	}
	f.x, f.y = x, y
}

func (f *Filter) noFinger() {
	f.agreed, f.doubts = 0, 0
	if f.apart++; f.apart >= sure {
		f.state = lifted
	}
}

func (f *Filter) doubt() {
	f.agreed, f.apart = 0, 0
	if f.doubts++; f.doubts > patience && f.state == down {
		f.Lose()
	}
}

func (f *Filter) now() touch.Touch {
	switch f.state {
	case lost:
		return touch.Touch{Lost: true}
	case lifted:
		return touch.Touch{}
	}
	return touch.Touch{Down: true, X: float64(f.x) / Full, Y: float64(f.y) / Full}
}

// place is the median of a reading's samples, if they are firm, agree, and lie
// on the sheet.
func place(r Reading) (x, y uint16, ok bool) {
	if r.Contact != Firm {
		return 0, 0, false
	}
	x, okX := median(r.X)
	y, okY := median(r.Y)
	return x, y, okX && okY
}

func median(samples [Samples]uint16) (value uint16, ok bool) {
	s := samples[:]
	slices.Sort(s)
	const middle = Samples / 2
	value = s[middle]
	return value, s[middle+1]-s[middle-1] <= spread && value >= rail && value <= Full-rail
}

func apart(a, b uint16) uint16 { return max(a, b) - min(a, b) }
