// Package affine maps where a touch sheet says a finger is to where on the
// picture it is.
//
// Start with Fit, which is given three crosses as touched and as shown, and
// Map.Check, which is given a fourth one that took no part. Identity is the map
// of a sheet that was never calibrated. text.go writes a Map down. The package
// is pure.
//
// What it refuses to do: believe three touches of which one went astray. A map
// that no real sheet has — sheared, much too large or small, far off — is an
// error. Mirrored and exchanged axes are fine: sheets are glued on like that.
package affine

import (
	"errors"
	"fmt"
	"math"
)

// Point is a place, from 0 to 1 across the glass, from its top left corner.
type Point struct{ X, Y float64 }

func (p Point) distance(q Point) float64 { return math.Hypot(p.X-q.X, p.Y-q.Y) }

// Map is x' = XX·x + XY·y + X0, y' = YX·x + YY·y + Y0. The zero value is not
// valid: begin with Identity.
type Map struct {
	XX, XY, X0 float64
	YX, YY, Y0 float64
}

// Identity changes nothing.
var Identity = Map{XX: 1, YY: 1}

// Why there is no map, or why one is not right.
var (
	ErrDegenerate  = errors.New("the three places are too near a line")
	ErrImplausible = errors.New("no touch sheet lies like that")
	ErrMismatch    = errors.New("the finger is not where the map says")
)

// Limits of what is plausible. A sheet is a little larger than the picture
// below it, so that 0 to 1 of it is 0.9 to 1.5 of the picture.
const (
	leastScale = 0.6
	mostScale  = 2
	mostShear  = 0.2 // cosine between the axes: within 12° of upright
	mostShift  = 0.3 // of the middle
	leastArea  = 0.02
)

// Apply maps a place, and keeps it on the glass.
func (m Map) Apply(p Point) Point {
	q := m.apply(p)
	return Point{min(1, max(0, q.X)), min(1, max(0, q.Y))}
}

func (m Map) apply(p Point) Point {
	return Point{m.XX*p.X + m.XY*p.Y + m.X0, m.YX*p.X + m.YY*p.Y + m.Y0}
}

// Fit is the one map that takes each touched place to the shown one. Its error
// matches ErrDegenerate or ErrImplausible.
func Fit(touched, shown [3]Point) (Map, error) {
	a, b, c := touched[0], touched[1], touched[2]
	area := (b.X-a.X)*(c.Y-a.Y) - (c.X-a.X)*(b.Y-a.Y) // twice the triangle's
	if !(math.Abs(area) >= leastArea) {               // nor NaN
		return Map{}, ErrDegenerate
	}
	// Cramer's rule, for either coordinate of what is shown.
	row := func(u, v, w float64) (k, l, m float64) {
		k = ((v-u)*(c.Y-a.Y) - (w-u)*(b.Y-a.Y)) / area
		l = ((w-u)*(b.X-a.X) - (v-u)*(c.X-a.X)) / area
		return k, l, u - k*a.X - l*a.Y
	}
	var m Map
	m.XX, m.XY, m.X0 = row(shown[0].X, shown[1].X, shown[2].X)
	m.YX, m.YY, m.Y0 = row(shown[0].Y, shown[1].Y, shown[2].Y)
	return m, m.plausible()
}

// plausible says what is wrong with a map, matching ErrImplausible.
func (m Map) plausible() error {
	wide, tall := math.Hypot(m.XX, m.YX), math.Hypot(m.XY, m.YY)
	middle := m.apply(Point{.5, .5})
	shear := math.Abs(m.XX*m.XY+m.YX*m.YY) / (wide * tall)
	// Each axis of the sheet runs along one of the picture's.
	turned := min(math.Abs(m.XX), math.Abs(m.YX))/wide > mostShear || min(math.Abs(m.XY), math.Abs(m.YY))/tall > mostShear
	inside := func(v, least, most float64) bool { return v >= least && v <= most } // NaN is not
	switch {
	case !inside(wide, leastScale, mostScale) || !inside(tall, leastScale, mostScale):
		return fmt.Errorf("%w: scaled by %.2f and %.2f", ErrImplausible, wide, tall)
	case !inside(shear, 0, mostShear) || turned:
		return fmt.Errorf("%w: sheared or turned", ErrImplausible)
	case !(middle.distance(Point{.5, .5}) <= mostShift):
		return fmt.Errorf("%w: its middle is at %.2f, %.2f", ErrImplausible, middle.X, middle.Y)
	}
	return nil
}

// Check is an error that matches ErrMismatch if a touched place is further from
// the shown one than the tolerance, a share of the glass.
func (m Map) Check(touched, shown Point, tolerance float64) error {
	if d := m.apply(touched).distance(shown); !(d <= tolerance) {
		return fmt.Errorf("%w: off by %.1f %% of the glass", ErrMismatch, 100*d)
	}
	return nil
}
