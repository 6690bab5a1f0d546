//go:build linux || darwin

package durable

import (
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// freeBytes asks the file system of an open folder.
func freeBytes(dir *os.File) (int64, error) {
	var at unix.Statfs_t
	for {
		err := unix.Fstatfs(int(dir.Fd()), &at)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0, os.NewSyscallError("fstatfs", err)
		}
		size := uint64(max(0, at.Bsize))
		if size > 0 && at.Bavail > math.MaxInt64/size {
			return math.MaxInt64, nil
		}
		return int64(at.Bavail * size), nil
	}
}
