package entropy

import (
	"fmt"
	"time"
)

// collapsed is the share of its rate at the start below which a source is
// taken to be broken: 1/16. Generators slow down by a few times when other
// programs want noise too, or when the processor does.
const collapsed = 1.0 / 16

// meter is a rate over the last few seconds of something that goes on at times.
type meter struct {
	bytes float64
	took  time.Duration
}

func (m *meter) add(n int, took time.Duration) {
	const memory = 8 * time.Second
	if m.took >= memory {
		m.bytes, m.took = m.bytes/2, m.took/2
	}
	m.bytes, m.took = m.bytes+float64(n), m.took+took
}

// rate is in bytes a second, 0 while not known.
func (m *meter) rate() float64 {
	return m.bytes / max(m.took, time.Microsecond).Seconds()
}

// gauge notices when a source has become much slower than it was over its
// first second of reading. It looks again after each further second of it:
// shorter pauses say nothing about the source.
type gauge struct {
	first float64 // bytes a second at the start, 0 while not known
	now   meter
}

const gaugeTime = time.Second

func (g *gauge) add(n int, took time.Duration) error {
	g.now.bytes, g.now.took = g.now.bytes+float64(n), g.now.took+took
	if g.now.took < gaugeTime {
		return nil
	}
	rate := g.now.rate()
	g.now = meter{}
	if g.first == 0 {
		g.first = rate
	}
	if rate < collapsed*g.first {
		return fmt.Errorf("%w: %.0f bytes a second, at the start it was %.0f", ErrRate, rate, g.first)
	}
	return nil
}
