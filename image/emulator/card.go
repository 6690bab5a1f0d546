//go:build linux

package emulator

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/filesystem/fat32"

	"onetimechat/firmware/boot/conf"
	"onetimechat/image/card"
)

// Card is an SD card: a file that an image was flashed onto.
type Card struct {
	path string
	boot *boot // nil until the boot partition is read, and after it changed
}

// boot are the files that QEMU is handed, beside the card, and the command line.
type boot struct {
	kernel, tree, initramfs, cmdline string
	plain                            []byte // the device tree as it is on the card
}

// board is the device tree of the board that QEMU emulates.
const board = "bcm2837-rpi-3-b.dtb"

// Flash copies an image onto a new card of size bytes, a power of two, in the
// file at path, and has its otc.conf say what the emulated board needs.
func Flash(image, path string, size int64) (*Card, error) {
	if size&(size-1) != 0 {
		return nil, fmt.Errorf("QEMU has cards with a power of two as their size, not %d bytes", size)
	}
	if err := copySparsely(image, path, size); err != nil {
		return nil, err
	}
	c := &Card{path: path}
	return c, c.Set(emulatorSettings())
}

// Insert takes a card that was flashed before.
func Insert(path string) (*Card, error) {
	c, err := card.Open(path)
	if err != nil {
		return nil, err
	}
	return &Card{path: path}, c.Close()
}

// Path is the card's file.
func (c *Card) Path() string { return c.path }

// copySparsely copies a file and leaves holes where it has zeros.
func copySparsely(from, to string, size int64) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if info, err := in.Stat(); err != nil || info.Size() > size {
		return errors.Join(err, fmt.Errorf("%s does not fit a card of %d bytes", from, size))
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return errors.Join(card.CopySparsely(out, in), out.Truncate(size))
}

// Set changes settings in otc.conf.
func (c *Card) Set(settings map[string]string) error {
	disk, err := card.Open(c.path)
	if err != nil {
		return err
	}
	defer disk.Close()
	text, err := disk.ReadFile(conf.Name)
	if err != nil {
		return err
	}
	said, err := conf.Parse(text)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if err := said.Set(key, settings[key]); err != nil {
			return fmt.Errorf("%s = %s: %w", key, settings[key], err)
		}
	}
	return c.WriteBoot(conf.Name, said.Text())
}

// Update brings the boot partition up to an image's, as copying an update's
// files over it does: otc.conf stays, and the pads are on another partition.
func (c *Card) Update(image string) error {
	from, err := card.Open(image)
	if err != nil {
		return err
	}
	defer from.Close()
	names, err := from.Files()
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == conf.Name {
			continue
		}
		data, err := from.ReadFile(name)
		if err != nil {
			return err
		}
		if err := c.WriteBoot(name, data); err != nil {
			return err
		}
	}
	return nil
}

// WriteBoot writes a file of the boot partition, in place of one that is there,
// as a PC does that the card is plugged into. nil removes it.
func (c *Card) WriteBoot(name string, data []byte) (err error) {
	disk, err := os.OpenFile(c.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disk.Close()) }()
	fat, err := fat32.Read(file.New(disk, false), card.BootSize, card.BootStart, 512)
	if err != nil {
		return err
	}
	c.boot = nil
	if data == nil {
		return fat.Remove(name)
	}
	w, err := fat.OpenFile(name, os.O_CREATE|os.O_RDWR|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return errors.Join(err, w.Close())
}

// bootFiles reads out of the card's own boot partition what QEMU must be
// handed, and puts that beside the card, with what the options change of it.
func (c *Card) bootFiles(opts Options) (*boot, error) {
	if c.boot == nil {
		var err error
		if c.boot, err = c.readBoot(); err != nil {
			return nil, err
		}
	}
	tree, err := boardTree(c.boot.plain, opts.Broken)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(c.boot.tree, tree, 0o600); err != nil {
		return nil, err
	}
	if opts.Over == nil {
		return c.boot, nil
	}
	root, err := os.ReadFile(c.boot.initramfs)
	if err != nil {
		return nil, err
	}
	covered := *c.boot
	covered.initramfs += ".covered"
	return &covered, os.WriteFile(covered.initramfs, boardRoot(root, opts.Over), 0o600)
}

// readBoot reads the boot partition.
func (c *Card) readBoot() (*boot, error) {
	disk, err := card.Open(c.path)
	if err != nil {
		return nil, err
	}
	defer disk.Close()
	folder := c.path + ".boot"
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	read := map[string][]byte{"vmlinuz": nil, board: nil, "initramfs": nil, "cmdline.txt": nil}
	for name := range read {
		if read[name], err = disk.ReadFile(name); err != nil {
			return nil, err
		}
	}
	for name, data := range read {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			return nil, err
		}
	}
	return &boot{
		kernel: filepath.Join(folder, "vmlinuz"), tree: filepath.Join(folder, board), initramfs: filepath.Join(folder, "initramfs"),
		cmdline: addConsole(string(read["cmdline.txt"])), plain: read[board],
	}, nil
}
