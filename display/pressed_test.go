package display

import (
	"image"
	"testing"
)

// Whoever presses sees what they press, all over it, and nothing else changes.
func TestWhatIsPressedIsSeen(t *testing.T) {
	forEverySize(t, func(t *testing.T, r *Renderer, _ image.Point) {
		for _, s := range samples() {
			f := r.Render(s.screen)
			for _, target := range f.Targets {
				on := f.Pressed(target)
				if target.Name == "wake" || target.Name == "touch" {
					if on != f {
						t.Errorf("%s: the whole screen is drawn pressed", s.name)
					}
					continue
				}
				for y := range f.Image.Rect.Dy() {
					for x := range f.Image.Rect.Dx() {
						same := on.Image.RGBAAt(x, y) == f.Image.RGBAAt(x, y)
						if inside := image.Pt(x, y).In(target.Rect); inside && same && f.Image.RGBAAt(x, y) != colAmber || !inside && !same {
							t.Fatalf("%s: with a finger on %s, the pixel %d,%d is %v", s.name, target.Name, x, y, on.Image.RGBAAt(x, y))
						}
					}
				}
				if on.Name != f.Name || on.Page != f.Page || len(on.Targets) != len(f.Targets) {
					t.Fatalf("%s: pressed it is another screen", s.name)
				}
			}
		}
	})
}
