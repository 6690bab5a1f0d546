package chips

import (
	"image"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// Panel is how a display controller is built into a product. The constructors
// fill in what is zero.
type Panel struct {
	Now         func() time.Time // nil is time.Now
	MaxClock    physic.Frequency // for writing
	MaxRead     physic.Frequency // for reading, where the chip can be read at all
	Glass       image.Rectangle  // the part of the RAM (columns, rows) that has glass before it
	Mirrored    bool             // column 0 is on the right of the upright glass
	BGR         bool             // colour filters are in the order blue, green, red
	Inverse     bool             // shows right colours while inversion is on (IPS)
	SwitchLight bool             // the light has a pin, and is dark until it is high
}

// PiTFT is Adafruit's 2.8 inch ILI9341 panel, which runs well above the
// 10 MHz that the datasheet (18.3.4) promises.
func PiTFT() Panel {
	return Panel{MaxClock: 32 * physic.MegaHertz, Mirrored: true, BGR: true}
}

// Waveshare35 is Waveshare's 3.5 inch ILI9486 panel with its shift registers.
func Waveshare35() Panel {
	return Panel{MaxClock: 24 * physic.MegaHertz, Mirrored: true, BGR: true}
}

// Waveshare13 is Waveshare's 1.3 inch ST7789 panel of 240 × 240.
func Waveshare13() Panel {
	return Panel{Glass: image.Rect(0, 0, 240, 240), Inverse: true, SwitchLight: true}
}

// Display is a display controller and its panel. Its port is an spi.Port in
// mode 0; DC, Reset and Light are the panel's other lines.
type Display struct {
	*chip
	Port  *Port
	DC    gpio.PinIO // low for commands; undefined, so an error, until it is driven
	Reset gpio.PinIO // low resets; released until driven
	Light gpio.PinIO // heard if the panel switches its light

	panel Panel
	size  image.Point
	known commands
	ids   map[byte]reply
	wide  bool // a latch of 16 bits stands between the wire and the chip
	ram   []colour

	dc, lit  bool
	dcDriven bool
	state
	interpreter
	timing
}

// state is what commands set.
type state struct {
	awake, on, inverted bool
	madctl, colmod      byte
	flipX, flipY        bool // SS and GS of DISCTRL: the glass is scanned the other way
	ignores             bool // a full window ignores what follows, rather than start again
	columns, rows       span // the window, as CASET and RASET gave it
	at                  image.Point
	full                bool
}

type span struct{ from, to int }

type colour struct{ r, g, b uint8 }

func newDisplay(name string, w, h int, p Panel, maxClock physic.Frequency) *Display {
	if p.MaxClock == 0 {
		p.MaxClock = maxClock
	}
	if p.MaxRead == 0 {
		p.MaxRead = 6_666_666 * physic.Hertz // read cycle 150 ns: ILI9341 18.3.4, ST7789V 7.4.3
	}
	if p.Glass.Empty() {
		p.Glass = image.Rect(0, 0, w, h)
	}
	d := &Display{chip: newChip(name, p.Now), panel: p, size: image.Pt(w, h), lit: !p.SwitchLight}
	d.ram = make([]colour, w*h)
	for i := range d.ram { // what it holds after power-on is chance
		d.ram[i] = colour{uint8(i * 7), uint8(i * 13), uint8(i * 29)}
	}
	d.counts = map[byte]int{}
	d.hardReset()
	d.timing = timing{} // power came long ago
	d.Port = &Port{chip: d.chip, mode: spi.Mode0, max: p.MaxClock, limit: 4096,
		exchange: d.exchange, release: d.release, excuse: func() { d.excused = true }}
	d.DC = newOutPin(name+" DC", gpio.Low, d.hearDC)
	d.Reset = newOutPin(name+" reset", gpio.High, d.hearReset)
	d.Light = newOutPin(name+" light", gpio.Low, d.hearLight)
	return d
}

// NewILI9341 is an ILI9341 of 240 × 320 on a 4-wire serial bus.
func NewILI9341(p Panel) *Display {
	d := newDisplay("ILI9341", 240, 320, p, 10*physic.MegaHertz) // write cycle 100 ns: 18.3.4
	d.known = ili9341Commands()
	d.ids = map[byte]reply{
		cmdRDDID: {1, []byte{0, 0, 0}},          // 8.2.3: as programmed by the glass's maker
		cmdRDID4: {8, []byte{0x00, 0x93, 0x41}}, // 8.3.23: a dummy byte, version, model
	}
	return d
}

// NewILI9486 is an ILI9486 of 320 × 480 on its parallel bus, behind shift
// registers that latch every 16 bits: commands and parameters are words whose
// high byte is 0, and a pixel is one word. Nothing can be read.
func NewILI9486(p Panel) *Display {
	d := newDisplay("ILI9486", 320, 480, p, 16*physic.MegaHertz)
	d.known, d.wide = ili9486Commands(), true
	return d
}

// NewST7789 is an ST7789V of 240 × 320 on a 4-wire serial bus.
func NewST7789(p Panel) *Display {
	d := newDisplay("ST7789", 240, 320, p, 62_500_000*physic.Hertz) // write cycle 16 ns: 7.4.3
	d.known = st7789Commands()
	d.ids = map[byte]reply{
		cmdRDDID:     {1, []byte{0x85, 0x85, 0x52}}, // 9.1.3
		cmdRDID1:     {0, []byte{0x85}},
		cmdRDID1 + 1: {0, []byte{0x85}},
		cmdRDID1 + 2: {0, []byte{0x52}},
	}
	return d
}

// hardReset sets what each command's table calls its default. The RAM stays.
func (d *Display) hardReset() {
	d.state = state{colmod: 0x66}
	d.interpreter = interpreter{counts: d.counts, sent: d.sent, pixels: d.pixels}
	d.wholeWindow()
}

// softReset leaves MADCTL and COLMOD alone (ILI9341 8.2.29 and 8.2.33,
// "default": no change).
func (d *Display) softReset() {
	d.state = state{colmod: d.colmod, madctl: d.madctl}
	d.wholeWindow()
}

func (d *Display) wholeWindow() {
	s := d.logical()
	d.columns, d.rows = span{0, s.X - 1}, span{0, s.Y - 1}
}

// logical is the RAM's size as CASET and RASET address it.
func (d *Display) logical() image.Point {
	if d.madctl&madMV != 0 {
		return image.Pt(d.size.Y, d.size.X)
	}
	return d.size
}

func (d *Display) hearDC(l gpio.Level) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dc, d.dcDriven = bool(l), true
}

func (d *Display) hearLight(l gpio.Level) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lit = bool(l) || !d.panel.SwitchLight
}

// Sent is how many bytes the chip has taken off the wire.
func (d *Display) Sent() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sent
}

// Pixels is how many pixels were written to the RAM.
func (d *Display) Pixels() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pixels
}

// Count is how often a command was carried out.
func (d *Display) Count(command byte) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts[command]
}

// Errors is what the driver did wrong so far, in order; a command that still
// lacks parameters, or a pixel that lacks bytes, counts.
func (d *Display) Errors() []error {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept, reported := len(d.errs), d.reported
	d.checkFinished()
	all := append([]error(nil), d.errs...)
	d.errs, d.reported = d.errs[:kept], reported
	return all
}
