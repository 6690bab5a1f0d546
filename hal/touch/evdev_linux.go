package touch

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// eventSize is struct input_event of linux/input.h on a 64-bit machine: 16
// bytes of time, type, code, value.
const eventSize = 24

// searchTime is how often a touchscreen is looked for while there is none.
const searchTime = 200 * time.Millisecond

// Opts says where touchscreens are to be found.
type Opts struct {
	Folder string // such as /dev/input
}

// DefaultOpts is where the kernel shows them.
var DefaultOpts = Opts{Folder: "/dev/input"}

// Evdev is a touchscreen, or a pointer with absolute coordinates, that the
// kernel drives.
type Evdev struct {
	folder string
	ranges func(file *os.File, codes [2]uintptr) (x, y axis, ok bool)
	there  atomic.Bool
}

// NewEvdev returns an Evdev; it need not be plugged in yet.
func NewEvdev(opts *Opts) *Evdev {
	return &Evdev{folder: opts.Folder, ranges: ranges}
}

func (e *Evdev) String() string { return "touchscreen in " + e.folder }

// Run tells touches until ctx ends. A device that is unplugged is looked for
// again.
func (e *Evdev) Run(ctx context.Context, tell func(Touch)) error {
	clock := time.NewTicker(searchTime)
	defer clock.Stop()
	for {
		seen := e.devices()
		if file, t, best := e.find(seen); file != nil {
			following, stop := context.WithCancel(ctx)
			context.AfterFunc(following, func() { file.Close() })
			if !best {
				go e.awaitAnother(following, stop, seen)
			}
			e.there.Store(true)
			follow(file, t, tell)
			e.there.Store(false)
			stop()
		}
		select {
		case <-clock.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Present tells whether there is a touchscreen now, with its touches told by
// Run.
func (e *Evdev) Present() bool { return e.there.Load() }

// devices are the names of those that the kernel shows now.
func (e *Evdev) devices() []string {
	names, err := filepath.Glob(filepath.Join(e.folder, "event*"))
	if err != nil {
		return nil
	}
	return names
}

// awaitAnother calls stop when there are other devices than were seen: of a
// touchscreen, the kernel may show the mouse a moment before the fingers.
func (e *Evdev) awaitAnother(ctx context.Context, stop func(), seen []string) {
	clock := time.NewTicker(searchTime)
	defer clock.Stop()
	for slices.Equal(e.devices(), seen) {
		select {
		case <-clock.C:
		case <-ctx.Done():
			return
		}
	}
	stop()
}

// find opens the first device that tells where fingers are, which is best, else the
// first that tells where one is: many a touchscreen has a pen and a mouse beside it,
// whose devices tell of no finger.
func (e *Evdev) find(names []string) (file *os.File, t *tracker, best bool) {
	for _, codes := range [][2]uintptr{{absMTPositionX, absMTPositionY}, {absX, absY}} {
		for _, name := range names {
			// Non-blocking, so that Close ends a Read.
			file, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
			if err != nil {
				continue
			}
			if x, y, ok := e.ranges(file, codes); ok {
				return file, newTracker(x, y), codes[0] == absMTPositionX
			}
			file.Close()
		}
	}
	return nil, nil, false
}

// follow tells touches until the device goes away. A finger that is down then
// is lost.
func follow(r io.Reader, t *tracker, tell func(Touch)) {
	report := make([]byte, eventSize)
	for {
		if _, err := io.ReadFull(r, report); err != nil {
			if touch, ok := t.lose(); ok {
				tell(touch)
			}
			return
		}
		e := event{
			kind:  binary.NativeEndian.Uint16(report[16:]),
			code:  binary.NativeEndian.Uint16(report[18:]),
			value: int32(binary.NativeEndian.Uint32(report[20:])),
		}
		if touch, ok := t.take(e); ok {
			tell(touch)
		}
	}
}

// ranges asks the kernel for the range of both coordinates.
func ranges(file *os.File, codes [2]uintptr) (x, y axis, ok bool) {
	x, errX := rangeOf(file, codes[0])
	y, errY := rangeOf(file, codes[1])
	return x, y, errors.Join(errX, errY) == nil && x.most > x.least && y.most > y.least
}

// rangeOf is EVIOCGABS of linux/input.h: struct input_absinfo, whose second
// and third words are the least and the most value.
func rangeOf(file *os.File, code uintptr) (axis, error) {
	const read, size, letter, base = 2, eventSize, 'E', 0x40
	request := uintptr(read<<30|size<<16|letter<<8|base) + code
	var info [6]int32
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, file.Fd(), request, uintptr(unsafe.Pointer(&info))); errno != 0 {
		return axis{}, errno
	}
	return axis{info[1], info[2]}, nil
}
