package chips

import (
	"errors"
	"fmt"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
)

// FT6236Addr is the chip's I²C address (application note, "I2C interface").
const FT6236Addr = 0x38

// Registers of the FT6236 (application note, "Register map").
const (
	ftDeviceMode  = 0x00
	ftStatus      = 0x02 // TD_STATUS: how many fingers, bits 3:0
	ftP1          = 0x03 // XH, XL, YH, YL, WEIGHT, MISC; the second finger's six follow
	ftThreshold   = 0x80 // TH_GROUP
	ftCtrl        = 0x86 // CTRL: 1 goes to monitor mode when nothing touches
	ftPeriod      = 0x88 // PERIODACTIVE
	ftCipher      = 0xA3 // CIPHER: which chip
	ftMode        = 0xA4 // G_MODE: 0 polling, 1 trigger
	ftPower       = 0xA5 // PWR_MODE: 3 hibernates
	ftFirmware    = 0xA6 // FIRMID
	ftVendor      = 0xA8 // FOCALTECH_ID
	ftLastWindow  = 0xBC // STATE; nothing behind it
	ftHibernating = 3
)

// Event flags, bits 7:6 of XH.
const (
	ftPutDown = 0
	ftLiftUp  = 1
	ftContact = 2
	ftNone    = 3
)

// FT6236 is a capacitive touch controller: a file of registers on an I²C bus.
// It is itself the i2c.Bus that it hangs on, alone.
type FT6236 struct {
	Finger
	INT gpio.PinIO // low while touched (polling mode), or while a report is unread (trigger mode)

	registers [256]byte
	pointer   byte
	reported  bool // the host has read of this finger
	unread    bool
	second    *[2]float64
}

// NewFT6236 is an FT6236 that counts 240 × 320 unless the plate says
// otherwise. (Its cousin FT6206 answers 0x06 in place of 0x36: see SetID.)
func NewFT6236(p TouchPanel) *FT6236 {
	if p.Plate == (Plate{}) {
		p.Plate = Plate{X: [3]float64{240, 0, 0}, Y: [3]float64{0, 320, 0}}
	}
	f := &FT6236{Finger: newFinger(newChip("FT6236", p.Now), p.Plate, 0xFFF)}
	f.registers = [256]byte{ftThreshold: 0x16, ftCtrl: 1, ftPeriod: 0x0C, ftCipher: 0x36, ftMode: 1, ftFirmware: 1, ftVendor: 0x11}
	for i := range 12 {
		f.registers[ftP1+i] = 0xFF
	}
	f.pass = func() { f.unread = true }
	f.INT = newInPin("FT6236 INT", f.int)
	return f
}

// Second puts a second finger down; it is felt while the first one is, too.
func (f *FT6236) Second(x, y float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.second, f.unread = &[2]float64{x, y}, true
}

// LiftSecond takes the second finger off.
func (f *FT6236) LiftSecond() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.second = nil
}

func (f *FT6236) int() gpio.Level {
	f.mu.Lock()
	defer f.mu.Unlock()
	active := f.down
	if f.registers[ftMode] == 1 {
		active = f.unread
	}
	return gpio.Level(!f.interrupt(active))
}

// String implements i2c.Bus.
func (f *FT6236) String() string { return "FT6236's bus" }

// SetSpeed implements i2c.Bus; the chip takes 400 kHz.
func (f *FT6236) SetSpeed(hz physic.Frequency) error {
	if hz <= 0 || hz > 400*physic.KiloHertz {
		return fmt.Errorf("chips: FT6236 takes at most 400 kHz, not %v", hz)
	}
	return nil
}

// Tx implements i2c.Bus: the first byte out is a register, the others are
// written to it and what follows; then bytes are read from there.
func (f *FT6236) Tx(addr uint16, w, r []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.transfer(); err != nil {
		return err
	}
	if addr != FT6236Addr || f.registers[ftPower] == ftHibernating {
		return errors.New("chips: no chip answers at that address")
	}
	if len(w) > 0 {
		f.pointer = w[0]
		for _, b := range w[1:] {
			f.write(b)
		}
	}
	if len(r) > 0 {
		f.sample()
	}
	for i := range r {
		if f.pointer > ftLastWindow {
			f.complain("register %02X read, which is not there", f.pointer)
		}
		r[i] = f.registers[f.pointer]
		if f.pointer == ftStatus {
			f.unread = false
		}
		f.pointer++
	}
	return nil
}

func (f *FT6236) write(b byte) {
	switch r := f.pointer; {
	case r == ftDeviceMode && b != 0:
		f.complain("device mode %02X is not modelled", b)
	case r == ftMode && b > 1, r == ftPower && b > ftHibernating, r == ftCtrl && b > 1:
		f.complain("%02X is no value for register %02X", b, r)
	case r == ftPower && b == ftHibernating:
		f.complain("sent to hibernate, and its reset line is not wired")
		f.registers[r] = b
	case r == ftDeviceMode, r >= ftThreshold && r <= 0x89, r >= 0x91 && r <= 0x96, r == ftMode, r == ftPower:
		f.registers[r] = b
	default:
		f.complain("register %02X cannot be written", r)
	}
	f.pointer++
}

// sample writes the fingers into the registers.
func (f *FT6236) sample() {
	n := byte(0)
	switch {
	case f.down:
		event := byte(ftContact)
		if !f.reported {
			event = ftPutDown
		}
		n, f.reported = 1, true
		x, y := f.plate.at(f.x, f.y)
		f.point(ftP1, 0, event, x, y)
	case f.reported: // the last place stays, flagged as left
		f.registers[ftP1] = f.registers[ftP1]&0x0F | ftLiftUp<<6
		f.reported = false
	default:
		f.registers[ftP1] = f.registers[ftP1]&0x0F | ftNone<<6
	}
	second := byte(ftP1 + 6)
	if f.second != nil && f.down {
		x, y := f.plate.at(f.second[0], f.second[1])
		f.point(second, 1, ftContact, x, y)
		n = 2
	} else {
		f.registers[second] = ftNone<<6 | 0x3F
	}
	f.registers[ftStatus] = n
	if raw, ok := f.broken[LineAll]; ok {
		f.registers[ftStatus] = byte(raw)
	}
}

// point writes the six registers of one finger.
func (f *FT6236) point(at, id, event byte, x, y float64) {
	xs, ys := f.measured(LineX, x), f.measured(LineY, y)
	weight := f.measured(LinePressure, f.pressure*255)
	copy(f.registers[at:], []byte{event<<6 | byte(xs>>8&0xF), byte(xs), id<<4 | byte(ys>>8&0xF), byte(ys), byte(weight), 1 << 4})
}

var _ i2c.Bus = (*FT6236)(nil)
