package seal

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
)

// redacted stands for a secret wherever one is printed.
const redacted = "[redacted]"

// secret gives out pad bytes. It is a function, because package fmt looks into
// everything else: in the unexported field of somebody else's struct it calls
// no Format method, and it follows a pointer where the verb does not suit one.
type secret func() []byte

func keep(b []byte) secret { return func() []byte { return b } }

// HashKey is a lane's hash key r: it serves every message of the lane and
// masks none. It prints redacted. The zero value is no key; Paper needs none.
type HashKey struct{ r secret }

// NewHashKey copies a lane's first cell, 16 bytes. The error is ErrHashKey if
// they are 0 after clamping (RFC 8439, section 2.5): every tag would be its
// bare mask.
func NewHashKey(cell []byte) (HashKey, error) {
	if len(cell) != CellSize {
		return HashKey{}, ErrHashKey
	}
	var kept byte
	for i, b := range cell {
		kept |= b & clamp[i]
	}
	if kept == 0 {
		return HashKey{}, ErrHashKey
	}
	return HashKey{keep(bytes.Clone(cell))}, nil
}

// Wipe overwrites the key with zeros, in all copies of this HashKey.
func (k HashKey) Wipe() {
	if k.r != nil {
		clear(k.r())
	}
}

// clamp is what Poly1305 keeps of r: 106 bits.
var clamp = [CellSize]byte{
	0xff, 0xff, 0xff, 0x0f, 0xfc, 0xff, 0xff, 0x0f,
	0xfc, 0xff, 0xff, 0x0f, 0xfc, 0xff, 0xff, 0x0f,
}

// Segment is the pad bytes that one message uses up, in lane order. It prints
// redacted. Copies of a Segment share its bytes.
type Segment struct{ pad secret }

// NewSegment takes over b, which must have been read in lane order: downwards
// in a backward lane.
func NewSegment(b []byte) Segment { return Segment{keep(b)} }

// Len is the length in bytes.
func (g Segment) Len() int { return len(g.bytes()) }

// Wipe overwrites the bytes with zeros.
func (g Segment) Wipe() { clear(g.bytes()) }

func (g Segment) bytes() []byte {
	if g.pad == nil {
		return nil
	}
	return g.pad()
}

// Format prints a HashKey redacted, whatever the verb.
func (HashKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// Format prints a Segment redacted, whatever the verb.
func (Segment) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText keeps a HashKey out of JSON and the like.
func (HashKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalText keeps a Segment out of JSON and the like.
func (Segment) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue keeps a HashKey out of logs.
func (HashKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// LogValue keeps a Segment out of logs.
func (Segment) LogValue() slog.Value { return slog.StringValue(redacted) }
