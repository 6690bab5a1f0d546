package ili9486_test

import "periph.io/x/conn/v3/gpio"

// levels is an output that remembers all that it was set to.
type levels struct {
	gpio.PinOut
	all []bool
}

func (l *levels) Out(level gpio.Level) error {
	l.all = append(l.all, bool(level))
	return nil
}
