package stmpe610

import (
	"time"

	"onetimechat/hal/touch/resistive"
)

// Registers, of the datasheet's register map.
const (
	chipID       = 0x00 // CHIP_ID, two bytes, the high one first
	sysCtrl1     = 0x03
	sysCtrl2     = 0x04
	adcCtrl1     = 0x20
	adcCtrl2     = 0x21
	tscCtrl      = 0x40
	tscCfg       = 0x41
	fifoTh       = 0x4a
	fifoSta      = 0x4b
	fifoSize     = 0x4c
	tscFractionZ = 0x56
	tscDataXYZ   = 0x57 // with the read bit 0xD7: stays at this address
	tscIDrive    = 0x58

	readBit = 0x80
)

// Values.
const (
	chip = 0x0811 // CHIP_ID

	softReset = 1 << 1 // SYS_CTRL1
	allClocks = 0      // SYS_CTRL2: none is switched off

	// ADC_CTRL1: 80 clocks for a conversion, 12 bits, the inner reference.
	convertSlowly = 0b100<<4 | 1<<3
	clock3MHz     = 0b01 // ADC_CTRL2: 3.25 MHz

	// TSC_CFG: the mean of 4, 500 µs to see a touch, 500 µs to settle. A
	// conversion of X, Y and Z takes about 2 ms so, and five of them a poll.
	steady = 0b10<<6 | 0b011<<3 | 0b010

	wholeZ  = 0      // TSC_FRACTION_Z: all eight bits are whole
	drive50 = 1      // TSC_I_DRIVE: 50 mA at most
	one     = 1      // FIFO_TH
	running = 1      // TSC_CTRL: EN; X, Y and Z; no tracking, so that a still finger is told too
	touched = 1 << 7 // TSC_CTRL: STA

	fifoReset = 1 // FIFO_STA
)

// mostWaiting is how many conversions are read at one poll. More have piled
// up while nobody asked: they are old.
const mostWaiting = 16

// patience is how many polls may find a touch and no conversion, of which there are
// five a poll, before the chip is taken to stand still.
const patience = 5

// resetTime is how long the chip is left alone after its reset, and may lose what it
// is told meanwhile. The datasheet does not say; Linux waits as long
// (drivers/mfd/stmpe.c, stmpe_reset).
const resetTime = 10 * time.Millisecond

// settings are written after the reset, in this order; TSC_CTRL last, since the
// others must not change while it is on ("Touchscreen controller programming
// sequence").
var settings = []struct{ register, value byte }{
	{sysCtrl1, 0},
	{sysCtrl2, allClocks},
	{adcCtrl1, convertSlowly},
	{adcCtrl2, clock3MHz},
	{tscCfg, steady},
	{tscFractionZ, wholeZ},
	{tscIDrive, drive50},
	{fifoTh, one},
	{fifoSta, fifoReset},
	{fifoSta, 0},
	{tscCtrl, running},
}

// conversion is one entry of the FIFO.
type conversion struct {
	x, y uint16
	z    byte
}

// unpack takes the four bytes of TSC_DATA_XYZ apart: 12 bits of X, 12 of Y, 8
// of Z.
func unpack(b [4]byte) conversion {
	return conversion{
		x: uint16(b[0])<<4 | uint16(b[1])>>4,
		y: uint16(b[1]&0x0f)<<8 | uint16(b[2]),
		z: b[3],
	}
}

// reading is the newest conversions together. The datasheet gives no scale for
// Z, so it only has to be one: its end is none. That the sheets touch is the
// chip's own word, STA.
func reading(newest []conversion) resistive.Reading {
	r := resistive.Reading{Contact: resistive.Firm}
	for i, c := range newest {
		r.X[i], r.Y[i] = c.x, c.y
		if c.z == 0xff {
			r.Contact = resistive.Unknown
		}
	}
	return r
}
