package durable

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func lockFolder(dir *os.File) error {
	switch err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); err {
	case nil:
		return nil
	case unix.EWOULDBLOCK:
		return ErrInUse
	default:
		return fmt.Errorf("not to be locked: %w", err)
	}
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

// startWriting has the kernel begin to write what a sync then waits for. It
// promises nothing, and a write that fails is the sync's to tell.
func startWriting(f *os.File) {
	_ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE)
}

// forget empties the page cache of the file, but for what was not synced.
func forget(f *os.File) error {
	return os.NewSyscallError("fadvise", unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED))
}
