package dcs

import (
	"image"
	"math/rand/v2"
	"testing"
)

// Whatever the pictures and the area: the rectangles hold each pixel that
// differs, lie in the area, and do not overlap.
func TestChangesAreFoundAndSentOnce(t *testing.T) {
	const seed = 5
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		size := image.Pt(1+rng.IntN(40), 1+rng.IntN(30))
		was, is := newPicture(size), newPicture(size)
		for range rng.IntN(12) {
			r := image.Rect(rng.IntN(size.X), rng.IntN(size.Y), rng.IntN(size.X+1), rng.IntN(size.Y+1))
			for y := r.Min.Y; y < r.Max.Y; y++ {
				for x := r.Min.X; x < r.Max.X; x++ {
					is.pix[y*size.X+x] = uint16(rng.IntN(3))
				}
			}
		}
		area := image.Rect(rng.IntN(size.X), rng.IntN(size.Y), rng.IntN(size.X+1), rng.IntN(size.Y+1))
		sent := make([]int, len(is.pix))
		for _, r := range changes(was, is, area, rng.IntN(30)) {
			if r.Empty() || !r.In(area) {
				t.Fatalf("%v for the area %v", r, area)
			}
			for y := r.Min.Y; y < r.Max.Y; y++ {
				for x := r.Min.X; x < r.Max.X; x++ {
					sent[y*size.X+x]++
				}
			}
		}
		for i, n := range sent {
			differs := image.Pt(i%size.X, i/size.X).In(area) && was.pix[i] != is.pix[i]
			if n > 1 || n == 0 && differs {
				t.Fatalf("pixel %d of %v is sent %d times; differs: %v", i, size, n, differs)
			}
		}
	}
}

// A window is as large as is cheapest.
func TestWindowsAreJoinedWhereThatIsCheaper(t *testing.T) {
	for name, c := range map[string]struct {
		changed []image.Rectangle
		want    int // windows
	}{
		"one block":           {[]image.Rectangle{image.Rect(3, 3, 20, 20)}, 1},
		"a gap of 5 pixels":   {[]image.Rectangle{image.Rect(0, 0, 3, 1), image.Rect(8, 0, 10, 1)}, 1},
		"a gap of 6 pixels":   {[]image.Rectangle{image.Rect(0, 0, 3, 1), image.Rect(9, 0, 10, 1)}, 2},
		"a step of 2 pixels":  {[]image.Rectangle{image.Rect(0, 0, 8, 1), image.Rect(2, 1, 8, 2)}, 1},
		"far corners":         {[]image.Rectangle{image.Rect(0, 0, 1, 1), image.Rect(39, 29, 40, 30)}, 2},
		"two columns of ink":  {[]image.Rectangle{image.Rect(0, 0, 2, 30), image.Rect(20, 0, 22, 30)}, 2},
		"nothing":             {nil, 0},
		"a wide row on a dot": {[]image.Rectangle{image.Rect(7, 0, 8, 1), image.Rect(0, 1, 40, 2)}, 2},
	} {
		was, is := newPicture(image.Pt(40, 30)), newPicture(image.Pt(40, 30))
		for _, r := range c.changed {
			for y := r.Min.Y; y < r.Max.Y; y++ {
				for x := r.Min.X; x < r.Max.X; x++ {
					is.pix[y*40+x] = 7
				}
			}
		}
		if got := changes(was, is, image.Rect(0, 0, 40, 30), windowBytes); len(got) != c.want {
			t.Errorf("%s: %v, want %d windows", name, got, c.want)
		}
	}
}
