package chips

import (
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// Bits of the XPT2046's control byte, and its channels (datasheet, "Control
// byte" and "Input configuration"; they are the ADS7846's).
const (
	xptStart   = 0x80
	xptChannel = 0x70
	xptEight   = 0x08 // 8 bits instead of 12
	xptSingle  = 0x04 // single-ended instead of differential
	xptPD1     = 0x02 // the internal reference is on ("Power-down selection")
	xptPD0     = 0x01 // the converter stays on, and PENIRQ is off

	xptTemp0 = 0x00
	xptY     = 0x10
	xptVbat  = 0x20
	xptZ1    = 0x30
	xptZ2    = 0x40
	xptX     = 0x50
	xptAux   = 0x60
	xptTemp1 = 0x70
)

// The resistances that the pressure is worked out from, in ohm: of each plate,
// and of the contact at full pressure.
const (
	plateOhm = 600.0
	touchOhm = 100.0
)

// XPT2046 is the resistive touch controller of many cheap panels: each control
// byte starts a conversion, whose result comes after one more clock. Its port
// is an spi.Port in mode 0.
type XPT2046 struct {
	Finger
	Port   *Port
	PenIRQ gpio.PinIO // low while the finger is down, unless a conversion left it disabled

	control byte
	answer  []byte // of the running conversion, still to be read
}

// NewXPT2046 is an XPT2046 on a resistive plate.
func NewXPT2046(p TouchPanel) *XPT2046 {
	if p.Plate == (Plate{}) {
		p.Plate = straight()
	}
	x := &XPT2046{Finger: newFinger(newChip("XPT2046", p.Now), p.Plate, 4095)}
	x.Port = &Port{chip: x.chip, mode: spi.Mode0, limit: 4096,
		max:      2_500_000 * physic.Hertz, // DCLK high and low 200 ns each: "Timing specifications"
		exchange: x.exchange, release: func() { x.answer = nil }, excuse: func() {}}
	x.PenIRQ = newInPin("XPT2046 PENIRQ", x.penIRQ)
	return x
}

func (x *XPT2046) penIRQ() gpio.Level {
	x.mu.Lock()
	defer x.mu.Unlock()
	return gpio.Level(!x.interrupt(x.down && x.control&xptPD0 == 0))
}

// exchange clocks bytes through. A result takes two of them, and a control byte
// may go out with the second ("16 clocks per conversion").
func (x *XPT2046) exchange(w, r []byte) {
	for i, b := range w {
		out, last := byte(0), len(x.answer) <= 1
		if len(x.answer) > 0 {
			out, x.answer = x.answer[0], x.answer[1:]
		}
		switch {
		case b&xptStart != 0 && last:
			x.start(b)
		case b&xptStart != 0:
			x.complain("control byte %02X within a conversion", b)
		case b != 0 && last:
			x.complain("byte %02X is no control byte", b)
		}
		if len(r) > 0 {
			r[i] = out
		}
	}
}

// start converts. The result follows a clock during which the chip is busy.
func (x *XPT2046) start(control byte) {
	x.control = control
	v := x.convert(control)
	if control&xptEight != 0 {
		v &^= 0xF
	}
	x.answer = []byte{byte(v >> 5), byte(v << 3)}
}

// convert is a channel's 12 bits. Without a finger the plates do not touch:
// X+ and Z1 are pulled to ground, Y+ and Z2 to the supply.
func (x *XPT2046) convert(control byte) uint16 {
	channel := control & xptChannel
	differential := control&xptSingle == 0
	rawX, rawY := x.plate.at(x.x, x.y)
	ofX := rawX / 4096 * plateOhm
	whole := ofX + touchOhm/x.pressure + (1-rawY/4096)*plateOhm
	switch channel {
	case xptX:
		return x.measured(LineX, x.ifDown(rawX, 0))
	case xptY:
		return x.measured(LineY, x.ifDown(rawY, 4095))
	case xptZ1:
		return x.measured(LinePressure, x.ifDown(4096*ofX/whole, 0))
	case xptZ2:
		return x.measured(LinePressure, x.ifDown(4096*(ofX+touchOhm/x.pressure)/whole, 4095))
	}
	switch {
	case differential:
		x.complain("control byte %02X: this channel has no differential measurement", control)
	case control&xptPD1 == 0:
		x.complain("control byte %02X: measured while the reference is off", control)
	case channel == xptTemp0:
		return 983 // 600 mV of 2.5 V, at 25 °C
	case channel == xptTemp1:
		return 1176 // 718 mV
	}
	return 0 // battery and auxiliary inputs are not wired
}

func (x *XPT2046) ifDown(v, otherwise float64) float64 {
	if x.down {
		return v
	}
	return otherwise
}
