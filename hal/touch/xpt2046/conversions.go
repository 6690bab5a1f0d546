package xpt2046

import "onetimechat/hal/touch/resistive"

// The control byte ("Control Byte"): S A2 A1 A0 MODE SER/DFR PD1 PD0. S begins
// it, MODE 0 is 12 bits, SER/DFR 0 is differential, which makes coordinates
// independent of the supply. The channels are those of the table for the
// differential mode.
const (
	start    = 1 << 7
	channelY = start | 0b001<<4
	channelX = start | 0b101<<4
	z1       = start | 0b011<<4
	z2       = start | 0b100<<4

	// Power-down ("PD0 and PD1"): awake has the converter on and PENIRQ off,
	// so that it does not disturb the next conversion. Zero is the converter
	// off and PENIRQ on, for the last one.
	awake = 0b01
)

// frame is how many bytes one conversion takes: 24 clocks ("Digital
// Interface"). The control byte, then a clock of BUSY, twelve bits, and three
// zeros.
const frame = 3

// settle is how many conversions are thrown away after the plates were
// switched: 24 µs at 2 MHz, for the capacitors that panels have against noise.
const settle = 2

// Where things are in a transfer, in conversions.
const (
	atZ1 = settle
	atZ2 = atZ1 + 1
	atX  = atZ2 + 1 + settle
	atY  = atX + resistive.Samples + settle
	all  = atY + resistive.Samples
)

// request is what is sent at each poll. It is never changed.
var request = makeRequest()

func makeRequest() []byte {
	b := make([]byte, 0, all*frame)
	add := func(control byte, times int) {
		for range times {
			b = append(b, control|awake, 0, 0)
		}
	}
	add(z1, settle+1)
	add(z2, 1) // between the same plates
	add(channelX, settle+resistive.Samples)
	add(channelY, settle+resistive.Samples)
	b[(all-1)*frame] = channelY // the last one puts the chip to sleep
	return b
}

// conversion is the i-th result of a transfer.
func conversion(reply []byte, i int) uint16 {
	at := i * frame
	return (uint16(reply[at+1])<<8 | uint16(reply[at+2])) >> 3 & resistive.Full
}

// reading is what a whole transfer says.
func reading(reply []byte, sheet resistive.Sheet) resistive.Reading {
	var r resistive.Reading
	for i := range resistive.Samples {
		r.X[i] = conversion(reply, atX+i)
		r.Y[i] = conversion(reply, atY+i)
	}
	r.Contact = sheet.Contact(r.X[resistive.Samples-1], conversion(reply, atZ1), conversion(reply, atZ2))
	return r
}
