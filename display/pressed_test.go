package display

import (
	"bytes"
	"image"
	"testing"
)

// checkPressed fails unless whoever presses sees what they press, all over it, and
// nothing else changes.
func checkPressed(t *testing.T, f *Frame) {
	t.Helper()
	for _, target := range f.Targets {
		on := f.Pressed(target)
		if target.Name == "wake" || target.Name == "touch" {
			if on != f {
				t.Error("the whole screen is drawn pressed")
			}
			continue
		}
		if p, wrong := wronglyPressed(f.Image, on.Image, target.Rect); wrong {
			t.Fatalf("with a finger on %s, the pixel %v is %v", target.Name, p, on.Image.RGBAAt(p.X, p.Y))
		}
		if on.Name != f.Name || on.Page != f.Page || len(on.Targets) != len(f.Targets) {
			t.Fatal("pressed it is another screen")
		}
	}
}

// wronglyPressed finds a pixel that has changed outside of in, or has not within,
// unless it was amber before.
func wronglyPressed(before, after *image.RGBA, in image.Rectangle) (image.Point, bool) {
	all := before.Rect
	for y := range all.Dy() {
		line := image.Rect(0, y, all.Dx(), y+1)
		inside := line.Intersect(in)
		if inside.Empty() {
			inside = image.Rectangle{Min: line.Min, Max: image.Pt(0, y+1)}
		}
		for _, outside := range []image.Rectangle{{line.Min, image.Pt(inside.Min.X, y+1)}, {image.Pt(inside.Max.X, y), line.Max}} {
			if !bytes.Equal(pixels(before, outside), pixels(after, outside)) {
				return outside.Min, true
			}
		}
		was, is := pixels(before, inside), pixels(after, inside)
		for x := range inside.Dx() {
			if bytes.Equal(was[4*x:4*x+4], is[4*x:4*x+4]) && before.RGBAAt(inside.Min.X+x, y) != colAmber {
				return image.Pt(inside.Min.X+x, y), true
			}
		}
	}
	return image.Point{}, false
}

// pixels are a piece of one of a picture's rows.
func pixels(img *image.RGBA, row image.Rectangle) []byte {
	return img.Pix[img.PixOffset(row.Min.X, row.Min.Y):][:4*row.Dx()]
}
