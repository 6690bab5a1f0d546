// Package dcstest plays a display's bus back to a driver, and breaks it.
package dcstest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"periph.io/x/conn/v3/conntest"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/conn/v3/spi/spitest"
)

// Sent is one transfer: a command or not, and its bytes.
type Sent struct {
	Command bool
	Bytes   []byte
}

// Cmd is a command with its parameters, as bytes.
func Cmd(code byte, params ...byte) []Sent {
	all := []Sent{{true, []byte{code}}}
	if len(params) > 0 {
		all = append(all, Sent{false, params})
	}
	return all
}

// Wide is the same as 16-bit words.
func Wide(all []Sent) []Sent {
	var wide []Sent
	for _, s := range all {
		var b []byte
		for _, v := range s.Bytes {
			b = append(b, 0, v)
		}
		wide = append(wide, Sent{s.Command, b})
	}
	return wide
}

// Pixels is n times one pixel, in transfers of at most 4096 bytes.
func Pixels(n int, high, low byte) []Sent {
	var all []Sent
	for n > 0 {
		k := min(n, 2048)
		all = append(all, Sent{false, slices.Repeat([]byte{high, low}, k)})
		n -= k
	}
	return all
}

// Playback is a port that expects transfers, in order, with the line DC as it
// should be for each.
type Playback struct {
	spitest.Playback
	DC   Pin
	want []Sent
	t    *testing.T
}

// NewPlayback returns a Playback that fails t where it must.
func NewPlayback(t *testing.T, parts ...[]Sent) *Playback {
	p := &Playback{want: slices.Concat(parts...), t: t}
	for _, s := range p.want {
		p.Ops = append(p.Ops, conntest.IO{W: s.Bytes})
	}
	p.DontPanic = true
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// Connect implements spi.Port.
func (p *Playback) Connect(f physic.Frequency, mode spi.Mode, bits int) (spi.Conn, error) {
	c, err := p.Playback.Connect(f, mode, bits)
	return played{c, p}, err
}

type played struct {
	spi.Conn
	p *Playback
}

func (c played) Tx(w, r []byte) error {
	n := c.p.Count
	if n < len(c.p.want) && bool(c.p.DC.Level) == c.p.want[n].Command {
		c.p.t.Errorf("transfer %d, % x: D/CX is %v", n, w, c.p.DC.Level)
	}
	if err := c.Conn.Tx(w, r); err != nil {
		c.p.t.Errorf("transfer %d: %v", n, err)
	}
	return nil
}

// Pin is an output that keeps its level.
type Pin struct {
	gpio.PinOut
	Level gpio.Level
}

// Out implements gpio.PinOut.
func (p *Pin) Out(l gpio.Level) error { p.Level = l; return nil }

// ErrBus is what a Breaking port fails with.
var ErrBus = errors.New("the bus is disturbed")

// Breaking is a port whose transfers fail from the At-th on, Times times, and
// which keeps those that did not.
type Breaking struct {
	At, Times int
	Count     int // transfers that were tried
	DC        Pin
	Sent      []Sent
}

// String implements spi.Port.
func (b *Breaking) String() string { return "breaking" }

// Connect implements spi.Port.
func (b *Breaking) Connect(physic.Frequency, spi.Mode, int) (spi.Conn, error) {
	return breakingConn{b, &conntest.Discard{}}, nil
}

type breakingConn struct {
	*Breaking
	*conntest.Discard
}

func (b breakingConn) String() string { return b.Breaking.String() }

func (b breakingConn) TxPackets([]spi.Packet) error { return errors.ErrUnsupported }

func (b breakingConn) Tx(w, _ []byte) error {
	b.Count++
	if b.Count >= b.At && b.Count < b.At+b.Times {
		return ErrBus
	}
	b.Sent = append(b.Sent, Sent{!bool(b.DC.Level), slices.Clone(w)})
	return nil
}

// NoSleep is for a driver's Sleep.
func NoSleep(time.Duration) {}
