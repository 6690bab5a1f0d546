package product_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"onetimechat/display"
	"onetimechat/hal/chips"
	"onetimechat/hal/panel"
	"onetimechat/hal/product"
)

// model is the product's display as its chip's datasheet has it, written by
// somebody who did not see the driver.
func model(t *testing.T, p product.Product, now func() time.Time) *chips.Display {
	t.Helper()
	mounted := map[string]chips.Panel{
		"pitft28r": chips.PiTFT(), "pitft28c": chips.PiTFT(), "waveshare35": chips.Waveshare35(), "waveshare13": chips.Waveshare13(),
	}
	panel, ok := mounted[p.Name]
	if !ok {
		t.Fatalf("there is no model of %s", p.Name)
	}
	panel.Now = now
	switch p.Display.Chip {
	case product.ILI9341:
		return chips.NewILI9341(panel)
	case product.ILI9486:
		return chips.NewILI9486(panel)
	}
	return chips.NewST7789(panel)
}

// lines are the product's lines to its display.
func lines(p product.Product, m *chips.Display) product.Pins {
	pins := product.Pins{DC: m.DC}
	if p.Display.Reset != product.NoLine {
		pins.Reset = m.Reset
	}
	if p.Display.Light != product.NoLine {
		pins.Light = m.Light
	}
	return pins
}

// Through driver and chip each screen reaches the glass as it was drawn, for
// every product, turned each way, and in transfers of any size.
func TestTheGlassShowsWhatWasDrawn(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for _, p := range product.Products() {
		for _, r := range []panel.Rotation{0, 90, 180, 270} {
			limits := []int{4096}
			if r == 0 {
				limits = []int{4096, 100} // of a port that takes little at once
			}
			for _, limit := range limits {
				t.Run(fmt.Sprintf("%s/%d/%d", p.Name, r, limit), func(t *testing.T) {
					showAll(t, p, r, limit, rand.New(rand.NewPCG(seed, uint64(r))))
				})
			}
		}
	}
}

func showAll(t *testing.T, p product.Product, r panel.Rotation, limit int, rng *rand.Rand) {
	clock := &chips.Clock{}
	m := model(t, p, clock.Now)
	m.Port.SetMaxTxSize(limit)
	dev, err := p.Light(m.Port, lines(p, m), product.Opts{Rotation: r, Sleep: clock.Sleep})
	if err != nil {
		t.Fatal(err)
	}
	seen := image.NewRGBA(dev.Bounds())
	draw.Draw(seen, seen.Rect, image.Black, image.Point{}, draw.Src)
	show := func(what string, at image.Rectangle, picture image.Image) {
		t.Helper()
		if err := dev.Draw(at, picture, image.Point{}); err != nil {
			t.Fatal(err)
		}
		draw.Draw(seen, at, picture, image.Point{}, draw.Src)
		compare(t, what, m.Picture(), chips.As565(seen), p.Turned(r))
	}
	compare(t, "a display that was just lit", m.Picture(), chips.As565(seen), p.Turned(r))
	for range 5 { // patches of noise, some of them over the edge
		corner := image.Pt(rng.IntN(seen.Rect.Dx()), rng.IntN(seen.Rect.Dy()))
		patch := image.NewRGBA(image.Rect(0, 0, 1+rng.IntN(60), 1+rng.IntN(60)))
		for i := range patch.Pix {
			patch.Pix[i] = byte(rng.Uint32())
			if i%4 == 3 {
				patch.Pix[i] = 0xff
			}
		}
		show("a patch", patch.Rect.Add(corner), patch)
	}
	fit := slices.DeleteFunc(display.Sizes(), func(size image.Point) bool { return !(image.Rectangle{Max: size}.In(seen.Rect)) })
	if !slices.Contains(fit, p.Display.Size) && r%180 == 0 {
		t.Errorf("there are no screens of %v", p.Display.Size)
	}
	for _, size := range fit {
		renderer, err := display.NewRenderer(size)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []display.Screen{
			display.Home{Owner: "alice", Link: "10.77.1.1:9051", NewContact: true},
			display.ApproveSend{Text: "See you at noon.", Costs: []display.Cost{{Contact: "bob", Cost: 48, Left: 1 << 20}}, Ready: true},
			display.Fault{Title: "The device has stopped", Text: "Switch it off."},
		} {
			f := renderer.Render(s)
			show(f.Name, f.Image.Rect, f.Image)
		}
	}
	for i, to := range []panel.Rotation{(r + 90) % 360, r} {
		if err := dev.Turn(to); err != nil {
			t.Fatal(err)
		}
		seen = image.NewRGBA(dev.Bounds())
		draw.Draw(seen, seen.Rect, image.Black, image.Point{}, draw.Src)
		compare(t, "a display that was just turned", m.Picture(), chips.As565(seen), p.Turned(to))
		dot := image.Rect(10, 20+i, 40, 30+i)
		if err := dev.Draw(dot, image.White, image.Point{}); err != nil {
			t.Fatal(err)
		}
		draw.Draw(seen, dot, image.White, image.Point{}, draw.Src)
		compare(t, "a dot on a turned display", m.Picture(), chips.As565(seen), p.Turned(to))
	}
	if err := dev.Halt(); err != nil {
		t.Fatal(err)
	}
	draw.Draw(seen, seen.Rect, image.Black, image.Point{}, draw.Src)
	compare(t, "a display that was halted", m.Picture(), seen, p.Turned(r))
	for _, err := range m.Errors() {
		t.Errorf("the chip: %v", err)
	}
}

// compare holds the upright glass against a picture as its owner sees it.
func compare(t *testing.T, what string, glass, seen *image.RGBA, r panel.Rotation) {
	t.Helper()
	if bytes.Equal(onGlass(seen, glass.Rect, r).Pix, glass.Pix) {
		return // and pixels need not be looked at one by one, which is slow
	}
	wrong := 0
	for y := range seen.Rect.Dy() {
		for x := range seen.Rect.Dx() {
			at := r.Glass(image.Pt(x, y), glass.Rect.Size())
			if glass.RGBAAt(at.X, at.Y) != seen.RGBAAt(x, y) {
				if wrong++; wrong == 1 {
					t.Errorf("%s: %v at %v of the glass, drawn as %v at %v,%v", what, glass.RGBAAt(at.X, at.Y), at, seen.RGBAAt(x, y), x, y)
				}
			}
		}
	}
	t.Fatalf("%s: %d pixels are wrong", what, wrong)
}

// onGlass is a picture as its owner sees it, turned upright.
func onGlass(seen *image.RGBA, glass image.Rectangle, r panel.Rotation) *image.RGBA {
	turned, size := image.NewRGBA(glass), glass.Size()
	to, stride := turned.Pix, turned.Stride
	for y := range seen.Rect.Dy() {
		row := seen.Pix[y*seen.Stride:]
		for x := range seen.Rect.Dx() {
			at := r.Glass(image.Pt(x, y), size)
			*(*[4]byte)(to[at.Y*stride+4*at.X:]) = *(*[4]byte)(row[4*x:])
		}
	}
	return turned
}

// A bus that fails once, at whichever transfer, changes nothing that is seen.
func TestAFailedTransferIsMadeGood(t *testing.T) {
	tried := make(map[product.Chip]bool)
	for _, p := range product.Products() {
		if tried[p.Display.Chip] {
			continue
		}
		tried[p.Display.Chip] = true
		for n := 1; ; n++ {
			clock := &chips.Clock{}
			m := model(t, p, clock.Now)
			m.FailAt(n, errBus)
			dev, err := p.Light(m.Port, lines(p, m), product.Opts{Sleep: clock.Sleep})
			if err != nil {
				t.Fatalf("%s, transfer %d: %v", p.Name, n, err)
			}
			dot := image.Rect(10, 20, 40, 30)
			if err := dev.Draw(dot, image.White, image.Point{}); err != nil {
				t.Fatalf("%s, transfer %d: %v", p.Name, n, err)
			}
			seen := image.NewRGBA(dev.Bounds())
			draw.Draw(seen, seen.Rect, image.NewUniform(color.Black), image.Point{}, draw.Src)
			draw.Draw(seen, dot, image.White, image.Point{}, draw.Src)
			compare(t, fmt.Sprintf("%s, transfer %d", p.Name, n), m.Picture(), seen, p.Turned(0))
			if m.Transfers() < n {
				break // it never came to fail
			}
		}
	}
}

var errBus = fmt.Errorf("the wire is loose")
