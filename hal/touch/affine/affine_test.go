package affine

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var (
	crosses = [3]Point{{.1, .1}, {.9, .15}, {.5, .9}}
	check   = Point{.3, .6}
)

func random(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// sheet is a random plausible map from the picture to what a sheet says.
func sheet(r *rand.Rand) Map {
	scale := func() float64 { return (.7 + .25*r.Float64()) * float64(1-2*r.IntN(2)) }
	small := func() float64 { return .05 * (2*r.Float64() - 1) }
	m := Map{XX: scale(), XY: small(), YX: small(), YY: scale()}
	if r.IntN(2) == 0 {
		m.XX, m.XY, m.YX, m.YY = m.XY, m.XX, m.YY, m.YX
	}
	m.X0 = .5 - (m.XX+m.XY)/2 + small()
	m.Y0 = .5 - (m.YX+m.YY)/2 + small()
	return m
}

// Whatever way a sheet lies, and with a finger that is 1 % off, a calibration
// finds each place within 3 %.
func TestACalibratedSheetIsRightWithinTolerance(t *testing.T) {
	r := random(t)
	for range 20_000 {
		s := sheet(r)
		touched := func(p Point) Point {
			q := s.apply(p)
			a := 2 * math.Pi * r.Float64()
			return Point{q.X + .007*math.Cos(a), q.Y + .007*math.Sin(a)}
		}
		var seen [3]Point
		for i, p := range crosses {
			seen[i] = touched(p)
		}
		m, err := Fit(seen, crosses)
		if err != nil {
			t.Fatalf("%+v: %v", s, err)
		}
		if err := m.Check(touched(check), check, .03); err != nil {
			t.Fatalf("%+v: %v", s, err)
		}
		if far := m.Check(touched(Point{.3, .7}), check, .03); !errors.Is(far, ErrMismatch) {
			t.Fatalf("%+v: a finger a tenth off is right: %v", s, far)
		}
	}
}

func TestWhatIsNoSheetIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		touched [3]Point
		want    error
	}{
		"one place three times":     {[3]Point{{.5, .5}, {.5, .5}, {.5, .5}}, ErrDegenerate},
		"three in a line":           {[3]Point{{.1, .1}, {.5, .5}, {.9, .9}}, ErrDegenerate},
		"no number":                 {[3]Point{{math.NaN(), .1}, {.9, .15}, {.5, .9}}, ErrDegenerate},
		"all within a third of it":  {[3]Point{{.3, .3}, {.6, .3}, {.45, .6}}, ErrImplausible},
		"one far astray":            {[3]Point{{.1, .1}, {.9, .15}, {.1, .9}}, ErrImplausible},
		"the second one not moved":  {[3]Point{{.1, .1}, {.15, .12}, {.5, .9}}, ErrImplausible},
		"turned by half a right":    {[3]Point{{.5, -.07}, {1.03, .53}, {.22, .78}}, ErrImplausible},
		"all of it to the one side": {[3]Point{{.6, .1}, {1.4, .15}, {1, .9}}, ErrImplausible},
	} {
		if m, err := Fit(c.touched, crosses); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

func TestAMapKeepsFingersOnTheGlass(t *testing.T) {
	if got := (Map{XX: 2, YY: -2, Y0: .5}).Apply(Point{.9, .9}); got != (Point{1, 0}) {
		t.Errorf("%+v", got)
	}
}

func TestTextIsReadBackAndNothingElseIs(t *testing.T) {
	r := random(t)
	for range 2000 {
		m := sheet(r)
		text, err := m.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var got Map
		if err := got.UnmarshalText(text); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if err := got.Check(check, m.apply(check), 1e-5); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	}
	good, _ := Identity.MarshalText()
	for _, bad := range []string{
		"", "otc-touch 1", string(good) + "\n", string(good[:len(good)-1]), " " + string(good),
		strings.Replace(string(good), "otc-touch 1", "otc-touch 2", 1),
		strings.Replace(string(good), "1.000000", "1", 1), strings.Replace(string(good), "1.000000", "NaN", 1),
		strings.Replace(string(good), "1.000000", "+Inf", 1), strings.Replace(string(good), "1.000000", "9.000000", 1),
		strings.Replace(string(good), "1.000000", "0.000000", 1), strings.Repeat("1", 1000),
	} {
		m := Identity
		if err := m.UnmarshalText([]byte(bad)); err == nil || m != Identity {
			t.Errorf("%q was taken: %+v", bad, m)
		}
	}
}

func FuzzUnmarshalText(f *testing.F) {
	good, _ := Identity.MarshalText()
	f.Add(good)
	f.Fuzz(func(t *testing.T, text []byte) {
		var m Map
		if m.UnmarshalText(text) != nil {
			return
		}
		if again, _ := m.MarshalText(); string(again) != string(text) {
			t.Errorf("%q is read as %q", text, again)
		}
	})
}
