package panel

import (
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"
)

// glassOf reads a pixel back, the plain way.
func glassOf(p pixels, memory []byte, x, y int) color.RGBA {
	at := memory[y*p.stride+x*p.depth:]
	if p.depth == 2 {
		v := binary.LittleEndian.Uint16(at)
		return color.RGBA{uint8(v >> 11 << 3), uint8(v >> 5 << 2), uint8(v << 3), 0xff}
	}
	alpha := 0 + 8 + 16 + 24 - p.red - p.green - p.blue
	return color.RGBA{at[p.red/8], at[p.green/8], at[p.blue/8], at[alpha/8]}
}

func TestEveryPixelComesToItsPlaceInEveryFormatAndRotation(t *testing.T) {
	const seed = 7
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, format := range []pixels{
		{depth: 2, colours: colours{11, 5, 0}},
		{depth: 4, colours: colours{16, 8, 0}},  // a8r8g8b8
		{depth: 4, colours: colours{0, 8, 16}},  // a8b8g8r8
		{depth: 4, colours: colours{24, 16, 8}}, // r8g8b8a8
	} {
		for _, r := range []Rotation{0, 90, 180, 270} {
			t.Run(fmt.Sprintf("%d bytes, %v, %d degrees", format.depth, format.colours, r), func(t *testing.T) {
				p := format
				p.size, p.stride = image.Pt(7, 5), 7*p.depth+6
				if err := p.check(); err != nil {
					t.Fatal(err)
				}
				seen := r.Turned(p.size)
				src := image.NewRGBA(image.Rectangle{Max: seen})
				for i := range src.Pix {
					src.Pix[i] = uint8(rng.Uint32())
				}
				memory := make([]byte, p.stride*p.size.Y)
				err := p.rows(image.Rectangle{Max: p.size}, src, r, func(b []byte, off int64) error {
					copy(memory[off:], b)
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				for y := range seen.Y {
					for x := range seen.X {
						want := src.RGBAAt(x, y)
						if p.depth == 2 {
							want.R, want.G, want.B = want.R&^7, want.G&^3, want.B&^7
						}
						want.A = 0xff
						// Turned by hand: the picture's right edge is at the
						// glass's bottom after 90°.
						at := map[Rotation]image.Point{
							0: {X: x, Y: y}, 90: {X: 6 - y, Y: x}, 180: {X: 6 - x, Y: 4 - y}, 270: {X: y, Y: 4 - x},
						}[r]
						if got := glassOf(p, memory, at.X, at.Y); got != want {
							t.Fatalf("pixel %d,%d is %v at %v, want %v", x, y, got, at, want)
						}
						if r.Glass(image.Pt(x, y), p.size) != at {
							t.Fatalf("Glass(%d,%d) = %v, want %v", x, y, r.Glass(image.Pt(x, y), p.size), at)
						}
					}
				}
				for y := range p.size.Y {
					for _, b := range memory[y*p.stride+p.size.X*p.depth : (y+1)*p.stride] {
						if b != 0 {
							t.Fatal("bytes between the rows are written over")
						}
					}
				}
			})
		}
	}
}

func TestWhatHasChangedIsFoundAndNoMore(t *testing.T) {
	size := image.Rect(0, 0, 9, 7)
	area := image.Rect(2, 1, 7, 6)
	was := image.NewRGBA(size)
	with := func(points ...image.Point) *image.RGBA {
		m := image.NewRGBA(size)
		for _, p := range points {
			m.SetRGBA(p.X, p.Y, color.RGBA{B: 1})
		}
		return m
	}
	if got := changed(was, with(), area); !got.Empty() {
		t.Errorf("of equal pictures, %v has changed", got)
	}
	for y := range size.Max.Y {
		for x := range size.Max.X {
			p := image.Pt(x, y)
			want := image.Rect(area.Min.X, y, area.Max.X, y+1)
			if got := changed(was, with(p), area); p.In(area) && got != want || !p.In(area) && !got.Empty() {
				t.Errorf("with a change at %v, %v has changed", p, got)
			}
		}
	}
	if got, want := changed(was, with(image.Pt(6, 2), image.Pt(2, 4)), area), image.Rect(2, 2, 7, 5); got != want {
		t.Errorf("%v has changed, want %v", got, want)
	}
}

func TestStrangeFramebuffersAreRefused(t *testing.T) {
	for _, p := range []pixels{
		{image.Pt(640, 480), 1920, 3, colours{16, 8, 0}},
		{image.Pt(640, 480), 1279, 2, colours{11, 5, 0}},
		{image.Pt(0, 480), 1280, 2, colours{11, 5, 0}},
		{image.Pt(640, 1<<20), 1280, 2, colours{11, 5, 0}},
		{image.Pt(640, 480), 1280, 2, colours{10, 5, 0}},
		{image.Pt(640, 480), 2560, 4, colours{20, 10, 0}},
		{image.Pt(640, 480), 2560, 4, colours{16, 8, 8}},
		{image.Pt(640, 480), 2560, 4, colours{32, 8, 0}},
		{image.Pt(640, 480), 2560, 4, colours{}},
	} {
		if p.check() == nil {
			t.Errorf("%+v is taken", p)
		}
	}
}

func TestOnlyQuarterTurns(t *testing.T) {
	for r := Rotation(-1); r <= 361; r++ {
		if ok := CheckRotation(r) == nil; ok != (r == 0 || r == 90 || r == 180 || r == 270) {
			t.Errorf("rotation %d: %v", r, ok)
		}
	}
}
