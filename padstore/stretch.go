package padstore

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

// read is readAny, into new memory.
func (p *pad) read(l lane, s span) (b []byte, destroyed, lost spans) {
	b = make([]byte, s.len())
	destroyed, lost = p.readAny(l, s, b)
	return b, destroyed, lost
}

func readLane(file durable.File, l lane, s span, b []byte) error {
	if err := durable.ReadFull(file, b, l.offsets(s).from); err != nil {
		return fmt.Errorf("reading %d bytes of pad: %w", len(b), err)
	}
	if !l.forward {
		reverse(b)
	}
	return nil
}

// zero overwrites a stretch of a lane, in pieces of bounded size.
func zero(file durable.File, l lane, s span) error {
	if s.empty() {
		return nil
	}
	zeros := make([]byte, min(s.len(), sliceSize))
	for at := l.offsets(s); !at.empty(); {
		part := zeros[:min(int64(len(zeros)), at.len())]
		if _, err := file.WriteAt(part, at.from); err != nil {
			return err
		}
		at.from += int64(len(part))
	}
	return nil
}

// pageSize is what a file system reads whole to write a part of it, at the most.
const pageSize = 4096

// widened is the stretch s of lane l with what cannot be read around it, so that
// it can be overwritten: also in the other lane, where the two meet. The hash keys
// are left out; if one cannot be read, the pad serves nothing.
func (p *pad) widened(l lane, s span) span {
	return l.offsets(widened(p.file, l.offsets(s), span{p.meta.base(), p.meta.nBytes - p.meta.base()}))
}

// widened is a stretch of a file with the sectors around it, of the same pages and
// within limits, that cannot be read.
func widened(file durable.File, s, limits span) span {
	if s.empty() {
		return s
	}
	const sector = durable.SectorSize
	for from := (s.from + sector - 1) / sector * sector; from%pageSize != 0 || from > s.from; {
		if from -= sector; canRead(file, from) {
			break
		}
		s.from = min(s.from, max(from, limits.from))
	}
	for to := s.to / sector * sector; to%pageSize != 0 || to < s.to; to += sector {
		if canRead(file, to) {
			break
		}
		s.to = max(s.to, min(to+sector, limits.to))
	}
	return s
}

// wholeEnd is where a file of size bytes ends; if it ends in the middle of a page that
// cannot be read, where that page does: it can only be written whole.
func wholeEnd(file durable.File, size int64) int64 {
	for at := size / pageSize * pageSize; at < size; at += durable.SectorSize {
		if !canRead(file, at) {
			return (size/pageSize + 1) * pageSize
		}
	}
	return size
}

// canRead tells whether the sector at an offset can be read, as far as the file
// goes, at the second try if not at once.
func canRead(file durable.File, from int64) bool {
	var b [durable.SectorSize]byte
	defer clear(b[:])
	for range 2 {
		if _, err := file.ReadAt(b[:], from); err == nil || err == io.EOF {
			return true
		}
	}
	return false
}

// key is a lane's hash key. Anything wrong with it is a fault of this pad.
func (p *pad) key(l lane) (seal.HashKey, error) {
	key, err := p.readKey(l)
	if err != nil {
		return seal.HashKey{}, p.spoilt(err)
	}
	return key, nil
}

// readKey reads a lane's hash key and holds it against its checksum.
func (p *pad) readKey(l lane) (seal.HashKey, error) {
	if p.meta.suite != seal.Unconditional {
		return seal.HashKey{}, nil
	}
	cell, _, _ := p.read(l, span{0, seal.CellSize})
	defer clear(cell)
	want := p.meta.keySums[1]
	if l == p.meta.send {
		want = p.meta.keySums[0]
	}
	key, err := seal.NewHashKey(cell)
	if err == nil && keySum(cell) != want {
		err = errKeySum
	}
	return key, err
}

// checkKeys looks at the hash keys of both lanes.
func (p *pad) checkKeys() error {
	for _, l := range []lane{p.meta.send, p.meta.receive} {
		key, err := p.readKey(l)
		if err != nil {
			return err
		}
		key.Wipe()
	}
	return nil
}

var errKeySum = errors.New("a hash key differs from its checksum")

// keySum is the checksum of a key cell, against accidents only. It stays on
// the card, beside the cell itself.
func keySum(cell []byte) string {
	sum := sha256.Sum256(cell)
	return hex.EncodeToString(sum[:8])
}

// keySums reads and checks the hash keys of a pad, the owner's lane first.
func keySums(file durable.File, m *metadata) (sums [2]string, err error) {
	cell := make([]byte, seal.CellSize)
	defer clear(cell)
	for i, l := range []lane{m.send, m.receive} {
		if err := readLane(file, l, span{0, seal.CellSize}, cell); err != nil {
			return sums, err
		}
		if _, err := seal.NewHashKey(cell); err != nil {
			return sums, err
		}
		sums[i] = keySum(cell)
	}
	return sums, nil
}
