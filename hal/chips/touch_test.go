package chips_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"onetimechat/hal/chips"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

func connect(t *testing.T, p *chips.Port, hz physic.Frequency, mode spi.Mode) spi.Conn {
	t.Helper()
	conn, err := p.Connect(hz, mode, 8)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func tx(t *testing.T, c spi.Conn, w ...byte) []byte {
	t.Helper()
	r := make([]byte, len(w))
	if err := c.Tx(w, r); err != nil {
		t.Fatal(err)
	}
	return r
}

func noErrors(t *testing.T, errs []error) {
	t.Helper()
	for _, err := range errs {
		t.Error(err)
	}
}

// wantErrors wants exactly these errors, by a part of each.
func wantErrors(t *testing.T, errs []error, parts ...string) {
	t.Helper()
	ok := len(errs) == len(parts)
	for i := 0; ok && i < len(parts); i++ {
		ok = strings.Contains(errs[i].Error(), parts[i])
	}
	if !ok {
		t.Errorf("errors %v, want %q", errs, parts)
	}
}

// convert is the datasheet's 24 clocks: a control byte, and the result in the
// next two bytes after a busy bit.
func convert(t *testing.T, c spi.Conn, control byte) int {
	t.Helper()
	r := tx(t, c, control, 0, 0)
	if r[1]&0x80 != 0 || r[2]&7 != 0 {
		t.Errorf("the bits around the result are not 0: % X", r)
	}
	return (int(r[1])<<8 | int(r[2])) >> 3
}

func TestXPT2046MeasuresTheFinger(t *testing.T) {
	// A plate mounted with its axes swapped, one of them backwards.
	x := chips.NewXPT2046(chips.TouchPanel{Plate: chips.Plate{X: [3]float64{0, 3000, 400}, Y: [3]float64{-3200, 0, 3700}}})
	c := connect(t, x.Port, 2*physic.MegaHertz, spi.Mode0)
	if got := convert(t, c, 0xD0); got != 0 {
		t.Errorf("X without a finger is %d", got)
	}
	if got := convert(t, c, 0x90); got != 4095 {
		t.Errorf("Y without a finger is %d", got)
	}
	x.Down(0.25, 0.5)
	if gx, gy := convert(t, c, 0xD0), convert(t, c, 0x90); gx != 1900 || gy != 2900 {
		t.Errorf("%d, %d, want 1900, 2900", gx, gy)
	}
	if got := convert(t, c, 0xD8); got != 1900&^15 {
		t.Errorf("X in 8 bits is %d", got)
	}
	// 16 clocks for each conversion: the next control byte overlaps.
	r := tx(t, c, 0xD0, 0, 0x90, 0, 0)
	if gx, gy := (int(r[1])<<8|int(r[2]))>>3, (int(r[3])<<8|int(r[4]))>>3; gx != 1900 || gy != 2900 {
		t.Errorf("overlapping: %d, %d, want 1900, 2900", gx, gy)
	}
	noErrors(t, x.Errors())
	tx(t, c, 0xD0, 0x90, 0)
	wantErrors(t, x.Errors(), "within a conversion")
}

// The contact's resistance is worked out from Z1 and Z2 as the datasheet does
// ("Pressure measurement"), with plates of 600 ohm: 100 ohm at full pressure.
func TestXPT2046PressureFollowsTheDatasheet(t *testing.T) {
	x := chips.NewXPT2046(chips.TouchPanel{})
	c := connect(t, x.Port, 2*physic.MegaHertz, spi.Mode0)
	x.Down(0.5, 0.5)
	for _, pressure := range []float64{1, 0.5, 0.1} {
		x.SetPressure(pressure)
		px, z1, z2 := convert(t, c, 0xD0), convert(t, c, 0xB0), convert(t, c, 0xC0)
		ohm := 600 * float64(px) / 4096 * (float64(z2)/float64(z1) - 1)
		if math.Abs(ohm-100/pressure) > 2 {
			t.Errorf("pressure %v: %.1f ohm, want %.0f (z1 %d, z2 %d)", pressure, ohm, 100/pressure, z1, z2)
		}
	}
	x.Lift()
	if z1, z2 := convert(t, c, 0xB0), convert(t, c, 0xC0); z1 != 0 || z2 != 4095 {
		t.Errorf("lifted: z1 %d, z2 %d", z1, z2)
	}
	noErrors(t, x.Errors())
}

func TestXPT2046PenIRQDependsOnThePowerDownBits(t *testing.T) {
	x := chips.NewXPT2046(chips.TouchPanel{})
	c := connect(t, x.Port, 2*physic.MegaHertz, spi.Mode0)
	for _, step := range []struct {
		name string
		do   func()
		want gpio.Level
	}{
		{"untouched", func() {}, gpio.High},
		{"touched", func() { x.Down(0, 0) }, gpio.Low},
		{"kept on, PD 11", func() { convert(t, c, 0xD3) }, gpio.High},
		{"converter on, PD 01", func() { convert(t, c, 0xD1) }, gpio.High},
		{"reference on, PD 10", func() { convert(t, c, 0xD2) }, gpio.Low},
		{"powered down, PD 00", func() { convert(t, c, 0xD0) }, gpio.Low},
		{"stuck high", func() { x.Break(chips.LineInterrupt, 0xFFF) }, gpio.High},
		{"mended", x.Mend, gpio.Low},
		{"lifted", x.Lift, gpio.High},
		{"stuck low", func() { x.Break(chips.LineInterrupt, 0) }, gpio.Low},
	} {
		if step.do(); x.PenIRQ.Read() != step.want {
			t.Errorf("%s: PENIRQ is %v", step.name, x.PenIRQ.Read())
		}
	}
	noErrors(t, x.Errors())
	convert(t, c, 0x84) // temperature, single-ended, without the reference
	wantErrors(t, x.Errors(), "reference is off")
}

func TestNoiseAndBrokenLines(t *testing.T) {
	read := func(n chips.Noise) []int {
		x := chips.NewXPT2046(chips.TouchPanel{})
		c := connect(t, x.Port, 2*physic.MegaHertz, spi.Mode0)
		x.Down(0.5, 0.5)
		x.SetNoise(n)
		var got []int
		for range 500 {
			got = append(got, convert(t, c, 0xD0))
		}
		return got
	}
	a := read(chips.Noise{Sigma: 20, Spikes: 0.1, Seed: 7})
	if !slices.Equal(a, read(chips.Noise{Sigma: 20, Spikes: 0.1, Seed: 7})) {
		t.Error("one seed gave two noises")
	}
	if slices.Equal(a, read(chips.Noise{Sigma: 20, Spikes: 0.1, Seed: 8})) {
		t.Error("two seeds gave one noise")
	}
	far := 0
	for _, v := range a {
		if math.Abs(float64(v-2050)) > 100 {
			far++
		}
	}
	if far < 20 || far > 90 {
		t.Errorf("%d of 500 are spikes, want about 50", far)
	}
	slices.Sort(a)
	if m := a[250]; m < 2040 || m > 2060 {
		t.Errorf("the median is %d, want about 2050", m)
	}

	x := chips.NewXPT2046(chips.TouchPanel{})
	c := connect(t, x.Port, 2*physic.MegaHertz, spi.Mode0)
	x.Down(0.5, 0.5)
	x.Break(chips.LineX, 0xFFF)
	if gx, gy := convert(t, c, 0xD0), convert(t, c, 0x90); gx != 4095 || gy != 2050 {
		t.Errorf("X broken: %d, %d", gx, gy)
	}
	x.Break(chips.LineAll, 0)
	if gx, z2 := convert(t, c, 0xD0), convert(t, c, 0xC0); gx != 0 || z2 != 0 {
		t.Errorf("all broken: %d, %d", gx, z2)
	}
}

func TestFT6236AnswersItsRegisters(t *testing.T) {
	f := chips.NewFT6236(chips.TouchPanel{})
	read := func(register byte, n int) []byte {
		t.Helper()
		r := make([]byte, n)
		if err := f.Tx(chips.FT6236Addr, []byte{register}, r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	want := func(name string, got []byte, want ...byte) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: % X, want % X", name, got, want)
		}
	}
	want("chip", read(0xA3, 1), 0x36)
	want("vendor", read(0xA8, 1), 0x11)
	want("firmware", read(0xA6, 1), 0x01)
	want("untouched", read(0x02, 1), 0)
	f.Down(0.5, 1)
	f.SetPressure(0.4)
	want("put down", read(0x02, 7), 1, 0x00, 120, 0x01, 0x40, 102, 0x10)
	f.Move(0.25, 0.5)
	want("contact", read(0x02, 5), 1, 0x80, 60, 0x00, 160)
	f.Second(1, 0)
	want("two fingers", read(0x02, 11), 2, 0x80, 60, 0x00, 160, 102, 0x10, 0x80, 240, 0x10, 0)
	f.LiftSecond()
	f.Lift()
	want("lifted", read(0x02, 5), 0, 0x40, 60, 0x00, 160)
	want("nothing", read(0x02, 2), 0, 0xC0)
	if err := f.Tx(chips.FT6236Addr, []byte{0x80, 40}, nil); err != nil {
		t.Fatal(err)
	}
	want("threshold", read(0x80, 1), 40)
	f.Down(0, 0)
	f.Break(chips.LineX, 0xFFF)
	want("X broken", read(0x03, 2), 0x0F, 0xFF)
	noErrors(t, f.Errors())

	if err := f.Tx(0x39, []byte{0}, nil); err == nil {
		t.Error("another address answered")
	}
	if f.SetSpeed(400*physic.KiloHertz) != nil || f.SetSpeed(physic.MegaHertz) == nil {
		t.Error("the speeds are wrong")
	}
	broken := errors.New("broken")
	f.FailAt(1, broken)
	if err := f.Tx(chips.FT6236Addr, []byte{0}, nil); err != broken {
		t.Errorf("%v, want broken", err)
	}
	f.Tx(chips.FT6236Addr, []byte{0xA3, 1}, nil)
	wantErrors(t, f.Errors(), "A3 cannot be written")
}

func TestFT6236InterruptByMode(t *testing.T) {
	f := chips.NewFT6236(chips.TouchPanel{})
	bus := func(w ...byte) { f.Tx(chips.FT6236Addr, w, make([]byte, 1)) }
	for _, step := range []struct {
		name string
		do   func()
		want gpio.Level
	}{
		{"trigger, untouched", func() {}, gpio.High},
		{"trigger, touched", func() { f.Down(0, 0) }, gpio.Low},
		{"trigger, read", func() { bus(0x02) }, gpio.High},
		{"polling, touched", func() { bus(0xA4, 0) }, gpio.Low},
		{"polling, read", func() { bus(0x02) }, gpio.Low},
		{"polling, lifted", f.Lift, gpio.High},
	} {
		if step.do(); f.INT.Read() != step.want {
			t.Errorf("%s: INT is %v", step.name, f.INT.Read())
		}
	}
	noErrors(t, f.Errors())
}

// stmpe is set up in the order of the datasheet's "Touchscreen controller
// programming sequence".
func stmpe(t *testing.T) (*chips.STMPE610, spi.Conn, *chips.Clock) {
	clock := &chips.Clock{}
	s := chips.NewSTMPE610(chips.TouchPanel{Now: clock.Now})
	c := connect(t, s.Port, physic.MegaHertz, spi.Mode0)
	tx(t, c, 0x03, 0x02) // soft reset
	clock.Sleep(10 * time.Millisecond)
	for _, w := range [][2]byte{
		{0x04, 0x0C}, // clocks for touch and converter
		{0x0A, 0x07}, // interrupts: touch, FIFO threshold, overflow
		{0x20, 0x49}, // converter: 80 clocks, 12 bits
		{0x21, 0x01}, // at 3.25 MHz
		{0x41, 0x9A}, // average of 4, 500 µs delay, 500 µs settling
		{0x4A, 0x01}, // FIFO threshold
		{0x4B, 0x01}, // FIFO reset
		{0x4B, 0x00},
		{0x56, 0x07},
		{0x58, 0x01}, // 50 mA
		{0x40, 0x01}, // X, Y, Z; enabled
		{0x0B, 0xFF}, // clear interrupts
		{0x09, 0x01}, // interrupts on
	} {
		tx(t, c, w[0], w[1])
	}
	noErrors(t, s.Errors())
	return s, c, clock
}

func TestSTMPE610FillsItsFIFO(t *testing.T) {
	s, c, clock := stmpe(t)
	read := func(a byte) byte { t.Helper(); return tx(t, c, a|0x80, 0, 0)[2] }
	if id := []byte{read(0x00), read(0x01)}; id[0] != 0x08 || id[1] != 0x11 {
		t.Errorf("id % X", id)
	}
	if read(0x4B) != 0x20 || read(0x40) != 0x01 || s.INT.Read() != gpio.High {
		t.Error("untouched, the FIFO is not empty or a touch is felt")
	}
	s.Down(0.5, 0.25) // raw 2050, 1200
	s.SetPressure(0.2)
	clock.Sleep(2 * time.Millisecond) // a sample: 500 µs and 3 × 500 µs
	if read(0x4C) != 1 || read(0x4B) != 0x10 || read(0x40) != 0x81 || read(0x0B)&0x03 != 0x03 || s.INT.Read() != gpio.Low {
		t.Errorf("touched: size %d, state %02X, control %02X, interrupts %02X", read(0x4C), read(0x4B), read(0x40), read(0x0B))
	}
	if got := []byte{read(0x57), read(0x57), read(0x57), read(0x57)}; !slices.Equal(got, []byte{0x80, 0x24, 0xB0, 51}) {
		t.Errorf("sample % X", got)
	}
	s.Lift()
	if read(0x40) != 0x01 || read(0x4C) != 0 {
		t.Error("lifted, a touch is felt")
	}
	tx(t, c, 0x0B, 0xFF)
	if s.INT.Read() != gpio.High {
		t.Error("the interrupt was not cleared")
	}
	s.Down(0.5, 0.25)
	clock.Sleep(time.Second)
	if read(0x4C) != 128 || read(0x4B) != 0xD0 || read(0x0B)&0x0C != 0x0C {
		t.Errorf("left alone: size %d, state %02X, interrupts %02X", read(0x4C), read(0x4B), read(0x0B))
	}
	tx(t, c, 0x4B, 0x01)
	tx(t, c, 0x4B, 0x00)
	if read(0x4B) != 0x20 {
		t.Errorf("after its reset the FIFO's state is %02X", read(0x4B))
	}
	noErrors(t, s.Errors())
	read(0x57)
	wantErrors(t, s.Errors(), "read while empty")
}

// With 10 bits a converter says a quarter of the number.
func TestSTMPE610MeasuresAsItsModeSays(t *testing.T) {
	for _, c := range []struct {
		adc, mode byte
		want      []byte
	}{
		{0x49, 0x00, []byte{0x80, 0x24, 0xB0, 0xFF}}, // raw 2050, 1200
		{0x41, 0x00, []byte{0x20, 0x01, 0x2C, 0xFF}}, // 512, 300
		{0x49, 0x02, []byte{0x80, 0x24, 0xB0}},
		{0x49, 0x04, []byte{0x08, 0x02}},
		{0x49, 0x06, []byte{0x04, 0xB0}},
		{0x49, 0x08, []byte{0xFF}},
	} {
		s, conn, clock := stmpe(t)
		tx(t, conn, 0x40, 0x00)
		tx(t, conn, 0x20, c.adc)
		tx(t, conn, 0x40, c.mode|1)
		s.SetPressure(1)
		s.Down(0.5, 0.25)
		clock.Sleep(2 * time.Millisecond)
		var got []byte
		for range c.want {
			got = append(got, tx(t, conn, 0xD7, 0, 0)[2])
		}
		if !slices.Equal(got, c.want) || tx(t, conn, 0xCC, 0, 0)[2] != 0 {
			t.Errorf("ADC_CTRL1 %02X, TSC_CTRL %02X: % X, want % X", c.adc, c.mode|1, got, c.want)
		}
		noErrors(t, s.Errors())
	}
}

func TestSTMPE610RefusesWrongSettings(t *testing.T) {
	for _, c := range []struct {
		name string
		w    [][]byte
		want string
	}{
		{"no clock", [][]byte{{0x04, 0x0F}, {0x20, 0x49}}, "no clock"},
		{"touch without converter", [][]byte{{0x40, 0x00}, {0x04, 0x0D}, {0x40, 0x01}}, "converter has no clock"},
		{"threshold 0", [][]byte{{0x4A, 0x00}}, "must not be 0"},
		{"enabled after reset", [][]byte{{0x03, 0x02}, {0x04, 0x0C}, {0x40, 0x01}}, "FIFO_TH is 0"},
		{"mode changed", [][]byte{{0x40, 0x03}}, "changed while enabled"},
		{"read only", [][]byte{{0x00, 0x01}}, "cannot be written"},
		{"two values", [][]byte{{0x41, 0x9A, 0x9A}}, "without automatic increment"},
		{"tracking", [][]byte{{0x40, 0x11}}, "tracking"},
	} {
		s, conn, clock := stmpe(t)
		for _, w := range c.w {
			tx(t, conn, w...)
			clock.Sleep(10 * time.Millisecond)
		}
		t.Run(c.name, func(t *testing.T) { wantErrors(t, s.Errors(), c.want) })
	}
	hasty, conn, _ := stmpe(t)
	tx(t, conn, 0x03, 0x02)
	tx(t, conn, 0x04, 0x0C)
	wantErrors(t, hasty.Errors(), "within 10ms of its reset")
	s := chips.NewSTMPE610(chips.TouchPanel{})
	if _, err := s.Port.Connect(physic.MegaHertz, spi.Mode1, 8); err == nil {
		t.Error("mode 1 was taken")
	}
}
