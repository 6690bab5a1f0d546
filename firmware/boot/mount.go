//go:build linux

package boot

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"onetimechat/firmware/boot/conf"
)

// mounter mounts and unmounts file systems, as mount(2) and umount(2).
type mounter interface {
	mount(source, target, kind string, flags uintptr, options string) error
	unmount(target string) error
}

// plain is what no file system of ours needs, and none has.
const plain = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

// mountKernel mounts the kernel's own file systems, and makes the folders that
// others are mounted on later. There is no folder for temporary files: nothing
// is kept but on the card.
func mountKernel(r Roots, m mounter) error {
	for _, f := range []struct {
		kind, at string
		flags    uintptr
		options  string
	}{
		{"proc", r.proc(), plain, ""},
		{"sysfs", r.sys(), plain, ""},
		{"devtmpfs", r.dev(), unix.MS_NOSUID | unix.MS_NOEXEC, "mode=0755"},
	} {
		if err := os.MkdirAll(f.at, 0o755); err != nil {
			return err
		}
		if err := m.mount(f.kind, f.at, f.kind, f.flags, f.options); err != nil && !errors.Is(err, unix.EBUSY) {
			return err
		}
	}
	for _, at := range []string{r.boot(), r.data(), r.stick()} {
		if err := os.MkdirAll(at, 0o700); err != nil {
			return err
		}
	}
	return nil
}

// mountConfigfs mounts what USB gadgets are made in. A kernel that has none
// makes no gadgets, which the link finds out for itself.
func mountConfigfs(r Roots, m mounter) error {
	err := m.mount("configfs", r.sys("kernel/config"), "configfs", plain, "")
	if errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EBUSY) {
		return nil
	}
	return err
}

// bootFiles are what the FAT partition says about this device.
type bootFiles struct{ config, manifest []byte }

// readBoot reads the FAT partition, which is mounted only meanwhile, and never
// for writing.
func readBoot(r Roots, m mounter, c card) (f bootFiles, err error) {
	if err := m.mount(r.dev(c.bootPart()), r.boot(), "vfat", plain|unix.MS_RDONLY, ""); err != nil {
		return f, fmt.Errorf("%w: %w", ErrBoot, err)
	}
	defer func() { err = errors.Join(err, m.unmount(r.boot())) }()
	folder, err := os.OpenRoot(r.boot())
	if err != nil {
		return f, err
	}
	defer folder.Close()
	f.config, err = readSmall(folder, conf.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, fmt.Errorf("%w: there is none, and an empty one will do. Windows may have made %s.txt of it. (%w)", ErrConfig, conf.Name, err)
	case err != nil:
		return f, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if f.manifest, err = readSmall(folder, manifestName); err != nil {
		return f, fmt.Errorf("%w: %w", ErrBoot, err)
	}
	// What is started has one as well. The two are of one image, unless a copying of
	// files stopped halfway.
	started, err := os.ReadFile(r.root(manifestName))
	if err != nil {
		return f, err
	}
	if !bytes.Equal(started, f.manifest) {
		return f, fmt.Errorf("%w: initramfs and %s are of different images, as after an update that was not copied to its end", ErrBoot, manifestName)
	}
	return f, nil
}

// manifestName is the list of what an image was made of.
const manifestName = "manifest.txt"

// mountData mounts the data partition. After the first error that ext4 finds
// in itself it takes no more writes, so that the store stops.
func mountData(r Roots, m mounter, c card, flags uintptr) error {
	err := m.mount(r.dev(c.dataPart()), r.data(), "ext4", plain|unix.MS_NOATIME|flags, "errors=remount-ro,data=ordered")
	if err = protected(err); err != nil && !errors.Is(err, ErrReadOnly) {
		return fmt.Errorf("%w: %w", ErrData, err)
	}
	return err
}

// protected is err, or what it means that the card takes no writes: it is opened for
// them, and its file system is mounted for them.
func protected(err error) error {
	if errors.Is(err, unix.EROFS) || errors.Is(err, unix.EACCES) {
		return fmt.Errorf("%w (%w)", ErrReadOnly, err)
	}
	return err
}

// sealRoot makes the folders that we were started in read-only. Linux keeps a file there
// open that it could not unpack to its end (init/initramfs.c).
func sealRoot(m mounter) error {
	err := m.mount("", "/", "", unix.MS_REMOUNT|unix.MS_RDONLY, "")
	if errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("%w: initramfs is not there to its end (%w)", ErrBoot, err)
	}
	return err
}
