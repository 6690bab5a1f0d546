// Package stmpe610 reads a resistive touch sheet through an STMPE610 on SPI.
//
// Start with New, which asks the chip what it is and sets it up; Dev.Run tells
// touches as touch.Evdev's does. The chip converts by itself while something
// touches, into a FIFO that is emptied at each poll; package resistive judges
// the newest conversions.
//
// Datasheet: STMPE610, STMicroelectronics, sections and registers named as
// there; registers.go has them all.
package stmpe610

import (
	"context"
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"onetimechat/hal/touch"
	"onetimechat/hal/touch/resistive"
)

// ErrChip is matched by New's error where something else answers.
var ErrChip = errors.New("stmpe610: another chip answers")

// errSettings is of a chip that was reset, or whose line is broken: it says
// nothing then, not that the finger was lifted.
var errSettings = errors.New("the chip has lost its settings")

// Opts are a Dev's options.
type Opts struct {
	Frequency physic.Frequency
	// Mode depends on how the chip's pins are wired at its start ("SPI_CFG").
	Mode  spi.Mode
	Mount touch.Mount
}

// DefaultOpts suit the Adafruit PiTFT. The chip takes 1 MHz at most ("SPI
// timing specification").
var DefaultOpts = Opts{Frequency: 500 * physic.KiloHertz, Mode: spi.Mode0}

const highestClock = physic.MegaHertz

// Dev is one chip. It is used by one goroutine at a time.
type Dev struct {
	opts   Opts
	conn   spi.Conn
	filter resistive.Filter
	newest []conversion // of this contact, at most resistive.Samples
	still  int          // polls in a row that found a touch and no conversion
}

// New connects to the port, whose closing is up to the caller, asks the chip
// what it is, and sets it up.
func New(port spi.Port, opts *Opts) (*Dev, error) {
	if opts.Frequency < physic.KiloHertz || opts.Frequency > highestClock {
		return nil, fmt.Errorf("stmpe610: an SPI clock of %s is not between %s and %s", opts.Frequency, physic.KiloHertz, highestClock)
	}
	c, err := port.Connect(opts.Frequency, opts.Mode, 8)
	if err != nil {
		return nil, fmt.Errorf("stmpe610: connecting to %s: %w", port, err)
	}
	d := &Dev{opts: *opts, conn: c}
	if err := d.begin(); err != nil {
		return nil, fmt.Errorf("%s: %w", d, err)
	}
	return d, nil
}

// begin asks for the chip's name and sets it up.
func (d *Dev) begin() error {
	var id uint16
	for _, r := range []byte{chipID, chipID + 1} {
		b, err := d.get(r)
		if err != nil {
			return err
		}
		id = id<<8 | uint16(b)
	}
	if id != chip {
		return fmt.Errorf("%w: its id is %#04x, not %#04x", ErrChip, id, chip)
	}
	if err := d.set(sysCtrl1, softReset); err != nil {
		return err
	}
	time.Sleep(resetTime)
	for _, s := range settings {
		if err := d.set(s.register, s.value); err != nil {
			return err
		}
	}
	return nil
}

// String implements conn.Resource.
func (d *Dev) String() string { return fmt.Sprintf("stmpe610.Dev{%s}", d.conn) }

// Halt implements conn.Resource: it stops the conversions.
func (d *Dev) Halt() error { return d.set(tscCtrl, 0) }

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
	r, err := d.read()
	if err != nil {
		d.newest = d.newest[:0]
		d.filter.Lose()
		return touch.Touch{}, err
	}
	t := d.filter.Take(r)
	t.X, t.Y = d.opts.Mount.Place(t.X, t.Y)
	return t, nil
}

// read takes what the chip has converted since the last poll.
func (d *Dev) read() (r resistive.Reading, err error) {
	status, err := d.get(tscCtrl)
	if err != nil {
		return r, err
	}
	if status&^touched != running {
		return r, fmt.Errorf("%w: TSC_CTRL is %#02x", errSettings, status)
	}
	size, err := d.get(fifoSize)
	if err != nil {
		return r, err
	}
	if status&touched == 0 {
		d.still = 0
		// What is left belongs to a finger on its way up.
		d.newest = d.newest[:0]
		if size > 0 {
			err = d.empty()
		}
		return resistive.Reading{Contact: resistive.Apart}, err
	}
	if size > mostWaiting {
		d.newest = d.newest[:0]
		return r, d.empty()
	}
	for range size {
		c, err := d.convert()
		if err != nil {
			return r, err
		}
		d.newest = append(d.newest, c)
	}
	if size == 0 {
		return r, d.stand()
	}
	d.still = 0
	if len(d.newest) < resistive.Samples {
		return r, nil // not enough of it yet
	}
	d.newest = append(d.newest[:0], d.newest[len(d.newest)-resistive.Samples:]...)
	return reading(d.newest), nil
}

// stand has a chip go on that says that it is touched, and has converted nothing for
// a while: its FIFO can come to a standstill, which no finger ends (Linux,
// drivers/input/touchscreen/stmpe-ts.c, stmpe_ts_handler). The finger is lost by then.
func (d *Dev) stand() error {
	if d.still++; d.still < patience {
		return nil
	}
	d.still = 0
	return errors.Join(d.set(tscCtrl, 0), d.empty(), d.set(tscCtrl, running))
}

// empty throws away what waits in the FIFO.
func (d *Dev) empty() error {
	return errors.Join(d.set(fifoSta, fifoReset), d.set(fifoSta, 0))
}

// convert takes the oldest conversion from the FIFO.
func (d *Dev) convert() (conversion, error) {
	var b [4]byte
	for i := range b {
		var err error
		if b[i], err = d.get(tscDataXYZ); err != nil {
			return conversion{}, err
		}
	}
	return unpack(b), nil
}

// get reads a register ("SPI interface", reading): its address with the read
// bit, a byte during which the chip fetches it, and its value.
func (d *Dev) get(register byte) (byte, error) {
	reply := make([]byte, 3)
	err := d.conn.Tx([]byte{readBit | register, 0, 0}, reply)
	return reply[2], err
}

// set writes a register.
func (d *Dev) set(register, value byte) error {
	return d.conn.Tx([]byte{register, value}, nil)
}
