package boot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Where things are in ext4's superblock, which is 1024 bytes from the start of
// its partition (Linux, Documentation/filesystems/ext4/super.rst).
const (
	superAt   = 1024
	superSize = 1024

	superBlocks    = 0x04 // uint32: low half of the number of blocks
	superBlockSize = 0x18 // uint32: its logarithm, less 10
	superPerGroup  = 0x20 // uint32: blocks in a group
	superMagic     = 0x38 // uint16
	superState     = 0x3a // uint16
	superIncompat  = 0x60 // uint32
	superBlocksHi  = 0x150

	ext4Magic       = 0xef53
	stateErrors     = 0x0002
	incompatRecover = 0x0004
	incompat64      = 0x0080
)

// super is what ext4's superblock says of its size and health.
type super struct {
	blocks    uint64
	blockSize int64 // bytes
	perGroup  uint64
	unclean   bool // it was not unmounted: its journal is to be replayed
	errors    bool // the kernel has found errors since the last check
}

// readSuper reads the superblock of a partition.
func readSuper(part io.ReaderAt) (super, error) {
	b := make([]byte, superSize)
	if _, err := part.ReadAt(b, superAt); err != nil {
		return super{}, fmt.Errorf("%w: %w", ErrData, err)
	}
	log := binary.LittleEndian.Uint32(b[superBlockSize:])
	if binary.LittleEndian.Uint16(b[superMagic:]) != ext4Magic || log > 6 {
		return super{}, fmt.Errorf("%w: there is no ext4 on it", ErrData)
	}
	incompat := binary.LittleEndian.Uint32(b[superIncompat:])
	s := super{
		blocks:    uint64(binary.LittleEndian.Uint32(b[superBlocks:])),
		blockSize: 1024 << log,
		perGroup:  uint64(binary.LittleEndian.Uint32(b[superPerGroup:])),
		unclean:   incompat&incompatRecover != 0,
		errors:    binary.LittleEndian.Uint16(b[superState:])&stateErrors != 0,
	}
	if incompat&incompat64 != 0 {
		s.blocks |= uint64(binary.LittleEndian.Uint32(b[superBlocksHi:])) << 32
	}
	if s.blocks == 0 || s.perGroup == 0 {
		return super{}, errors.Join(ErrData, errors.New("its superblock says that it is empty"))
	}
	return s, nil
}

// lastGroup is the least that a further group of blocks must have to be worth
// its own bookkeeping, in bytes.
const lastGroup = 16 << 20

// grownBlocks is how many blocks the file system should have in a partition of
// size bytes. It never gets fewer.
func (s super) grownBlocks(size int64) uint64 {
	blocks := uint64(size / s.blockSize)
	if rest := blocks % s.perGroup; blocks-rest >= s.blocks && rest*uint64(s.blockSize) < lastGroup {
		blocks -= rest
	}
	return max(blocks, s.blocks)
}
