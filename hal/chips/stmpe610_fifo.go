package chips

import "time"

// The choices of TSC_CFG ("Touchscreen controller"): how long a touch must last to be
// detected, and how long the drivers settle before a measurement.
func detectDelay(cfg byte) time.Duration {
	return [8]time.Duration{10 * time.Microsecond, 50 * time.Microsecond, 100 * time.Microsecond, 500 * time.Microsecond,
		time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond}[cfg>>3&7]
}

func settling(cfg byte) time.Duration {
	return [8]time.Duration{10 * time.Microsecond, 100 * time.Microsecond, 500 * time.Microsecond, time.Millisecond,
		5 * time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond}[cfg&7]
}

// period is the time from one sample to the next: the touch is detected, and
// two axes and the pressure are measured, each after settling.
func (s *STMPE610) period() time.Duration {
	cfg := s.registers[stTSCCfg]
	return detectDelay(cfg) + 3*settling(cfg)
}

// advance takes the samples that are due.
func (s *STMPE610) advance() {
	if s.registers[stTSC]&stEnabled == 0 || s.registers[stSys2]&(stTSCOff|stADCOff) != 0 {
		s.felt = false
		return
	}
	now := s.now()
	if s.felt != s.down {
		s.felt = s.down
		s.registers[stIntSta] |= stIntTouch
		s.next = now.Add(s.period())
	}
	for s.down && s.registers[stFIFOSta]&stFIFOReset == 0 && !s.next.After(now) {
		s.next = s.next.Add(s.period())
		if s.stuck {
			continue
		}
		if len(s.fifo) == stDepth {
			s.registers[stFIFOSta] |= stOverflow
			s.registers[stIntSta] |= stIntOverflow
			s.next = now.Add(s.period())
			return
		}
		s.fifo = append(s.fifo, s.sample())
		if len(s.fifo) == stDepth {
			s.registers[stIntSta] |= stIntFull
		}
		if len(s.fifo) >= int(s.registers[stFIFOTh]) {
			s.registers[stIntSta] |= stIntTh
		}
	}
}

// sample measures, and packs as the mode says ("TSC_DATA").
func (s *STMPE610) sample() []byte {
	px, py := s.plate.at(s.x, s.y)
	x, y := s.measured(LineX, px), s.measured(LineY, py)
	z := byte(s.measured(LinePressure, min(s.pressure*255, 255))) // firmer is larger
	if s.registers[stADC1]&st12Bit == 0 {
		x, y = x>>2, y>>2
	}
	switch s.registers[stTSC] & stMode >> 1 {
	case 0:
		return []byte{byte(x >> 4), byte(x<<4) | byte(y>>8), byte(y), z}
	case 1:
		return []byte{byte(x >> 4), byte(x<<4) | byte(y>>8), byte(y)}
	case 2:
		return []byte{byte(x >> 8), byte(x)}
	case 3:
		return []byte{byte(y >> 8), byte(y)}
	}
	return []byte{z}
}

// fifoState is FIFO_STA.
func (s *STMPE610) fifoState() byte {
	state := s.registers[stFIFOSta] & (stOverflow | stFIFOReset)
	switch len(s.fifo) {
	case 0:
		state |= stEmpty
	case stDepth:
		state |= stFull
	}
	if th := int(s.registers[stFIFOTh]); th > 0 && len(s.fifo) >= th {
		state |= stAtTh
	}
	return state
}

// pop is the next byte of the oldest sample.
func (s *STMPE610) pop() byte {
	if len(s.fifo) == 0 {
		s.complain("the FIFO was read while empty")
		return 0
	}
	first := s.fifo[0]
	b := first[0]
	if s.fifo[0] = first[1:]; len(first) == 1 {
		s.fifo = s.fifo[1:]
	}
	if len(s.fifo) == 0 {
		s.registers[stIntSta] |= stIntEmpty
	}
	return b
}
