package boot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"onetimechat/padstore/durable"
)

// sectorSize is what an MBR counts in, and what it fills: one sector, which a
// power cut leaves whole.
const sectorSize = durable.SectorSize

// Where things are in a master boot record: four entries of 16 bytes, then the
// signature.
const (
	mbrEntries   = 446
	mbrEntrySize = 16
	mbrSignature = 510

	entryKind    = 4 // one byte
	entryLastCHS = 5 // three
	entryStart   = 8 // uint32, in sectors
	entryLength  = 12
)

// Kinds of partitions (the MBR's partition types).
const (
	kindFAT32 = 0x0c // with LBA
	kindLinux = 0x83
)

// entry is one partition as the MBR has it, in sectors.
type entry struct {
	kind          byte
	start, length uint32
}

func (e entry) end() int64 { return int64(e.start) + int64(e.length) }

// layout is a card's division into the partition that it starts from and the
// one for data.
type layout struct{ boot, data entry }

// readLayout reads an MBR that is divided as our image is: FAT32 first, then
// Linux, and nothing behind it.
func readLayout(mbr []byte) (layout, error) {
	if len(mbr) != sectorSize || mbr[mbrSignature] != 0x55 || mbr[mbrSignature+1] != 0xaa {
		return layout{}, errors.New("the card's first sector is no partition table")
	}
	var e [4]entry
	for i := range e {
		b := mbr[mbrEntries+i*mbrEntrySize:]
		e[i] = entry{b[entryKind], binary.LittleEndian.Uint32(b[entryStart:]), binary.LittleEndian.Uint32(b[entryLength:])}
	}
	l := layout{boot: e[0], data: e[1]}
	switch {
	case l.boot.kind != kindFAT32 || l.data.kind != kindLinux || e[2] != entry{} || e[3] != entry{}:
		return layout{}, fmt.Errorf("the card is divided in another way (partitions of kinds %#x, %#x, %#x, %#x)", e[0].kind, e[1].kind, e[2].kind, e[3].kind)
	case l.boot.start == 0 || l.boot.length == 0 || l.data.length == 0 || int64(l.data.start) < l.boot.end():
		return layout{}, errors.New("the card's partitions are empty or overlap")
	}
	return l, nil
}

// grownData returns the partition table with a data partition of length
// sectors. Nothing else changes, and what does is in this one sector.
func grownData(mbr []byte, length uint32) []byte {
	grown := bytes.Clone(mbr)
	e := grown[mbrEntries+mbrEntrySize:]
	// Beyond what cylinders, heads and sectors can say.
	copy(e[entryLastCHS:], []byte{0xfe, 0xff, 0xff})
	binary.LittleEndian.PutUint32(e[entryLength:], length)
	return grown
}

// growAlign is what the end of the data partition is rounded down to, in
// sectors: 1 MiB.
const growAlign = 2048

// grownLength is how long the data partition should be on a card of disk
// sectors, in sectors: up to the card's end, or as far as an MBR can count,
// which is 2 TiB. It never gets shorter.
func (l layout) grownLength(disk int64) (uint32, error) {
	if l.data.end() > disk {
		return 0, fmt.Errorf("%w: its data end at %d MiB, it has %d MiB", ErrSmallCard, l.data.end()*sectorSize>>20, disk*sectorSize>>20)
	}
	end := min(disk, math.MaxUint32) / growAlign * growAlign
	return uint32(max(end-int64(l.data.start), int64(l.data.length))), nil
}
