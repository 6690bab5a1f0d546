package chips

import (
	"fmt"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// Port is the SPI port that a chip hangs on. It checks what a driver asks of
// it as the kernel's spidev does, and is an spi.Port with conn.Limits.
type Port struct {
	chip  *chip
	mode  spi.Mode
	max   physic.Frequency
	limit int
	hz    physic.Frequency // 0 until connected

	exchange func(w, r []byte) // one stretch of bytes; len(r) is 0 or len(w)
	release  func()            // chip select rises
	excuse   func()            // a transfer failed at the test's wish
}

// String implements spi.Port.
func (p *Port) String() string { return p.chip.name }

// MaxTxSize implements conn.Limits: 4096, spidev's default, unless
// SetMaxTxSize says otherwise.
func (p *Port) MaxTxSize() int {
	p.chip.mu.Lock()
	defer p.chip.mu.Unlock()
	return p.limit
}

// SetMaxTxSize sets how many bytes a transfer may have; 0 means any number.
func (p *Port) SetMaxTxSize(n int) {
	p.chip.mu.Lock()
	defer p.chip.mu.Unlock()
	p.limit = n
}

// Connect implements spi.Port. It refuses another mode, word length or a
// faster clock than the chip has, and a second call.
func (p *Port) Connect(f physic.Frequency, mode spi.Mode, bits int) (spi.Conn, error) {
	p.chip.mu.Lock()
	defer p.chip.mu.Unlock()
	switch {
	case p.hz != 0:
		return nil, fmt.Errorf("chips: %s is connected already", p.chip.name)
	case mode != p.mode || bits != 8:
		return nil, fmt.Errorf("chips: %s speaks %s with 8 bits, not %s with %d", p.chip.name, p.mode, mode, bits)
	case f <= 0 || f > p.max:
		return nil, fmt.Errorf("chips: %s takes at most %s, not %s", p.chip.name, p.max, f)
	}
	p.hz = f
	return &spiConn{p}, nil
}

type spiConn struct{ port *Port }

func (c *spiConn) String() string       { return c.port.String() }
func (c *spiConn) Duplex() conn.Duplex  { return conn.Full }
func (c *spiConn) MaxTxSize() int       { return c.port.MaxTxSize() }
func (c *spiConn) Tx(w, r []byte) error { return c.TxPackets([]spi.Packet{{W: w, R: r}}) }

// TxPackets implements spi.Conn. Chip select rises after each packet that does
// not keep it.
func (c *spiConn) TxPackets(packets []spi.Packet) error {
	p := c.port
	p.chip.mu.Lock()
	defer p.chip.mu.Unlock()
	total := 0
	for _, k := range packets {
		if len(k.W) != 0 && len(k.R) != 0 && len(k.W) != len(k.R) {
			return fmt.Errorf("chips: %s: %d bytes out, %d in", p.chip.name, len(k.W), len(k.R))
		}
		if k.BitsPerWord != 0 && k.BitsPerWord != 8 {
			return fmt.Errorf("chips: %s: words of %d bits", p.chip.name, k.BitsPerWord)
		}
		total += max(len(k.W), len(k.R))
	}
	if p.limit > 0 && total > p.limit {
		return fmt.Errorf("chips: %s: a transfer of %d bytes, at most %d", p.chip.name, total, p.limit)
	}
	if err := p.chip.transfer(); err != nil {
		p.excuse()
		p.release()
		return err
	}
	for _, k := range packets {
		w := k.W
		if len(w) == 0 {
			w = make([]byte, len(k.R))
		}
		p.exchange(w, k.R)
		if !k.KeepCS {
			p.release()
		}
	}
	return nil
}

var (
	_ spi.Port    = (*Port)(nil)
	_ conn.Limits = (*Port)(nil)
	_ conn.Limits = (*spiConn)(nil)
)
