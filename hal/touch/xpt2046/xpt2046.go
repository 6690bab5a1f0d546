// Package xpt2046 reads a resistive touch sheet through an XPT2046, or an
// ADS7846 or TSC2046, which it is a copy of, on SPI.
//
// Start with New; Dev.Run tells touches as touch.Evdev's does. One poll is one
// transfer, whose bytes conversions.go lays out; what the conversions mean is
// judged by package resistive.
//
// The chip has nothing by which it could be asked what it is: New makes one
// transfer, and whatever answers is taken for the chip.
//
// Datasheet: XPT2046, Shenzhen Xptek, sections named as there.
package xpt2046

import (
	"context"
	"errors"
	"fmt"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"onetimechat/hal/touch"
	"onetimechat/hal/touch/resistive"
)

// Opts are a Dev's options.
type Opts struct {
	Frequency physic.Frequency
	// PenIRQ is the chip's PENIRQ line; nil if it is not connected. It saves
	// transfers while nothing touches the glass, and is believed for no more.
	PenIRQ gpio.PinIn
	Sheet  resistive.Sheet
	Mount  touch.Mount
}

// DefaultOpts suit the panels that carry this chip. 2 MHz is within "Digital
// Timing" (a clock of 200 ns at least each way) and leaves the sheet 12 µs to
// settle for each conversion.
var DefaultOpts = Opts{Frequency: 2 * physic.MegaHertz, Sheet: resistive.DefaultSheet}

// highestClock is the DCLK of "Digital Timing".
const highestClock = 2500 * physic.KiloHertz

// Dev is one chip. It is used by one goroutine at a time.
type Dev struct {
	opts   Opts
	conn   spi.Conn
	filter resistive.Filter
	reply  []byte
}

// New connects to the port, whose closing is up to the caller.
func New(port spi.Port, opts *Opts) (*Dev, error) {
	if opts.Frequency < physic.KiloHertz || opts.Frequency > highestClock {
		return nil, fmt.Errorf("xpt2046: an SPI clock of %s is not between %s and %s", opts.Frequency, physic.KiloHertz, highestClock)
	}
	if opts.Sheet.Plate <= 0 || opts.Sheet.Press <= 0 || opts.Sheet.Lift < opts.Sheet.Press {
		return nil, errors.New("xpt2046: a sheet has a resistance, and is lifted above the one at which it is pressed")
	}
	c, err := port.Connect(opts.Frequency, spi.Mode0, 8)
	if err != nil {
		return nil, fmt.Errorf("xpt2046: connecting to %s: %w", port, err)
	}
	d := &Dev{opts: *opts, conn: c, reply: make([]byte, len(request))}
	if p := opts.PenIRQ; p != nil {
		// The pull-up is the chip's own ("PENIRQ Output"); a second one helps
		// where the line is cut.
		if err := p.In(gpio.PullUp, gpio.NoEdge); err != nil {
			return nil, fmt.Errorf("xpt2046: PENIRQ on %s: %w", p, err)
		}
	}
	// The first transfer also leaves the chip with PENIRQ switched on.
	if _, err := d.read(); err != nil {
		return nil, fmt.Errorf("xpt2046: %w: %w", touch.ErrBus, err)
	}
	return d, nil
}

// String implements conn.Resource.
func (d *Dev) String() string { return fmt.Sprintf("xpt2046.Dev{%s}", d.conn) }

// Halt implements conn.Resource. The chip sleeps between transfers anyway.
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
	// A line that says that nobody touches is not asked for where; a finger
	// that is down is asked after, whatever the line says.
	if p := d.opts.PenIRQ; p != nil && d.filter.Idle() && p.Read() == gpio.High {
		return d.filter.Take(resistive.Reading{Contact: resistive.Apart}), nil
	}
	r, err := d.read()
	if err != nil {
		d.filter.Lose()
		return touch.Touch{}, err
	}
	t := d.filter.Take(r)
	t.X, t.Y = d.opts.Mount.Place(t.X, t.Y)
	return t, nil
}

// read is one transfer, judged.
func (d *Dev) read() (resistive.Reading, error) {
	if err := d.conn.Tx(request, d.reply); err != nil {
		return resistive.Reading{}, err
	}
	return reading(d.reply, d.opts.Sheet), nil
}
