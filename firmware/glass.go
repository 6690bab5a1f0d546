//go:build linux

package main

import (
	"errors"
	"fmt"
	"image"
	"slices"
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
	"onetimechat/padstore"
	"onetimechat/padstore/durable"
)

// glass is the board's screen with its touchscreen: frames of one of display's
// sizes in the middle of whatever the panel is. It implements device.Panel and
// device.Rotator.
type glass struct {
	panel    lit
	mounted  panel.Rotation // of the picture on the glass, where it is upright for its owner
	rotate   panel.Rotation // from there, as otc.conf has it
	keysOnly bool           // nothing tells where a finger is
	pad      *keypad.Keypad // nil: no push-buttons
	tell     func(int)      // of how the owner has the picture turned; may be nil

	mu       sync.Mutex
	rotation panel.Rotation    // of the picture on the glass
	stage    stage             // of frames
	finger   finger            // who takes touches now; may be nil
	raw      func(touch.Touch) // takes them as the sheet tells them, instead; nil but for a calibration
	fitted   affine.Map        // from the sheet to the glass

	touching sync.Mutex // held while a touch is at work

	drawing  sync.Mutex  // held while the panel is: a fault may come in a calibration
	enlarged *image.RGBA // what was drawn last, where frames are enlarged
}

// lit is a panel of hal/panel or hal/product. Turn turns its picture from where it
// is upright.
type lit interface {
	periph.Drawer
	Turn(r panel.Rotation) error
}

// finger is who a touch is for: a Device, or a Naming before there is one.
type finger interface {
	Press(p image.Point) (target string, active bool)
	Release(p image.Point) (target string, active bool)
}

// newGlass lights the screen that otc.conf names.
func newGlass(c conf.Conf) (*glass, error) {
	g := &glass{rotate: panel.Rotation(c.Rotate), fitted: affine.Identity}
	var err error
	if g.panel, g.mounted, err = light(c); err != nil {
		return nil, fmt.Errorf("the screen: %w", err)
	}
	plugged := pluggedOn(c)
	g.keysOnly = plugged != nil && !plugged.HasTouch()
	g.rotation = g.turned(0)
	if g.stage, err = middle(g.panel.Bounds(), g.keysOnly); err != nil {
		return nil, errors.Join(fmt.Errorf("panel %s: %w", c.Panel, err), g.panel.Halt())
	}
	return g, nil
}

// keyed has the screen worked by push-buttons, too. No frame was shown yet.
func (g *glass) keyed() { g.pad = keypad.New(onto(g.draw)) }

// light lights a screen, and says how its picture is turned on the glass where it
// is upright.
func light(c conf.Conf) (lit, panel.Rotation, error) {
	wanted := panel.Rotation(c.Rotate)
	if c.Panel == conf.Framebuffer {
		opts := panel.DefaultOpts
		opts.Rotation = wanted
		screen, err := panel.NewFramebuffer(&opts)
		if err != nil {
			return nil, 0, err
		}
		return screen, 0, nil
	}
	plugged := pluggedOn(c)
	if plugged == nil {
		return nil, 0, fmt.Errorf("panel %s is not known", c.Panel)
	}
	screen, err := plugged.Open(product.Opts{Rotation: wanted})
	if err != nil {
		return nil, 0, err
	}
	return screen, plugged.Turned(0), nil
}

// settled is c, with the panel that is there where it leaves open which of two
// that is.
func settled(c conf.Conf) (conf.Conf, error) {
	alike := product.Alike(string(c.Panel))
	if len(alike) == 0 {
		return c, nil
	}
	p, err := product.Ask(alike, func(p product.Product) error { return p.Answers(product.Opts{}) })
	if err != nil {
		return c, fmt.Errorf("panel %s: %w", c.Panel, err)
	}
	c.Panel = conf.Panel(p.Name)
	return c, nil
}

// pluggedOn is what is on the pin header, nil for nothing that is known.
func pluggedOn(c conf.Conf) *product.Product {
	if p, ok := product.Find(string(c.Panel)); ok {
		return &p
	}
	return nil
}

func (g *glass) renderer() (*display.Renderer, error) { return display.NewRenderer(g.size()) }

// size is that of frames.
func (g *glass) size() image.Point { return g.frames().size() }

func (g *glass) frames() stage {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stage
}

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
	g.drawing.Lock()
	defer g.drawing.Unlock()
	at := g.frames()
	if at.scale == 1 {
		return g.panel.Draw(at.area, f.Image, image.Point{})
	}
	g.enlarged = at.enlarge(f.Image, g.enlarged)
	return g.panel.Draw(at.area, g.enlarged, image.Point{})
}

// String names the panel.
func (g *glass) String() string { return g.panel.String() }

// turned is the rotation of the picture on the glass, for one that its owner has
// chosen.
func (g *glass) turned(chosen int) panel.Rotation {
	return (g.mounted + g.rotate + panel.Rotation(chosen)) % 360
}

// Rotations implements device.Rotator.
func (g *glass) Rotations() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []int
	for chosen := 0; chosen < 360; chosen += 90 {
		size := g.turned(chosen).Turned(g.rotation.Turned(g.panel.Bounds().Size()))
		if _, err := middle(image.Rectangle{Max: size}, g.keysOnly); err == nil {
			all = append(all, chosen)
		}
	}
	return all
}

// Rotate implements device.Rotator.
func (g *glass) Rotate(chosen int) (*display.Renderer, error) {
	if err := g.turn(chosen); err != nil {
		return nil, err
	}
	return g.renderer()
}

// turnAsChosen turns picture and touches as the owner of a card has chosen, where
// this panel has room for that. The card's store is not open.
func (g *glass) turnAsChosen(card durable.Disk) error {
	return g.turnTo(padstore.SettingsOf(card).Rotation)
}

// turnTo is turn, where this panel has room for that.
func (g *glass) turnTo(chosen int) error {
	if chosen == 0 || !slices.Contains(g.Rotations(), chosen) {
		return nil
	}
	return g.turn(chosen)
}

// turn turns picture and touches.
func (g *glass) turn(chosen int) error {
	g.drawing.Lock()
	defer g.drawing.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.panel.Turn((g.rotate + panel.Rotation(chosen)) % 360); err != nil {
		return err
	}
	at, err := middle(g.panel.Bounds(), g.keysOnly)
	if err != nil {
		return err
	}
	g.rotation, g.stage = g.turned(chosen), at
	if g.tell != nil {
		g.tell(chosen)
	}
	return nil
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
	g.touching.Lock()
	defer g.touching.Unlock()
	switch {
	case raw != nil:
		raw(t)
		return
	case f == nil:
		return
	}
	p := image.Pt(-1, -1) // on no frame
	if !t.Lost {
		on := fitted.Apply(affine.Point{X: t.X, Y: t.Y})
		t.X, t.Y = on.X, on.Y
		p = g.point(t)
	}
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
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stage.place(t, g.panel.Bounds(), g.rotation)
}

// where is the middle of a frame's pixel on the glass, not turned, from 0 to 1.
func (g *glass) where(p image.Point) affine.Point {
	g.mu.Lock()
	defer g.mu.Unlock()
	size := g.rotation.Turned(g.panel.Bounds().Size())
	at := g.rotation.Glass(g.stage.pixel(p), size)
	return affine.Point{X: (float64(at.X) + .5) / float64(size.X), Y: (float64(at.Y) + .5) / float64(size.Y)}
}
