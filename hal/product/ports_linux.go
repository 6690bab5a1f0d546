package product

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/driver/driverreg"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpioreg"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/conn/v3/spi/spireg"
	_ "periph.io/x/host/v3/gpioioctl" // GPIO by the kernel's character device
	_ "periph.io/x/host/v3/sysfs"     // SPI and I2C by spidev and i2c-dev
)

// Screen is a product's display with its port.
type Screen struct {
	display.Drawer
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
	if _, err := os.Stat(opts.node(p.Display.Port)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNoDevice
		}
		return nil, err
	}
	if _, err := driverreg.Init(); err != nil {
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
func (s *Screen) Halt() error { return errors.Join(s.Drawer.Halt(), s.port.Close()) }

func (p Product) pins() (pins Pins, err error) {
	d := p.Display
	for _, want := range []struct {
		line Line
		pin  *gpio.PinOut
	}{{d.DC, &pins.DC}, {d.Reset, &pins.Reset}, {d.Light, &pins.Light}} {
		if want.line == NoLine {
			continue
		}
		pin := gpioreg.ByName(want.line.String())
		if pin == nil {
			return Pins{}, fmt.Errorf("%s: %w", want.line, ErrNoDevice)
		}
		*want.pin = pin
	}
	return pins, nil
}
