package meeting

import "time"

const (
	showEvery = 250 * time.Millisecond
	// rateOver is how long the rate is averaged over.
	rateOver = 30 * time.Second
)

// gauge measures how fast the pad is filled.
type gauge struct {
	marks []mark // of the last rateOver, the oldest first
	shown int64
}

type mark struct {
	at   time.Time
	done int64
}

func newGauge(done int64) gauge {
	return gauge{marks: []mark{{time.Now(), done}}, shown: -1}
}

// due tells whether there is something new to show.
func (g *gauge) due(now time.Time, done int64) bool {
	return done != g.shown || now.Sub(g.marks[len(g.marks)-1].at) >= time.Second
}

func (g *gauge) show(now time.Time, contact string, done, total int64) Progress {
	g.shown = done
	for len(g.marks) > 1 && now.Sub(g.marks[0].at) > rateOver {
		g.marks = g.marks[1:]
	}
	p := Progress{Contact: contact, Done: done, Total: total}
	if took := now.Sub(g.marks[0].at).Seconds(); took > 0 {
		p.Rate = float64(done-g.marks[0].done) / took
	}
	if p.Rate > 0 {
		p.Left = time.Duration(float64(total-done) / p.Rate * float64(time.Second))
	}
	g.marks = append(g.marks, mark{now, done})
	return p
}
