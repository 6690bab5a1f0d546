// Package chips holds models of the display and touch controllers that stand
// on the other end of a board's SPI and I²C wires. A test gives a driver the
// model's port and pins, and then looks at what a person would see on the
// glass, or puts a finger on it.
//
// Start at [NewILI9341], [NewILI9486] and [NewST7789] (each a [Display]), and
// at [NewXPT2046], [NewFT6236] and [NewSTMPE610]. The models are written from
// the datasheets and know no driver:
//
//   - ILI9341: Ilitek, V1.05
//   - ILI9486: Ilitek, V1.00
//   - ST7789: Sitronix ST7789V, V1.4
//   - XPT2046: Shenzhen Xptek, 2007
//   - FT6236: FocalTech FT6x36 datasheet and application note
//   - STMPE610: STMicroelectronics, Doc ID 15432
//
// What a datasheet forbids, or leaves undefined, is an error: it is collected,
// and Errors returns it. So a driver that works on one board by luck does not
// pass. The models refuse to guess: a feature that they do not have (partial
// mode, scrolling, reading pixels back) is an error too.
//
// This is for tests. No program imports it.
package chips

import (
	"fmt"
	"math"
	"sync"
	"time"
)

// Clock is a model's time where a test tells it by hand: give Now to the
// model and Sleep to the driver. (In a synctest bubble time.Now serves as
// well.) Its zero value is ready.
type Clock struct {
	mu sync.Mutex
	at time.Duration
}

// Now is the time on the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Unix(0, 0).Add(c.at)
}

// Sleep advances the clock by d, and returns at once.
func (c *Clock) Sleep(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at += max(d, 0)
}

// mostErrors bounds what is kept of a driver gone wild.
const mostErrors = 100

// chip is what all models share: a lock, a clock, the errors of the driver,
// and the errors of the bus that a test asks for.
type chip struct {
	mu   sync.Mutex
	name string
	now  func() time.Time
	errs []error

	transfers int
	failFirst int // the transfer that fails, counted like transfers; 0 is none
	failLast  int
	failWith  error
}

func newChip(name string, now func() time.Time) *chip {
	if now == nil {
		now = time.Now
	}
	return &chip{name: name, now: now}
}

// complain notes what the driver did wrong. The lock is held.
func (c *chip) complain(format string, a ...any) {
	if len(c.errs) < mostErrors {
		c.errs = append(c.errs, fmt.Errorf(c.name+": "+format, a...))
	}
}

// Transfers is the number of transfers on the bus so far, failed ones too.
// TxPackets is one.
func (c *chip) Transfers() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.transfers
}

// FailAt lets the nth transfer from now (1 is the next one) fail with err; the
// chip sees none of its bytes.
func (c *chip) FailAt(n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failFirst, c.failLast, c.failWith = c.transfers+n, c.transfers+n, err
}

// FailFrom lets the nth transfer from now and all after it fail with err. A
// nil err ends it, also for FailAt.
func (c *chip) FailFrom(n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failFirst, c.failLast, c.failWith = c.transfers+n, math.MaxInt, err
}

// transfer counts one, and is its error when the test wants one.
func (c *chip) transfer() error {
	c.transfers++
	if c.failFirst <= c.transfers && c.transfers <= c.failLast {
		return c.failWith
	}
	return nil
}

// Errors is what the driver did wrong so far, in order.
func (c *chip) Errors() []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]error(nil), c.errs...)
}
