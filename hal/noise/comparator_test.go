package noise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/conntest"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/conn/v3/spi/spitest"
)

var (
	_ Source        = &Comparator{}
	_ conn.Resource = &Comparator{}
)

// board is a played-back port that remembers how it was connected, and says
// how much it takes at once; 0 for one that does not know.
type board struct {
	spitest.Playback
	limit     int
	frequency physic.Frequency
	mode      spi.Mode
	bits      int
}

type limited struct {
	spi.Conn
	limit int
}

func (l limited) MaxTxSize() int { return l.limit }

func (b *board) Connect(f physic.Frequency, mode spi.Mode, bits int) (spi.Conn, error) {
	b.frequency, b.mode, b.bits = f, mode, bits
	c, err := b.Playback.Connect(f, mode, bits)
	return limited{c, b.limit}, err
}

// transfers are the recorded transfers, of these sizes, that give noise.
func transfers(noise []byte, sizes ...int) []conntest.IO {
	var ops []conntest.IO
	for _, size := range sizes {
		ops = append(ops, conntest.IO{W: make([]byte, size), R: noise[:size]})
		noise = noise[size:]
	}
	return ops
}

func testNoise(t *testing.T, n int) []byte {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	noise := make([]byte, n)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	return noise
}

func TestTransfersAreSplitByTheLimits(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit int
		clock physic.Frequency
		sizes []int // of the transfers that read 10000 bytes
	}{
		{"spidev", 4096, physic.MegaHertz, []int{4096, 4096, 1808}},
		{"limits not known", 0, physic.MegaHertz, []int{4096, 4096, 1808}},
		{"larger than spidev's usual", 65535, physic.MegaHertz, []int{4096, 4096, 1808}},
		{"small", 3000, physic.MegaHertz, []int{3000, 3000, 3000, 1000}},
		{"a tenth of a second", 4096, 200 * physic.KiloHertz, []int{2500, 2500, 2500, 2500}},
	} {
		t.Run(c.name, func(t *testing.T) {
			noise := testNoise(t, 10_000)
			b := &board{Playback: spitest.Playback{Playback: conntest.Playback{Ops: transfers(noise, c.sizes...), DontPanic: true}}, limit: c.limit}
			source, err := NewComparator(b, &Opts{Frequency: c.clock, Credit: 20})
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(noise))
			if err := source.Read(t.Context(), got); err != nil || !bytes.Equal(got, noise) {
				t.Errorf("%d bytes differ, %v", differences(got, noise), err)
			}
			if b.frequency != c.clock || b.mode != spi.Mode0 || b.bits != 8 {
				t.Errorf("connected at %v, %v, %d bits", b.frequency, b.mode, b.bits)
			}
			// Nothing is asked for twice, and not a transfer of nothing.
			if err := errors.Join(source.Read(t.Context(), nil), source.Close(), b.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAComparatorIsRawBits(t *testing.T) {
	opts := DefaultOpts
	source, err := NewComparator(&board{}, &opts)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := source.Describe(), (Description{Name: "SPI comparator", Raw: true, SampleBits: 1, Credit: 32}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if opts != DefaultOpts || source.String() != "noise.Comparator{playback}" {
		t.Errorf("%s, with %+v", source, opts)
	}
	// 62.5 kB/s are sampled; a quarter of it will do.
	if source.pump.rate != 15_625 || source.pump.chunk != 4096 {
		t.Errorf("%+v", source.pump.pace)
	}
}

func TestAComparatorRefusesWhatMakesNoSense(t *testing.T) {
	for _, opts := range []Opts{
		{},
		{Frequency: 500_000, Credit: 32}, // a plain number is in microhertz
		{Frequency: 999 * physic.Hertz, Credit: 32},
		{Frequency: 51 * physic.MegaHertz, Credit: 32},
		{Frequency: -physic.MegaHertz, Credit: 32},
		{Frequency: physic.MegaHertz},
		{Frequency: physic.MegaHertz, Credit: 33},
		{Frequency: physic.MegaHertz, Credit: -1},
	} {
		if _, err := NewComparator(&board{}, &opts); err == nil {
			t.Errorf("%+v was taken", opts)
		}
	}
	connected := &board{Playback: spitest.Playback{Initialized: true}}
	if _, err := NewComparator(connected, &DefaultOpts); !errors.Is(err, ErrFailed) {
		t.Errorf("a port that cannot be connected: %v", err)
	}
}

// bus is a port whose transfers do as told.
type bus struct {
	spi.Conn
	tx func(w, r []byte) error
}

func (b bus) Connect(physic.Frequency, spi.Mode, int) (spi.Conn, error) { return b, nil }
func (b bus) Tx(w, r []byte) error                                      { return b.tx(w, r) }
func (b bus) String() string                                            { return "SPI0.1" }

func TestAComparatorFailsByName(t *testing.T) {
	open := func(tx func(w, r []byte) error) *Comparator {
		source, err := NewComparator(bus{tx: tx}, &DefaultOpts)
		if err != nil {
			t.Fatal(err)
		}
		return source
	}
	check := func(t *testing.T, err error, p []byte, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		if !bytes.Equal(p, make([]byte, len(p))) {
			t.Errorf("after the error there is %x", p[:16])
		}
	}
	t.Run("bus error", func(t *testing.T) {
		calls := 0
		source := open(func(_, r []byte) error {
			if calls++; calls == 2 {
				return fmt.Errorf("sysfs-spi: Tx() failed: %w", errEOF) // whatever it is
			}
			copy(r, bytes.Repeat([]byte{1}, len(r)))
			return nil
		})
		p := make([]byte, 10_000)
		check(t, source.Read(t.Context(), p), p, ErrFailed)
		if err := source.Read(t.Context(), p); err != nil {
			t.Error(err)
		}
	})
	t.Run("bus that hangs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source := open(func(_, r []byte) error {
				time.Sleep(3 * time.Second)
				return nil
			})
			p := make([]byte, 64)
			check(t, source.Read(t.Context(), p), p, ErrSilent)
			if err := source.Halt(); err != nil {
				t.Errorf("the transfer ended after a second: %v", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			check(t, source.Read(ctx, p), p, context.DeadlineExceeded)
			if err := source.Halt(); !errors.Is(err, ErrFailed) {
				t.Errorf("halting with the transfer under way: %v", err)
			}
			time.Sleep(time.Second)
			if err := source.Halt(); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("bus too slow", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			source := open(func(_, r []byte) error {
				time.Sleep(time.Duration(len(r)) * time.Second / 15_000)
				return nil
			})
			// A little under a quarter of the clock, for longer than the grace
			// makes up for.
			p := make([]byte, 1<<20)
			check(t, source.Read(t.Context(), p), p, ErrSlow)
			letReadsEnd()
		})
	})
}
