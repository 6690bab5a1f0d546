package product

import (
	"context"
	"fmt"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/spi"

	"onetimechat/hal/touch"
	"onetimechat/hal/touch/ft6236"
	"onetimechat/hal/touch/stmpe610"
	"onetimechat/hal/touch/xpt2046"
)

// Controller is a touch controller that was found and set up. Its touches are
// on the glass as the display's chip counts it, not turned.
type Controller interface {
	fmt.Stringer
	// Run tells touches until ctx ends, and returns nil then, or why none can be
	// told any more.
	Run(ctx context.Context, give func(touch.Touch)) error
	// Halt stops it, as far as it does not stop by itself.
	Halt() error
}

// onSPI sets up a controller at port. interrupt may be nil.
func (t Touch) onSPI(port spi.Port, interrupt gpio.PinIn) (Controller, error) {
	switch t.Chip {
	case XPT2046:
		o := xpt2046.DefaultOpts
		o.Frequency, o.PenIRQ, o.Mount = t.Frequency, interrupt, t.Mount
		return found(xpt2046.New(port, &o))
	case STMPE610:
		o := stmpe610.DefaultOpts
		o.Frequency, o.Mount = t.Frequency, t.Mount
		return found(stmpe610.New(port, &o))
	}
	return nil, t.unknown()
}

// onI2C sets up a controller on bus. interrupt may be nil.
func (t Touch) onI2C(bus i2c.Bus, interrupt gpio.PinIn) (Controller, error) {
	if t.Chip != FT6236 {
		return nil, t.unknown()
	}
	o := ft6236.DefaultOpts
	o.INT, o.Mount = interrupt, t.Mount
	return found(ft6236.New(bus, &o))
}

func (t Touch) unknown() error { return fmt.Errorf("there is no driver for a %s there", t.Chip) }

// found keeps a nil pointer of a driver from becoming a Controller.
func found[C Controller](c C, err error) (Controller, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}
