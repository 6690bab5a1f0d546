//go:build linux

package boot

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// How patient the watchdog is. The Pi's cannot count further than 15 s
// (BCM2835, PM_WDOG: 20 bits of 1/65536 s), so that a device whose main hangs
// is reset after at most beatFor + resetTime.
const (
	resetTime   = 15 * time.Second // of the hardware, without a kick
	kickTime    = 2 * time.Second  // between kicks
	beatFor     = 10 * time.Second // a heartbeat stands for so long
	firstBeatIn = 60 * time.Second // the main may take so long to start
)

// heart tells whether the main is alive.
type heart struct {
	last  time.Time // when it began, then the latest heartbeat
	beats bool      // there was one
}

func (h *heart) beat(now time.Time) { h.last, h.beats = now, true }

func (h *heart) alive(now time.Time) bool {
	if !h.beats {
		return now.Sub(h.last) < firstBeatIn
	}
	return now.Sub(h.last) < beatFor
}

// watchdog is hardware that resets the board unless it is kicked; nil is none.
type watchdog struct{ file io.WriteCloser }

// openWatchdog starts the watchdog.
func openWatchdog(r Roots) (*watchdog, error) {
	file, err := os.OpenFile(r.dev("watchdog"), os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWatchdog, err)
	}
	w := &watchdog{file}
	if err := unix.IoctlSetPointerInt(int(file.Fd()), unix.WDIOC_SETTIMEOUT, int(resetTime/time.Second)); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: setting it: %w", ErrWatchdog, err), w.stop())
	}
	return w, nil
}

// kick puts the reset off.
func (w *watchdog) kick() error { return w.write("k") }

// stop switches the watchdog off, which closing it alone does not (Linux,
// Documentation/watchdog/watchdog-api.rst, magic close).
func (w *watchdog) stop() error {
	if w == nil {
		return nil
	}
	return errors.Join(w.write("V"), w.file.Close())
}

func (w *watchdog) write(what string) error {
	if w == nil {
		return nil
	}
	_, err := io.WriteString(w.file, what)
	return err
}
