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
	if n, err := file.ReadAt(b, l.offsets(s).from); n < len(b) || err != nil && err != io.EOF {
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

// key reads the lane's hash key and holds it against its checksum. Anything
// wrong with it is a fault of this pad.
func (p *pad) key(l lane) (seal.HashKey, error) {
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
	if err != nil {
		p.record(Entry{Kind: KindFault, Contact: p.contact, Text: "this pad is damaged and serves nothing: " + err.Error()})
		return seal.HashKey{}, p.fault(err)
	}
	return key, nil
}

// keysSound looks at the hash keys of both lanes.
func (p *pad) keysSound() bool {
	for _, l := range []lane{p.meta.send, p.meta.receive} {
		key, err := p.key(l)
		if err != nil {
			return false
		}
		key.Wipe()
	}
	return true
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
