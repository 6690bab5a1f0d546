package product

import (
	"testing"

	"periph.io/x/host/v3/gpioioctl"
)

// numbered is a chip with so many lines, which the kernel may call anything.
type numbered struct {
	label string
	lines []*gpioioctl.GPIOLine
}

func newNumbered(label string, n int) numbered {
	c := numbered{label: label}
	for range n {
		c.lines = append(c.lines, &gpioioctl.GPIOLine{})
	}
	return c
}

func (c numbered) Label() string                { return c.label }
func (c numbered) Lines() []*gpioioctl.GPIOLine { return c.lines }

// Lines are found by their number on the processor's chip, whichever comes first,
// and whatever the board's device tree names them.
func TestLinesAreFoundByNumber(t *testing.T) {
	own, expander := newNumbered("pinctrl-bcm2711", 58), newNumbered("raspberrypi-exp-gpio", 8)
	for _, chips := range [][]numbered{{own, expander}, {expander, own}} {
		for l := range Line(28) {
			if got := lineOf(chips, l); got != own.lines[l] {
				t.Errorf("%s is another line", l)
			}
		}
		for _, l := range []Line{NoLine, 58} {
			if got := lineOf(chips, l); got != nil {
				t.Errorf("%s is there", l)
			}
		}
	}
	if got := lineOf([]numbered{expander}, 4); got != nil {
		t.Error("a line of another chip is taken")
	}
}
