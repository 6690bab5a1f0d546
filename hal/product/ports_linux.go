package product

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"periph.io/x/conn/v3/driver/driverreg"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c/i2creg"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/conn/v3/spi/spireg"
	"periph.io/x/host/v3/gpioioctl" // GPIO by the kernel's character device
	_ "periph.io/x/host/v3/sysfs"   // SPI and I2C by spidev and i2c-dev
)

// Screen is a product's display with its port.
type Screen struct {
	*Lit
	port spi.PortCloser
}

// Open opens the product's port and lines, and lights its display. The error
// names the product and what it hangs on.
func (p Product) Open(opts Opts) (*Screen, error) {
	s, err := p.open(opts)
	if err != nil {
		return nil, fmt.Errorf("panel %s: %s: %w", p.Name, p.Display.Port, err)
	}
	return s, nil
}

func (p Product) open(opts Opts) (*Screen, error) {
	if err := opts.look(p.Display.Port); err != nil {
		return nil, err
	}
	pins, err := p.pins()
	if err != nil {
		return nil, err
	}
	port, err := spireg.Open(p.Display.Port)
	if err != nil {
		return nil, err
	}
	screen, err := p.Light(port, pins, opts)
	if err != nil {
		return nil, errors.Join(err, port.Close())
	}
	return &Screen{screen, port}, nil
}

// Halt darkens the display and closes its port.
func (s *Screen) Halt() error { return errors.Join(s.Lit.Halt(), s.port.Close()) }

// look says whether the kernel shows a port, and has periph know all that it
// does.
func (o Opts) look(port string) error {
	if _, err := os.Stat(o.node(port)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return ErrNoDevice
		}
		return err
	}
	_, err := driverreg.Init()
	return err
}

// OpenSPI opens a port that no product uses, such as SPI0.1. The error names it.
func OpenSPI(port string, opts Opts) (spi.PortCloser, error) {
	err := opts.look(port)
	if err == nil {
		var opened spi.PortCloser
		if opened, err = spireg.Open(port); err == nil {
			return opened, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", port, err)
}

// OpenLine finds a line of the pin header that no product uses, such as a
// push-button's. The error names it.
func OpenLine(l Line) (gpio.PinIn, error) {
	if _, err := driverreg.Init(); err != nil {
		return nil, fmt.Errorf("%s: %w", l, err)
	}
	pin := lineOf(gpioioctl.Chips, l)
	if pin == nil {
		return nil, fmt.Errorf("%s: %w", l, ErrNoDevice)
	}
	return pin, nil
}

// gpioChip is what lineOf needs of gpioioctl.GPIOChip.
type gpioChip interface {
	Label() string
	Lines() []*gpioioctl.GPIOLine
}

// lineOf finds a line by its number on the processor's own chip, nil if it is not
// there. Linux names most of them by that number, but a few by what they can do, not
// the same on every board: 4 is GPIO_GCLK, 14 and 15 are a serial port's.
func lineOf[C gpioChip](chips []C, l Line) gpio.PinIO {
	for _, c := range chips {
		if lines := c.Lines(); strings.HasPrefix(c.Label(), "pinctrl-") && l >= 0 && int(l) < len(lines) {
			return lines[l]
		}
	}
	return nil
}

// Sheet is a product's touch controller with its port.
type Sheet struct {
	Controller
	port io.Closer
}

// Feel opens the touch controller's port and line, and sets it up. The error
// names the product and what the controller hangs on.
func (p Product) Feel(opts Opts) (*Sheet, error) {
	s, err := p.feel(opts)
	if err != nil {
		return nil, fmt.Errorf("panel %s: %s: %w", p.Name, p.Touch.Port, err)
	}
	return s, nil
}

func (p Product) feel(opts Opts) (*Sheet, error) {
	t := p.Touch
	if err := opts.look(t.Port); err != nil {
		return nil, err
	}
	var interrupt gpio.PinIn
	if t.Interrupt != NoLine {
		pin := lineOf(gpioioctl.Chips, t.Interrupt)
		if pin == nil {
			return nil, fmt.Errorf("%s: %w", t.Interrupt, ErrNoDevice)
		}
		interrupt = pin
	}
	if strings.HasPrefix(t.Port, "I2C") {
		bus, err := i2creg.Open(t.Port)
		if err != nil {
			return nil, err
		}
		c, err := t.onI2C(bus, interrupt)
		if err != nil {
			return nil, errors.Join(err, bus.Close())
		}
		return &Sheet{c, bus}, nil
	}
	port, err := spireg.Open(t.Port)
	if err != nil {
		return nil, err
	}
	c, err := t.onSPI(port, interrupt)
	if err != nil {
		return nil, errors.Join(err, port.Close())
	}
	return &Sheet{c, port}, nil
}

// Answers tells whether the product's touch controller is there, and says that it
// is the one.
func (p Product) Answers(opts Opts) error {
	s, err := p.Feel(opts)
	if err == nil {
		err = s.Halt()
	}
	return err
}

// Halt stops the controller and closes its port.
func (s *Sheet) Halt() error { return errors.Join(s.Controller.Halt(), s.port.Close()) }

func (p Product) pins() (pins Pins, err error) {
	d := p.Display
	for _, want := range []struct {
		line Line
		pin  *gpio.PinOut
	}{{d.DC, &pins.DC}, {d.Reset, &pins.Reset}, {d.Light, &pins.Light}} {
		if want.line == NoLine {
			continue
		}
		pin := lineOf(gpioioctl.Chips, want.line)
		if pin == nil {
			return Pins{}, fmt.Errorf("%s: %w", want.line, ErrNoDevice)
		}
		*want.pin = pin
	}
	return pins, nil
}
