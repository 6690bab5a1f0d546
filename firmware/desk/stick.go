package main

import (
	"errors"
	"io/fs"
	"os"

	"onetimechat/firmware/device"
	"onetimechat/padstore/durable"
)

// stick is a folder that stands for removable media: it is plugged in while it
// exists. It implements device.Stick.
type stick struct{ path string }

// Look implements device.Stick.
func (s stick) Look() (device.Folder, string, error) {
	if _, err := os.Stat(s.path); errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	} else if err != nil {
		return nil, "", err
	}
	folder, err := durable.OpenFolder(s.path)
	if errors.Is(err, durable.ErrInUse) { // a stick is in one device at a time
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	return folder, s.path, nil
}
