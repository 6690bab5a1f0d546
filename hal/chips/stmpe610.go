package chips

import (
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// Registers of the STMPE610 (datasheet, "Register map"), and
// the bits that the model knows.
const (
	stChipID  = 0x00 // 16 bits: 0x0811
	stVersion = 0x02
	stSys1    = 0x03 // SYS_CTRL1
	stSys2    = 0x04 // SYS_CTRL2: a set bit takes a block's clock away
	stSPI     = 0x08 // SPI_CFG
	stIntCtrl = 0x09 // "Interrupt system"
	stIntEn   = 0x0A
	stIntSta  = 0x0B // bits are cleared by writing 1
	stADC1    = 0x20 // "Analog-to-digital converter"
	stADC2    = 0x21
	stTSC     = 0x40 // TSC_CTRL: "Touchscreen controller"
	stTSCCfg  = 0x41
	stFIFOTh  = 0x4A
	stFIFOSta = 0x4B
	stFIFOLen = 0x4C
	stFracZ   = 0x56
	stData    = 0x57 // read as 0xD7
	stDrive   = 0x58

	stSoftReset, stHibernate = 0x02, 0x01       // SYS_CTRL1
	stTSCOff, stADCOff       = 0x02, 0x01       // SYS_CTRL2
	stAutoIncrement          = 0x04             // SPI_CFG
	stIntHigh, stIntGlobal   = 0x04, 0x01       // INT_CTRL
	st12Bit                  = 0x08             // ADC_CTRL1
	stTouched, stEnabled     = 0x80, 0x01       // TSC_CTRL
	stTrack, stMode          = 0x70, 0x0E       // TSC_CTRL
	stFull, stEmpty, stAtTh  = 0x40, 0x20, 0x10 // FIFO_STA
	stOverflow, stFIFOReset  = 0x80, 0x01       // FIFO_STA
)

// Interrupts in INT_EN and INT_STA ("Interrupt system").
const (
	stIntEmpty    = 0x10
	stIntFull     = 0x08
	stIntOverflow = 0x04
	stIntTh       = 0x02
	stIntTouch    = 0x01
)

const stDepth = 128 // samples in the FIFO

// stResetTime is how long a reset takes, of which the datasheet says nothing: Linux,
// drivers/mfd/stmpe.c, stmpe_reset.
const stResetTime = 10 * time.Millisecond

// STMPE610 is a resistive touch controller that measures by itself, into a
// FIFO. Its port is an spi.Port in mode 0, for which its pins are strapped as on
// the PiTFT ("SPI interface", mode of operation).
type STMPE610 struct {
	Finger
	Port *Port
	INT  gpio.PinIO

	registers [256]byte
	fifo      [][]byte
	next      time.Time // of the next sample, while enabled and touched
	ready     time.Time // after a reset by software
	felt      bool      // the touch that TSC_CTRL and the interrupts know of
	stuck     bool      // the FIFO takes no sample before it is reset

	// of the transfer
	address byte
	phase   stPhase
}

// stPhase is what the next byte is.
type stPhase int

const (
	stAddress stPhase = iota
	stFetching
	stReading
	stWriting
	stWritten
)

// NewSTMPE610 is an STMPE610 on a resistive plate.
func NewSTMPE610(p TouchPanel) *STMPE610 {
	if p.Plate == (Plate{}) {
		p.Plate = straight()
	}
	s := &STMPE610{Finger: newFinger(newChip("STMPE610", p.Now), p.Plate, 4095)}
	s.reset()
	s.pass = s.advance
	s.Port = &Port{chip: s.chip, mode: spi.Mode0, limit: 4096,
		max:      physic.MegaHertz, // "SPI interface": 1 MHz
		exchange: s.exchange, release: func() { s.phase = stAddress }, excuse: func() {}}
	s.INT = newInPin("STMPE610 INT", s.int)
	return s
}

// reset sets the register map's reset values.
func (s *STMPE610) reset() {
	s.registers = [256]byte{stChipID: 0x08, stChipID + 1: 0x11, stVersion: 0x03, stSys2: 0x0F, stSPI: 0x01,
		stIntSta: stIntEmpty, stADC1: 0x9C, stADC2: 0x01, stTSC: 0x90, stFIFOSta: stEmpty}
	s.registers[stTSC] &^= stTouched
	s.fifo, s.felt, s.stuck = nil, false, false
}

// StickFIFO has the FIFO take no more samples until it is reset, of which Linux says
// that the chip sometimes does it (drivers/input/touchscreen/stmpe-ts.c,
// stmpe_ts_handler).
func (s *STMPE610) StickFIFO() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	s.fifo, s.stuck = nil, true
}

func (s *STMPE610) int() gpio.Level {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	ctrl := s.registers[stIntCtrl]
	active := s.interrupt(ctrl&stIntGlobal != 0 && s.registers[stIntSta]&s.registers[stIntEn] != 0)
	return gpio.Level(active == (ctrl&stIntHigh != 0))
}

// exchange clocks bytes through: an address, and then data. A read's data comes
// in the second byte after its address: the chip needs the first one to fetch it
// ("SPI interface", read and write). What follows is of the next register, under
// automatic increment.
func (s *STMPE610) exchange(w, r []byte) {
	s.advance()
	for i, b := range w {
		out := byte(0)
		switch s.phase {
		case stAddress:
			if s.now().Before(s.ready) {
				s.complain("spoken to within %v of its reset", stResetTime)
			}
			s.address, s.phase = b&0x7F, stWriting
			if b&0x80 != 0 {
				s.phase = stFetching
			}
		case stFetching:
			s.expectNothing(b)
			s.phase = stReading
		case stReading:
			out = s.read(s.address)
			s.expectNothing(b)
			s.follow()
		case stWriting, stWritten:
			if s.phase == stWritten && s.registers[stSPI]&stAutoIncrement == 0 {
				s.complain("a second byte for register %02X without automatic increment", s.address-1)
			} else {
				s.write(s.address, b)
			}
			s.phase = stWritten
			s.address++
		}
		if len(r) > 0 {
			r[i] = out
		}
	}
}

// expectNothing complains of a byte within a read.
func (s *STMPE610) expectNothing(b byte) {
	if b != 0 {
		s.complain("byte %02X within a read", b)
	}
}

// follow chooses what the next byte of a read answers.
func (s *STMPE610) follow() {
	switch {
	case s.registers[stSPI]&stAutoIncrement == 0:
		s.phase = stAddress
	case s.address != stData:
		s.address++
	}
}

// read is a register's value.
func (s *STMPE610) read(a byte) byte {
	switch {
	case a == stTSC:
		if s.felt {
			return s.registers[a] | stTouched
		}
		return s.registers[a]
	case a == stFIFOSta:
		return s.fifoState()
	case a == stFIFOLen:
		return byte(len(s.fifo))
	case a == stData:
		return s.pop()
	case a <= stSys2, a >= stSPI && a <= stIntSta, a == stADC1, a == stADC2, a >= stTSC && a <= stFIFOTh, a >= stFracZ && a <= stDrive:
		return s.registers[a]
	}
	s.complain("register %02X is not modelled", a)
	return 0
}

// write sets a register, unless the chip is not ready for it.
func (s *STMPE610) write(a, b byte) {
	touch := a >= stTSC && a <= stDrive
	off := s.registers[stSys2]
	switch {
	case a == stSys1:
		if b&stHibernate != 0 {
			s.complain("hibernation is not modelled")
		}
		if b&stSoftReset != 0 {
			s.reset()
			s.ready = s.now().Add(stResetTime)
		}
	case (a == stADC1 || a == stADC2) && off&stADCOff != 0, touch && off&stTSCOff != 0:
		s.complain("register %02X written while its block has no clock (SYS_CTRL2 %02X)", a, off)
	case a == stIntSta:
		s.registers[a] &^= b
	case a == stTSC:
		s.control(b)
	case a == stFIFOTh && b == 0:
		s.complain("FIFO_TH must not be 0")
	case a == stFIFOSta:
		if b&stFIFOReset != 0 {
			s.fifo, s.stuck = nil, false
			s.registers[stFIFOSta] &^= stOverflow
		}
		s.registers[a] = s.registers[a]&stOverflow | b&stFIFOReset
	case a == stSys2, a == stSPI, a == stIntCtrl, a == stIntEn, a == stADC1, a == stADC2, a == stTSCCfg,
		a >= 0x42 && a <= stFIFOTh, a == stFracZ, a == stDrive:
		s.registers[a] = b
	default:
		s.complain("register %02X cannot be written, or is not modelled", a)
	}
}

// control writes TSC_CTRL.
func (s *STMPE610) control(b byte) {
	b &^= stTouched
	was := s.registers[stTSC]
	switch {
	case b&stTrack != 0:
		s.complain("TSC_CTRL %02X: window tracking is not modelled", b)
	case b&stMode > 8:
		s.complain("TSC_CTRL %02X: no such operating mode", b)
	case was&b&stEnabled != 0 && was&stMode != b&stMode:
		s.complain("TSC_CTRL %02X: the mode changed while enabled", b)
	case b&stEnabled != 0 && s.registers[stSys2]&stADCOff != 0:
		s.complain("enabled while the converter has no clock")
	case b&stEnabled != 0 && s.registers[stFIFOTh] == 0:
		s.complain("enabled while FIFO_TH is 0")
	default:
		s.registers[stTSC] = b
		s.next = s.now()
		s.advance()
	}
}
