package ft6236

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c/i2ctest"
	"periph.io/x/conn/v3/physic"

	"onetimechat/hal/touch"
)

var _ conn.Resource = &Dev{}

func ask(register byte, answer ...byte) i2ctest.IO {
	return i2ctest.IO{Addr: 0x38, W: []byte{register}, R: answer}
}

func write(register, value byte) i2ctest.IO {
	return i2ctest.IO{Addr: 0x38, W: []byte{register, value}}
}

// The golden traffic of a tap.
var (
	name  = []i2ctest.IO{ask(0xa8, 0x11), ask(0xa3, 0x36)}
	begin = append(slices.Clone(name), write(0x00, 0), write(0x86, 0), write(0xa4, 0))
	none  = ask(0x02, 0, 0xff, 0xff, 0xff, 0xff)
	down  = ask(0x02, 1, 0x00, 120, 0x01, 0x04) // put down at 120, 260, by finger 0
	moved = ask(0x02, 1, 0x80, 121, 0x01, 0x04)
	other = ask(0x02, 1, 0x80, 20, 0x10, 0x04) // finger 1
	tap   = slices.Concat(begin, []i2ctest.IO{none, down, moved, none}, name, []i2ctest.IO{none})
)

// bus plays traffic back and ends the run with it; transfer number fails, if
// there is one, fails.
type bus struct {
	i2ctest.Playback
	at, fails int
	done      func()
}

func (b *bus) SetSpeed(physic.Frequency) error { return nil }

func (b *bus) Tx(addr uint16, w, r []byte) error {
	b.at++
	if b.at == len(b.Ops) {
		b.done()
	}
	if b.at == b.fails {
		b.Count++
		return errors.New("no acknowledge")
	}
	return b.Playback.Tx(addr, w, r)
}

func run(t *testing.T, ops []i2ctest.IO, fails int) (given []touch.Touch, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		b := &bus{Playback: i2ctest.Playback{Ops: ops, DontPanic: true}, fails: fails, done: cancel}
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
	got, err := run(t, tap, 0)
	want := []touch.Touch{
		{Down: true, X: 120.5 / 240, Y: 260.5 / 320},
		{X: 121.5 / 240, Y: 260.5 / 320},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

// Every transfer of the tap fails once: New says so, and a finger is lost.
func TestAnErrorAtEachTransferIsNoTap(t *testing.T) {
	for fails := 1; fails <= len(tap); fails++ {
		got, err := run(t, tap, fails)
		if fails <= len(begin) {
			if err == nil {
				t.Errorf("transfer %d fails, and New is content", fails)
			}
			continue
		}
		tapped := len(got) == 2 && got[0].Down && !got[1].Lost
		if tapped && fails != len(tap) && fails != len(begin)+1 { // before the finger and after it
			t.Errorf("transfer %d fails: %+v", fails, got)
		}
		if len(got) > 0 && got[len(got)-1].Down {
			t.Errorf("transfer %d fails: the finger stays down", fails)
		}
	}
}

func TestAnotherChipIsRefused(t *testing.T) {
	for _, ops := range [][]i2ctest.IO{
		{ask(0xa8, 0x00), ask(0xa3, 0x36)}, {ask(0xa8, 0x11), ask(0xa3, 0x55)}, {ask(0xa8, 0xff), ask(0xa3, 0xff)},
	} {
		if _, err := run(t, ops, 0); !errors.Is(err, ErrChip) {
			t.Errorf("%x: %v", ops, err)
		}
	}
	for _, good := range []byte{0x06, 0x36, 0x64} {
		if err := taken(good); err != nil {
			t.Errorf("chip %#x: %v", good, err)
		}
	}
}

// taken tells what New says of a chip of this kind.
func taken(kind byte) error {
	ops := slices.Clone(begin)
	ops[1] = ask(0xa3, kind)
	_, err := New(&i2ctest.Playback{Ops: ops, DontPanic: true}, &DefaultOpts)
	return err
}

// A second finger does nothing; the first one lifted before it is lost, since
// what the chip tells then is of the second.
func TestTheFirstFingerCounts(t *testing.T) {
	got, err := run(t, slices.Concat(begin, []i2ctest.IO{none, down, other, other, none}), 0)
	if err != nil || len(got) != 2 || !got[0].Down || !got[1].Lost {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReportsThatMakeNoSenseAreNoFinger(t *testing.T) {
	for _, report := range []i2ctest.IO{
		ask(0x02, 0xff, 0xff, 0xff, 0xff, 0xff), // a line at its most
		ask(0x02, 3, 0, 10, 0, 10),
		ask(0x02, 1, 0xc0, 10, 0, 10), // no event
		ask(0x02, 1, 0, 240, 0, 10),   // off the sheet
		ask(0x02, 1, 0, 10, 1, 64),
	} {
		got, err := run(t, slices.Concat(begin, []i2ctest.IO{none, report, none}), 0)
		if err != nil || len(got) != 0 {
			t.Errorf("%x: %+v, %v", report.R, got, err)
		}
	}
}

// A bus that reads zeros says the same as a lifted finger; the name that does
// not come tells them apart.
func TestABusThatReadsZerosIsNoLift(t *testing.T) {
	zeros := []i2ctest.IO{ask(0x02, 0, 0, 0, 0, 0), ask(0xa8, 0), ask(0xa3, 0), none}
	got, err := run(t, slices.Concat(begin, []i2ctest.IO{none, down}, zeros), 0)
	if err != nil || len(got) != 2 || !got[1].Lost {
		t.Errorf("%+v, %v", got, err)
	}
}

// quiet is an interrupt line that nothing pulls low.
type quiet struct{ gpio.PinIn }

func (quiet) In(gpio.Pull, gpio.Edge) error { return nil }
func (quiet) Read() gpio.Level              { return gpio.High }

func TestTheInterruptLineSavesTransfers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opts := DefaultOpts
		opts.INT = quiet{}
		b := &bus{Playback: i2ctest.Playback{Ops: begin, DontPanic: true}, done: func() {}}
		d, err := New(b, &opts)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := d.Run(ctx, nil); err != nil || b.at != len(begin) {
			t.Errorf("%d transfers, %v", b.at, err)
		}
	})
}
