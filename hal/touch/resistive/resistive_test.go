package resistive

import (
	"math/rand/v2"
	"testing"
	"time"

	"onetimechat/hal/touch"
)

// at is a reading of a finger held still.
func at(x, y uint16) Reading {
	r := Reading{Contact: Firm}
	for i := range r.X {
		r.X[i], r.Y[i] = x, y
	}
	return r
}

var sheetsApart = Reading{Contact: Apart}

// taps runs readings through a filter and counts fingers put down and lifted
// again without having been lost.
func taps(readings []Reading) (n int) {
	var f Filter
	was := false
	for _, r := range readings {
		switch now := f.Take(r); {
		case now.Down:
			was = true
		case now.Lost:
			was = false
		case was:
			was = false
			n++
		}
	}
	return n
}

func repeat(n int, r Reading) []Reading {
	var all []Reading
	for range n {
		all = append(all, r)
	}
	return all
}

func sequence(parts ...[]Reading) (all []Reading) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// The order in which a real sheet is pressed and let go: what lies between is
// no place.
func TestATapIsATap(t *testing.T) {
	idle, bounce, finger := repeat(5, sheetsApart), repeat(2, Reading{}), repeat(6, at(1000, 3000))
	if n := taps(sequence(idle, bounce, finger, bounce, idle, finger, bounce, idle)); n != 2 {
		t.Errorf("%d taps, want 2", n)
	}
	var f Filter
	for _, r := range sequence(idle, finger) {
		f.Take(r)
	}
	if got, want := f.Take(Reading{}), (touch.Touch{Down: true, X: 1000. / Full, Y: 3000. / Full}); got != want {
		t.Errorf("the finger is at %+v, want %+v", got, want)
	}
}

func TestTheMedianIsRightWithTwoSamplesWrong(t *testing.T) {
	for i := range Samples {
		for j := range i {
			r := at(2000, 2000)
			r.X[i], r.X[j] = 0, Full
			if x, _, ok := place(r); ok && x != 2000 {
				t.Errorf("samples %d and %d wrong: %d", i, j, x)
			}
		}
	}
}

func TestWhatIsNoTap(t *testing.T) {
	idle, finger := repeat(5, sheetsApart), repeat(6, at(1000, 3000))
	rails := func(v uint16) []Reading { return repeat(50, at(v, v)) }
	for name, readings := range map[string][]Reading{
		"a finger resting":                     sequence(idle, repeat(100_000, at(1000, 3000))),
		"a finger that lay there":              sequence(finger, idle),
		"all zeros":                            sequence(idle, rails(0), idle),
		"all ones":                             sequence(idle, rails(Full), idle),
		"a line that breaks under a finger":    sequence(idle, finger, repeat(50, Reading{}), idle),
		"one that then reads ones":             sequence(idle, finger, rails(Full), idle),
		"one good reading":                     sequence(idle, finger[:1], idle),
		"a jump":                               sequence(idle, finger, repeat(6, at(3000, 1000)), idle),
		"places that do not agree":             sequence(idle, []Reading{at(500, 500), at(900, 900), at(500, 500), at(900, 900)}, idle),
		"scattered samples under firm contact": sequence(idle, repeat(50, Reading{Contact: Firm, X: [5]uint16{100, 900, 1700, 2500, 3300}, Y: [5]uint16{100, 900, 1700, 2500, 3300}}), idle),
	} {
		if n := taps(readings); n != 0 {
			t.Errorf("%s: %d taps", name, n)
		}
	}
}

// A million readings of noise on every line, judged as a sheet is, with and
// without an idle sheet in between.
func TestNoiseNeverTaps(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	var readings []Reading
	for range 1_000_000 {
		now := Reading{Contact: DefaultSheet.Contact(uint16(r.IntN(4096)), uint16(r.IntN(4096)), uint16(r.IntN(4096)))}
		for i := range now.X {
			now.X[i], now.Y[i] = uint16(r.IntN(4096)), uint16(r.IntN(4096))
		}
		readings = append(readings, now)
		if r.IntN(4) == 0 {
			readings = append(readings, sheetsApart, sheetsApart)
		}
	}
	if n := taps(readings); n != 0 {
		t.Errorf("%d taps", n)
	}
}

// A tap in noise of a real panel's size lands where the finger is, and is one.
func TestATapInNoiseIsOneTapInItsPlace(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	for range 2000 {
		x, y := uint16(200+r.IntN(3600)), uint16(200+r.IntN(3600))
		readings := repeat(3, sheetsApart)
		for range 3 + r.IntN(20) {
			now := at(x, y)
			for i := range now.X {
				now.X[i] += uint16(r.IntN(41)) - 20
				now.Y[i] += uint16(r.IntN(41)) - 20
			}
			now.X[r.IntN(Samples)] = uint16(r.IntN(4096)) // a spike
			readings = append(readings, now)
		}
		readings = append(readings, sheetsApart, sheetsApart)
		if n := taps(readings); n != 1 {
			t.Fatalf("%d taps at %d, %d", n, x, y)
		}
	}
}

func TestAContactIsJudgedByItsResistance(t *testing.T) {
	for _, c := range []struct {
		x, z1, z2 uint16
		want      Contact
	}{
		{2000, 0, Full, Apart},
		{2000, 10, 4000, Apart},
		{2000, 1500, 2000, Firm},    // 65 ohms
		{2048, 400, 3400, Firm},     // 1500 ohms
		{2048, 400, 3900, Unknown},  // 1750 ohms
		{2048, 200, 3900, Apart},    // 3700 ohms
		{0, 0, 0, Unknown},          // a line at the ground
		{Full, Full, Full, Unknown}, // a line at the supply
		{2000, 2000, 2000, Unknown}, // a line that says always the same
		{2000, 3000, 1000, Unknown}, // less behind the touch than before it
	} {
		if got := DefaultSheet.Contact(c.x, c.z1, c.z2); got != c.want {
			t.Errorf("x %d, z1 %d, z2 %d: %d, want %d", c.x, c.z1, c.z2, got, c.want)
		}
	}
}
