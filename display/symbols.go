package display

import (
	"image"
	"image/color"
	"math"
)

// symbol is a small picture that tells what a screen or a line is about, for
// those who do not go by colour.
type symbol int

const (
	symNone symbol = iota
	symPad
	symSend
	symOpen
	symText
	symWarn
	symStop
	symLog
	symWait
	symYes
	symNo
	symPrev
	symNext
	symDot
	symMore
	symAdd
)

// pen draws within a square of side 1.
type pen struct {
	c    *canvas
	x, y float64
	side float64
}

func (p pen) line(points ...float64) {
	for i := 0; i < len(points); i += 2 {
		p.c.dc.LineTo(p.x+points[i]*p.side, p.y+points[i+1]*p.side)
	}
}

func (p pen) stroke(points ...float64) {
	p.line(points...)
	p.c.dc.Stroke()
}

func (p pen) fill(points ...float64) {
	p.line(points...)
	p.c.dc.ClosePath()
	p.c.dc.Fill()
}

func (p pen) dot(x, y, radius float64) {
	p.c.dc.DrawCircle(p.x+x*p.side, p.y+y*p.side, radius*p.side)
	p.c.dc.Fill()
}

// symbol draws s into the middle of box, as large as fits. ground is the
// colour around it, for parts cut out.
func (c *canvas) symbol(box image.Rectangle, s symbol, ink, ground color.RGBA) {
	side := min(box.Dx(), box.Dy())
	p := pen{c, float64(box.Min.X + (box.Dx()-side)/2), float64(box.Min.Y + (box.Dy()-side)/2), float64(side)}
	c.dc.SetColor(ink)
	c.dc.SetLineWidth(max(1.5, p.side/9))
	switch s {
	case symPad:
		for i := range 3 {
			y := 0.2 + 0.3*float64(i)
			for k := range 3 - i {
				p.dot(0.2+0.3*float64(k), y, 0.11)
			}
		}
	case symSend:
		p.stroke(0.08, 0.5, 0.85, 0.5)
		p.stroke(0.55, 0.18, 0.88, 0.5, 0.55, 0.82)
	case symOpen:
		p.stroke(0.05, 0.2, 0.95, 0.2, 0.95, 0.82, 0.05, 0.82, 0.05, 0.2)
		p.stroke(0.05, 0.2, 0.5, 0.58, 0.95, 0.2)
	case symText, symLog:
		for i := range 4 {
			y, end := 0.14+0.24*float64(i), 0.95
			if s == symText && i == 3 {
				end = 0.6
			}
			start := 0.05
			if s == symLog {
				p.dot(0.1, y, 0.08)
				start = 0.3
			}
			p.stroke(start, y, end, y)
		}
	case symWarn:
		p.fill(0.5, 0.03, 1, 0.95, 0, 0.95)
		c.dc.SetColor(ground)
		p.fill(0.44, 0.33, 0.56, 0.33, 0.54, 0.66, 0.46, 0.66)
		p.dot(0.5, 0.79, 0.065)
	case symStop:
		p.octagon()
		c.dc.SetColor(ground)
		p.fill(0.43, 0.2, 0.57, 0.2, 0.55, 0.6, 0.45, 0.6)
		p.dot(0.5, 0.76, 0.075)
	case symWait:
		p.fill(0.15, 0.05, 0.85, 0.05, 0.5, 0.5)
		p.fill(0.15, 0.95, 0.85, 0.95, 0.5, 0.5)
	case symYes:
		p.stroke(0.1, 0.55, 0.4, 0.85, 0.92, 0.18)
	case symNo:
		p.stroke(0.15, 0.15, 0.85, 0.85)
		p.stroke(0.85, 0.15, 0.15, 0.85)
	case symPrev:
		p.fill(0.8, 0.1, 0.8, 0.9, 0.15, 0.5)
	case symNext:
		p.fill(0.2, 0.1, 0.2, 0.9, 0.85, 0.5)
	case symDot:
		p.dot(0.5, 0.5, 0.35)
	case symMore:
		p.stroke(0.3, 0.1, 0.7, 0.5, 0.3, 0.9)
	case symAdd:
		p.stroke(0.5, 0.08, 0.5, 0.92)
		p.stroke(0.08, 0.5, 0.92, 0.5)
	}
}

func (p pen) octagon() {
	var points []float64
	for i := range 8 {
		a := math.Pi/8 + float64(i)*math.Pi/4
		points = append(points, 0.5+0.52*math.Cos(a), 0.5+0.52*math.Sin(a))
	}
	p.fill(points...)
}
