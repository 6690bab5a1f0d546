package seal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"slices"

	"onetimechat/padstore/seal"
)

// A slow second implementation of both suites, which shares no code with the
// first: byte by byte, and with math/big where that has registers. Vectors
// are made with it.

// slowPoly1305 is RFC 8439, section 2.5.1, line by line.
func slowPoly1305(r, s, msg []byte) []byte {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 130), big.NewInt(5))
	mask, _ := new(big.Int).SetString("0ffffffc0ffffffc0ffffffc0fffffff", 16)
	clamped := new(big.Int).And(littleEndian(r), mask)
	acc := new(big.Int)
	for block := range slices.Chunk(msg, 16) {
		acc.Add(acc, littleEndian(append(bytes.Clone(block), 1)))
		acc.Mul(acc, clamped)
		acc.Mod(acc, p)
	}
	acc.Add(acc, littleEndian(s))
	return lowBytes(acc, 16)
}

func littleEndian(b []byte) *big.Int {
	b = bytes.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

// lowBytes is x mod 2^(8n), little-endian.
func lowBytes(x *big.Int, n int) []byte {
	modulus := new(big.Int).Lsh(big.NewInt(1), uint(8*n))
	b := new(big.Int).Mod(x, modulus).FillBytes(make([]byte, n))
	slices.Reverse(b)
	return b
}

// slowHMAC is RFC 2104 with SHA-256, for keys up to 64 bytes.
func slowHMAC(key, msg []byte) []byte {
	pad := func(with byte) []byte {
		block := make([]byte, 64)
		copy(block, key)
		for i := range block {
			block[i] ^= with
		}
		return block
	}
	inner := sha256.Sum256(append(pad(0x36), msg...))
	outer := sha256.Sum256(append(pad(0x5c), inner[:]...))
	return outer[:]
}

func slowXOR(a, b []byte) []byte {
	out := make([]byte, len(a))
	for i := range a {
		out[i] = a[i] ^ b[i]
	}
	return out
}

func slowIndex(index int64) []byte {
	return binary.LittleEndian.AppendUint64(nil, uint64(index))[:6]
}

// slowSeal seals whatever it is given: impossible lengths, indices and frames
// too.
func slowSeal(s seal.Suite, key []byte, index int64, segment, plain []byte) []byte {
	n := len(plain)
	if s == seal.Paper {
		c := slowXOR(segment[:n], plain)
		inner := append(c, slowHMAC(segment[2*n+32:], append(slowIndex(index), c...))...)
		return append(slowIndex(index), slowXOR(segment[n:2*n+32], inner)...)
	}
	signed := append(slowIndex(index), slowXOR(segment[16:], plain)...)
	return append(signed, slowPoly1305(key, segment[:16], signed)...)
}

// slowFrame is kind ‖ body ‖ 0x80 ‖ zeros.
func slowFrame(kind byte, body string, bucket int) []byte {
	frame := append([]byte{kind}, body...)
	frame = append(frame, 0x80)
	for len(frame)%bucket != 0 {
		frame = append(frame, 0)
	}
	return frame
}

// madePad is SHA-256(seed ‖ counter), cut to n bytes: the rule that all
// vectors' pads follow.
func madePad(seed []byte, n int) []byte {
	var pad []byte
	for counter := uint64(0); len(pad) < n; counter++ {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(bytes.Clone(seed), counter))
		pad = append(pad, sum[:]...)
	}
	return pad[:n]
}

// padLane reads a pad in a lane's direction. Positions count from the lane's
// own end of the pad.
type padLane struct {
	pad     []byte
	forward bool
}

func (l padLane) offset(position int64) int64 {
	if l.forward {
		return position
	}
	return int64(len(l.pad)) - 1 - position
}

// position is offset's inverse.
func (l padLane) position(offset int64) int64 { return l.offset(offset) }

func (l padLane) read(position, n int64) []byte {
	if l.forward {
		return bytes.Clone(l.pad[position : position+n])
	}
	end := int64(len(l.pad)) - position
	b := bytes.Clone(l.pad[end-n : end])
	slices.Reverse(b)
	return b
}

// key is the lane's first cell.
func (l padLane) key() []byte { return l.read(0, seal.CellSize) }
