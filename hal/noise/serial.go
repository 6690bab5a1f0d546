package noise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"syscall"
	"time"
)

// model is a kind of TRNG that shows itself as a serial port on USB.
type model struct {
	about  Description
	ids    []string // USB "vendor:product", as in /sys
	speeds []int    // line speeds set one after the other, each a signal to the device
	start  string   // commands that make it begin
	stop   string   // a command that makes it pause
	settle int      // bytes thrown away after the start
	pace   pace
}

// models are the kinds that are known, in the order of Find.
func models() []model {
	usual := pace{rate: 10_000, grace: 2 * time.Second, chunk: 4096}
	return []model{{
		// Pulses of an avalanche diode, sampled as bits that are 1 about
		// one time in twenty more often than 0: the maker reckons with 7
		// bits of entropy a byte (moonbaseotago.com/onerng/theory.html).
		//
		// cmdo pauses; cmd1 is the avalanche diode without the CRC that
		// whitens, which alone lets one see a diode that fails; cmdw
		// empties the store of 7 KiB, which was filled in another mode;
		// cmdO runs (OneRNG/firmware, cdc_app.c, pool_cmd_thread). A
		// store and what USB holds is thrown away all the same.
		about:  Description{Name: "OneRNG", Raw: true, SampleBits: 8, Credit: MaxCredit},
		ids:    []string{"1d50:6086"},
		start:  "cmdo\ncmd1\ncmdw\ncmdO\n",
		stop:   "cmdo\n",
		settle: 8192,
		pace:   usual,
	}, {
		// Two generators, combined and whitened. Its modes are chosen by a
		// knock of three line speeds and a fourth that names the mode: 300
		// is the normal one (ubld.it, "How-To Change TrueRNGpro's Mode").
		about:  Description{Name: "TrueRNGpro", SampleBits: 8, Credit: MaxCredit},
		ids:    []string{"16d0:0aa0", "04d8:ebb5"},
		speeds: []int{110, 300, 110, 300},
		settle: 4096,
		pace:   usual,
	}, {
		// Each byte is mixed from 20 bits of an ADC behind an avalanche
		// diode (ubld.it/truerng_v3). It streams while DTR is set, without
		// any command; the line speed means nothing.
		about:  Description{Name: "TrueRNG", SampleBits: 8, Credit: MaxCredit},
		ids:    []string{"04d8:f5fe"},
		settle: 1024,
		pace:   usual,
	}}
}

// serial is a TRNG on a serial port. It belongs to whatever port of its model
// it could lock, and may find another one after it was unplugged.
type serial struct {
	roots Roots
	model model
	pump  pump
	port  io.ReadWriteCloser // nil while it is not open
}

// newSerial returns the source for the nth TRNG of a model, from 0.
func newSerial(roots Roots, m model, nth int) *serial {
	if nth > 0 {
		m.about.Name = fmt.Sprintf("%s %d", m.about.Name, nth+1)
	}
	return &serial{roots: roots, model: m, pump: pump{pace: m.pace}}
}

// Describe implements Source.
func (s *serial) Describe() Description { return s.model.about }

// Read implements Source.
func (s *serial) Read(ctx context.Context, p []byte) error {
	err := s.read(ctx, p)
	if err == nil {
		return nil
	}
	clear(p)
	return fmt.Errorf("%s: %w", s.model.about.Name, errors.Join(err, s.drop()))
}

func (s *serial) read(ctx context.Context, p []byte) error {
	if s.port == nil {
		if err := s.open(); err != nil {
			return err
		}
		stale := make([]byte, s.model.settle)
		defer clear(stale)
		if err := s.pump.fill(ctx, stale, plugged(s.port)); err != nil {
			return err
		}
	}
	return s.pump.fill(ctx, p, plugged(s.port))
}

// open opens the first port of the model that nobody else has locked.
func (s *serial) open() error {
	ports, err := s.roots.usbPorts()
	ports = slices.DeleteFunc(ports, func(p usbPort) bool { return !slices.Contains(s.model.ids, p.id) })
	switch {
	case len(ports) == 0 && err != nil:
		return err
	case len(ports) == 0:
		return fmt.Errorf("%w: not plugged in", ErrMissing)
	}
	var failed []error
	for _, p := range ports {
		port, err := openPort(s.roots.dev(p.tty), s.model)
		if err == nil {
			s.port = port
			return nil
		}
		failed = append(failed, openFault(unplugged(err)))
	}
	return errors.Join(failed...)
}

// Close implements Source.
func (s *serial) Close() error {
	if s.port != nil && s.model.stop != "" {
		// Closing lowers the lines, which stops it too: this is politeness.
		_, _ = io.WriteString(s.port, s.model.stop)
	}
	return s.drop()
}

// drop closes the port. The kernel may wait 30 s for a device that takes none
// of the commands sent to it; the port is then found locked until it is done.
func (s *serial) drop() error {
	if s.port == nil {
		return nil
	}
	port := s.port
	s.port = nil
	closed := make(chan error, 1)
	go func() { closed <- port.Close() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(time.Second):
		return errors.New("the port does not close")
	}
}

// plugged reads from a port that may be unplugged.
func plugged(port io.Reader) read {
	return func(b []byte) (int, error) {
		n, err := port.Read(b)
		return n, unplugged(err)
	}
}

// unplugged names the errors by which Linux shows that a terminal's device is
// gone: it is hung up, at its end for readers and failed for all else.
func unplugged(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.EIO) || gone(err) {
		return fmt.Errorf("%w: unplugged: %w", ErrMissing, err)
	}
	return err
}
