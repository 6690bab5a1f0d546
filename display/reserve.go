package display

import "image"

// reserveRows say how full the reservoir is, and what that means.
func (c *canvas) reserveRows(s Reserve, width int) group {
	small := style{face: c.fonts.small, ink: colInk}
	rows := group{c.reserveGauge(s)}
	rows = append(rows, c.words(s.meaning(c.theme), small, width)...)
	if s.Problem != "" {
		rows = append(rows, c.marked(symWarn, colBad, s.Problem, style{face: c.fonts.small, ink: colBad}, width)...)
	}
	if s.Demo {
		rows = append(rows, c.marked(symDot, colInk, c.demoText(), small, width)...)
	}
	return append(rows, c.space(c.gap))
}

// meaning says what a meeting now would give.
func (s Reserve) meaning(t theme) string {
	text := "Nothing for a pad yet"
	if s.Messages > 0 {
		text = capital(messagesText(s.Messages)) + " each way"
		if s.Wait > 0 {
			text += t.brief(", ", "\n") + "made in " + waitText(s.Wait)
		}
	}
	if s.Filling {
		text += "; filling"
	}
	return text
}

func (c *canvas) reserveGauge(s Reserve) row {
	small := style{face: c.fonts.small, ink: colInk}
	const name = "Ready for a meeting"
	text := bytesText(s.Ready)
	if !c.narrow() && s.Capacity > 0 {
		text += " of " + bytesText(s.Capacity)
	}
	return row{c.fonts.small.height + c.px(1), func(box image.Rectangle) {
		label := box
		label.Max.X = label.Min.X + c.fonts.small.width(name) + c.gap
		c.say(label, small, name)
		width := min(box.Dx()/4, box.Max.X-label.Max.X-c.gap-c.fonts.small.width(text))
		bar := image.Rect(label.Max.X, box.Min.Y+c.px(3), label.Max.X+width, box.Max.Y-c.px(2))
		c.gauge(bar, share(s.Ready, s.Capacity), false)
		box.Min.X = bar.Max.X + c.gap
		c.say(box, small, text)
	}}
}
