package chips_test

import (
	"errors"
	"image"
	"strings"
	"testing"
	"time"

	"onetimechat/hal/chips"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// Each wrong sequence is one error, and says what was wrong.
func TestWrongSequencesAreErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(b *board)
		want string
	}{
		{"too few parameters", func(b *board) { b.send(0x2A, 0, 0); b.send(0x00) }, "has 2 parameters, not 4"},
		{"too few, looked at before the end", func(b *board) { b.send(0x2A, 0, 0); b.Errors(); b.send(0x00) }, "has 2 parameters, not 4"},
		{"too few at the end", func(b *board) { b.send(0x2A, 0, 0) }, "has 2 parameters, not 4"},
		{"too many", func(b *board) { b.send(0x36, 0, 0, 0) }, "more than 1 parameters"},
		{"parameters for none", func(b *board) { b.send(0x29, 1) }, "more than 0 parameters"},
		{"gamma of 14", func(b *board) { b.send(0xE0, make([]byte, 14)...) }, "has 14 parameters, not 15"},
		{"unknown", func(b *board) { b.send(0xA0) }, "A0 is not known"},
		{"window too wide", func(b *board) { b.window(0, 0, 241, 1); b.send(0x2C, 0, 0) }, "not in the RAM"},
		{"window too wide once turned", func(b *board) { b.window(0, 0, 240, 320); b.send(0x36, 0x20); b.send(0x2C) }, "not in the RAM"},
		{"window backwards", func(b *board) { b.send(0x2A, 0, 9, 0, 8) }, "starts at 9 and ends at 8"},
		{"half a pixel", func(b *board) { b.send(0x2C, 1, 2, 3); b.send(0x00) }, "a pixel ends after 1 bytes"},
		{"more than the window", func(b *board) { b.window(0, 0, 2, 1); b.send(0x2C, pixels("rgb")...) }, "more pixels"},
		{"12 bits", func(b *board) { b.send(0x3A, 0x53) }, "pixel format 53"},
		{"MADCTL turned round", func(b *board) { b.send(0xF6, 0x41, 0, 0) }, "IFCTL 41 00 00"},
		{"little endian", func(b *board) { b.send(0xF6, 0x01, 0, 0x20) }, "IFCTL 01 00 20"},
		{"partial mode", func(b *board) { b.send(0x12) }, "not modelled"},
		{"right after soft reset", func(b *board) { b.clock.Sleep(time.Second); b.send(0x01); b.send(0x28) }, "28 came 5ms too early"},
		{"sleep out after soft reset", func(b *board) {
			b.clock.Sleep(time.Second)
			b.send(0x01)
			b.clock.Sleep(119 * time.Millisecond)
			b.send(0x11)
		}, "sleep out came 1ms too early"},
		{"sleep out after sleep in", func(b *board) {
			b.clock.Sleep(time.Second)
			b.send(0x10)
			b.clock.Sleep(100 * time.Millisecond)
			b.send(0x11)
		}, "sleep out came 20ms too early"},
		{"sleep in after sleep out", func(b *board) { b.send(0x10) }, "sleep in came 115ms too early"},
		{"while reset", func(b *board) { b.Reset.Out(gpio.Low); b.send(0x00) }, "while reset is low"},
		{"short reset", func(b *board) { b.Reset.Out(gpio.Low); b.Reset.Out(gpio.High) }, "reset was low for 0s"},
		{"right after reset", func(b *board) {
			b.Reset.Out(gpio.Low)
			b.clock.Sleep(time.Millisecond)
			b.Reset.Out(gpio.High)
			b.clock.Sleep(4 * time.Millisecond)
			b.send(0x36, 0)
		}, "36 came 1ms too early"},
		{"unread", func(b *board) { b.send(0xD3) }, "4 bytes unread"},
	} {
		b := wire(t, chips.NewILI9341, chips.Panel{})
		b.wake()
		b.wantNoErrors()
		c.do(b)
		if errs := b.Errors(); len(errs) != 1 || !strings.Contains(errs[0].Error(), c.want) {
			t.Errorf("%s: %v, want one error with %q", c.name, errs, c.want)
		}
	}
}

// The datasheets allow 6.6 MHz for reading, whatever writing takes.
func TestReadingIsSlowerThanWriting(t *testing.T) {
	d := chips.NewST7789(chips.Panel{})
	conn, err := d.Port.Connect(40*physic.MegaHertz, spi.Mode0, 8)
	if err != nil {
		t.Fatal(err)
	}
	d.DC.Out(gpio.Low)
	r := make([]byte, 2)
	conn.Tx([]byte{0xDC, 0}, r)
	if errs := d.Errors(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "reads at 40MHz") || r[1] != 0 {
		t.Errorf("%v, and % X", errs, r)
	}
}

func TestDataNeedsACommandAndDCALevel(t *testing.T) {
	b := wire(t, chips.NewST7789, chips.Panel{})
	b.conn.Tx([]byte{0}, nil)
	b.send(0x00)
	if errs := b.Errors(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "DC") {
		t.Errorf("%v, want one, of DC", errs)
	}
	b = wire(t, chips.NewST7789, chips.Panel{})
	b.send(-1, 1, 2)
	if errs := b.Errors(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "data without a command") {
		t.Errorf("%v, want one, of data", errs)
	}
}

// A full window starts again on the ST7789 and on the ILI9341 with WEMODE, and
// ignores the rest on the ILI9486 and without WEMODE.
func TestAFullWindowWrapsOrIgnores(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(chips.Panel) *chips.Display
		init []byte
		want string
	}{
		{"ST7789", chips.NewST7789, nil, "bg"},
		{"ILI9341", chips.NewILI9341, nil, "bg"},
		{"ILI9341 without WEMODE", chips.NewILI9341, []byte{0, 0, 0}, "rg"},
		{"ILI9486", chips.NewILI9486, nil, "rg"},
	} {
		b := wire(t, c.make, chips.Panel{})
		b.wide = c.name == "ILI9486"
		b.wake()
		if c.init != nil {
			b.send(0xF6, c.init...)
		}
		b.window(0, 0, 2, 1)
		b.send(0x2C, pixels("rgb")...)
		if got := letters(b.Picture(), image.Rect(0, 0, 2, 1)); got != c.want || len(b.Errors()) != 1 {
			t.Errorf("%s: %s, want %s; errors %v", c.name, got, c.want, b.Errors())
		}
	}
}

// A write may pause, in the middle of a pixel, and be continued by 3C after
// another command.
func TestAWriteMayPauseAndGoOn(t *testing.T) {
	b := wire(t, chips.NewILI9341, chips.Panel{})
	b.wake()
	before := b.Pixels()
	b.window(10, 10, 2, 2)
	p := pixels("rgbw")
	b.send(0x2C, p[:1]...)
	b.send(-1, p[1:4]...)
	b.send(0x00)
	b.send(0x3C, p[4:]...)
	if got, want := letters(b.Picture(), image.Rect(10, 10, 12, 12)), "rg/bw"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if n := b.Pixels() - before; n != 4 || b.Count(0x3C) != 1 {
		t.Errorf("%d pixels, %d times 3C", n, b.Count(0x3C))
	}
	b.wantNoErrors()
}

// A command cut short by the bus is not the driver's fault, whether it starts
// again or goes on.
func TestABrokenBusExcusesWhatItCut(t *testing.T) {
	for _, again := range []bool{true, false} {
		b := wire(t, chips.NewILI9341, chips.Panel{})
		b.wake()
		b.send(0x2A)
		b.FailAt(1, errors.New("broken"))
		b.DC.Out(gpio.High)
		if b.conn.Tx([]byte{0, 5, 0, 6}, nil) == nil {
			t.Fatal("nothing broke")
		}
		if again {
			b.send(0x2A, 0, 5, 0, 6)
		} else {
			b.send(-1, 0, 5, 0, 6)
		}
		b.wantNoErrors()
	}
}

func TestSoftResetKeepsWhatTheDatasheetSays(t *testing.T) {
	b := wire(t, chips.NewILI9341, chips.Panel{})
	b.wake()
	b.send(0x36, 0x08)
	b.clock.Sleep(time.Second)
	b.send(0x01)
	b.clock.Sleep(time.Second)
	read := func(c byte) byte {
		b.DC.Out(gpio.Low)
		r := make([]byte, 2)
		b.conn.Tx([]byte{c, 0}, r)
		return r[1]
	}
	for _, c := range []struct{ command, want byte }{{0x0A, 0x08}, {0x0B, 0x08}, {0x0C, 0x55}} {
		if got := read(c.command); got != c.want {
			t.Errorf("command %02X reads %02X, want %02X", c.command, got, c.want)
		}
	}
	b.wantNoErrors()
}
