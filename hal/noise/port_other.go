//go:build !linux

package noise

import (
	"fmt"
	"io"
)

// openPort opens nothing: serial ports are read on Linux only.
func openPort(path string, _ model) (io.ReadWriteCloser, error) {
	return nil, fmt.Errorf("%w: %s", ErrMissing, path)
}
