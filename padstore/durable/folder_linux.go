package durable

import (
	"os"

	"golang.org/x/sys/unix"
)

func lockFolder(dir *os.File) error {
	return unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}

func syncFolder(dir *os.File) error { return dir.Sync() }

// syncData spares the journal entry that a full fsync would write for the
// file's times. It still syncs a changed length.
func syncData(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return err
		}
	}
}
