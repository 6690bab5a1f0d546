package chips

import (
	"time"

	"periph.io/x/conn/v3/gpio"
)

// interpreter follows the bytes on the wire.
type interpreter struct {
	command  byte
	phase    phase
	params   []byte
	partial  []byte // of a pixel
	latched  []byte // of a word, behind shift registers
	answer   []byte // still to be read
	excused  bool   // the bus broke within this command
	reported bool   // one error for each command is enough

	counts       map[byte]int
	sent, pixels int
}

// phase is what a data byte means now.
type phase int

const (
	idle    phase = iota // nothing: no command yet
	wanting              // a parameter
	writing              // part of a pixel
	deaf                 // nothing: the command was refused
)

// timing is when the chip will hear again, and sleep or wake.
type timing struct {
	ready, wakeable, sleepable time.Time
	resetSince                 time.Time // zero while reset is released
}

// How long the chip wants to be left alone. ILI9341 8.2.2, 8.2.11, 8.2.12 and
// 15.4 (the others say the same).
const (
	resetPulse = 10 * time.Microsecond
	settle     = 5 * time.Millisecond
	sleepCycle = 120 * time.Millisecond
)

func (d *Display) hearReset(l gpio.Level) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	switch {
	case l == gpio.Low && d.resetSince.IsZero():
		d.resetSince = now
	case l == gpio.High && !d.resetSince.IsZero():
		if now.Sub(d.resetSince) < resetPulse {
			d.complain("reset was low for %v, less than %v", now.Sub(d.resetSince), resetPulse)
		}
		d.hardReset()
		d.timing = timing{ready: now.Add(settle), wakeable: now.Add(sleepCycle)}
	}
}

// once complains once for each command.
func (d *Display) once(format string, a ...any) {
	if !d.reported {
		d.complain(format, a...)
		d.reported = true
	}
}

func (d *Display) exchange(w, r []byte) {
	d.sent += len(w)
	if !d.dcDriven {
		d.once("a transfer before DC was ever driven")
	}
	for i := 0; i < len(w); {
		if n := d.pixelRun(w[i:], r); n > 0 {
			i += n
			continue
		}
		b, out := w[i], byte(0)
		switch {
		case len(d.answer) > 0:
			out, d.answer = d.answer[0], d.answer[1:] // the level of DC means nothing here
		case d.wide:
			d.latch(b)
		case d.dc:
			d.data(b)
		default:
			d.begin(b)
		}
		if len(r) > 0 {
			r[i] = out
		}
		i++
	}
}

// release ends a read. A pixel may go on after it, since chip select may rise
// between any two bytes (ILI9341 7.1.12), though not
// within a latched word.
func (d *Display) release() {
	if len(d.answer) > 0 {
		d.once("command %02X: chip select rose with %d bytes unread", d.command, len(d.answer))
		d.answer = nil
	}
	if len(d.latched) > 0 {
		d.complain("chip select rose within a word of 16 bits")
		d.latched = nil
	}
}

// latch gathers 16 bits.
func (d *Display) latch(b byte) {
	if d.latched = append(d.latched, b); len(d.latched) < 2 {
		return
	}
	high, low := d.latched[0], d.latched[1]
	d.latched = nil
	switch {
	case d.dc && d.phase == writing:
		if d.colmod&7 != 5 {
			d.once("18 bits a pixel do not fit words of 16 bits")
			return
		}
		d.data(high)
		d.data(low)
	case high != 0:
		d.once("word %02X%02X: the high byte of a command or parameter is not 0", high, low)
	case d.dc:
		d.data(low)
	default:
		d.begin(low)
	}
}

// begin takes a command byte.
func (d *Display) begin(c byte) {
	d.checkFinished()
	if p := d.known[d.command]; d.phase == wanting && p.least <= len(d.params) && len(d.params) < p.most {
		d.apply() // it could have had more
	}
	d.command, d.phase, d.params, d.partial = c, deaf, nil, nil
	d.excused, d.reported = false, false
	now := d.now()
	parameters, isKnown := d.known[c]
	switch {
	case !d.resetSince.IsZero():
		d.once("command %02X while reset is low", c)
	case now.Before(d.ready):
		d.once("command %02X came %v too early", c, d.ready.Sub(now))
	case c == cmdRAMWR || c == cmdRAMWRC:
		d.beginPixels()
	case isKnown:
		d.phase = wanting
		if parameters.most == 0 {
			d.apply()
		}
	default:
		d.beginRead()
	}
}

// data takes a byte that is no command.
func (d *Display) data(b byte) {
	switch d.phase {
	case idle:
		d.once("data without a command")
	case writing:
		d.pixelByte(b)
	case wanting:
		most := d.known[d.command].most
		if len(d.params) == most {
			d.once("command %02X has more than %d parameters", d.command, most)
			return
		}
		if d.params = append(d.params, b); len(d.params) == most {
			d.apply()
		}
	}
}

// checkFinished complains of a command that is not complete.
func (d *Display) checkFinished() {
	if d.excused {
		return
	}
	if p := d.known[d.command]; d.phase == wanting && len(d.params) < p.least {
		d.once("command %02X has %d parameters, not %v", d.command, len(d.params), p)
	}
	if len(d.partial) > 0 {
		d.once("a pixel ends after %d bytes", len(d.partial))
	}
}

// beginRead takes a command that asks for something.
func (d *Display) beginRead() {
	var r reply
	switch d.command {
	case cmdRDDPM:
		r.bytes = []byte{d.powerMode()}
	case cmdRDDMADCTL:
		r.bytes = []byte{d.madctl}
	case cmdRDDCOLMOD:
		r.bytes = []byte{d.colmod}
	default:
		r = d.ids[d.command]
	}
	switch {
	case d.wide:
		d.once("command %02X is unknown, or a read, and nothing can be read here", d.command)
	case len(r.bytes) == 0:
		d.once("command %02X is not known", d.command)
	case d.Port.hz > d.panel.MaxRead:
		d.once("command %02X reads at %v; at most %v", d.command, d.Port.hz, d.panel.MaxRead)
	default:
		d.answer = r.stream()
		d.counts[d.command]++
	}
}

// powerMode is what RDDPM tells (ILI9341 8.2.5): booster, sleep out, normal
// mode, display on.
func (d *Display) powerMode() byte {
	mode := byte(0x08)
	if d.awake {
		mode |= 0x90
	}
	if d.on {
		mode |= 0x04
	}
	return mode
}
