package product_test

import (
	"image"
	"slices"
	"testing"
	"time"

	"onetimechat/hal/panel"
	"onetimechat/hal/panel/dcs"
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

// Upright, the picture stands as it does with what each maker hands out: MADCTL is
// that of Adafruit's overlays (fb_ili9341, rotate = 90), of Waveshare's for the 3.5"
// (A), and of Waveshare's example for the 1.3", which also turns the refresh.
func TestUprightIsTheMakersUpright(t *testing.T) {
	for name, want := range map[string]byte{"pitft28r": 0xE8, "pitft28c": 0xE8, "waveshare35": 0x28, "waveshare13": 0x60} {
		p, ok := product.Find(name)
		if !ok {
			t.Fatalf("%s is not known", name)
		}
		var port dcstest.Breaking
		if _, err := p.Light(&port, product.Pins{DC: &port.DC}, product.Opts{Sleep: dcstest.NoSleep}); err != nil {
			t.Fatal(err)
		}
		last := func(s dcstest.Sent) byte { return s.Bytes[len(s.Bytes)-1] } // of a word, too
		i := slices.IndexFunc(port.Sent, func(s dcstest.Sent) bool { return s.Command && last(s) == dcs.MADCTL })
		if got := last(port.Sent[i+1]); got != want {
			t.Errorf("%s: MADCTL is %02X, want %02X", name, got, want)
		}
	}
}
