package dcs

import (
	"fmt"
	"image"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/spi"
)

// spidevSize is how much spidev takes at once if nothing else is known of the
// port (Linux, drivers/spi/spidev.c, bufsiz).
const spidevSize = 4096

// attempts is how often a command, or a window with its pixels, is sent: a
// disturbance is over by the second time; what fails thrice is broken.
const attempts = 3

// windowBytes are CASET and RASET with four parameters each, and RAMWR.
const windowBytes = 5 + 5 + 1

// bus is the way to a chip: bytes, and a line that says what they are.
type bus struct {
	conn  spi.Conn
	dc    gpio.PinOut // low: a command; high: parameters, pixels
	words bool
	buf   []byte // the most that the port takes at once, an even number
}

func newBus(c spi.Conn, dc gpio.PinOut, words bool) bus {
	size := spidevSize
	if limits, ok := c.(conn.Limits); ok && limits.MaxTxSize() > 0 {
		size = min(limits.MaxTxSize(), spidevSize)
	}
	return bus{conn: c, dc: dc, words: words, buf: make([]byte, max(size&^1, 2))}
}

// windowCost is how many bytes go before the pixels of a window.
func (b *bus) windowCost() int {
	if b.words {
		return 2 * windowBytes
	}
	return windowBytes
}

// commands sends commands, each as often as it takes.
func (b *bus) commands(all ...Command) error {
	for _, c := range all {
		if err := again(func() error { return b.command(c) }); err != nil {
			return err
		}
	}
	return nil
}

// pixels sends the pixels of a window, which fill(p, i) writes into p from the
// i-th on. After an error the window comes again: where the chip stands in it
// is not known.
func (b *bus) pixels(r image.Rectangle, fill func(p []byte, first int)) error {
	return again(func() error {
		for _, c := range []Command{
			{CASET, span(r.Min.X, r.Max.X-1)},
			{RASET, span(r.Min.Y, r.Max.Y-1)},
			{Code: RAMWR},
		} {
			if err := b.command(c); err != nil {
				return err
			}
		}
		if err := b.dc.Out(gpio.High); err != nil {
			return err
		}
		total := r.Dx() * r.Dy()
		for first := 0; first < total; {
			p := b.buf[:min(len(b.buf), 2*(total-first))]
			fill(p, first)
			if err := b.conn.Tx(p, nil); err != nil {
				return err
			}
			first += len(p) / 2
		}
		return nil
	})
}

func span(first, last int) []byte {
	return []byte{byte(first >> 8), byte(first), byte(last >> 8), byte(last)}
}

// again tries something a few times.
func again(try func() error) (err error) {
	for range attempts {
		if err = try(); err == nil {
			return nil
		}
	}
	return fmt.Errorf("after %d attempts: %w", attempts, err)
}

func (b *bus) command(c Command) error {
	if err := b.transfer(gpio.Low, []byte{c.Code}); err != nil || len(c.Params) == 0 {
		return err
	}
	return b.transfer(gpio.High, c.Params)
}

// transfer sends a command's code or its parameters, which are few.
func (b *bus) transfer(kind gpio.Level, p []byte) error {
	if err := b.dc.Out(kind); err != nil {
		return err
	}
	if b.words {
		wide := make([]byte, 2*len(p))
		for i, v := range p {
			wide[2*i+1] = v
		}
		p = wide
	}
	for len(p) > 0 {
		n := min(len(p), len(b.buf))
		if err := b.conn.Tx(p[:n], nil); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}
