package display

import (
	"image"
	"image/color"
)

// drawLabel draws a label in the middle of box: on one line if it fits, else
// on as many as it may, and in small letters on up to three if bold ones are too
// wide.
func (c *canvas) drawLabel(box image.Rectangle, ink color.RGBA, label string, most int) {
	face, lines := c.fitLabel(box.Size(), label, most)
	c.sayLines(box, style{face: face, ink: ink, align: centre}, lines)
}

// sayLines draws lines one below the other in the middle of box, and returns where
// the last one is.
func (c *canvas) sayLines(box image.Rectangle, st style, lines []string) (at image.Rectangle) {
	tall := st.face.height
	top := box.Min.Y + (box.Dy()-len(lines)*tall)/2
	for i, line := range lines {
		at = image.Rect(box.Min.X, top+i*tall, box.Max.X, top+(i+1)*tall)
		c.say(at, st, line)
	}
	return at
}

// fitLabel breaks a label for drawLabel, to stand in room.
func (c *canvas) fitLabel(room image.Point, label string, most int) (face *typeface, lines []string) {
	for n := 1; n <= most; n++ {
		lines = splitLabel(label, c.fonts.bold, n)
		if widest(lines, c.fonts.bold) <= room.X && (n == 1 || n*c.fonts.bold.height <= room.Y) {
			return c.fonts.bold, lines
		}
	}
	lines = splitLabel(label, c.fonts.small, most)
	if most > 1 && widest(lines, c.fonts.small) > room.X {
		lines = splitLabel(label, c.fonts.small, 3)
	}
	if most > 1 && widest(lines, c.fonts.small) > room.X { // a long name
		lines = layPlain(label, c.fonts.small, room.X)
	}
	return c.fonts.small, lines
}

// splitTo breaks a label into as few lines as fit into width, if any do.
func splitTo(label string, face *typeface, width int) []string {
	lines := []string{label}
	for n := 2; n <= 3 && widest(lines, face) > width; n++ {
		lines = splitLabel(label, face, n)
	}
	return lines
}

// splitLabel breaks a label at spaces into up to n lines, such that they are as
// narrow as can be.
func splitLabel(label string, face *typeface, n int) []string {
	lines := []string{label}
	for i, r := range label {
		if r != ' ' || n < 2 {
			continue
		}
		more := append([]string{label[:i]}, splitLabel(label[i+1:], face, n-1)...)
		if widest(more, face) < widest(lines, face) {
			lines = more
		}
	}
	return lines
}

func widest(lines []string, face *typeface) int {
	w := 0
	for _, line := range lines {
		w = max(w, face.width(line))
	}
	return w
}
