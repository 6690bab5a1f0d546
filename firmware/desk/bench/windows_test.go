package main

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"
)

// The bound is reached where one window is as good as can be, and never lies above
// what any windows take.
func TestNoWindowsTakeLessThanTheBound(t *testing.T) {
	const overhead = 22
	block := image.Rect(2, 1, 9, 6)
	if got, want := leastInWindows(image.Pt(12, 8), pixels(block), overhead), float64(overhead+2*7*5); math.Abs(got-want) > 1e-9 {
		t.Errorf("a block takes at least %v, and %v in one window", got, want)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		// What some windows hold takes what they take, or less.
		var windows []image.Rectangle
		took, held := 0.0, map[image.Point]bool{}
		for range 1 + rng.IntN(5) {
			at := image.Pt(rng.IntN(20), rng.IntN(15))
			w := image.Rectangle{Min: at, Max: at.Add(image.Pt(1+rng.IntN(10), 1+rng.IntN(8)))}
			windows = append(windows, w)
			took += overhead + float64(2*w.Dx()*w.Dy())
			for _, p := range pixels(w) {
				if rng.IntN(4) > 0 {
					held[p] = true
				}
			}
		}
		var changed []image.Point
		for _, p := range pixels(image.Rect(0, 0, 32, 24)) {
			if held[p] {
				changed = append(changed, p)
			}
		}
		if got := leastInWindows(image.Pt(32, 24), changed, overhead); got > took+1e-9 || got < float64(2*len(changed)) {
			t.Fatalf("%d pixels take at least %v, and %v in %v", len(changed), got, took, windows)
		}
	}
}

// pixels are those of r, row by row.
func pixels(r image.Rectangle) (all []image.Point) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			all = append(all, image.Pt(x, y))
		}
	}
	return all
}
