package panel

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrNoBacklight means that the kernel dims no light: that of an HDMI screen is
// the screen's own, and displays on SPI that are sold have theirs on, or on a
// line that can do no more than on and off.
var ErrNoBacklight = errors.New("the kernel dims no light")

// Backlight is the light of a screen that the kernel drives (Linux,
// Documentation/ABI/stable/sysfs-class-backlight).
type Backlight struct {
	folder string
	most   int // that brightness can be
}

// NewBacklight finds the light. sys is where the kernel shows devices; "" is
// /sys.
func NewBacklight(sys string) (*Backlight, error) {
	found, err := filepath.Glob(filepath.Join(cmp.Or(sys, "/sys"), "class/backlight/*/max_brightness"))
	if err != nil {
		return nil, err
	}
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if most, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && most > 1 {
			return &Backlight{folder: filepath.Dir(path), most: most}, nil
		}
	}
	return nil, ErrNoBacklight
}

func (b *Backlight) String() string { return "backlight " + filepath.Base(b.folder) }

// Dim has it shine with so many percent of its full light, 1 to 100. It is never
// dark.
func (b *Backlight) Dim(percent int) error {
	if percent < 1 || percent > 100 {
		return fmt.Errorf("%s: %d %%", b, percent)
	}
	file, err := os.OpenFile(filepath.Join(b.folder, "brightness"), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%d\n", max(1, b.most*percent/100))
	return errors.Join(err, file.Close())
}
