//go:build !linux

package durable

import (
	"os"
	"runtime"
)

// lockFolder does nothing: away from Linux a Folder serves only to make and
// move pads by hand, never to run a pad device.
func lockFolder(*os.File) error { return nil }

// syncFolder syncs the folder where the system knows how; Windows makes names
// durable with the file.
func syncFolder(dir *os.File) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	return dir.Sync()
}

func syncData(f *os.File) error { return f.Sync() }

// startWriting is for Linux, where messages are sealed.
func startWriting(*os.File) {}

// forget is for Linux, likewise.
func forget(*os.File) error { return nil }
