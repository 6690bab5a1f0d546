//go:build linux

package boot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"onetimechat/padstore/durable"
)

// Folder is the top folder of a stick. It must be closed before the stick is
// pulled out.
type Folder interface {
	durable.Disk
	Close() error
}

// Stick is the board's USB sockets, as far as FAT-formatted sticks go.
type Stick struct {
	roots   Roots
	mounter mounter
	mu      sync.Mutex // held from Look until the folder is closed
}

// Look mounts the first stick that is plugged in. It is mounted for reading
// until something on it is opened, so that it may be pulled out while the owner
// makes up their mind. The folder must be closed before the next Look.
func (s *Stick) Look() (Folder, string, error) {
	part, id, err := findStick(s.roots)
	if err != nil || part == "" {
		return nil, "", err
	}
	if !s.mu.TryLock() {
		return nil, "", errors.New("the stick is in use")
	}
	at := s.roots.stick()
	if err := s.mounter.mount(part, at, "vfat", stickFlags|unix.MS_RDONLY, stickOptions); err != nil {
		s.mu.Unlock()
		return nil, "", err
	}
	folder, err := durable.OpenFolder(at)
	if err != nil {
		defer s.mu.Unlock()
		return nil, "", errors.Join(err, s.mounter.unmount(at))
	}
	return &stickFolder{Folder: folder, stick: s, part: part}, "stick " + id, nil
}

// What is on a stick is written when it is said to be.
const (
	stickFlags   = plain | unix.MS_NOATIME | unix.MS_SYNCHRONOUS
	stickOptions = "umask=077"
)

// stickFolder is a stick's top folder, which becomes writable when need be.
type stickFolder struct {
	*durable.Folder
	stick    *Stick
	part     string
	writable bool
}

// write makes the stick writable; one with its switch on "lock" stays as it is.
func (f *stickFolder) write() error {
	if f.writable {
		return nil
	}
	err := f.stick.mounter.mount(f.part, f.stick.roots.stick(), "vfat", stickFlags|unix.MS_REMOUNT, stickOptions)
	f.writable = err == nil
	return err
}

// Open implements durable.Disk.
func (f *stickFolder) Open(name string) (durable.File, error) {
	if err := f.write(); err != nil {
		return nil, err
	}
	return f.Folder.Open(name)
}

// Create implements durable.Disk.
func (f *stickFolder) Create(name string) (durable.File, error) {
	if err := f.write(); err != nil {
		return nil, err
	}
	return f.Folder.Create(name)
}

// Rename implements durable.Disk.
func (f *stickFolder) Rename(from, to string) error {
	if err := f.write(); err != nil {
		return err
	}
	return f.Folder.Rename(from, to)
}

// Remove implements durable.Disk.
func (f *stickFolder) Remove(name string) error {
	if err := f.write(); err != nil {
		return err
	}
	return f.Folder.Remove(name)
}

// Close takes the stick off the system: it may be pulled out.
func (f *stickFolder) Close() error {
	defer f.stick.mu.Unlock()
	return errors.Join(f.Folder.Close(), f.stick.mounter.unmount(f.stick.roots.stick()))
}

// ErrNoFAT: a stick is plugged in, and pads can be read off none but a FAT one.
var ErrNoFAT = errors.New("the stick has no FAT file system: format it as FAT32")

// findStick returns the device file of the first FAT file system on a USB
// stick, and the number that names it; "" if there is none, with ErrNoFAT if
// there is a stick.
func findStick(r Roots) (part, id string, err error) {
	disks, err := filepath.Glob(r.sys("block/sd*"))
	if err != nil {
		return "", "", err
	}
	var other error
	for _, disk := range disks {
		if !onUSB(disk) {
			continue
		}
		name := filepath.Base(disk)
		parts, err := filepath.Glob(filepath.Join(disk, name+"*"))
		if err != nil {
			return "", "", err
		}
		// Some sticks have no partitions, and are one file system.
		for _, p := range append(parts, name) {
			if forStarting(p) {
				continue
			}
			path := r.dev(filepath.Base(p))
			id, err := fatID(path)
			if err == nil {
				return path, id, nil
			}
			if errors.Is(err, ErrNoFAT) { // a card reader without a card is no stick
				other = ErrNoFAT
			}
		}
	}
	return "", "", other
}

// forStarting tells whether a partition in /sys/block is a small one, of FAT, that
// computers start from: a Mac makes one before the owner's on each stick that it
// formats with GUIDs. Linux tells the name that it gave it (block/partitions/core.c,
// part_uevent).
func forStarting(part string) bool {
	says, err := os.ReadFile(filepath.Join(part, "uevent"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(says)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "PARTNAME="); ok {
			return strings.EqualFold(name, "EFI System Partition")
		}
	}
	return false
}

// onUSB tells whether a disk in /sys/block is plugged into USB: then it leads
// to a folder below that of a USB bus. The "removable" that the disk itself
// shows is 0 for many a stick.
func onUSB(disk string) bool {
	path, err := filepath.EvalSymlinks(disk)
	return err == nil && slices.ContainsFunc(strings.Split(path, "/"), func(dir string) bool {
		return strings.HasPrefix(dir, "usb")
	})
}

// fatID returns the volume's serial number, as other systems show it. Where it
// is depends on the kind of FAT (Microsoft, FAT32 File System Specification,
// BS_VolID and BS_FilSysType).
func fatID(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	b := make([]byte, sectorSize)
	if _, err := file.ReadAt(b, 0); err != nil {
		return "", err
	}
	if b[mbrSignature] == 0x55 && b[mbrSignature+1] == 0xaa {
		for _, at := range []struct{ id, kind int }{{67, 82}, {39, 54}} {
			if string(b[at.kind:at.kind+3]) == "FAT" {
				n := binary.LittleEndian.Uint32(b[at.id:])
				return fmt.Sprintf("%04X-%04X", n>>16, n&0xffff), nil
			}
		}
	}
	return "", ErrNoFAT
}
