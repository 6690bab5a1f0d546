//go:build linux

package boot

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernel is the physical edge: what only root on a board, or on a loop device,
// can ask of Linux.
type kernel struct{}

func (kernel) mount(source, target, kind string, flags uintptr, options string) error {
	if err := unix.Mount(source, target, kind, flags, options); err != nil {
		return fmt.Errorf("mounting %s: %w", target, err)
	}
	return nil
}

// unmount unmounts what is mounted at target, if anything is. What is still in
// use goes when it no longer is.
func (kernel) unmount(target string) error {
	err := unix.Unmount(target, 0)
	if errors.Is(err, unix.EBUSY) {
		err = unix.Unmount(target, unix.MNT_DETACH)
	}
	if err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("unmounting %s: %w", target, err)
	}
	return nil
}

// loadModule loads a kernel module with options, as on its command line; one that is
// in already is no error.
func (kernel) loadModule(path, options string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	err = unix.FinitModule(int(file.Fd()), options, 0)
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return err
}

// openDisk opens a whole disk past the kernel's cache.
func (kernel) openDisk(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|unix.O_DIRECT|unix.O_SYNC, 0)
}

// resizePartition tells the kernel that a disk's second partition is as data
// says. It must begin where the kernel has it.
func (kernel) resizePartition(disk *os.File, data entry) error {
	part := unix.BlkpgPartition{
		Start:  int64(data.start) * sectorSize,
		Length: int64(data.length) * sectorSize,
		Pno:    2,
	}
	arg := unix.BlkpgIoctlArg{
		Op:      unix.BLKPG_RESIZE_PARTITION,
		Datalen: int32(unsafe.Sizeof(part)),
		Data:    (*byte)(unsafe.Pointer(&part)),
	}
	err := ioctl(disk, unix.BLKPG, unsafe.Pointer(&arg))
	runtime.KeepAlive(&part)
	return err
}

// ext4Resize is EXT4_IOC_RESIZE_FS, _IOW('f', 16, __u64) (Linux,
// include/uapi/linux/ext4.h).
const ext4Resize = 0x40086610

// resizeFS has the ext4 that is mounted at path grow to so many blocks.
func (kernel) resizeFS(path string, blocks uint64) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return ioctl(dir, ext4Resize, unsafe.Pointer(&blocks))
}

func ioctl(file *os.File, request uintptr, arg unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, file.Fd(), request, uintptr(arg))
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
			continue
		}
		return errno
	}
}

// alignedSector is a sector that openDisk's files can read and write.
func alignedSector() []byte {
	const align = 4096
	b := make([]byte, sectorSize+align)
	skip := align - int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))%align)
	return b[skip : skip+sectorSize : skip+sectorSize]
}
