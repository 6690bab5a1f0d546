package chips_test

import (
	"errors"
	"image"
	"image/color"
	"strings"
	"testing"
	"time"

	"onetimechat/hal/chips"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// board sends bytes by hand, as an application note lists them.
type board struct {
	*chips.Display
	t     *testing.T
	conn  spi.Conn
	clock *chips.Clock
	wide  bool
}

func wire(t *testing.T, make func(chips.Panel) *chips.Display, p chips.Panel) *board {
	t.Helper()
	b := &board{t: t, clock: &chips.Clock{}}
	p.Now = b.clock.Now
	b.Display = make(p)
	b.Port.SetMaxTxSize(0)
	conn, err := b.Port.Connect(5*physic.MegaHertz, spi.Mode0, 8)
	if err != nil {
		t.Fatal(err)
	}
	b.conn = conn
	return b
}

// send sends a command (unless it is negative) and its parameters.
func (b *board) send(command int, params ...byte) {
	b.t.Helper()
	for _, part := range []struct {
		dc    gpio.Level
		bytes []byte
	}{{gpio.Low, []byte{byte(command)}}, {gpio.High, params}} {
		if part.dc == gpio.Low && command < 0 || len(part.bytes) == 0 {
			continue
		}
		b.DC.Out(part.dc)
		out := part.bytes
		if b.wide && command != 0x2C {
			out = nil
			for _, p := range part.bytes {
				out = append(out, 0, p)
			}
		} else if b.wide && part.dc == gpio.Low {
			out = []byte{0, byte(command)}
		}
		if err := b.conn.Tx(out, nil); err != nil {
			b.t.Fatal(err)
		}
	}
}

// wake goes through reset and sleep out, with the waits of ILI9341 8.2.12 and
// 15.4.
func (b *board) wake() {
	b.t.Helper()
	b.Reset.Out(gpio.Low)
	b.clock.Sleep(10 * time.Microsecond)
	b.Reset.Out(gpio.High)
	b.clock.Sleep(120 * time.Millisecond)
	b.send(0x11)
	b.clock.Sleep(5 * time.Millisecond)
	b.send(0x3A, 0x55)
	b.send(0x29)
}

func (b *board) window(x, y, w, h int) {
	b.t.Helper()
	b.send(0x2A, byte(x>>8), byte(x), byte((x+w-1)>>8), byte(x+w-1))
	b.send(0x2B, byte(y>>8), byte(y), byte((y+h-1)>>8), byte(y+h-1))
}

// pixels are colours by their letters, 16 bits each.
func pixels(letters string) []byte {
	var out []byte
	for _, l := range letters {
		v := map[rune]uint16{'r': 0xF800, 'g': 0x07E0, 'b': 0x001F, 'w': 0xFFFF, '.': 0}[l]
		out = append(out, byte(v>>8), byte(v))
	}
	return out
}

// letters are a part of a picture, a line each; ? is another colour.
func letters(p *image.RGBA, r image.Rectangle) string {
	names := map[color.RGBA]byte{{255, 0, 0, 255}: 'r', {0, 255, 0, 255}: 'g', {0, 0, 255, 255}: 'b',
		{255, 255, 255, 255}: 'w', {0, 0, 0, 255}: '.', {0, 255, 255, 255}: 'c'}
	var lines []string
	for y := r.Min.Y; y < r.Max.Y; y++ {
		line := ""
		for x := r.Min.X; x < r.Max.X; x++ {
			name, ok := names[p.RGBAAt(x, y)]
			if !ok {
				name = '?'
			}
			line += string(name)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "/")
}

func (b *board) wantNoErrors() {
	b.t.Helper()
	for _, err := range b.Errors() {
		b.t.Error(err)
	}
}

// The picture of each of MADCTL's turns, ILI9341 9.3: rgb above w, seen in the
// corner of the glass where it must be, and nowhere else.
func TestMemoryAccessControlTurnsWhatIsWritten(t *testing.T) {
	for _, c := range []struct {
		madctl byte
		want   string
	}{
		{0x00, "rgb/w../..."},
		{0x40, "bgr/..w/..."}, // MX: top right
		{0x80, ".../w../rgb"}, // MY: bottom left
		{0xC0, ".../..w/bgr"},
		{0x20, "rw./g../b.."}, // MV: top left, exchanged
		{0x60, ".wr/..g/..b"},
		{0xA0, "b../g../rw."},
		{0xE0, "..b/..g/.wr"},
	} {
		b := wire(t, chips.NewST7789, chips.Panel{})
		b.wake()
		b.window(0, 0, 240, 320)
		b.send(0x2C, make([]byte, 240*320*2)...) // the RAM holds chance
		b.send(0x36, c.madctl)
		b.window(0, 0, 3, 2)
		b.send(0x2C, pixels("rgbw..")...)
		corner := image.Rect(0, 0, 3, 3)
		if c.madctl&0x40 != 0 {
			corner = corner.Add(image.Pt(237, 0))
		}
		if c.madctl&0x80 != 0 {
			corner = corner.Add(image.Pt(0, 317))
		}
		picture := b.Picture()
		if got := letters(picture, corner); got != c.want {
			t.Errorf("MADCTL %02X: %s, want %s", c.madctl, got, c.want)
		}
		if lit := len(strings.Trim(strings.NewReplacer(".", "", "/", "").Replace(letters(picture, picture.Bounds())), ".")); lit != 4 {
			t.Errorf("MADCTL %02X: %d pixels lit, want 4", c.madctl, lit)
		}
		b.wantNoErrors()
	}
}

func TestGlassMayBeMirroredOrSmallerThanTheRAM(t *testing.T) {
	b := wire(t, chips.NewILI9341, chips.PiTFT())
	b.wake()
	b.send(0x36, 0x48) // MX and BGR: upright on this glass
	b.window(0, 0, 3, 2)
	b.send(0x2C, pixels("rgbw..")...)
	if got, want := letters(b.Picture(), image.Rect(0, 0, 3, 2)), "rgb/w.."; got != want {
		t.Errorf("PiTFT: %s, want %s", got, want)
	}
	b.wantNoErrors()

	b = wire(t, chips.NewST7789, chips.Waveshare13())
	b.wake()
	b.send(0x21)
	b.Light.Out(gpio.High)
	b.send(0x36, 0xC0) // turned by half: the glass is rows 80 to 319 now
	b.window(0, 80, 3, 2)
	b.send(0x2C, pixels("rgbw..")...)
	if p := b.Picture(); p.Bounds() != image.Rect(0, 0, 240, 240) {
		t.Errorf("the glass is %v", p.Bounds())
	} else if got, want := letters(p, image.Rect(237, 238, 240, 240)), "..w/bgr"; got != want {
		t.Errorf("1.3 inch: %s, want %s", got, want)
	}
	b.wantNoErrors()
}

// SS and GS of display function control turn the scan, not the writing.
func TestScanDirectionTurnsTheGlass(t *testing.T) {
	b := wire(t, chips.NewILI9341, chips.Panel{})
	b.wake()
	b.window(0, 0, 3, 2)
	b.send(0x2C, pixels("rgbw..")...)
	for _, c := range []struct {
		bits   byte
		corner image.Point
		want   string
	}{
		{0x00, image.Pt(0, 0), "rgb/w.."},
		{0x20, image.Pt(237, 0), "bgr/..w"},
		{0x40, image.Pt(0, 318), "w../rgb"},
	} {
		b.send(0xB6, 0x0A, 0x82|c.bits, 0x27, 0x00)
		if got := letters(b.Picture(), image.Rect(0, 0, 3, 2).Add(c.corner)); got != c.want {
			t.Errorf("bits %02X: %s, want %s", c.bits, got, c.want)
		}
	}
	b.wantNoErrors()
}

func TestColoursDependOnFormatWiringAndInversion(t *testing.T) {
	red := color.RGBA{255, 0, 0, 255}
	blue := color.RGBA{0, 0, 255, 255}
	cyan := color.RGBA{0, 255, 255, 255}
	for _, c := range []struct {
		name   string
		panel  chips.Panel
		madctl byte
		invert bool
		format byte
		pixel  []byte
		want   color.RGBA
	}{
		{"plain", chips.Panel{}, 0, false, 0x55, []byte{0xF8, 0}, red},
		{"BGR bit on an RGB panel", chips.Panel{}, 8, false, 0x55, []byte{0xF8, 0}, blue},
		{"RGB bit on a BGR panel", chips.Panel{BGR: true}, 0, false, 0x55, []byte{0xF8, 0}, blue},
		{"BGR bit on a BGR panel", chips.Panel{BGR: true}, 8, false, 0x55, []byte{0xF8, 0}, red},
		{"inverted", chips.Panel{}, 0, true, 0x55, []byte{0xF8, 0}, cyan},
		{"IPS not inverted", chips.Panel{Inverse: true}, 0, false, 0x55, []byte{0xF8, 0}, cyan},
		{"IPS inverted", chips.Panel{Inverse: true}, 0, true, 0x55, []byte{0xF8, 0}, red},
		{"18 bits", chips.Panel{}, 0, false, 0x66, []byte{0xFC, 0x80, 0x04}, color.RGBA{255, 130, 4, 255}},
		{"16 bits", chips.Panel{}, 0, false, 0x55, []byte{0x84, 0x10}, color.RGBA{132, 130, 132, 255}},
	} {
		b := wire(t, chips.NewILI9341, c.panel)
		b.wake()
		b.send(0x3A, c.format)
		b.send(0x36, c.madctl)
		if c.invert {
			b.send(0x21)
		}
		b.window(5, 7, 1, 1)
		b.send(0x2C, c.pixel...)
		if got := b.Picture().RGBAAt(5, 7); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		b.wantNoErrors()
	}
}

func TestPictureIsBlackUnlessAwakeOnAndLit(t *testing.T) {
	b := wire(t, chips.NewST7789, chips.Panel{SwitchLight: true})
	b.wake()
	b.window(0, 0, 1, 1)
	b.send(0x2C, pixels("w")...)
	white := func() bool { return b.Picture().RGBAAt(0, 0) == color.RGBA{255, 255, 255, 255} }
	for _, step := range []struct {
		name string
		do   func()
		want bool
	}{
		{"the light was never switched on", func() {}, false},
		{"light on", func() { b.Light.Out(gpio.High) }, true},
		{"light off", func() { b.Light.Out(gpio.Low) }, false},
		{"light by PWM", func() { b.Light.PWM(gpio.DutyMax/2, physic.KiloHertz) }, true},
		{"display off", func() { b.send(0x28) }, false},
		{"display on", func() { b.send(0x29) }, true},
		{"sleep in", func() { b.clock.Sleep(time.Second); b.send(0x10) }, false},
		{"sleep out", func() { b.clock.Sleep(time.Second); b.send(0x11) }, true},
		{"reset", func() { b.Reset.Out(gpio.Low) }, false},
	} {
		if step.do(); white() != step.want {
			t.Errorf("%s: lit is %v", step.name, white())
		}
	}
	b.wantNoErrors()
}

func TestILI9486TakesWordsOf16Bits(t *testing.T) {
	b := wire(t, chips.NewILI9486, chips.Waveshare35())
	b.wide = true
	b.wake()
	b.send(0xC5, 0, 0, 0, 0)
	b.send(0x36, 0x48)
	b.window(0, 0, 3, 2)
	b.send(0x2C, pixels("rgbw..")...)
	if got, want := letters(b.Picture(), image.Rect(0, 0, 3, 2)), "rgb/w.."; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	b.wantNoErrors()
	b.DC.Out(gpio.Low)
	b.conn.Tx([]byte{0x00}, nil)
	b.conn.Tx([]byte{0x36, 0x00}, nil)
	wantErrors(t, b.Errors(), "within a word", "the high byte")
}

func TestReadsIdentifyTheChip(t *testing.T) {
	for _, c := range []struct {
		name    string
		make    func(chips.Panel) *chips.Display
		command byte
		want    []byte
	}{
		{"ILI9341 RDID4: a dummy byte first", chips.NewILI9341, 0xD3, []byte{0, 0x00, 0x93, 0x41}},
		{"ST7789 RDDID: a dummy bit first", chips.NewST7789, 0x04, []byte{0x42, 0xC2, 0xA9, 0x00}},
		{"ST7789 RDID3", chips.NewST7789, 0xDC, []byte{0x52}},
		{"RDDPM awake, on", chips.NewILI9341, 0x0A, []byte{0x9C}},
		{"RDDCOLMOD", chips.NewST7789, 0x0C, []byte{0x55}},
	} {
		b := wire(t, c.make, chips.Panel{})
		b.wake()
		b.DC.Out(gpio.Low)
		w := append([]byte{c.command}, make([]byte, len(c.want))...)
		r := make([]byte, len(w))
		if err := b.conn.Tx(w, r); err != nil {
			t.Fatal(err)
		}
		if string(r[1:]) != string(c.want) {
			t.Errorf("%s: % X, want % X", c.name, r[1:], c.want)
		}
		b.wantNoErrors()
	}
}

func TestPortKeepsTheRulesOfTheWire(t *testing.T) {
	d := chips.NewILI9341(chips.PiTFT())
	for _, c := range []struct {
		hz   physic.Frequency
		mode spi.Mode
		bits int
	}{{33 * physic.MegaHertz, spi.Mode0, 8}, {physic.MegaHertz, spi.Mode3, 8}, {physic.MegaHertz, spi.Mode0, 9}, {0, spi.Mode0, 8}} {
		if _, err := d.Port.Connect(c.hz, c.mode, c.bits); err == nil {
			t.Errorf("%v, %v, %d bits were taken", c.hz, c.mode, c.bits)
		}
	}
	conn, err := d.Port.Connect(32*physic.MegaHertz, spi.Mode0, 8)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Port.Connect(physic.MegaHertz, spi.Mode0, 8); err == nil {
		t.Error("connected twice")
	}
	d.DC.Out(gpio.Low)
	d.Port.SetMaxTxSize(4)
	if conn.Tx(make([]byte, 5), nil) == nil || conn.Tx(make([]byte, 2), make([]byte, 3)) == nil {
		t.Error("a transfer that is too long, or uneven, was taken")
	}
	if err := conn.Tx(make([]byte, 4), nil); err != nil {
		t.Error(err)
	}
	broken := errors.New("broken")
	d.FailAt(2, broken)
	for i, want := range []error{nil, broken, nil} {
		if err := conn.Tx([]byte{0}, nil); err != want {
			t.Errorf("transfer %d: %v, want %v", i+1, err, want)
		}
	}
	d.FailFrom(1, broken)
	for range 2 {
		if err := conn.Tx([]byte{0}, nil); err != broken {
			t.Errorf("%v, want broken", err)
		}
	}
	if d.Transfers() != 6 || d.Sent() != 6 {
		t.Errorf("%d transfers and %d bytes, want 6 and 6", d.Transfers(), d.Sent())
	}
}
