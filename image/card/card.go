// Package card makes the image that is flashed onto an SD card, and reads it
// back: a partition table, a FAT32 partition with what the board boots, and an
// ext4 partition for the pads.
//
// Start with Write; Open reads files out of an image. Everything is done on an
// ordinary file: no root, mount or loop device. The same files give the same
// bytes on every host, so the data partition comes out of this package (see
// data.go) and not out of the host's mke2fs. It does not know what the files
// are for, makes no folder deeper than one level, and never writes to a card.
package card

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/diskfs/go-diskfs/backend"
	"github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/filesystem/fat32"
	"github.com/diskfs/go-diskfs/partition/mbr"
)

// Where the partitions lie, in bytes from the start of the card. They begin at
// multiples of 4 MiB, the erase block of common cards.
const (
	BootStart = 4 << 20
	BootSize  = 128 << 20
	DataStart = BootStart + BootSize
)

// BootLabel is the label of the boot partition's file system.
const BootLabel = "OTC-BOOT"

// MaxSize is the largest image, in bytes: what the partition table can say.
const MaxSize = 1 << 41

const sector = 512

// Date is the date of every file in an image, in seconds since 1970:
// 2026-01-01. Write wants it in the environment's SOURCE_DATE_EPOCH, where the
// library that writes FAT looks for it.
const Date = "1767225600"

// serial marks the card in its partition table ("otc1"). All cards have the
// same: nothing tells them apart by it.
var serial = [4]byte{'o', 't', 'c', '1'}

// File is one file of the boot partition, not empty. Name is of lower-case
// letters, digits and ".-_+", with at most one slash: "folder/file".
type File struct {
	Name string
	Data []byte
}

// MinSize is the smallest image, in bytes.
func MinSize() int64 { return DataStart + dataSize }

// Write makes an image of size bytes, a multiple of 512 from MinSize to
// MaxSize, in f, which is empty. What it does not write stays a hole. The data
// partition reaches to the end; its file system grows at the device's first
// start.
func Write(f *os.File, size int64, boot []File) error {
	if size < MinSize() || size > MaxSize || size%sector != 0 {
		return fmt.Errorf("an image has %d bytes to %d, in whole sectors, not %d", MinSize(), int64(MaxSize), size)
	}
	if os.Getenv("SOURCE_DATE_EPOCH") != Date {
		return errors.New("SOURCE_DATE_EPOCH is not " + Date + ": the image would not come out the same twice")
	}
	if err := check(boot); err != nil {
		return err
	}
	if err := f.Truncate(size); err != nil {
		return err
	}
	disk := file.New(f, false)
	if err := writeTable(disk, size); err != nil {
		return err
	}
	if err := writeBoot(disk, boot); err != nil {
		return err
	}
	return writeData(f)
}

// writeTable writes the partition table.
func writeTable(disk backend.Storage, size int64) error {
	w, err := disk.Writable()
	if err != nil {
		return err
	}
	table := &mbr.Table{LogicalSectorSize: sector, PhysicalSectorSize: sector, Partitions: []*mbr.Partition{
		{Type: mbr.Fat32LBA, Start: BootStart / sector, Size: BootSize / sector},
		{Type: mbr.Linux, Start: DataStart / sector, Size: uint32((size - DataStart) / sector)},
	}}
	if err := table.Write(w, size); err != nil {
		return err
	}
	// The table's serial number stands before it, in bytes 440 to 443.
	_, err = w.WriteAt(serial[:], 440)
	return err
}

// writeBoot makes the boot partition's file system and its files.
func writeBoot(disk backend.Storage, boot []File) error {
	fat, err := fat32.Create(disk, BootSize, BootStart, sector, BootLabel, true)
	if err != nil {
		return fmt.Errorf("the boot partition: %w", err)
	}
	boot = slices.Clone(boot)
	slices.SortFunc(boot, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	if err := makeFolders(fat, boot); err != nil {
		return err
	}
	for _, f := range boot {
		if err := writeFile(fat, f); err != nil {
			return fmt.Errorf("writing %s to the boot partition: %w", f.Name, err)
		}
	}
	return nil
}

// check refuses names that the board or a PC could take for others, and files
// that FAT has no clusters for.
func check(files []File) error {
	names, folders := make(map[string]bool), make(map[string]bool)
	for _, f := range files {
		folder, name, inFolder := strings.Cut(f.Name, "/")
		if !plain(folder) || inFolder && !plain(name) {
			return fmt.Errorf("%q is no name for a file of the boot partition", f.Name)
		}
		if len(f.Data) == 0 {
			return fmt.Errorf("%s is empty", f.Name)
		}
		if names[f.Name] {
			return fmt.Errorf("%s is in the boot partition twice", f.Name)
		}
		names[f.Name] = true
		folders[folder] = folders[folder] || inFolder
	}
	for name := range names {
		if folders[name] {
			return fmt.Errorf("%s is a folder and a file in the boot partition", name)
		}
	}
	return nil
}

// plain reports whether a name needs no care: not hidden, no path, no capitals.
func plain(name string) bool {
	return name != "" && name[0] != '.' && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_+") == ""
}

func writeFile(fat *fat32.FileSystem, f File) error {
	w, err := fat.OpenFile(f.Name, os.O_CREATE|os.O_RDWR)
	if err != nil {
		return err
	}
	if _, err := w.Write(f.Data); err != nil {
		w.Close()
		return err
	}
	return w.Close()
}

// makeFolders makes the folders of files before any file, so that they get the
// clusters 3, 4 …
func makeFolders(fat *fat32.FileSystem, files []File) error {
	var made []string
	for _, f := range files {
		folder := path.Dir(f.Name)
		if folder == "." || slices.Contains(made, folder) {
			continue
		}
		if err := fat.Mkdir(folder); err != nil {
			return fmt.Errorf("making %s in the boot partition: %w", folder, err)
		}
		made = append(made, folder)
		if err := pointUp(fat, 2+len(made)); err != nil {
			return err
		}
	}
	return nil
}

// pointUp makes the entry ".." of a folder of the root, at cluster, point to
// cluster 0, which means the root (FAT32 specification, section 6.5). The
// library writes the root's own number, which fsck.vfat takes for damage.
func pointUp(fat *fat32.FileSystem, cluster int) error {
	disk, err := fat.Backend().Writable()
	if err != nil {
		return err
	}
	at := fat.Start() + int64(fat.DataStart()) + int64(cluster-2)*int64(fat.BytesPerCluster()) + 32
	var name [2]byte
	if _, err := disk.ReadAt(name[:], at); err != nil {
		return err
	}
	if string(name[:]) != ".." {
		return fmt.Errorf("no folder begins at cluster %d of the boot partition", cluster)
	}
	// The cluster's number: its high half at 20, its low half at 26.
	for _, half := range []int64{20, 26} {
		if _, err := disk.WriteAt([]byte{0, 0}, at+half); err != nil {
			return err
		}
	}
	return nil
}
