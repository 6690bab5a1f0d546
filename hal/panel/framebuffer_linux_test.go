package panel

import (
	"image"
	"image/color"
	"os"
	"path/filepath"
	"testing"
)

// What is drawn over the edge of the glass is cut off there, not shifted onto it.
func TestAPictureOverTheEdgeStaysInItsPlace(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "fb"))
	if err != nil {
		t.Fatal(err)
	}
	f := &Framebuffer{file: file, pixels: pixels{size: image.Pt(4, 3), stride: 16, depth: 4}}
	defer f.Halt()
	if err := f.Turn(0); err != nil {
		t.Fatal(err)
	}
	src := image.NewRGBA(image.Rect(0, 0, 4, 3))
	for i := range 12 {
		src.SetRGBA(i%4, i/4, color.RGBA{uint8(10 + i), 0, 0, 0xFF})
	}
	if err := f.Draw(image.Rect(-1, -1, 3, 2), src, image.Point{}); err != nil {
		t.Fatal(err)
	}
	for y := range 3 {
		for x := range 4 {
			want := color.RGBA{0, 0, 0, 0}
			if x < 3 && y < 2 {
				want = src.RGBAAt(x+1, y+1)
			}
			if got := f.shown.RGBAAt(x, y); got != want {
				t.Errorf("at %d, %d is %v, want %v", x, y, got, want)
			}
		}
	}
}
