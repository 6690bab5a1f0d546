package card

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ulikunitz/xz"
)

// dataSize is the size of the data partition's file system as it is flashed,
// in bytes.
const dataSize = 64 << 20

// emptyData is the data partition's file system before it has a file, made by
// mkdata.sh, packed with xz, and cut where only zeros follow. It is kept here
// and not made anew with each image because what mke2fs makes differs between
// its versions and even between processors, and because hosts without it can
// then build images, too.
//
//go:embed data.ext4.xz
var emptyData []byte

// writeData writes the data partition's file system to the image w, in which
// it is a hole. Blocks of zeros stay holes.
func writeData(w io.WriterAt) error {
	r, err := xz.NewReader(bytes.NewReader(emptyData))
	if err != nil {
		return fmt.Errorf("the data partition: %w", err)
	}
	zeros, block := make([]byte, 4096), make([]byte, 4096)
	for at := int64(0); at < dataSize; at += int64(len(block)) {
		if _, err := io.ReadFull(r, block); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("the data partition at %d: %w", at, err)
		}
		if bytes.Equal(block, zeros) {
			continue
		}
		if _, err := w.WriteAt(block, DataStart+at); err != nil {
			return err
		}
	}
	return errors.New("the data partition's file system is longer than it should be")
}

// ExtractData copies the data partition of c into w as a file system of its
// own.
func (c *Card) ExtractData(w *os.File) error {
	_, err := io.Copy(w, io.NewSectionReader(c.disk, c.Data.Start, c.Data.Size))
	return err
}
