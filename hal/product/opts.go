package product

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"onetimechat/hal/panel"
)

// ErrNoDevice means that the kernel shows no such port or line: the board has
// none, or nothing has switched it on.
var ErrNoDevice = errors.New("no such device")

// Opts are the options of a Screen.
type Opts struct {
	Rotation panel.Rotation      // from upright
	Dev      string              // where the kernel shows ports; "" is /dev
	Sleep    func(time.Duration) // nil: time.Sleep
}

// node is a port's file: /dev/spidev0.1 of SPI0.1, /dev/i2c-1 of I2C1.
func (o Opts) node(port string) string {
	return filepath.Join(cmp.Or(o.Dev, "/dev"), strings.NewReplacer("SPI", "spidev", "I2C", "i2c-").Replace(port))
}

// String is what everybody calls the line, whatever Linux does.
func (l Line) String() string { return fmt.Sprintf("GPIO%d", int(l)) }
