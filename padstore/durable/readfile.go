package durable

import (
	"fmt"
	"io"
)

// ReadFull fills b with what is at off, at the second try if not at once: a card may
// miss one.
func ReadFull(file File, b []byte, off int64) error {
	n, err := file.ReadAt(b, off)
	if n < len(b) {
		n, err = file.ReadAt(b, off)
	}
	if n == len(b) {
		return nil
	}
	return err
}

// ReadFile reads a whole small file. One of more than limit bytes is refused
// before anything is allocated for it.
func ReadFile(disk Disk, name string, limit int64) ([]byte, error) {
	file, err := disk.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	size, err := file.Size()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", name, size, limit)
	}
	data := make([]byte, size)
	if n, err := file.ReadAt(data, 0); n < len(data) || err != nil && err != io.EOF {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return data, nil
}
