package card

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/filesystem/fat32"
)

// maxFile is the longest file that is read back, in bytes.
const maxFile = 256 << 20

// Card is an image, or a card, opened for reading.
type Card struct {
	Data Extent // the data partition

	disk *os.File
	fat  *fat32.FileSystem
}

// Extent is a stretch of the card, in bytes.
type Extent struct{ Start, Size int64 }

// Open opens the image or card at path. The boot partition must lie where Write
// puts it; the data partition may have grown since.
func Open(path string) (*Card, error) {
	disk, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	c := &Card{disk: disk}
	if err := c.read(); err != nil {
		disk.Close()
		return nil, fmt.Errorf("%s is not a card for a pad device: %w", path, err)
	}
	return c, nil
}

// Close closes the image.
func (c *Card) Close() error { return c.disk.Close() }

// read reads the partition table and the boot partition's outlines.
func (c *Card) read() error {
	var table [sector]byte
	if _, err := c.disk.ReadAt(table[:], 0); err != nil {
		return err
	}
	if table[510] != 0x55 || table[511] != 0xaa {
		return errors.New("no partition table")
	}
	boot := extent(table[446:462])
	c.Data = extent(table[462:478])
	if boot != (Extent{BootStart, BootSize}) || c.Data.Start != DataStart {
		return fmt.Errorf("its partitions lie elsewhere: %+v and %+v", boot, c.Data)
	}
	var err error
	c.fat, err = fat32.Read(file.New(c.disk, true), BootSize, BootStart, sector)
	return err
}

// extent reads one entry of a partition table.
func extent(entry []byte) Extent {
	return Extent{
		Start: sector * int64(binary.LittleEndian.Uint32(entry[8:])),
		Size:  sector * int64(binary.LittleEndian.Uint32(entry[12:])),
	}
}

// Files lists the names of the files in the boot partition, sorted, with those
// in folders as "folder/file".
func (c *Card) Files() ([]string, error) {
	var names []string
	folders := []string{"."}
	for i := 0; i < len(folders); i++ {
		entries, err := c.fat.ReadDir(folders[i])
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			name := path.Join(folders[i], e.Name())
			if !e.IsDir() {
				names = append(names, name)
			} else if folders[i] == "." {
				folders = append(folders, name)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// ReadFile returns a file of the boot partition. The error is fs.ErrNotExist
// if there is none of that name; names are compared without regard to case.
func (c *Card) ReadFile(name string) ([]byte, error) {
	info, err := c.fat.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("%s in the boot partition: %w (%w)", name, fs.ErrNotExist, err)
	}
	if info.IsDir() || info.Size() > maxFile {
		return nil, fmt.Errorf("%s in the boot partition is no file of at most %d bytes", name, maxFile)
	}
	f, err := c.fat.OpenFile(name, os.O_RDONLY)
	if err != nil {
		return nil, fmt.Errorf("%s in the boot partition: %w", name, err)
	}
	defer f.Close()
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("%s in the boot partition: %w", name, err)
	}
	return data, nil
}
