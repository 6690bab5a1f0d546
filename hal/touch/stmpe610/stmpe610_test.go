package stmpe610

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/conntest"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/conn/v3/spi/spitest"

	"onetimechat/hal/touch"
	"onetimechat/hal/touch/resistive"
)

var _ conn.Resource = &Dev{}

func ask(register, answer byte) conntest.IO {
	return conntest.IO{W: []byte{0x80 | register, 0, 0}, R: []byte{0, 0, answer}}
}

func write(register, value byte) conntest.IO { return conntest.IO{W: []byte{register, value}} }

// The golden traffic.
var (
	begin = []conntest.IO{
		ask(0x00, 0x08), ask(0x01, 0x11),
		write(0x03, 0x02), write(0x03, 0), write(0x04, 0),
		write(0x20, 0x48), write(0x21, 0x01), write(0x41, 0x9a), write(0x56, 0), write(0x58, 1),
		write(0x4a, 1), write(0x4b, 1), write(0x4b, 0), write(0x40, 1),
	}
	none  = []conntest.IO{ask(0x40, 0x01), ask(0x4c, 0)}
	clear = []conntest.IO{ask(0x40, 0x01), ask(0x4c, 2), write(0x4b, 1), write(0x4b, 0)}
	tap   = slices.Concat(begin, none, none, finger(5), finger(5), finger(4), clear, none)
)

// finger is a poll with n conversions at 0x400, 0xC00.
func finger(n int) []conntest.IO {
	ops := []conntest.IO{ask(0x40, 0x81), ask(0x4c, byte(n))}
	for range n {
		ops = append(ops, ask(0x57, 0x40), ask(0x57, 0x0c), ask(0x57, 0x00), ask(0x57, 60))
	}
	return ops
}

// bus plays traffic back and ends the run with it. Transfer number fails, if
// there is one, fails, and from then on all do.
type bus struct {
	spitest.Playback
	at, fails int
	done      func()
}

func (b *bus) Connect(f physic.Frequency, m spi.Mode, bits int) (spi.Conn, error) {
	c, err := b.Playback.Connect(f, m, bits)
	return &wire{c, b}, err
}

type wire struct {
	spi.Conn
	bus *bus
}

func (w *wire) Tx(out, in []byte) error {
	b := w.bus
	b.at++
	if b.at == len(b.Ops) {
		b.done()
	}
	if b.fails > 0 && b.at >= b.fails {
		return errors.New("the ribbon came off")
	}
	return w.Conn.Tx(out, in)
}

func run(t *testing.T, ops []conntest.IO, fails int) (given []touch.Touch, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		b := &bus{Playback: spitest.Playback{Playback: conntest.Playback{Ops: ops, DontPanic: true}}, fails: fails, done: func() {}}
		if fails == 0 {
			b.done = cancel
		}
		var d *Dev
		if d, err = New(b, &DefaultOpts); err != nil {
			return
		}
		err = d.Run(ctx, func(t touch.Touch) { given = append(given, t) })
		if closing := b.Close(); closing != nil && fails == 0 {
			t.Error(closing)
		}
	})
	return given, err
}

func TestATapAsTheBusCarriesIt(t *testing.T) {
	x, y := 0x400/4095., 0xc00/4095.
	got, err := run(t, tap, 0)
	if want := []touch.Touch{{Down: true, X: x, Y: y}, {X: x, Y: y}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

// The bus fails for good at each transfer of the tap.
func TestAnErrorAtEachTransferIsNamedAndNoTap(t *testing.T) {
	lift := len(tap) - len(none)
	for fails := 1; fails <= len(tap); fails++ {
		got, err := run(t, tap, fails)
		if fails > len(begin) && !errors.Is(err, touch.ErrBus) || err == nil {
			t.Errorf("transfer %d fails: %v", fails, err)
		}
		if fails <= lift && len(got) > 0 && !got[len(got)-1].Lost {
			t.Errorf("transfer %d fails: %+v", fails, got)
		}
	}
}

func TestAnotherChipIsRefused(t *testing.T) {
	for _, id := range [][2]byte{{0, 0}, {0xff, 0xff}, {0x08, 0x10}, {0x11, 0x08}} {
		ops := []conntest.IO{ask(0x00, id[0]), ask(0x01, id[1])}
		if _, err := run(t, ops, 0); !errors.Is(err, ErrChip) {
			t.Errorf("%x: %v", id, err)
		}
	}
}

// stuck is a chip that lost its settings, or a line that always reads the same.
type stuck struct {
	spi.Conn
	says byte
}

func (s stuck) Tx(_, in []byte) error {
	for i := range in {
		in[i] = s.says
	}
	return nil
}

// What such a line reads is no lift: the finger that was down is lost.
func TestABrokenLineUnderAFingerIsNoTap(t *testing.T) {
	for _, says := range []byte{0x00, 0xff, 0x80, 0x02} {
		d := &Dev{conn: stuck{says: says}, opts: DefaultOpts}
		for range 2 {
			d.filter.Take(resistive.Reading{Contact: resistive.Apart})
		}
		for range 2 {
			d.filter.Take(reading([]conversion{{1000, 1000, 60}, {1000, 1000, 60}, {1000, 1000, 60}, {1000, 1000, 60}, {1000, 1000, 60}}))
		}
		for range 5 {
			if got, err := d.look(); !errors.Is(err, errSettings) {
				t.Errorf("all reads are %#x: %+v, %v", says, got, err)
			}
		}
	}
}

// What waited while nobody asked is old, and is thrown away.
func TestAFullFIFOIsEmptied(t *testing.T) {
	full := []conntest.IO{ask(0x40, 0x81), ask(0x4c, 128), write(0x4b, 1), write(0x4b, 0)}
	got, err := run(t, slices.Concat(begin, none, none, full, full, none, none), 0)
	if err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	for _, f := range []physic.Frequency{0, 500_000, 2 * physic.MegaHertz} {
		if _, err := New(&spitest.Playback{}, &Opts{Frequency: f}); err == nil {
			t.Errorf("%s was taken", f)
		}
	}
}
