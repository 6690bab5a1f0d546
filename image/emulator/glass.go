//go:build linux

package emulator

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"time"
)

// glassSize is the size of the board's screen in pixels.
var glassSize = image.Pt(screenWidth, screenHeight)

// The screen is looked at as often as by an attentive person, then ever less often:
// a look takes time from the board.
const (
	lookTime  = 50 * time.Millisecond
	lookShare = 40 // of the time that something was waited for until then
	lookMost  = time.Second
)

// Screen is what is on the screen now, or ErrOff. Its colours have gone through
// the board's 16 bits a pixel: see Same.
func (p *Pi) Screen() (*image.RGBA, error) {
	b, err := p.picture("screendump", map[string]any{})
	if err != nil {
		return nil, err
	}
	return readPPM(bufio.NewReader(bytes.NewReader(b)))
}

// Line is one line of the screen, out of the board's memory: to have QEMU draw all
// of it takes away much of the time that an emulated board has.
func (p *Pi) Line(y int) (*image.RGBA, error) { return p.memory(image.Rect(0, y, screenWidth, y+1)) }

// memory is what whole lines of the screen are to be, out of the board's memory.
func (p *Pi) memory(lines image.Rectangle) (*image.RGBA, error) {
	b, err := p.picture("pmemsave", map[string]any{"val": screenAt + screenStride*lines.Min.Y, "size": screenStride * lines.Dy()})
	if err != nil {
		return nil, err
	}
	if len(b) != screenStride*lines.Dy() {
		return nil, fmt.Errorf("%d lines of the screen have %d bytes", lines.Dy(), len(b))
	}
	m := image.NewRGBA(lines)
	for i := range len(b) / 2 {
		c := binary.LittleEndian.Uint16(b[2*i:])
		pixel := m.Pix[4*i:][:4]
		pixel[0], pixel[1], pixel[2], pixel[3] = uint8(c>>11<<3), uint8(c>>5<<2), uint8(c<<3), 0xff
	}
	return m, nil
}

// picture is what a command of QEMU's writes into a file.
func (p *Pi) picture(command string, args map[string]any) ([]byte, error) {
	path := filepath.Join(p.folder, "screen.ppm")
	args["filename"] = path
	if _, err := p.monitor.do(command, args); err != nil {
		return nil, p.hungUp(err)
	}
	return os.ReadFile(path)
}

// endTime is how long QEMU may take to be gone after it has hung up.
const endTime = 30 * time.Second

// hungUp is ErrOff if QEMU did not do something because it ends, else err.
func (p *Pi) hungUp(err error) error {
	select {
	case <-p.ended:
		return ErrOff
	case <-time.After(endTime):
		return err
	}
}

// readPPM reads the picture format that QEMU writes (ppm(5), 8 bits a colour).
func readPPM(r *bufio.Reader) (*image.RGBA, error) {
	var w, h, most int
	if _, err := fmt.Fscanf(r, "P6\n%d %d\n%d\n", &w, &h, &most); err != nil {
		return nil, fmt.Errorf("QEMU's picture: %w", err)
	}
	if w < 1 || h < 1 || w > 4096 || h > 4096 || most != 255 {
		return nil, fmt.Errorf("QEMU's picture has %d×%d pixels of %d", w, h, most)
	}
	row := make([]byte, 3*w)
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		if _, err := io.ReadFull(r, row); err != nil {
			return nil, fmt.Errorf("QEMU's picture: %w", err)
		}
		for x := range w {
			pixel, color := m.Pix[m.PixOffset(x, y):][:4], row[3*x:][:3]
			pixel[0], pixel[1], pixel[2], pixel[3] = color[0], color[1], color[2], 0xff
		}
	}
	return m, nil
}

// Same tells whether the part of the screen at where shows want, which begins
// at its own corner. Colours are compared as RGB565, which is what the emulated
// screen has.
func Same(screen *image.RGBA, where image.Rectangle, want *image.RGBA, from image.Point) bool {
	if !where.In(screen.Rect) || !where.Sub(where.Min).Add(from).In(want.Rect) {
		return false
	}
	for y := range where.Dy() {
		for x := range where.Dx() {
			a := screen.RGBAAt(where.Min.X+x, where.Min.Y+y)
			b := want.RGBAAt(from.X+x, from.Y+y)
			if a.R>>3 != b.R>>3 || a.G>>2 != b.G>>2 || a.B>>3 != b.B>>3 {
				return false
			}
		}
	}
	return true
}

// WaitScreen waits until ok likes what is on the screen. The error of a wait in
// vain holds the last picture: see Stuck.
func (p *Pi) WaitScreen(ctx context.Context, ok func(*image.RGBA) bool) (*image.RGBA, error) {
	for begin := time.Now(); ; {
		screen, good, err := p.shows(ok)
		if err != nil {
			return nil, err
		}
		if good {
			return screen, nil
		}
		select {
		case <-time.After(min(max(lookTime, time.Since(begin)/lookShare), lookMost)):
		case <-p.ended:
			return nil, fmt.Errorf("waiting for a picture: %w; it said\n%s", ErrOff, p.console.text())
		case <-ctx.Done():
			return nil, &Stuck{screen, p.console.text(), ctx.Err()}
		}
	}
}

// shows tells whether ok likes what is in the board's memory, which costs the board
// little to look at, and then what QEMU makes of it, too.
func (p *Pi) shows(ok func(*image.RGBA) bool) (screen *image.RGBA, good bool, err error) {
	screen, err = p.memory(image.Rectangle{Max: glassSize})
	if err != nil || !ok(screen) {
		return screen, false, err
	}
	if screen, err = p.Screen(); err != nil {
		return nil, false, err
	}
	return screen, ok(screen), nil
}

// Stuck is a wait for a picture that did not come.
type Stuck struct {
	Screen  *image.RGBA // what was there instead
	Console string
	Err     error
}

func (s *Stuck) Error() string {
	return fmt.Sprintf("the picture does not come: %v; the board said\n%s", s.Err, s.Console)
}

// Unwrap returns why the wait has ended.
func (s *Stuck) Unwrap() error { return s.Err }

// PlugFinger plugs in the touchscreen of a board that was started without.
func (p *Pi) PlugFinger() error {
	_, err := p.monitor.do("device_add", map[string]any{"driver": finger})
	return err
}

// Tap puts a finger down at a pixel of the screen, and lifts it.
func (p *Pi) Tap(at image.Point) error {
	if err := p.Press(at); err != nil {
		return err
	}
	return p.Release(at)
}

// Press puts a finger down.
func (p *Pi) Press(at image.Point) error { return p.touch(at, true) }

// Release lifts the finger.
func (p *Pi) Release(at image.Point) error { return p.touch(at, false) }

// touch moves the finger and then puts it down, or lifts it.
func (p *Pi) touch(at image.Point, down bool) error {
	event := func(kind string, data map[string]any) map[string]any {
		return map[string]any{"type": kind, "data": data}
	}
	for _, events := range [][]map[string]any{
		{
			event("abs", map[string]any{"axis": "x", "value": onTablet(at.X, glassSize.X)}),
			event("abs", map[string]any{"axis": "y", "value": onTablet(at.Y, glassSize.Y)}),
		},
		{event("btn", map[string]any{"button": "left", "down": down})},
	} {
		if _, err := p.monitor.do("input-send-event", map[string]any{"events": events}); err != nil {
			return err
		}
	}
	return nil
}

// onTablet is where the middle of a pixel lies on QEMU's tablet, which has 0 to
// 32767 both ways.
func onTablet(pixel, size int) int { return (2*pixel + 1) * 32767 / (2 * size) }
