//go:build linux

package main

import (
	"errors"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"

	"onetimechat/display"
	"onetimechat/firmware/boot/conf"
	"onetimechat/hal/panel"
	"onetimechat/hal/product"
	"onetimechat/hal/touch"
	"onetimechat/hal/touch/affine"
	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
)

func TestFramesStandInTheMiddleOfAnyPanel(t *testing.T) {
	for _, c := range []struct {
		w, h int
		want string
	}{
		{320, 240, "(0,0)-(320,240)"},
		{480, 320, "(0,0)-(480,320)"},
		{640, 480, "(80,80)-(560,400)"},
		{800, 480, "(0,0)-(800,480)"},
		{1366, 768, "(283,144)-(1083,624)"},
		{1920, 1080, "(160,60)-(1760,1020)"},
		{1080, 1920, "(140,720)-(940,1200)"},
		{3840, 2160, "(320,120)-(3520,2040)"},
		{480, 640, "(0,160)-(480,480)"},
	} {
		at, err := middle(image.Rect(0, 0, c.w, c.h), false)
		if err != nil || at.area.String() != c.want || !slices.Contains(display.Sizes(), at.size()) {
			t.Errorf("%dx%d: %v of %v, %v; want %s", c.w, c.h, at.area, at.size(), err, c.want)
		}
	}
	if _, err := middle(image.Rect(0, 0, 319, 480), false); err == nil {
		t.Error("a screen too small for any frame is taken")
	}
	if at, err := middle(image.Rect(0, 0, 240, 240), true); err != nil || at.area != image.Rect(0, 0, 240, 240) {
		t.Errorf("the smallest screen for keys: %v, %v", at, err)
	}
}

// A touch on any pixel of the glass comes to the pixel that is drawn there, and one
// beside the picture to none.
func TestATouchLandsWhereThePictureIs(t *testing.T) {
	for _, glass := range []image.Point{{640, 480}, {1920, 1080}, {3840, 2160}} {
		for _, r := range []panel.Rotation{0, 90, 180, 270} {
			seen := image.Rectangle{Max: r.Turned(glass)}
			where, err := middle(seen, false)
			if err != nil {
				t.Fatal(err)
			}
			touched := func(on image.Point) image.Point {
				at := r.Glass(on, glass)
				finger := touch.Touch{Down: true, X: (float64(at.X) + .5) / float64(glass.X), Y: (float64(at.Y) + .5) / float64(glass.Y)}
				return where.place(finger, seen, r)
			}
			most := where.size().Sub(image.Pt(1, 1))
			for _, p := range []image.Point{{0, 0}, {17, 3}, {most.X, 0}, most, {5, most.Y}} {
				corner := p.Mul(where.scale).Add(where.area.Min)
				for _, on := range []image.Point{corner, where.pixel(p), corner.Add(image.Pt(where.scale-1, where.scale-1))} {
					if got := touched(on); got != p {
						t.Errorf("%v, %d degrees: a touch on %v lands on %v, not %v", glass, r, on, got, p)
					}
				}
			}
			for _, on := range []image.Point{where.area.Min.Sub(image.Pt(1, 1)), where.area.Max} {
				if got := touched(on); on.In(seen) && got.In(image.Rectangle{Max: where.size()}) {
					t.Errorf("%v, %d degrees: a touch on %v, beside the picture, lands on %v", glass, r, on, got)
				}
			}
		}
	}
}

// On a screen with many pixels each of a frame's is a square, and all of them are there.
func TestFramesAreEnlargedWhereThereIsRoom(t *testing.T) {
	b := &blank{glass: image.Pt(1920, 1080)}
	g := &glass{panel: b}
	var err error
	if g.stage, err = middle(b.Bounds(), false); err != nil {
		t.Fatal(err)
	}
	renderer, err := g.renderer()
	if err != nil {
		t.Fatal(err)
	}
	for _, screen := range []display.Screen{display.TestPattern{}, display.Busy{Text: "and another"}} {
		frame := renderer.Render(screen)
		if err := g.Show(frame); err != nil {
			t.Fatal(err)
		}
		if b.at != g.stage.area || b.shown.Bounds().Size() != b.at.Size() {
			t.Fatalf("%v is drawn at %v", b.shown.Bounds(), b.at)
		}
		for y := range b.at.Dy() {
			for x := range b.at.Dx() {
				if got, want := b.shown.At(x, y), frame.Image.At(x/2, y/2); got != want {
					t.Fatalf("the pixel at %d, %d is %v, not %v", x, y, got, want)
				}
			}
		}
	}
}

// Whatever otc.conf can name is known, and the other way round.
func TestEveryPanelOfTheSettingsIsKnown(t *testing.T) {
	named := 0
	for _, name := range conf.Panels() {
		_, ok := product.Find(string(name))
		if alike := product.Alike(string(name)); ok == (name == conf.Framebuffer || len(alike) > 1) {
			t.Errorf("%s: %v", name, ok)
		}
		if ok {
			named++
		}
	}
	if len(product.Products()) != named {
		t.Error("a product is not in the settings")
	}
}

// A name that leaves open which product is there is a fault where none answers,
// and others are not asked.
func TestAPanelThatIsToBeFoundIsAFaultWithoutOne(t *testing.T) {
	c := conf.Default()
	c.Panel = conf.PiTFT28
	_, err := settled(c)
	for _, want := range []string{"panel pitft28: no touch controller", "pitft28r: SPI0.1: no such device", "pitft28c: I2C1: no such device"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for _, name := range conf.Panels() {
		if c.Panel = name; name == conf.PiTFT28 {
			continue
		}
		if got, err := settled(c); err != nil || got != c {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// On a board without SPI, such as the emulated one, the fault names panel and
// port.
func TestAPanelWithoutItsPortIsAFault(t *testing.T) {
	c := conf.Default()
	c.Panel = conf.Waveshare35
	if _, err := newGlass(c); err == nil || !strings.Contains(err.Error(), "panel waveshare35: SPI0.0: no such device") {
		t.Errorf("got %v", err)
	}
}

// A comparator is found at its port, or is a fault that names what is wrong.
func TestAComparatorNeedsAPortOfItsOwn(t *testing.T) {
	c := conf.Default()
	c.Comparator = "SPI0.1"
	if _, _, err := findComparator(c); err == nil || !strings.Contains(err.Error(), "comparator = SPI0.1: no such device") {
		t.Errorf("got %v", err)
	}
	c.Panel = conf.Waveshare35
	if _, _, err := findComparator(c); err == nil || !strings.Contains(err.Error(), "comparator = SPI0.1: panel waveshare35 is there") {
		t.Errorf("got %v", err)
	}
}

// seen is a finger's places on frames.
type seen struct{ pressed []image.Point }

func (s *seen) Press(p image.Point) (string, bool) {
	s.pressed = append(s.pressed, p)
	return "", false
}

func (s *seen) Release(image.Point) (string, bool) { return "", false }

// A touch is mapped from the sheet to the glass, but for a calibration, which
// takes it as it comes.
func TestTouchesAreFittedToTheGlass(t *testing.T) {
	var nobody seen
	g := &glass{panel: &blank{glass: image.Pt(320, 480), rotation: 90}, rotation: 90, stage: stage{image.Rect(0, 0, 480, 320), 1}}
	g.give(&nobody)
	g.fit(affine.Map{XX: -1, X0: 1, YY: 1}) // mirrored
	for _, p := range []image.Point{{0, 0}, {479, 0}, {100, 200}, {479, 319}} {
		at := g.where(p)
		nobody.pressed = nil
		g.touched(touch.Touch{Down: true, X: 1 - at.X, Y: at.Y})
		if len(nobody.pressed) != 1 || nobody.pressed[0] != p {
			t.Errorf("a finger on %v is seen at %v", p, nobody.pressed)
		}
	}
	nobody.pressed = nil
	var raw []touch.Touch
	g.giveRaw(func(t touch.Touch) { raw = append(raw, t) })
	g.touched(touch.Touch{Down: true, X: .25, Y: .75})
	g.giveRaw(nil)
	if len(nobody.pressed) > 0 || len(raw) != 1 || raw[0].X != .25 || raw[0].Y != .75 {
		t.Errorf("a calibration is told %v, and others %v", raw, nobody.pressed)
	}
}

// Turned by its owner, picture and touches still agree, with frames as large as
// there is room for. The card knows it at the next start.
func TestAPictureThatItsOwnerTurns(t *testing.T) {
	for _, otc := range []panel.Rotation{0, 90} {
		b := &blank{glass: image.Pt(640, 480), rotation: otc}
		g := &glass{panel: b, rotate: otc, rotation: otc, fitted: affine.Identity}
		g.stage, _ = middle(b.Bounds(), false)
		if got := g.Rotations(); !slices.Equal(got, []int{0, 90, 180, 270}) {
			t.Fatalf("%d: it can be turned by %v", otc, got)
		}
		var nobody seen
		g.give(&nobody)
		for _, chosen := range []int{90, 180, 270, 0} {
			renderer, err := g.Rotate(chosen)
			if err != nil {
				t.Fatal(err)
			}
			want := panel.Rotation(chosen) + otc
			if b.rotation != want%360 {
				t.Errorf("the panel is turned by %d, want %d", b.rotation, want%360)
			}
			frame := renderer.Render(display.Busy{})
			if size := frame.Image.Rect.Size(); size != image.Pt(480, 320) || !g.stage.area.In(b.Bounds()) {
				t.Errorf("%d and %d: frames of %v at %v of %v", otc, chosen, size, g.stage.area, b.Bounds())
			}
			for _, p := range []image.Point{{0, 0}, {479, 319}, {100, 200}} {
				at := (want % 360).Glass(p.Add(g.stage.area.Min), b.glass)
				nobody.pressed = nil
				g.touched(touch.Touch{Down: true, X: (float64(at.X) + .5) / 640, Y: (float64(at.Y) + .5) / 480})
				if len(nobody.pressed) != 1 || nobody.pressed[0] != p {
					t.Errorf("%d and %d: a finger on %v is seen at %v", otc, chosen, p, nobody.pressed)
				}
			}
		}
	}
}

// What a panel has no room for is not offered, and not done though the card says
// so.
func TestAPanelIsTurnedOnlyWhereFramesFit(t *testing.T) {
	upright, sideways := image.Rect(0, 0, 330, 240), image.Rect(0, 0, 240, 330)
	b := &blank{glass: upright.Max}
	g := &glass{panel: b}
	g.stage, _ = middle(upright, false)
	for _, chosen := range g.Rotations() {
		if _, err := g.Rotate(chosen); err != nil {
			t.Errorf("it cannot be turned by %d, which it offers: %v", chosen, err)
		}
	}
	_, err := middle(sideways, false)
	if offered := slices.Contains(g.Rotations(), 90); offered != (err == nil) || !slices.Contains(g.Rotations(), 180) {
		t.Errorf("it offers %v; on its side: %v", g.Rotations(), err)
	}
}

// The start turns the picture as the card says.
func TestTheCardKnowsHowThePictureIsTurned(t *testing.T) {
	disk := durabletest.New(1)
	store, err := padstore.Open(disk, "alice")
	if err != nil {
		t.Fatal(err)
	}
	settings := store.Settings()
	settings.Rotation = 180
	if err := errors.Join(store.Choose(settings), store.Close()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		glass image.Point
		want  panel.Rotation
	}{{image.Pt(480, 320), 270}, {image.Pt(320, 480), 270}} {
		b, told := &blank{glass: c.glass, rotation: 90}, 0
		g := &glass{panel: b, rotate: 90, rotation: 90, tell: func(chosen int) { told = chosen }}
		if err := g.turnAsChosen(disk); err != nil || b.rotation != c.want || told != 180 {
			t.Errorf("%v: turned by %d, told %d, %v", c.glass, b.rotation, told, err)
		}
	}
}

// A touch of a calibration is at work, too, as far as the watchdog can see: it draws.
func TestTheWatchdogSeesACalibrationThatHangs(t *testing.T) {
	g := &glass{panel: &blank{glass: image.Pt(320, 240)}}
	touched := false
	g.giveRaw(func(touch.Touch) {
		if touched = true; g.touching.TryLock() {
			g.touching.Unlock()
			t.Error("nobody would notice if this hung")
		}
	})
	g.touched(touch.Touch{Down: true})
	g.look()
	if !touched {
		t.Error("the calibration is not told of the touch")
	}
}

// The panel is drawn on, and turned, by one at a time: the store may fail, and the device
// say so, while a calibration draws its next cross.
func TestOneAtATimeDraws(t *testing.T) {
	g := &glass{}
	alone := 0
	g.panel = &watched{blank{glass: image.Pt(480, 320)}, func() {
		if g.drawing.TryLock() {
			g.drawing.Unlock()
			t.Error("another one can draw meanwhile")
		}
		alone++
	}}
	var err error
	if g.stage, err = middle(g.panel.Bounds(), false); err != nil {
		t.Fatal(err)
	}
	renderer, err := g.Rotate(180)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Show(renderer.Render(display.TestPattern{})); err != nil || alone != 2 {
		t.Errorf("%v; the panel was used %d times", err, alone)
	}
}

// watched is a panel that tells when it is used.
type watched struct {
	blank
	used func()
}

func (w *watched) Turn(r panel.Rotation) error {
	w.used()
	return w.blank.Turn(r)
}

func (w *watched) Draw(at image.Rectangle, shown image.Image, from image.Point) error {
	w.used()
	return w.blank.Draw(at, shown, from)
}

// blank is a panel that keeps what was drawn last.
type blank struct {
	glass    image.Point // not turned
	rotation panel.Rotation
	drawn    int // pictures
	shown    image.Image
	at       image.Rectangle
}

func (b *blank) String() string              { return "blank" }
func (b *blank) Halt() error                 { return nil }
func (b *blank) ColorModel() color.Model     { return color.RGBAModel }
func (b *blank) Turn(r panel.Rotation) error { b.rotation = r; return nil }

func (b *blank) Draw(at image.Rectangle, shown image.Image, _ image.Point) error {
	b.drawn++
	b.at, b.shown = at, shown
	return nil
}

func (b *blank) Bounds() image.Rectangle {
	if b.rotation == 90 || b.rotation == 270 {
		return image.Rect(0, 0, b.glass.Y, b.glass.X)
	}
	return image.Rectangle{Max: b.glass}
}
