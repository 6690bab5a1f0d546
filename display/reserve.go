package display

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
	const name = "Ready for a meeting"
	text := bytesText(s.Ready)
	if !c.narrow() && s.Capacity > 0 {
		text += " of " + bytesText(s.Capacity)
	}
	return c.meterRow(meter{name: name, longestName: name, text: text, longestText: text, share: share(s.Ready, s.Capacity)})
}
