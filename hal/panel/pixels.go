package panel

import (
	"encoding/binary"
	"fmt"
	"image"
)

// pixels says how a framebuffer stands in memory.
type pixels struct {
	size   image.Point // of the glass
	stride int         // bytes from one row to the next
	depth  int         // bytes a pixel: 2 for RGB565, 4 for XRGB8888
}

// check refuses a layout in which a pixel could lie outside its row.
func (p pixels) check() error {
	switch {
	case p.depth != 2 && p.depth != 4:
		return fmt.Errorf("a framebuffer of %d bits a pixel; 16 (RGB565) and 32 (XRGB8888) are known", 8*p.depth)
	case p.size.X < 1 || p.size.Y < 1 || p.size.X > 8192 || p.size.Y > 8192 || p.stride < p.size.X*p.depth:
		return fmt.Errorf("a framebuffer of %v pixels and %d bytes a row", p.size, p.stride)
	}
	return nil
}

// put writes one pixel, given as red, green and blue of 8 bits, into a row.
func (p pixels) put(row []byte, x int, r, g, b uint8) {
	if p.depth == 2 {
		v := uint16(r>>3)<<11 | uint16(g>>2)<<5 | uint16(b>>3)
		binary.LittleEndian.PutUint16(row[2*x:], v)
		return
	}
	binary.LittleEndian.PutUint32(row[4*x:], uint32(r)<<16|uint32(g)<<8|uint32(b))
}

// rows draws the part area of the glass, taken from src turned by r, and hands
// each row's bytes, from the area's left edge on, to write with its offset.
func (p pixels) rows(area image.Rectangle, src *image.RGBA, r Rotation, write func(b []byte, off int64) error) error {
	back := (360 - r) % 360
	seen := r.turned(p.size)
	row := make([]byte, area.Dx()*p.depth)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			at := back.Glass(image.Pt(x, y), seen)
			c := src.RGBAAt(at.X, at.Y)
			p.put(row, x-area.Min.X, c.R, c.G, c.B)
		}
		if err := write(row, int64(y*p.stride+area.Min.X*p.depth)); err != nil {
			return err
		}
	}
	return nil
}
