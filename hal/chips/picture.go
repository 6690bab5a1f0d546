package chips

import (
	"image"
	"image/color"
	"image/draw"
)

// Picture is what an eye sees on the glass, which stands upright as the
// panel's maker drew it (portrait). It is black unless the chip is awake, the
// display on, and the light on.
func (d *Display) Picture() *image.RGBA {
	d.mu.Lock()
	defer d.mu.Unlock()
	glass := d.panel.Glass
	seen := image.NewRGBA(image.Rect(0, 0, glass.Dx(), glass.Dy()))
	dark := !d.awake || !d.on || !d.lit || !d.resetSince.IsZero()
	crossed, inverted := (d.madctl&madBGR != 0) != d.panel.BGR, d.inverted != d.panel.Inverse
	for gy := range glass.Dy() {
		cell, row := d.behind(0, gy), seen.Pix[gy*seen.Stride:]
		step, ram := d.behind(1, gy)-cell, d.ram
		for gx := range glass.Dx() {
			c := color.RGBA{A: 255}
			if !dark {
				c = shown(ram[cell+gx*step], crossed, inverted)
			}
			*(*[4]byte)(row[4*gx:]) = [4]byte{c.R, c.G, c.B, c.A}
		}
	}
	return seen
}

// behind is where the cell of the RAM is that a dot of the glass shows.
func (d *Display) behind(gx, gy int) int {
	glass := d.panel.Glass
	x, y := glass.Min.X+gx, glass.Min.Y+gy
	if d.panel.Mirrored {
		x = glass.Max.X - 1 - gx
	}
	if d.flipX {
		x = d.size.X - 1 - x
	}
	if d.flipY {
		y = d.size.Y - 1 - y
	}
	return y*d.size.X + x
}

// shown is the colour that the glass makes of a cell, if blue and red are crossed,
// and if it is inverted.
func shown(c colour, crossed, inverted bool) color.RGBA {
	if crossed {
		c.r, c.b = c.b, c.r
	}
	if inverted {
		c = colour{255 - c.r, 255 - c.g, 255 - c.b}
	}
	return color.RGBA{c.r, c.g, c.b, 255}
}

// As565 is a picture with only the colours that 16 bits a pixel can say: what
// Picture returns when exactly that was drawn.
func As565(drawn image.Image) *image.RGBA {
	b := drawn.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Rect, drawn, b.Min, draw.Src)
	for pix := out.Pix; len(pix) > 0; pix = pix[4:] {
		*(*[4]byte)(pix) = [4]byte{five(pix[0] >> 3), six(pix[1] >> 2), five(pix[2] >> 3), 255}
	}
	return out
}
