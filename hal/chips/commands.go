package chips

import "fmt"

// The commands that the three display controllers share; they come from MIPI's
// Display Command Set. Sections: ILI9341 8.2.x / ILI9486 8.2.x / ST7789V 9.1.x.
const (
	cmdNOP       = 0x00 // 8.2.1 / 8.2.1 / 9.1.1
	cmdSWRESET   = 0x01 // 8.2.2 / 8.2.2 / 9.1.2
	cmdRDDID     = 0x04 // 8.2.3 / 8.2.3 / 9.1.3
	cmdRDDPM     = 0x0A // 8.2.5 / – / 9.1.5
	cmdRDDMADCTL = 0x0B // 8.2.6 / – / 9.1.6
	cmdRDDCOLMOD = 0x0C // 8.2.7 / – / 9.1.7
	cmdSLPIN     = 0x10 // 8.2.11 / 8.2.12 / 9.1.11
	cmdSLPOUT    = 0x11 // 8.2.12 / 8.2.13 / 9.1.12
	cmdPTLON     = 0x12 // 8.2.13 / 8.2.14 / 9.1.13
	cmdNORON     = 0x13 // 8.2.14 / 8.2.15 / 9.1.14
	cmdINVOFF    = 0x20 // 8.2.15 / 8.2.16 / 9.1.15
	cmdINVON     = 0x21 // 8.2.16 / 8.2.17 / 9.1.16
	cmdDISPOFF   = 0x28 // 8.2.18 / 8.2.18 / 9.1.18
	cmdDISPON    = 0x29 // 8.2.19 / 8.2.19 / 9.1.19
	cmdCASET     = 0x2A // 8.2.20 / 8.2.20 / 9.1.20
	cmdRASET     = 0x2B // 8.2.21 / 8.2.21 / 9.1.21
	cmdRAMWR     = 0x2C // 8.2.22 / 8.2.22 / 9.1.22
	cmdMADCTL    = 0x36 // 8.2.29 / 8.2.28 / 9.1.28
	cmdVSCRSADD  = 0x37 // 8.2.30 / 8.2.29 / 9.1.29
	cmdIDMOFF    = 0x38 // 8.2.31 / 8.2.30 / 9.1.30
	cmdIDMON     = 0x39 // 8.2.32 / 8.2.31 / 9.1.31
	cmdCOLMOD    = 0x3A // 8.2.33 / 8.2.32 / 9.1.32
	cmdRAMWRC    = 0x3C // 8.2.34 / 8.2.33 / 9.1.33, write memory continue
	cmdDISCTRL   = 0xB6 // ILI9341 8.3.7, ILI9486 8.2.56
	cmdLCMCTRL   = 0xC0 // ST7789V 9.2, C0h
	cmdRDID4     = 0xD3 // ILI9341 8.3.23
	cmdRDID1     = 0xDA // ST7789V 9.1.46; 0xDB and 0xDC follow
	cmdIFCTL     = 0xF6 // ILI9341 8.3.28
)

// MADCTL's bits that turn the picture; ILI9341 8.2.29.
const (
	madMY  = 0x80 // row address order
	madMX  = 0x40 // column address order
	madMV  = 0x20 // row and column exchanged
	madBGR = 0x08 // colour filters of the panel are blue, green, red
)

// count is how many parameters a command takes.
type count struct{ least, most int }

func exactly(n int) count { return count{n, n} }

func (c count) String() string {
	if c.least == c.most {
		return fmt.Sprint(c.least)
	}
	return fmt.Sprintf("%d to %d", c.least, c.most)
}

// commands are what a controller understands, by their parameters. Memory
// writes and reads are not in it.
type commands map[byte]count

// same adds commands that take n parameters each.
func (c commands) same(n int, codes ...byte) commands {
	for _, code := range codes {
		c[code] = exactly(n)
	}
	return c
}

// shared is what all three take: no parameters, one, and more. (0x26 GAMSET,
// 0x33 VSCRDEF, 0x34/0x35 TEOFF/TEON, 0x44 STE, 0x51 WRDISBV, 0x53 WRCTRLD,
// 0x55 WRCABC, 0x5E WRCABCMB, 0x30 PTLAR.)
func shared() commands {
	return commands{}.
		same(0, cmdNOP, cmdSWRESET, cmdSLPIN, cmdSLPOUT, cmdPTLON, cmdNORON, cmdINVOFF, cmdINVON,
			cmdDISPOFF, cmdDISPON, cmdIDMOFF, cmdIDMON, 0x34).
		same(1, cmdMADCTL, cmdCOLMOD, 0x26, 0x35, 0x51, 0x53, 0x55, 0x5E).
		same(2, cmdVSCRSADD, 0x44).
		same(4, cmdCASET, cmdRASET, 0x30).
		same(6, 0x33)
}

// ili9341Commands: ILI9341 8.3 (level 2 commands) and 8.4 (extended
// registers). DISCTRL's last parameter only divides the clock of the
// RGB interface.
func ili9341Commands() commands {
	c := shared().
		same(1, 0xB0, 0xB4, 0xB7, 0xB8, 0xB9, 0xBA, 0xBB, 0xBC, 0xBE, 0xBF, 0xC0, 0xC1, 0xC7, 0xF2, 0xF7).
		same(2, 0xB1, 0xB2, 0xB3, 0xC5, 0xD0, 0xEA).
		same(3, 0xCF, 0xD1, 0xE8, cmdIFCTL).
		same(4, 0xB5, 0xED).
		same(5, 0xCB).
		same(15, 0xE0, 0xE1).
		same(16, 0xE2).
		same(64, 0xE3).
		same(128, 0x2D)
	c[cmdDISCTRL] = count{3, 4}
	return c
}

// ili9486Commands: ILI9486 8.2, from B0h to E3h.
func ili9486Commands() commands {
	return shared().
		same(1, 0xB0, 0xB4, 0xB7, 0xC1, 0xC2, 0xC3, 0xC4, 0xC6, 0xC8, 0xC9, 0xCA, 0xCB, 0xCC, 0xCD, 0xCE, 0xCF).
		same(2, 0xB1, 0xB2, 0xB3, 0xC0, 0xD0).
		same(3, cmdDISCTRL, 0xD1).
		same(4, 0xB5, 0xC5).
		same(15, 0xE0, 0xE1).
		same(16, 0xE2).
		same(64, 0xE3)
}

// st7789Commands: ST7789V 9.2 (system function command table 2).
func st7789Commands() commands {
	c := shared().
		same(1, 0xB5, 0xB7, 0xBA, 0xBB, 0xBC, 0xBD, cmdLCMCTRL, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xCA, 0xCC,
			0xD2, 0xE7, 0xE8, 0xEC).
		same(2, 0xB0, 0xD0, 0xFC, 0xFE).
		same(3, 0xB1, 0xB3, 0xC1, 0xE4, 0xE9).
		same(4, 0xB8, 0xDF, 0xFA).
		same(5, 0xB2).
		same(14, 0xE0, 0xE1).
		same(64, 0xE2, 0xE3)
	c[0xC2] = count{1, 2} // VDVVRHEN: the second is always 0xFF
	return c
}

// reply is what a controller clocks out after a read command: first some bits
// that mean nothing (ILI9341 7.1.10, ST7789V 8.4.4: one for 24 bits, none for
// 8), then bytes.
type reply struct {
	dummy int
	bytes []byte
}

// stream is the reply as the host's shift register sees it.
func (r reply) stream() []byte {
	out := make([]byte, len(r.bytes)+(r.dummy+7)/8)
	for i := range len(r.bytes) * 8 {
		if r.bytes[i/8]&(0x80>>(i%8)) != 0 {
			at := i + r.dummy
			out[at/8] |= 0x80 >> (at % 8)
		}
	}
	return out
}
