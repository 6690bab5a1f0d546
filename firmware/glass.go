//go:build linux

package main

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
	"sync"

	periph "periph.io/x/conn/v3/display"

	"onetimechat/display"
	"onetimechat/firmware/boot/conf"
	"onetimechat/firmware/keypad"
	"onetimechat/hal/keys"
	"onetimechat/hal/panel"
	"onetimechat/hal/product"
	"onetimechat/hal/touch"
	"onetimechat/hal/touch/affine"
)

// glass is the board's screen with its touchscreen: frames of one of display's
// sizes in the middle of whatever the panel is. It implements device.Panel.
type glass struct {
	panel    periph.Drawer
	rotation panel.Rotation
	area     image.Rectangle // of frames, on the panel as its owner sees it
	pad      *keypad.Keypad  // nil: no push-buttons

	mu     sync.Mutex
	finger finger            // who takes touches now; may be nil
	raw    func(touch.Touch) // takes them as the sheet tells them, instead; nil but for a calibration
	fitted affine.Map        // from the sheet to the glass

	touching sync.Mutex // held while a touch is at work
}

// finger is who a touch is for: a Device, or a Naming before there is one.
type finger interface {
	Press(p image.Point) (target string, active bool)
	Release(p image.Point) (target string, active bool)
}

// newGlass lights the screen that otc.conf names.
func newGlass(c conf.Conf) (*glass, error) {
	screen, rotation, err := light(c)
	if err != nil {
		return nil, fmt.Errorf("the screen: %w", err)
	}
	plugged := pluggedOn(c)
	area, err := middle(screen.Bounds(), plugged != nil && !plugged.HasTouch())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("panel %s: %w", c.Panel, err), screen.Halt())
	}
	return &glass{panel: screen, rotation: rotation, area: area, fitted: affine.Identity}, nil
}

// keyed has the screen worked by push-buttons, too. No frame was shown yet.
func (g *glass) keyed() { g.pad = keypad.New(onto(g.draw)) }

// light lights a screen, and says how its picture is turned on the glass.
func light(c conf.Conf) (periph.Drawer, panel.Rotation, error) {
	wanted := panel.Rotation(c.Rotate)
	if c.Panel == conf.Framebuffer {
		opts := panel.DefaultOpts
		opts.Rotation = wanted
		screen, err := panel.NewFramebuffer(&opts)
		if err != nil {
			return nil, 0, err
		}
		return screen, wanted, nil
	}
	plugged := pluggedOn(c)
	if plugged == nil {
		return nil, 0, fmt.Errorf("panel %s is not known", c.Panel)
	}
	screen, err := plugged.Open(product.Opts{Rotation: wanted})
	if err != nil {
		return nil, 0, err
	}
	return screen, plugged.Turned(wanted), nil
}

// pluggedOn is what is on the pin header, nil for nothing that is known.
func pluggedOn(c conf.Conf) *product.Product {
	if p, ok := product.Find(string(c.Panel)); ok {
		return &p
	}
	return nil
}

// middle is the largest of display's sizes that fits, in the middle. Where there
// is a touchscreen, it is one that fingers can work.
func middle(bounds image.Rectangle, keysOnly bool) (area image.Rectangle, err error) {
	for _, size := range display.Sizes() {
		if display.KeysOnly(size) && !keysOnly {
			continue
		}
		if size.X <= bounds.Dx() && size.Y <= bounds.Dy() && size.X > area.Dx() {
			area = image.Rectangle{Max: size}.Add(bounds.Size().Sub(size).Div(2))
		}
	}
	if area.Empty() {
		return area, fmt.Errorf("the screen has %dx%d pixels; 320x240 is the least", bounds.Dx(), bounds.Dy())
	}
	return area, nil
}

func (g *glass) renderer() (*display.Renderer, error) { return display.NewRenderer(g.area.Size()) }

// Show implements device.Panel.
func (g *glass) Show(f *display.Frame) error {
	if g.pad != nil {
		return g.pad.Show(f)
	}
	return g.draw(f)
}

// onto is a panel that is one function.
type onto func(f *display.Frame) error

func (o onto) Show(f *display.Frame) error { return o(f) }

func (g *glass) draw(f *display.Frame) error {
	return g.panel.Draw(g.area, draw.Image(f.Image), image.Point{})
}

// give has touches go to f.
func (g *glass) give(f finger) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.finger = f
}

// fit has touches be mapped from the sheet to the glass.
func (g *glass) fit(m affine.Map) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fitted = m
}

// giveRaw has touches go to take as the sheet tells them, until it is nil.
func (g *glass) giveRaw(take func(touch.Touch)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.raw = take
}

// touched passes a touch on.
func (g *glass) touched(t touch.Touch) {
	g.mu.Lock()
	f, raw, fitted := g.finger, g.raw, g.fitted
	g.mu.Unlock()
	if raw != nil {
		raw(t)
		return
	}
	if f == nil {
		return
	}
	if !t.Lost {
		on := fitted.Apply(affine.Point{X: t.X, Y: t.Y})
		t.X, t.Y = on.X, on.Y
	}
	p := image.Pt(-1, -1) // on no frame
	if !t.Lost {
		p = g.point(t)
	}
	g.touching.Lock()
	defer g.touching.Unlock()
	if t.Down {
		f.Press(p)
	} else {
		f.Release(p)
	}
}

// pressed passes a key on. During a calibration there is nothing that one could
// be for.
func (g *glass) pressed(e keys.Event) error {
	g.mu.Lock()
	f, raw := g.finger, g.raw
	g.mu.Unlock()
	if f == nil {
		return nil
	}
	if raw != nil {
		e = keys.Event{Key: e.Key, Lost: true}
	}
	g.touching.Lock()
	defer g.touching.Unlock()
	return g.pad.Take(e, f)
}

// look comes back when no touch is at work, as long as none hangs.
func (g *glass) look() {
	g.touching.Lock()
	defer g.touching.Unlock()
}

// point is where on a frame a touch is.
func (g *glass) point(t touch.Touch) image.Point {
	return place(t, g.panel.Bounds(), g.rotation, g.area)
}

// where is the middle of a frame's pixel on the glass, not turned, from 0 to 1.
func (g *glass) where(p image.Point) affine.Point {
	size := g.panel.Bounds().Size()
	if g.rotation == 90 || g.rotation == 270 {
		size = image.Pt(size.Y, size.X)
	}
	at := g.rotation.Glass(p.Add(g.area.Min), size)
	return affine.Point{X: (float64(at.X) + .5) / float64(size.X), Y: (float64(at.Y) + .5) / float64(size.Y)}
}

// place is where on the area of frames a touch is, on a panel that its owner
// sees turned.
func place(t touch.Touch, seen image.Rectangle, r panel.Rotation, area image.Rectangle) image.Point {
	size := seen.Size()
	if r == 90 || r == 270 {
		size = image.Pt(size.Y, size.X)
	}
	p := image.Pt(min(size.X-1, int(t.X*float64(size.X))), min(size.Y-1, int(t.Y*float64(size.Y))))
	return ((360 - r) % 360).Glass(p, seen.Size()).Sub(area.Min)
}
