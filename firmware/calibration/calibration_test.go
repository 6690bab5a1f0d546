package calibration_test

import (
	"context"
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/calibration"
	"onetimechat/hal/touch"
	"onetimechat/hal/touch/affine"
	"onetimechat/padstore/durable/durabletest"
)

var size = image.Pt(480, 320)

const screen = "waveshare35"

// glass shows frames, and finds the cross on them.
type glass struct {
	t     *testing.T
	frame *display.Frame
	fails error
}

func (g *glass) Show(f *display.Frame) error {
	g.frame = f
	return g.fails
}

// shows tells whether a screen is on the glass.
func (g *glass) shows(renderer *display.Renderer, s display.Screen) {
	g.t.Helper()
	want := renderer.Render(s)
	if string(want.Image.Pix) != string(g.frame.Image.Pix) {
		g.t.Errorf("the glass does not show %+v", s)
	}
}

// where is a pixel of a frame on a glass of the same size.
func where(p image.Point) affine.Point {
	return affine.Point{X: (float64(p.X) + .5) / float64(size.X), Y: (float64(p.Y) + .5) / float64(size.Y)}
}

func begin(t *testing.T) (*calibration.Flow, *glass, *display.Renderer) {
	t.Helper()
	renderer, err := display.NewRenderer(size)
	if err != nil {
		t.Fatal(err)
	}
	g := &glass{t: t}
	f, err := calibration.New(renderer, g, size, where, "")
	if err != nil {
		t.Fatal(err)
	}
	return f, g, renderer
}

// sheet says where on a sheet that was glued on askew a place on the glass is.
func sheet(p affine.Point) affine.Point {
	return affine.Point{X: .9 - .8*p.Y + .02*p.X, Y: .1 + .85*p.X}
}

func tap(f *calibration.Flow, p affine.Point) {
	f.Touched(touch.Touch{Down: true, X: p.X, Y: p.Y})
	f.Touched(touch.Touch{X: p.X, Y: p.Y})
}

// Four touches on the crosses make a map that puts touches where they are.
func TestFourCrossesMakeAMap(t *testing.T) {
	f, g, renderer := begin(t)
	for i, cross := range display.CalibrationCrosses(size) {
		g.shows(renderer, display.Calibrate{Cross: cross, Step: i + 1, Of: 4})
		tap(f, sheet(where(cross)))
	}
	m, err := f.Map(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []affine.Point{{X: .1, Y: .1}, {X: .9, Y: .2}, {X: .5, Y: .95}} {
		if got := m.Apply(sheet(p)); math.Hypot(got.X-p.X, got.Y-p.Y) > .005 {
			t.Errorf("a touch at %v is put at %v", p, got)
		}
	}
	tap(f, affine.Point{}) // what comes late changes nothing
}

// Touches that do not fit together, a check that misses, and a finger that slides
// or is lost, make no map: the owner is told, and goes on.
func TestWhatDoesNotFitMakesNoMap(t *testing.T) {
	crosses := display.CalibrationCrosses(size)
	f, g, renderer := begin(t)
	tap(f, sheet(where(crosses[0])))
	tap(f, sheet(where(crosses[0])))
	tap(f, sheet(where(crosses[0])))
	g.shows(renderer, display.Calibrate{Cross: crosses[0], Step: 1, Of: 4, Problem: "The touches did not fit together. Please begin again."})
	for _, c := range crosses[:3] {
		tap(f, sheet(where(c)))
	}
	tap(f, sheet(where(crosses[0])))
	g.shows(renderer, display.Calibrate{Cross: crosses[0], Step: 1, Of: 4, Problem: "The last touch was not on its cross. Please begin again."})
	at := sheet(where(crosses[0]))
	f.Touched(touch.Touch{Down: true, X: at.X, Y: at.Y})
	f.Touched(touch.Touch{X: at.X + .1, Y: at.Y})
	g.shows(renderer, display.Calibrate{Cross: crosses[0], Step: 1, Of: 4, Problem: "The finger moved. Please touch this cross again."})
	f.Touched(touch.Touch{Down: true, X: at.X, Y: at.Y})
	f.Touched(touch.Touch{Lost: true})
	f.Touched(touch.Touch{X: at.X, Y: at.Y})
	g.shows(renderer, display.Calibrate{Cross: crosses[0], Step: 1, Of: 4, Problem: "The finger moved. Please touch this cross again."})
	for _, c := range crosses {
		tap(f, sheet(where(c)))
	}
	if _, err := f.Map(t.Context()); err != nil {
		t.Error(err)
	}
}

// A panel that fails, and an owner who does not come, end it.
func TestACalibrationEndsWithoutAMap(t *testing.T) {
	f, g, _ := begin(t)
	g.fails = errors.New("no light")
	tap(f, affine.Point{X: .5, Y: .5})
	if _, err := f.Map(t.Context()); !errors.Is(err, g.fails) {
		t.Errorf("got %v", err)
	}
	f, _, _ = begin(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if m, err := f.Map(ctx); !errors.Is(err, context.Canceled) || m != affine.Identity {
		t.Errorf("got %v, %v", m, err)
	}
}

// A map is on the card as it was or as it is to be, whenever the power is cut; and
// what is no map is none.
func TestTheMapIsKeptThroughPowerCuts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	old, next := affine.Map{XX: 1, YY: -1, Y0: 1}, affine.Map{XX: -1, X0: 1, YY: 1}
	for _, first := range []bool{true, false} {
		for k := 1; ; k++ {
			disk := durabletest.New(rng.Uint64())
			if !first {
				if err := calibration.Save(disk, screen, old); err != nil {
					t.Fatal(err)
				}
			}
			disk.CutAt(k)
			err := calibration.Save(disk, screen, next)
			done := !disk.Failed()
			disk.PowerOn(durabletest.PartlyKept)
			got, ok, loadErr := calibration.Load(disk, screen)
			switch {
			case loadErr != nil:
				t.Fatalf("cut at %d: %v", k, loadErr)
			case err == nil && (!ok || got != next):
				t.Fatalf("cut at %d: %v, %v after it was saved", k, got, ok)
			case ok && got != next && (first || got != old), !ok && (!first || got != affine.Identity):
				t.Fatalf("cut at %d: %v, %v", k, got, ok)
			}
			if err := calibration.Save(disk, screen, next); err != nil {
				t.Fatalf("cut at %d: it cannot be saved again: %v", k, err)
			}
			if done {
				break
			}
		}
	}
}

// Where another screen is plugged on, its taps would land elsewhere.
func TestTheMapOfAnotherScreenIsNone(t *testing.T) {
	disk := durabletest.New(1)
	of := map[string]affine.Map{screen: {XX: 1, YY: -1, Y0: 1}, "pitft28r": {XX: -1, X0: 1, YY: 1}}
	for _, name := range []string{screen, "pitft28r", screen} {
		if m, ok, err := calibration.Load(disk, name); ok || m != affine.Identity || err != nil {
			t.Errorf("%s: %v, %v, %v before it was calibrated", name, m, ok, err)
		}
		if err := calibration.Save(disk, name, of[name]); err != nil {
			t.Fatal(err)
		}
		if m, ok, err := calibration.Load(disk, name); !ok || m != of[name] || err != nil {
			t.Errorf("%s: %v, %v, %v", name, m, ok, err)
		}
	}
	if _, ok, err := calibration.Load(disk, "waveshare"); ok || err != nil {
		t.Errorf("the map of %s is another screen's: %v", screen, err)
	}
}
