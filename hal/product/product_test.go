package product_test

import (
	"image"
	"testing"
	"time"

	"onetimechat/hal/panel"
	"onetimechat/hal/panel/dcs/dcstest"
	"onetimechat/hal/product"
)

// Every product lights up in every rotation, upright at 0.
func TestEveryProductLights(t *testing.T) {
	for _, p := range product.Products() {
		for _, r := range []panel.Rotation{0, 90, 180, 270} {
			var dc dcstest.Breaking
			d, err := p.Light(&dc, product.Pins{DC: &dc.DC}, product.Opts{Rotation: r, Sleep: func(time.Duration) {}})
			if err != nil {
				t.Fatalf("%s: %v", p.Name, err)
			}
			want := p.Display.Size
			if r == 90 || r == 270 {
				want = image.Pt(want.Y, want.X)
			}
			if d.Bounds().Size() != want {
				t.Errorf("%s, %d degrees: %v", p.Name, r, d.Bounds())
			}
			if err := d.Draw(d.Bounds(), image.White, image.Point{}); err != nil {
				t.Error(err)
			}
		}
		if same, ok := product.Find(p.Name); !ok || same.Name != p.Name {
			t.Errorf("%s is not found", p.Name)
		}
	}
	if _, ok := product.Find("fb"); ok {
		t.Error("a framebuffer is a product")
	}
}
