package boot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// The data partition of an image is small, and grows to its card at the first
// start, in three steps: the partition table's entry, the kernel's idea of it,
// the file system. Each step looks at what is there and does what is missing,
// so that it does not matter at which of them the power was cut, nor how often:
//
//   - The table is one sector, old or new. Either describes a partition that
//     begins where it began and holds the whole file system, which knows its
//     own size. No pad is on the card yet when it changes.
//   - The kernel forgets its idea, and reads the table at the next start.
//   - The file system grows through its journal, some groups of blocks at a
//     time. A cut leaves it with as many as it had got to, sound after the
//     journal is replayed, and the next start goes on from there.

// disk is a whole card. What is read is on the card, not in a cache, once Sync
// has returned.
type disk interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
}

// growPartition has the data partition reach the end of the card of size
// bytes, which must not be mounted. kernel is how long the kernel takes it to
// be, in sectors; resize tells it otherwise.
func growPartition(card disk, size, kernel int64, resize func(data entry) error) error {
	mbr, err := readMBR(card)
	if err != nil {
		return err
	}
	l, err := readLayout(mbr)
	if err != nil {
		return err
	}
	length, err := l.grownLength(size / sectorSize)
	if err != nil {
		return err
	}
	if length != l.data.length {
		l.data.length = length
		if err := writeMBR(card, grownData(mbr, length)); err != nil {
			return fmt.Errorf("growing the data partition: %w", err)
		}
	}
	if kernel == int64(length) {
		return nil
	}
	if err := resize(l.data); err != nil {
		return fmt.Errorf("growing the data partition: %w", err)
	}
	return nil
}

// growFS has the mounted file system fill its partition of size bytes; resize
// gives it so many blocks.
func growFS(part io.ReaderAt, size int64, resize func(blocks uint64) error) error {
	s, err := readSuper(part)
	if err != nil {
		return err
	}
	blocks := s.grownBlocks(size)
	if blocks == s.blocks {
		return nil
	}
	if err := resize(blocks); err != nil {
		return fmt.Errorf("%w: growing it from %d to %d blocks: %w", ErrData, s.blocks, blocks, err)
	}
	return nil
}

func readMBR(card io.ReaderAt) ([]byte, error) {
	mbr := alignedSector()
	if _, err := card.ReadAt(mbr, 0); err != nil {
		return nil, fmt.Errorf("reading the partition table: %w", err)
	}
	return mbr, nil
}

// writeMBR writes the table, and reads it again from the card.
func writeMBR(card disk, mbr []byte) error {
	sector := alignedSector()
	copy(sector, mbr)
	if _, err := card.WriteAt(sector, 0); err != nil {
		return err
	}
	if err := card.Sync(); err != nil {
		return err
	}
	again, err := readMBR(card)
	if err == nil && !bytes.Equal(again, mbr) {
		err = errors.New("the card does not keep what is written to it")
	}
	return err
}
