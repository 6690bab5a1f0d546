package chips

import (
	"errors"
	"sync/atomic"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
)

// line is what both kinds of pin are when nothing else is said: a pin that
// refuses.
type line struct {
	gpio.PinIO // gpio.INVALID
	name       string
}

func (l *line) String() string { return l.name }
func (l *line) Name() string   { return l.name }
func (l *line) Halt() error    { return nil }

// outPin is a line from the board to the chip, which hears of each level.
type outPin struct {
	line
	level atomic.Bool
	hear  func(gpio.Level)
}

func newOutPin(name string, l gpio.Level, hear func(gpio.Level)) *outPin {
	p := &outPin{line: line{gpio.INVALID, name}, hear: hear}
	p.level.Store(bool(l))
	return p
}

func (p *outPin) Read() gpio.Level { return gpio.Level(p.level.Load()) }

func (p *outPin) Out(l gpio.Level) error {
	p.level.Store(bool(l))
	p.hear(l)
	return nil
}

// PWM counts as high unless its duty is 0.
func (p *outPin) PWM(duty gpio.Duty, _ physic.Frequency) error {
	return p.Out(duty > 0)
}

// inPin is a line from the chip to the board. It is polled: it offers no
// edges.
type inPin struct {
	line
	level func() gpio.Level
}

func newInPin(name string, level func() gpio.Level) *inPin {
	return &inPin{line{gpio.INVALID, name}, level}
}

func (p *inPin) In(_ gpio.Pull, edge gpio.Edge) error {
	if edge != gpio.NoEdge {
		return errors.New("chips: this pin offers no edges; poll it")
	}
	return nil
}

func (p *inPin) Read() gpio.Level { return p.level() }
