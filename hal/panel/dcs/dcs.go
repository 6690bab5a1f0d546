// Package dcs drives the displays on SPI that speak MIPI's Display Command Set:
// what ILI9341, ILI9486, ST7789 and their like have in common.
//
// Start with Panel. dirty.go finds what has to be sent, and has no I/O; bus.go
// sends it, in pieces that the port takes, and again after an error. A chip's
// own package says what is particular to it, as a Chip.
//
// What it refuses to do: read from the display, whose line for that many
// modules leave open; and go on after an error that trying again did not help,
// since nobody knows then what the owner sees.
//
// Commands and their parameters are those of MIPI Alliance, "Specification for
// Display Command Set", section 6; the chips' datasheets repeat them.
package dcs

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"time"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"onetimechat/hal/panel"
)

// Commands, by the names that the datasheets give them.
const (
	SWRESET = 0x01
	SLPIN   = 0x10
	SLPOUT  = 0x11
	NORON   = 0x13
	INVOFF  = 0x20
	INVON   = 0x21
	DISPOFF = 0x28
	DISPON  = 0x29
	CASET   = 0x2A // columns of the window, first and last, 16 bits each
	RASET   = 0x2B // rows of the window
	RAMWR   = 0x2C // pixels follow, row by row
	MADCTL  = 0x36
	COLMOD  = 0x3A
)

// Bits of MADCTL's parameter.
const (
	madMY  = 0x80 // rows are counted from the last one
	madMX  = 0x40 // columns are counted from the last one
	madMV  = 0x20 // CASET counts rows, and RASET columns
	madBGR = 0x08 // the glass's subpixels are blue, green, red
)

// colmod16 is COLMOD's parameter for 16 bits a pixel, on either interface.
const colmod16 = 0x55

// Times of the chips' datasheets: at least 10 µs of reset, and 120 ms before a
// chip that was reset, or sent to sleep, may be woken, and after that.
const (
	resetTime = 20 * time.Millisecond
	wakeTime  = 120 * time.Millisecond
)

// Command is a command with its parameters.
type Command struct {
	Code   byte
	Params []byte
}

// Chip is what is particular to a display controller, and to the glass on it.
type Chip struct {
	Name  string
	RAM   image.Point // pixels that it keeps
	Glass image.Point // of which these are seen, from the first column and row on
	// Words: bytes travel as 16-bit words, high byte first. Pixels are such
	// words anyway.
	Words    bool
	BGR      bool
	Inverted bool      // the glass shows what is written inverted, unless told otherwise
	Setup    []Command // before it is woken
}

// Opts are the options of each driver.
type Opts struct {
	Frequency physic.Frequency // of the SPI clock
	Rotation  panel.Rotation   // of the picture, on the glass as the chip counts it
	// Mirrored: the glass is wired so that the chip's first column is at its
	// right edge.
	Mirrored bool
	Reset    gpio.PinOut         // low resets the chip; nil: it is reset by command
	Light    gpio.PinOut         // high lights the glass; nil: it is always lit
	Sleep    func(time.Duration) // nil: time.Sleep
}

// Panel is a display. It implements periph's display.Drawer. Not safe for
// concurrent use.
type Panel struct {
	chip   Chip
	opts   Opts
	bus    bus
	bounds image.Rectangle // as its owner sees it
	mad    byte
	offset image.Point // of the picture in the window's coordinates
	shown  picture     // what is on the glass
	wanted picture
	failed error // of the transfer after which nobody knows what is on the glass
}

var _ display.Drawer = (*Panel)(nil)

// New resets, wakes and blackens a display, and lights it.
func New(port spi.Port, dc gpio.PinOut, chip Chip, opts *Opts) (*Panel, error) {
	if err := panel.CheckRotation(opts.Rotation); err != nil {
		return nil, err
	}
	c, err := port.Connect(opts.Frequency, spi.Mode0, 8)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", chip.Name, err)
	}
	d := &Panel{chip: chip, opts: *opts, bus: newBus(c, dc, chip.Words)}
	if d.opts.Sleep == nil {
		d.opts.Sleep = time.Sleep
	}
	d.turn()
	d.shown, d.wanted = newPicture(d.bounds.Max), newPicture(d.bounds.Max)
	if err := d.start(); err != nil {
		return nil, fmt.Errorf("%s: %w", d, err)
	}
	return d, nil
}

// turn finds the MADCTL that turns the picture, and where the glass is then in
// the chip's memory. Glass is at the memory's first columns and rows: where
// these are counted from the other end, the unseen ones come first.
func (d *Panel) turn() {
	size, unseen := d.chip.Glass, d.chip.RAM.Sub(d.chip.Glass)
	// Rotation.Glass sends (x, y) to (−y, x), (−x, −y) and (y, −x).
	mad := map[panel.Rotation]byte{0: 0, 90: madMV | madMX, 180: madMX | madMY, 270: madMV | madMY}[d.opts.Rotation]
	if d.opts.Mirrored {
		mad ^= madMX
	}
	if mad&madMX == 0 {
		unseen.X = 0
	}
	if mad&madMY == 0 {
		unseen.Y = 0
	}
	if mad&madMV != 0 {
		size, unseen = image.Pt(size.Y, size.X), image.Pt(unseen.Y, unseen.X)
	}
	if d.chip.BGR {
		mad |= madBGR
	}
	d.bounds, d.offset, d.mad = image.Rectangle{Max: size}, unseen, mad
}

// start brings a display from whatever state to a lit, black one. It is lit
// last: what is in its memory at first is nobody's picture.
func (d *Panel) start() error {
	if err := d.light(gpio.Low); err != nil {
		return err
	}
	if err := d.reset(); err != nil {
		return err
	}
	if err := d.bus.commands(d.chip.Setup...); err != nil {
		return err
	}
	if err := d.bus.commands(Command{Code: SLPOUT}); err != nil {
		return err
	}
	d.opts.Sleep(wakeTime)
	inversion := Command{Code: INVOFF}
	if d.chip.Inverted {
		inversion.Code = INVON
	}
	err := d.bus.commands(Command{COLMOD, []byte{colmod16}}, Command{MADCTL, []byte{d.mad}}, inversion, Command{Code: NORON})
	if err != nil {
		return err
	}
	if err := d.send(d.bounds); err != nil {
		return err
	}
	if err := d.bus.commands(Command{Code: DISPON}); err != nil {
		return err
	}
	return d.light(gpio.High)
}

func (d *Panel) light(l gpio.Level) error {
	if d.opts.Light == nil {
		return nil
	}
	return d.opts.Light.Out(l)
}

func (d *Panel) reset() error {
	if d.opts.Reset == nil {
		err := d.bus.commands(Command{Code: SWRESET})
		d.opts.Sleep(wakeTime)
		return err
	}
	// Low is the pulse; high before it makes an edge of it.
	for _, l := range []gpio.Level{gpio.High, gpio.Low, gpio.High} {
		if err := d.opts.Reset.Out(l); err != nil {
			return err
		}
		d.opts.Sleep(resetTime)
	}
	d.opts.Sleep(wakeTime)
	return nil
}

func (d *Panel) String() string {
	return fmt.Sprintf("%s, %dx%d, on %s", d.chip.Name, d.bounds.Dx(), d.bounds.Dy(), d.bus.conn)
}

// ColorModel implements display.Drawer. The glass has 5, 6 and 5 bits of it.
func (d *Panel) ColorModel() color.Model { return color.RGBAModel }

// Bounds is the glass as its owner sees it.
func (d *Panel) Bounds() image.Rectangle { return d.bounds }

// Draw implements display.Drawer. It sends what differs from what is on the
// glass. An error is final: each further Draw returns it.
func (d *Panel) Draw(to image.Rectangle, src image.Image, from image.Point) error {
	if d.failed != nil {
		return d.failed
	}
	if clipped := to.Intersect(d.bounds); clipped != to {
		from = from.Add(clipped.Min.Sub(to.Min))
		to = clipped
	}
	d.wanted.paint(to, src, from)
	for _, r := range changes(d.shown, d.wanted, to, d.bus.windowCost()) {
		if err := d.send(r); err != nil {
			d.failed = fmt.Errorf("%s: %w", d, err)
			return d.failed
		}
		d.shown.take(d.wanted, r)
	}
	return nil
}

// Turn turns the picture, on the glass as the chip counts it. What was drawn is
// gone: the glass is black. An error is final.
func (d *Panel) Turn(r panel.Rotation) error {
	if err := panel.CheckRotation(r); err != nil {
		return err
	}
	if d.failed != nil {
		return d.failed
	}
	d.opts.Rotation = r
	d.turn()
	d.shown, d.wanted = newPicture(d.bounds.Max), newPicture(d.bounds.Max)
	err := d.bus.commands(Command{MADCTL, []byte{d.mad}})
	if err == nil {
		err = d.send(d.bounds)
	}
	if err != nil {
		d.failed = fmt.Errorf("%s: %w", d, err)
	}
	return d.failed
}

// send sends a rectangle of the wanted picture.
func (d *Panel) send(r image.Rectangle) error {
	return d.bus.pixels(r.Add(d.offset), func(p []byte, first int) { d.wanted.bytes(p, r, first) })
}

// Halt darkens the glass and sends the chip to sleep. The port is the caller's
// to close.
func (d *Panel) Halt() error {
	return errors.Join(d.light(gpio.Low), d.bus.commands(Command{Code: DISPOFF}, Command{Code: SLPIN}))
}
