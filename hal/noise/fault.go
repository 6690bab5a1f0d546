package noise

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
)

// openFault names why a device could not be opened. What is named already
// stays so.
func openFault(err error) error {
	kind := ErrFailed
	switch {
	case errors.Is(err, ErrMissing), errors.Is(err, ErrFailed):
		return err
	case errors.Is(err, fs.ErrNotExist), gone(err):
		kind = ErrMissing
	case errors.Is(err, fs.ErrPermission):
		kind = ErrDenied
	case errors.Is(err, syscall.EBUSY), errors.Is(err, syscall.EWOULDBLOCK):
		kind = ErrBusy
	}
	return fmt.Errorf("%w: %w", kind, err)
}

// readFault names why a device that was open could not be read. What is named
// already stays so.
func readFault(err error) error {
	kind := ErrFailed
	switch {
	case errors.Is(err, ErrMissing), errors.Is(err, ErrFailed):
		return err
	case errors.Is(err, io.EOF):
		kind = ErrShort
	case errors.Is(err, fs.ErrPermission):
		kind = ErrDenied
	}
	return fmt.Errorf("%w: %w", kind, err)
}

// gone says whether err is what Linux answers for a device file with no device
// behind it.
func gone(err error) bool {
	return errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.ENXIO)
}
