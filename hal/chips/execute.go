package chips

import (
	"image"
	"time"
)

// apply carries out a command whose parameters are there.
func (d *Display) apply() {
	d.counts[d.command]++
	switch d.command {
	case cmdSWRESET, cmdSLPIN, cmdSLPOUT:
		d.changePower(d.now())
	case cmdDISPON, cmdDISPOFF:
		d.on = d.command == cmdDISPON
	case cmdINVON, cmdINVOFF:
		d.inverted = d.command == cmdINVON
	case cmdCASET:
		d.columns = d.window()
	case cmdRASET:
		d.rows = d.window()
	case cmdMADCTL:
		d.madctl = d.params[0]
	case cmdCOLMOD:
		if f := d.params[0] & 0x0F; f != 5 && f != 6 {
			d.once("pixel format %02X: only 16 and 18 bits a pixel are modelled", d.params[0])
			return
		}
		d.colmod = d.params[0]
	case cmdPTLON, cmdIDMON:
		d.once("command %02X: partial and idle mode are not modelled", d.command)
	case cmdVSCRSADD:
		if d.params[0] != 0 || d.params[1] != 0 {
			d.once("scrolling is not modelled")
		}
	default:
		d.applyVendor()
	}
}

// applyVendor carries out those of a maker's own commands that change where
// pixels are seen. The same code is another command on another chip.
func (d *Display) applyVendor() {
	switch {
	case d.command == cmdDISCTRL && d.name != "ST7789":
		d.flipX, d.flipY = d.params[1]&0x20 != 0, d.params[1]&0x40 != 0
	case d.command == cmdIFCTL && d.name == "ILI9341":
		d.ignores = d.params[0]&0x01 == 0 // WEMODE
		if d.params[0]&0xE8 != 0 || d.params[1]&0x03 != 0 || d.params[2] != 0 {
			d.once("IFCTL % X: MADCTL turned round, other transfers and interfaces are not modelled", d.params)
		}
	case d.command == cmdLCMCTRL && d.name == "ST7789":
		if d.params[0] != 0x2C {
			d.once("LCMCTRL %02X: only the default 2C is modelled", d.params[0])
		}
	}
}

// changePower resets, sends to sleep and wakes.
func (d *Display) changePower(now time.Time) {
	switch d.command {
	case cmdSWRESET:
		if d.awake {
			d.wakeable = now.Add(sleepCycle)
		}
		if now.Before(d.sleepable) && d.awake {
			d.once("software reset within the %v after sleep out", sleepCycle)
		}
		d.softReset()
	case cmdSLPOUT:
		if now.Before(d.wakeable) {
			d.once("sleep out came %v too early", d.wakeable.Sub(now))
			return
		}
		d.awake, d.sleepable = true, now.Add(sleepCycle)
	case cmdSLPIN:
		if now.Before(d.sleepable) {
			d.once("sleep in came %v too early", d.sleepable.Sub(now))
			return
		}
		d.awake, d.wakeable = false, now.Add(sleepCycle)
	}
	d.ready = now.Add(settle)
}

// window reads the parameters of CASET and RASET.
func (d *Display) window() span {
	s := span{int(d.params[0])<<8 | int(d.params[1]), int(d.params[2])<<8 | int(d.params[3])}
	if s.from > s.to {
		d.once("command %02X: the window starts at %d and ends at %d", d.command, s.from, s.to)
	}
	return s
}

// beginPixels opens the window, if it lies in the RAM as MADCTL turns it now.
func (d *Display) beginPixels() {
	s := d.logical()
	if d.columns.from > d.columns.to || d.rows.from > d.rows.to || d.columns.to >= s.X || d.rows.to >= s.Y {
		d.once("the window, columns %v and rows %v, is not in the RAM of %d × %d", d.columns, d.rows, s.X, s.Y)
		return
	}
	d.phase = writing
	d.counts[d.command]++
	if d.command == cmdRAMWR {
		d.at, d.full = image.Pt(d.columns.from, d.rows.from), false
	}
	at := image.Rect(d.columns.from, d.rows.from, d.columns.to+1, d.rows.to+1)
	if !d.full && !d.at.In(at) {
		d.once("writing goes on at %v, which is not in the window", d.at)
		d.phase = deaf
	}
}

// pixelByte takes a byte of a pixel, red first: 5, 6 and 5 bits in two bytes,
// or 6 bits on the left of each of three (ILI9341 7.6, ST7789V 8.8).
func (d *Display) pixelByte(b byte) {
	d.partial = append(d.partial, b)
	switch p := d.partial; {
	case d.colmod&7 == 5 && len(p) == 2:
		d.put(colour565(p[0], p[1]))
	case d.colmod&7 == 6 && len(p) == 3:
		d.put(colour{six(p[0] >> 2), six(p[1] >> 2), six(p[2] >> 2)})
	default:
		return
	}
	d.partial = d.partial[:0]
}

// five and six widen a channel to 8 bits, so that the brightest is 255.
func five(v uint8) uint8 { return v<<3 | v>>2 }
func six(v uint8) uint8  { return v<<2 | v>>4 }

// pixelRun does for whole pixels of 16 bits what exchange does byte by byte, as far as
// the window's row and w go, and says for how many bytes: nearly all that goes over
// the wire are such pixels, to which the chip answers nothing.
func (d *Display) pixelRun(w, r []byte) (taken int) {
	if d.phase != writing || !d.dc || d.colmod&7 != 5 || d.full || len(r)+len(d.answer)+len(d.partial)+len(d.latched) > 0 {
		return 0
	}
	w = w[:min(len(w)/2, d.columns.to+1-d.at.X)*2]
	cell := d.cell(d.at)
	step := d.cell(d.at.Add(image.Pt(1, 0))) - cell
	ram := d.ram
	for i := 0; i < len(w); i += 2 {
		ram[cell] = colour565(w[i], w[i+1])
		cell += step
	}
	if len(w) > 0 {
		d.pixels += len(w)/2 - 1
		d.at.X += len(w)/2 - 1
		d.step()
	}
	return len(w)
}

func colour565(high, low byte) colour {
	v := uint16(high)<<8 | uint16(low)
	return colour{five(uint8(v >> 11)), six(uint8(v >> 5 & 63)), five(uint8(v & 31))}
}

// put stores a pixel, and steps on.
func (d *Display) put(c colour) {
	if d.full {
		d.once("more pixels than the window has")
		if d.ignores || d.wide { // always, for the ILI9486: 8.2.22
			return
		}
		d.full = false
		d.at = image.Pt(d.columns.from, d.rows.from)
	}
	d.ram[d.cell(d.at)] = c
	d.step()
}

// cell is where in the RAM MADCTL sends a logical column and row (ILI9341 9.3):
// exchange first, then mirror in the RAM's own columns and rows.
func (d *Display) cell(at image.Point) int {
	x, y := at.X, at.Y
	if d.madctl&madMV != 0 {
		x, y = y, x
	}
	if d.madctl&madMX != 0 {
		x = d.size.X - 1 - x
	}
	if d.madctl&madMY != 0 {
		y = d.size.Y - 1 - y
	}
	return y*d.size.X + x
}

// step goes on to the window's next pixel.
func (d *Display) step() {
	d.pixels++
	if d.at.X++; d.at.X > d.columns.to {
		d.at.X = d.columns.from
		if d.at.Y++; d.at.Y > d.rows.to {
			d.full = true
		}
	}
}
