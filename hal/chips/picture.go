package chips

import (
	"image"
	"image/color"
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
	for gy := range glass.Dy() {
		for gx := range glass.Dx() {
			c := color.RGBA{A: 255}
			if !dark {
				c = d.shown(d.behind(gx, gy))
			}
			seen.SetRGBA(gx, gy, c)
		}
	}
	return seen
}

// behind is the cell of the RAM that a dot of the glass shows.
func (d *Display) behind(gx, gy int) colour {
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
	return d.ram[y*d.size.X+x]
}

// shown is the colour that the glass makes of a cell.
func (d *Display) shown(c colour) color.RGBA {
	if (d.madctl&madBGR != 0) != d.panel.BGR {
		c.r, c.b = c.b, c.r
	}
	if d.inverted != d.panel.Inverse {
		c = colour{255 - c.r, 255 - c.g, 255 - c.b}
	}
	return color.RGBA{c.r, c.g, c.b, 255}
}

// As565 is a picture with only the colours that 16 bits a pixel can say: what
// Picture returns when exactly that was drawn.
func As565(drawn image.Image) *image.RGBA {
	b := drawn.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, g, bl, _ := drawn.At(b.Min.X+x, b.Min.Y+y).RGBA()
			out.SetRGBA(x, y, color.RGBA{five(uint8(r >> 11)), six(uint8(g >> 10)), five(uint8(bl >> 11)), 255})
		}
	}
	return out
}
