package noise

import (
	"context"
	"fmt"
	"time"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// Comparator is amplified noise that a comparator turns into a logic level on
// the MISO line of an SPI port: each cycle of the clock samples one bit. A
// line that is stuck is read like any other; the health tests see it.
//
// The bits are not quite evenly spaced: between bytes and between transfers
// the clock may pause, which makes neighbours more independent, not less.
// While another device on the bus is selected the comparator's output must be
// off, or the clock must be its own.
type Comparator struct {
	opts    Opts
	conn    spi.Conn
	pump    pump
	silence []byte // zeros: MOSI stays quiet beside the noise
}

// Opts are a Comparator's options.
type Opts struct {
	// Frequency of the SPI clock, in the units of package physic: a plain
	// number would be microhertz. It must be well below the bandwidth of the
	// noise, or neighbouring bits are the same bit.
	Frequency physic.Frequency
	// Credit, at most MaxCredit: less for noise known to be worse.
	Credit Credit
}

// DefaultOpts suit noise with a bandwidth of some MHz: 62.5 kB/s.
var DefaultOpts = Opts{Frequency: 500 * physic.KiloHertz, Credit: MaxCredit}

// The frequencies between which NewComparator believes that a unit was meant:
// below, a deadline could take minutes, above, no comparator follows.
const (
	lowestClock  = physic.KiloHertz
	highestClock = 50 * physic.MegaHertz
)

// spidevSize is how much spidev takes at once if nothing else is known of the
// port (Linux, drivers/spi/spidev.c, bufsiz).
const spidevSize = 4096

// NewComparator connects to the port, whose closing is up to the caller, after
// Halt.
func NewComparator(port spi.Port, opts *Opts) (*Comparator, error) {
	f := opts.Frequency
	if f < lowestClock || f > highestClock {
		return nil, fmt.Errorf("noise: an SPI clock of %s is not between %s and %s", f, lowestClock, highestClock)
	}
	if opts.Credit <= 0 || opts.Credit > MaxCredit {
		return nil, fmt.Errorf("noise: a credit of %d is not between 1 and %d", opts.Credit, MaxCredit)
	}
	c, err := port.Connect(f, spi.Mode0, 8)
	if err != nil {
		return nil, fmt.Errorf("noise: connecting to %s: %w", port, openFault(err))
	}
	bytes := int(f / (8 * physic.Hertz))
	// A tenth of a second at once, so that a context's end is heard.
	chunk := min(max(bytes/10, 1), transferSize(c))
	return &Comparator{
		opts: *opts,
		conn: c,
		// The driver rounds the clock down, and others use the bus too.
		pump:    pump{pace: pace{rate: max(bytes/4, 1), grace: 2 * time.Second, chunk: chunk}},
		silence: make([]byte, chunk),
	}, nil
}

// transferSize is how many bytes a connection takes at once.
func transferSize(c spi.Conn) int {
	if limits, ok := c.(conn.Limits); ok && limits.MaxTxSize() > 0 {
		return min(limits.MaxTxSize(), spidevSize)
	}
	return spidevSize
}

// String implements conn.Resource.
func (c *Comparator) String() string { return fmt.Sprintf("noise.Comparator{%s}", c.conn) }

// Describe implements Source.
func (c *Comparator) Describe() Description {
	return Description{Name: "SPI comparator", Raw: true, SampleBits: 1, Credit: c.opts.Credit}
}

// Read implements Source. The first sample is the top bit of the first byte.
func (c *Comparator) Read(ctx context.Context, p []byte) error {
	if err := c.pump.fill(ctx, p, c.transfer); err != nil {
		clear(p)
		return fmt.Errorf("%s: %w", c, err)
	}
	return nil
}

// transfer samples all of b, which is never empty: drivers refuse a transfer
// of nothing.
func (c *Comparator) transfer(b []byte) (int, error) {
	if err := c.conn.Tx(c.silence[:len(b)], b); err != nil {
		// Whatever the driver says, it is the bus that failed.
		return 0, fmt.Errorf("%w: %w", ErrFailed, err)
	}
	return len(b), nil
}

// Halt implements conn.Resource: it waits for a transfer that was left behind,
// so that the port may be closed.
func (c *Comparator) Halt() error {
	if c.pump.late == nil {
		return nil
	}
	select {
	case <-c.pump.late:
		c.pump.late = nil
		return nil
	case <-time.After(c.pump.grace):
		return fmt.Errorf("%s: %w: a transfer does not end", c, ErrFailed)
	}
}

// Close implements Source.
func (c *Comparator) Close() error { return c.Halt() }
