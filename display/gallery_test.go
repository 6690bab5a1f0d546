package display

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "store the pictures as drawn now")

const gallery = "testdata/screens"

func sizeText(p image.Point) string { return fmt.Sprintf("%dx%d", p.X, p.Y) }

func renderer(t testing.TB, size image.Point) *Renderer {
	t.Helper()
	r, err := NewRenderer(size)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// seen is f as a device shows it: with a ring where it is worked by keys alone.
func seen(f *Frame, size image.Point) *Frame {
	var ring Ring
	if KeysOnly(size) {
		ring.Follow(f)
	}
	return ring.On(f)
}

// comparePicture fails unless a picture is as stored. Run with -update to store all of
// them anew, then look at each one.
func comparePicture(t *testing.T, path string, got *image.RGBA) {
	t.Helper()
	if *update {
		writePicture(t, path, got)
		return
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	want, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if same, ok := want.(*image.RGBA); ok && same.Rect == got.Rect && bytes.Equal(same.Pix, got.Pix) {
		return // most are, and counting pixels is slow
	}
	diff, n := difference(want, got)
	if n > 0 {
		out := filepath.Join("..", "out", "display", filepath.Base(path))
		writePicture(t, out, diff)
		abs, _ := filepath.Abs(out)
		t.Errorf("%d pixels differ from %s; stored, drawn, and the difference in red: %s", n, path, abs)
	}
}

// difference puts want, got and their difference side by side.
func difference(want image.Image, got *image.RGBA) (*image.RGBA, int) {
	w, h := max(want.Bounds().Dx(), got.Rect.Dx()), max(want.Bounds().Dy(), got.Rect.Dy())
	diff := image.NewRGBA(image.Rect(0, 0, 3*w, h))
	n := 0
	for y := range h {
		for x := range w {
			a := color.RGBAModel.Convert(want.At(x, y)).(color.RGBA)
			b := got.RGBAAt(x, y)
			diff.SetRGBA(x, y, a)
			diff.SetRGBA(w+x, y, b)
			diff.SetRGBA(2*w+x, y, color.RGBA{b.R/4 + 0xC0, b.G/4 + 0xC0, b.B/4 + 0xC0, 0xFF})
			if a != b {
				n++
				diff.SetRGBA(2*w+x, y, color.RGBA{0xE0, 0, 0, 0xFF})
			}
		}
	}
	return diff, n
}

func writePicture(t *testing.T, path string, img image.Image) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestGalleryPageShowsEveryPicture keeps the page that a person looks through.
func TestGalleryPageShowsEveryPicture(t *testing.T) {
	var b strings.Builder
	b.WriteString("# The screens\n\nEvery screen as the tests draw it, in each panel size; the smallest is worked by keys, and a ring marks what the approve key does. ")
	b.WriteString("Made by `go test ./display -update`; look through all of them after a change.\n")
	pictures := 0
	for _, s := range samples() {
		fmt.Fprintf(&b, "\n## %s\n\n%s (screen `%s`)\n\n", s.name, s.about, s.screen.name())
		for _, size := range Sizes() {
			fmt.Fprintf(&b, "![%s at %s](%s-%s.png)\n", s.name, sizeText(size), s.name, sizeText(size))
			pictures++
		}
	}
	page := filepath.Join(gallery, "README.md")
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(stored) != b.String() {
		t.Errorf("%s is not what the samples make it; run with -update", page)
	}
	files, err := filepath.Glob(filepath.Join(gallery, "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != pictures {
		t.Errorf("%d pictures are stored, %d are shown", len(files), pictures)
	}
}
