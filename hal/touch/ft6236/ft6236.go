// Package ft6236 reads a capacitive touch sheet through an FT6236, or its
// older brother FT6206, on I2C.
//
// Start with New, which asks the chip what it is; Dev.Run tells touches as
// touch.Evdev's does. The chip finds fingers by itself; this package follows
// the first one, and does not believe a lift before the chip has said its name
// again: a bus that reads zeros would look the same.
//
// Datasheet: FT6236, FocalTech, registers named as in its application note's
// register map.
package ft6236

import (
	"context"
	"errors"
	"fmt"
	"image"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"

	"onetimechat/hal/touch"
)

// ErrChip is matched by New's error where something else answers.
var ErrChip = errors.New("ft6236: another chip answers")

// errPoint is of a report that makes no sense.
var errPoint = errors.New("the chip tells of no finger that can be")

// Registers.
const (
	devMode     = 0x00 // DEV_MODE
	tdStatus    = 0x02 // TD_STATUS, then P1_XH, P1_XL, P1_YH, P1_YL
	control     = 0x86 // CTRL
	cipher      = 0xa3 // CIPHER: which chip
	gMode       = 0xa4 // G_MODE
	focaltechID = 0xa8 // FOCALTECH_ID: who made it
)

// Values.
const (
	address = 0x38

	maker    = 0x11
	chip6206 = 0x06
	chip6236 = 0x36
	chip6xxU = 0x64 // FT6236U

	working   = 0 // DEV_MODE
	keepAwake = 0 // CTRL: never the slow monitor mode
	polling   = 0 // G_MODE: INT stays low as long as there is a finger

	pointsMask = 0x0f // TD_STATUS
	mostPoints = 2

	// P1_XH: two bits of what happens, four of X. P1_YH: four bits of which
	// finger, four of Y.
	eventShift = 6
	lifted     = 0b01
	nothing    = 0b11
	highMask   = 0x0f
)

// Opts are a Dev's options.
type Opts struct {
	Addr uint16 // I2C address
	// INT is the chip's interrupt line, low while there is a finger; nil if it
	// is not connected. It saves transfers while nothing touches the glass.
	INT gpio.PinIn
	// Size is how many steps the sheet has each way, before Mount.
	Size  image.Point
	Mount touch.Mount
}

// DefaultOpts suit the Adafruit PiTFT 2.8" with capacitive touch.
var DefaultOpts = Opts{Addr: address, Size: image.Pt(240, 320)}

// Dev is one chip. It is used by one goroutine at a time.
type Dev struct {
	opts   Opts
	dev    i2c.Dev
	down   bool
	finger byte // which one is down
}

// New asks the chip what it is and sets it up.
func New(bus i2c.Bus, opts *Opts) (*Dev, error) {
	if opts.Size.X < 1 || opts.Size.Y < 1 {
		return nil, fmt.Errorf("ft6236: a sheet of %v has no place for a finger", opts.Size)
	}
	d := &Dev{opts: *opts, dev: i2c.Dev{Bus: bus, Addr: opts.Addr}}
	if p := opts.INT; p != nil {
		if err := p.In(gpio.PullUp, gpio.NoEdge); err != nil {
			return nil, fmt.Errorf("ft6236: INT on %s: %w", p, err)
		}
	}
	if err := d.identify(); err != nil {
		return nil, fmt.Errorf("%s: %w", d, err)
	}
	for _, s := range [][]byte{{devMode, working}, {control, keepAwake}, {gMode, polling}} {
		if err := d.dev.Tx(s, nil); err != nil {
			return nil, fmt.Errorf("%s: %w", d, err)
		}
	}
	return d, nil
}

// identify asks the chip who it is.
func (d *Dev) identify() error {
	var by, which [1]byte
	if err := d.dev.Tx([]byte{focaltechID}, by[:]); err != nil {
		return err
	}
	if err := d.dev.Tx([]byte{cipher}, which[:]); err != nil {
		return err
	}
	switch {
	case by[0] != maker:
		return fmt.Errorf("%w: FOCALTECH_ID is %#02x, not %#02x", ErrChip, by[0], maker)
	case which[0] != chip6206 && which[0] != chip6236 && which[0] != chip6xxU:
		return fmt.Errorf("%w: CIPHER is %#02x, not %#02x, %#02x or %#02x", ErrChip, which[0], chip6206, chip6236, chip6xxU)
	}
	return nil
}

// String implements conn.Resource.
func (d *Dev) String() string { return fmt.Sprintf("ft6236.Dev{%s}", &d.dev) }

// Halt implements conn.Resource. The chip goes on by itself.
func (d *Dev) Halt() error { return nil }

// Run tells touches until ctx ends, or the bus has failed for good: see
// touch.Poll.
func (d *Dev) Run(ctx context.Context, give func(touch.Touch)) error {
	if err := touch.Poll(ctx, d.look, give); err != nil {
		return fmt.Errorf("%s: %w", d, err)
	}
	return nil
}

// look is one poll.
func (d *Dev) look() (touch.Touch, error) {
	if p := d.opts.INT; p != nil && !d.down && p.Read() == gpio.High {
		return touch.Touch{}, nil
	}
	var report [5]byte
	err := d.dev.Tx([]byte{tdStatus}, report[:])
	t := touch.Touch{Lost: true}
	if err == nil {
		t, err = d.follow(report)
	}
	d.down = t.Down
	return t, err
}

// follow makes of a report where the finger is. A report that says that there
// is none while one was down makes the chip say its name.
func (d *Dev) follow(report [5]byte) (touch.Touch, error) {
	points := int(report[0] & pointsMask)
	event := report[1] >> eventShift
	switch {
	case points > mostPoints:
		return touch.Touch{Lost: true}, fmt.Errorf("%w: %d points", errPoint, points)
	case points == 0 || event == lifted:
		if d.down {
			if err := d.identify(); err != nil {
				return touch.Touch{Lost: true}, err
			}
		}
		return touch.Touch{}, nil
	case event == nothing:
		return touch.Touch{Lost: true}, fmt.Errorf("%w: an event without one", errPoint)
	}
	at := image.Pt(int(report[1]&highMask)<<8|int(report[2]), int(report[3]&highMask)<<8|int(report[4]))
	if !at.In(image.Rectangle{Max: d.opts.Size}) {
		return touch.Touch{Lost: true}, fmt.Errorf("%w: at %v of %v", errPoint, at, d.opts.Size)
	}
	finger := report[3] >> 4
	if d.down && finger != d.finger {
		return touch.Touch{Lost: true}, nil // the first one was lifted while a second one lay
	}
	d.finger = finger
	t := touch.Touch{Down: true}
	t.X, t.Y = d.opts.Mount.Place((float64(at.X)+.5)/float64(d.opts.Size.X), (float64(at.Y)+.5)/float64(d.opts.Size.Y))
	return t, nil
}
