package device

import (
	"context"
	"fmt"

	"onetimechat/display"
)

// Panel shows frames. Show returns when the frame is on the glass; after an
// error nobody knows what the owner sees. About names one that is a
// fmt.Stringer.
type Panel interface {
	Show(f *display.Frame) error
}

// Dimmer dims a panel's light. After an error nobody knows what the owner sees.
type Dimmer interface {
	// Dim has it shine with so many percent of its full light, 1 to 100: as
	// the eye may read it, it is never dark.
	Dim(percent int) error
}

// Rotator turns a panel's picture, and where touches land with it.
type Rotator interface {
	// Rotations are those for which the panel has room, clockwise in degrees:
	// 0, which is how the board has it, and some of 90, 180 and 270.
	Rotations() []int
	// Rotate turns it to one of them. Frames are then to be as the renderer
	// draws them.
	Rotate(degrees int) (*display.Renderer, error)
}

// light is how bright the panel is, in percent.
type light struct {
	chosen int // by the owner
	now    int // 0 while not known
}

// idleShare is the part of the chosen light that an idle screen has: its words
// are large.
const idleShare = 5

// shine has the panel be as bright as the view needs. mu is held.
func (d *Device) shine() {
	if d.dimmer == nil {
		return
	}
	percent := d.light.chosen
	if d.view.dim {
		percent = max(1, percent/idleShare)
	}
	if percent == d.light.now {
		return
	}
	if err := d.dimmer.Dim(percent); err != nil {
		d.fail(fmt.Errorf("the panel's light: %w", err))
		return
	}
	d.light.now = percent
}

// brightnesses are those that the owner chooses from, one tap after another.
var brightnesses = [...]int{100, 75, 50, 25, 10}

// nextBrightness chooses the brightness after the present one.
func (d *Device) nextBrightness(ctx context.Context) {
	s := d.store.Settings()
	s.Brightness = following(brightnesses[:], s.Brightness)
	d.change(ctx, d.store.Choose(s))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.light.chosen = d.store.Settings().Brightness
	d.shine()
}

// nextRotation turns the picture, at once, to where it has room next.
func (d *Device) nextRotation(ctx context.Context) {
	s := d.store.Settings()
	s.Rotation = following(d.rotator.Rotations(), s.Rotation)
	err := d.store.Choose(s)
	if err == nil {
		d.rotate(s.Rotation)
	}
	d.change(ctx, err)
}

func (d *Device) rotate(degrees int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault != nil {
		return
	}
	renderer, err := d.rotator.Rotate(degrees)
	if err != nil {
		d.fail(fmt.Errorf("turning the picture: %w", err))
		return
	}
	d.renderer = renderer
	d.show(waiting("One moment."))
}

func rotationText(degrees int) string {
	if degrees == 0 {
		return "upright"
	}
	return fmt.Sprintf("turned by %d°", degrees)
}
