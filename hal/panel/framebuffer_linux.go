package panel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/display"
)

// Requests of linux/fb.h and linux/kd.h.
const (
	fbVarScreenInfo = 0x4600 // FBIOGET_VSCREENINFO
	fbFixScreenInfo = 0x4602 // FBIOGET_FSCREENINFO
	kdSetMode       = 0x4B3A // KDSETMODE
	kdGraphics      = 1      // KD_GRAPHICS: the kernel draws no console
)

// Opts says how a Framebuffer is to be used.
type Opts struct {
	Device   string // such as /dev/fb0
	Console  string // the virtual console that draws on it; "" for none
	Rotation Rotation
}

// DefaultOpts is the kernel's first screen.
var DefaultOpts = Opts{Device: "/dev/fb0", Console: "/dev/tty0"}

// Framebuffer is a screen that the kernel drives. It implements periph's
// display.Drawer. Not safe for concurrent use.
type Framebuffer struct {
	file     *os.File
	console  *os.File // held open, in graphics mode
	pixels   pixels
	rotation Rotation
	shown    *image.RGBA // what is on the glass, as its owner sees it
	wanted   *image.RGBA // what is to be
}

var _ display.Drawer = (*Framebuffer)(nil)

// NewFramebuffer opens a framebuffer and blackens it.
func NewFramebuffer(opts *Opts) (*Framebuffer, error) {
	if err := CheckRotation(opts.Rotation); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(opts.Device, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	p, err := pixelsOf(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", opts.Device, err), file.Close())
	}
	f := &Framebuffer{file: file, pixels: p}
	f.silence(opts.Console)
	if err := f.Turn(opts.Rotation); err != nil {
		return nil, errors.Join(err, f.Halt())
	}
	return f, nil
}

// pixelsOf asks the kernel how the framebuffer stands in memory: struct
// fb_var_screeninfo and fb_fix_screeninfo of linux/fb.h, on a 64-bit machine.
func pixelsOf(file *os.File) (pixels, error) {
	var variable [160]byte
	var fixed [80]byte
	if err := ioctl(file, fbVarScreenInfo, unsafe.Pointer(&variable)); err != nil {
		return pixels{}, err
	}
	if err := ioctl(file, fbFixScreenInfo, unsafe.Pointer(&fixed)); err != nil {
		return pixels{}, err
	}
	word := func(b []byte, at int) int { return int(binary.NativeEndian.Uint32(b[at:])) }
	p := pixels{
		size:    image.Pt(word(variable[:], 0), word(variable[:], 4)),
		depth:   word(variable[:], 24) / 8,
		stride:  word(fixed[:], 48),
		colours: colours{word(variable[:], 32), word(variable[:], 44), word(variable[:], 56)},
	}
	return p, p.check()
}

func ioctl(file *os.File, request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, file.Fd(), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}

// silence keeps the kernel's console from drawing over the picture. Where there
// is no console, nothing does.
func (f *Framebuffer) silence(console string) {
	if console == "" {
		return
	}
	file, err := os.OpenFile(console, os.O_RDWR, 0)
	if err != nil {
		return
	}
	if unix.IoctlSetInt(int(file.Fd()), kdSetMode, kdGraphics) != nil {
		file.Close()
		return
	}
	f.console = file
}

func (f *Framebuffer) String() string {
	return fmt.Sprintf("framebuffer %s, %dx%d", f.file.Name(), f.pixels.size.X, f.pixels.size.Y)
}

// ColorModel implements display.Drawer.
func (f *Framebuffer) ColorModel() color.Model { return color.RGBAModel }

// Bounds is the glass as its owner sees it.
func (f *Framebuffer) Bounds() image.Rectangle { return f.shown.Rect }

// Draw implements display.Drawer. It returns when the picture is in the
// framebuffer.
func (f *Framebuffer) Draw(to image.Rectangle, src image.Image, from image.Point) error {
	draw.Draw(f.wanted, to, src, from, draw.Src)
	if to = to.Intersect(f.Bounds()); to.Empty() {
		return nil
	}
	// Converted pixel by pixel, a whole picture takes a slow board longer than a
	// finger stays.
	if to = changed(f.shown, f.wanted, to); to.Empty() {
		return nil
	}
	a := f.rotation.Glass(to.Min, f.pixels.size)
	b := f.rotation.Glass(to.Max.Sub(image.Pt(1, 1)), f.pixels.size)
	area := image.Rectangle{Min: a, Max: b}.Canon()
	area.Max = area.Max.Add(image.Pt(1, 1))
	if err := f.write(area); err != nil {
		return err
	}
	draw.Draw(f.shown, to, f.wanted, to.Min, draw.Src)
	return nil
}

// Turn turns the picture. What was drawn is gone: the screen is black.
func (f *Framebuffer) Turn(r Rotation) error {
	if err := CheckRotation(r); err != nil {
		return err
	}
	f.rotation = r
	seen := image.Rectangle{Max: r.Turned(f.pixels.size)}
	f.shown, f.wanted = image.NewRGBA(seen), image.NewRGBA(seen)
	return f.write(image.Rectangle{Max: f.pixels.size})
}

func (f *Framebuffer) write(area image.Rectangle) error {
	return f.pixels.rows(area, f.wanted, f.rotation, func(b []byte, off int64) error {
		_, err := f.file.WriteAt(b, off)
		return err
	})
}

// Halt lets go of the screen, which keeps its picture.
func (f *Framebuffer) Halt() error {
	err := f.file.Close()
	if f.console != nil {
		err = errors.Join(err, f.console.Close())
	}
	return err
}
