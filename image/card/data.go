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

// ExtractData copies the data partition of c into w, which is empty, as a file
// system of its own.
func (c *Card) ExtractData(w *os.File) error {
	return CopySparsely(w, io.NewSectionReader(c.disk, c.Data.Start, c.Data.Size))
}

// CopySparsely copies r into w, which is empty, and leaves holes where r has zeros.
func CopySparsely(w *os.File, r io.Reader) error {
	const size = 64 << 10
	block, zeros := make([]byte, size), make([]byte, size)
	for at := int64(0); ; at += size {
		n, err := io.ReadFull(r, block)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		if bytes.Equal(block[:n], zeros[:n]) {
			err = w.Truncate(at + int64(n))
		} else {
			_, err = w.WriteAt(block[:n], at)
		}
		if err != nil {
			return err
		}
	}
}
