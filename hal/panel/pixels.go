package panel

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
)

// pixels says how a framebuffer stands in memory.
type pixels struct {
	size   image.Point // of the glass
	stride int         // bytes from one row to the next
	depth  int         // bytes a pixel: 2 for RGB565, 4 for a byte of each colour
	colours
}

// colours are where a pixel has each one, by its lowest bit.
type colours struct{ red, green, blue int }

// check refuses a layout in which a pixel could lie outside its row, or a colour
// elsewhere than where it is put.
func (p pixels) check() error {
	switch {
	case p.depth != 2 && p.depth != 4:
		return fmt.Errorf("a framebuffer of %d bits a pixel; 16 (RGB565) and 32 are known", 8*p.depth)
	case p.depth == 2 && p.colours != colours{11, 5, 0}, p.depth == 4 && !p.colours.inBytes():
		return fmt.Errorf("a framebuffer of %d bits a pixel whose colours begin at bits %d, %d and %d", 8*p.depth, p.red, p.green, p.blue)
	case p.size.X < 1 || p.size.Y < 1 || p.size.X > 8192 || p.size.Y > 8192 || p.stride < p.size.X*p.depth:
		return fmt.Errorf("a framebuffer of %v pixels and %d bytes a row", p.size, p.stride)
	}
	return nil
}

// inBytes tells whether each colour has a byte of a 32-bit pixel to itself.
func (c colours) inBytes() bool {
	var taken [4]bool
	for _, at := range []int{c.red, c.green, c.blue} {
		if at < 0 || at > 24 || at%8 != 0 || taken[at/8] {
			return false
		}
		taken[at/8] = true
	}
	return true
}

// rows draws the part area of the glass, taken from src turned by r, and hands
// each row's bytes, from the area's left edge on, to write with its offset.
func (p pixels) rows(area image.Rectangle, src *image.RGBA, r Rotation, write func(b []byte, off int64) error) error {
	back, seen := (360-r)%360, r.Turned(p.size)
	at := func(x, y int) int {
		from := back.Glass(image.Pt(x, y), seen)
		return src.PixOffset(from.X, from.Y)
	}
	row := make([]byte, area.Dx()*p.depth)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		// A row of the glass is a row or a column of the picture, forwards or
		// backwards.
		from := at(area.Min.X, y)
		p.row(row, src.Pix, from, at(area.Min.X+1, y)-from)
		if err := write(row, int64(y*p.stride+area.Min.X*p.depth)); err != nil {
			return err
		}
	}
	return nil
}

// row fills row with pixels of pix, the bytes of a picture in RGBA, from an
// offset on, each step bytes from the one before.
func (p pixels) row(row, pix []byte, from, step int) {
	if p.depth == 2 {
		for ; len(row) > 0; row, from = row[2:], from+step {
			c := pix[from : from+3 : from+3]
			binary.LittleEndian.PutUint16(row, uint16(c[0]>>3)<<11|uint16(c[1]>>2)<<5|uint16(c[2]>>3))
		}
		return
	}
	// The byte that no colour has is alpha, which the hardware may heed.
	opaque := ^(uint32(0xff)<<p.red | uint32(0xff)<<p.green | uint32(0xff)<<p.blue)
	for ; len(row) > 0; row, from = row[4:], from+step {
		c := pix[from : from+3 : from+3]
		binary.LittleEndian.PutUint32(row, uint32(c[0])<<p.red|uint32(c[1])<<p.green|uint32(c[2])<<p.blue|opaque)
	}
}

// changed is the rows of area, from the first to the last in which two pictures of
// the same size differ; empty if they are equal.
func changed(was, is *image.RGBA, area image.Rectangle) image.Rectangle {
	same := func(y int) bool {
		from := was.PixOffset(area.Min.X, y)
		to := from + 4*area.Dx()
		return bytes.Equal(was.Pix[from:to], is.Pix[from:to])
	}
	for area.Min.Y < area.Max.Y && same(area.Min.Y) {
		area.Min.Y++
	}
	for area.Min.Y < area.Max.Y && same(area.Max.Y-1) {
		area.Max.Y--
	}
	return area
}
