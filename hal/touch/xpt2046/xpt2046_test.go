package xpt2046

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/conntest"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/conn/v3/spi/spitest"

	"onetimechat/hal/touch"
)

var _ conn.Resource = &Dev{}

// sent is the golden request: Z1 three times, Z2, X seven times, Y seven
// times, the last one to sleep.
var sent = []byte{
	0xb1, 0, 0, 0xb1, 0, 0, 0xb1, 0, 0, 0xc1, 0, 0,
	0xd1, 0, 0, 0xd1, 0, 0, 0xd1, 0, 0, 0xd1, 0, 0, 0xd1, 0, 0, 0xd1, 0, 0, 0xd1, 0, 0,
	0x91, 0, 0, 0x91, 0, 0, 0x91, 0, 0, 0x91, 0, 0, 0x91, 0, 0, 0x91, 0, 0, 0x90, 0, 0,
}

// answer is what a chip says whose conversions are these.
func answer(x, y, z1, z2 uint16) []byte {
	value := map[byte]uint16{0xb1: z1, 0xc1: z2, 0xd1: x, 0x91: y, 0x90: y}
	b := make([]byte, len(sent))
	for i := 0; i < len(sent); i += 3 {
		v := value[sent[i]] << 3 // after the clock of BUSY
		b[i+1], b[i+2] = byte(v>>8), byte(v)
	}
	return b
}

var (
	free    = answer(0, 0, 0, 4095)
	pressed = answer(1024, 3072, 800, 1400)
)

// run plays answers back, one for New and one for each poll, and tells what
// was given.
func run(t *testing.T, answers ...[]byte) (given []touch.Touch, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var ops []conntest.IO
		for _, a := range answers {
			ops = append(ops, conntest.IO{W: sent, R: a})
		}
		port := &spitest.Playback{Playback: conntest.Playback{Ops: ops, DontPanic: true}}
		d, errNew := New(port, &DefaultOpts)
		if errNew != nil {
			t.Fatal(errNew)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(len(answers)-2)*touch.PollTime+time.Millisecond)
		defer cancel()
		err = d.Run(ctx, func(t touch.Touch) { given = append(given, t) })
		if closing := port.Close(); closing != nil {
			t.Error(closing)
		}
	})
	return given, err
}

func TestATapAsTheBusCarriesIt(t *testing.T) {
	x, y := 1024./4095, 3072./4095
	got, err := run(t, free, free, free, pressed, pressed, pressed, free, free)
	if want := []touch.Touch{{Down: true, X: x, Y: y}, {X: x, Y: y}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

// The bus fails at each transfer of a tap, once, and for good.
func TestAnErrorAtEachTransferIsNoTap(t *testing.T) {
	script := [][]byte{free, free, free, pressed, pressed, pressed, free, free, free}
	for fails := 1; fails < len(script); fails++ {
		for _, good := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				b := &bus{script: script, fails: fails, recovers: good, done: cancel}
				d, err := New(b, &DefaultOpts)
				if err != nil {
					t.Fatal(err)
				}
				down, taps := false, 0
				err = d.Run(ctx, func(t touch.Touch) {
					if !t.Down && !t.Lost && down {
						taps++
					}
					down = t.Down
				})
				if down {
					t.Errorf("transfer %d fails: the finger is still down", fails)
				}
				// A failure before the finger or after it takes nothing away.
				if most := 1; taps > most || taps > 0 && fails > 3 && fails < 8 {
					t.Errorf("transfer %d fails: %d taps", fails, taps)
				}
				if good && err != nil || !good && !errors.Is(err, touch.ErrBus) {
					t.Errorf("transfer %d fails, then recovers %v: %v", fails, good, err)
				}
			})
		}
	}
}

// bus answers by a script, and fails at one transfer, or from it on.
type bus struct {
	spi.Conn
	mu       sync.Mutex // guards script and at
	script   [][]byte
	at       int
	fails    int
	recovers bool
	done     func()
}

func (b *bus) String() string                                            { return "bus" }
func (b *bus) Connect(physic.Frequency, spi.Mode, int) (spi.Conn, error) { return b, nil }

// say changes what it answers from now on.
func (b *bus) say(script ...[]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.script = script
}

func (b *bus) transfers() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at
}

func (b *bus) Tx(_, r []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.at
	b.at++
	if i == b.fails || i > b.fails && !b.recovers {
		return errors.New("the ribbon came off")
	}
	copy(r, b.script[min(i, len(b.script)-1)])
	if i == len(b.script)+2 {
		b.done()
	}
	return nil
}

// penIRQ is a line that is high until it is pulled low.
type penIRQ struct {
	gpio.PinIn
	low atomic.Bool
}

func (p *penIRQ) In(gpio.Pull, gpio.Edge) error { return nil }
func (p *penIRQ) Read() gpio.Level              { return gpio.Level(!p.low.Load()) }

// PENIRQ saves the transfers of an idle glass. A finger that is down is asked
// after, whatever the line says: it may have been cut.
func TestPenIRQSavesTransfersAndIsNotBelievedForALift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		line := &penIRQ{}
		b := &bus{script: [][]byte{free}, fails: -1, recovers: true, done: func() {}}
		opts := DefaultOpts
		opts.PenIRQ = line
		d, err := New(b, &opts)
		if err != nil {
			t.Fatal(err)
		}
		var given []touch.Touch
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx, func(t touch.Touch) { given = append(given, t) }) }()
		time.Sleep(time.Second)
		synctest.Wait()
		if n := b.transfers(); n > 4 {
			t.Errorf("%d transfers while idle", n)
		}
		b.say(pressed)
		line.low.Store(true)
		time.Sleep(100 * time.Millisecond)
		line.low.Store(false) // the line is cut under the finger
		time.Sleep(time.Second)
		synctest.Wait()
		if len(given) != 1 || !given[0].Down {
			t.Errorf("given %+v, want the finger down", given)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestABrokenLineNeverTaps(t *testing.T) {
	zeros, ones := make([]byte, len(sent)), bytes.Repeat([]byte{0xff}, len(sent))
	for _, broken := range [][]byte{zeros, ones} {
		script := [][]byte{free, free, free, pressed, pressed, pressed, broken, broken, broken, broken, broken, free, free}
		got, err := run(t, script...)
		if err != nil || len(got) != 2 || !got[0].Down || !got[1].Lost {
			t.Errorf("%x…: %+v, %v", broken[:1], got, err)
		}
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	for _, change := range []func(*Opts){
		func(o *Opts) { o.Frequency = 2_000_000 }, // a plain number is in microhertz
		func(o *Opts) { o.Frequency = 3 * physic.MegaHertz },
		func(o *Opts) { o.Sheet.Plate = 0 },
		func(o *Opts) { o.Sheet.Lift = o.Sheet.Press - 1 },
	} {
		opts := DefaultOpts
		change(&opts)
		if _, err := New(&spitest.Playback{}, &opts); err == nil {
			t.Errorf("%+v was taken", opts)
		}
	}
	b := &bus{script: [][]byte{free}, fails: 0}
	if _, err := New(b, &DefaultOpts); !errors.Is(err, touch.ErrBus) {
		t.Errorf("a bus that fails: %v", err)
	}
}

// From the touch to what is given: the poll that just missed it, and as many
// as the filter wants. What is left of 60 ms belongs to the drawing.
func TestATouchIsGivenWithin30Milliseconds(t *testing.T) {
	const within = 30 * time.Millisecond
	for phase := range touch.PollTime / time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			b := &bus{script: [][]byte{free}, fails: -1, recovers: true, done: func() {}}
			d, err := New(b, &DefaultOpts)
			if err != nil {
				t.Fatal(err)
			}
			given := make(chan time.Time, 1)
			ended := make(chan error, 1)
			go func() {
				ended <- d.Run(ctx, func(t touch.Touch) {
					if t.Down {
						given <- time.Now()
					}
				})
			}()
			time.Sleep(100*time.Millisecond + phase*time.Millisecond + time.Microsecond)
			b.say(pressed)
			since := time.Now()
			if took := (<-given).Sub(since); took > within {
				t.Errorf("touched %d ms after a poll: given after %v", phase, took)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}
