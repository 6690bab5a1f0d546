package meeting

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"onetimechat/padstore"
)

// kind is a frame's first byte: what it says.
type kind byte

const (
	kindAlive    kind = 'A' // nothing but that the sender is there
	kindHello    kind = 'H'
	kindState    kind = 'S'
	kindPropose  kind = 'P'
	kindAccept   kind = 'Y'
	kindChunk    kind = 'C'
	kindJoined   kind = 'J'
	kindStop     kind = 'E'
	kindKey      kind = 'K'
	kindTag      kind = 'T'
	kindSame     kind = 'W'
	kindPrepared kind = 'R'
	kindUsed     kind = 'U'
	kindBye      kind = 'B'
)

// Lengths of frames, in bytes.
const (
	headSize  = 5  // kind, length of the rest
	chunkHead = 12 // offset, length of the lots
	maxPiece  = 1 << 20
	maxLotsIn = 32 << 10
	maxState  = 64 << 10
	maxSmall  = 512
)

// most is the longest payload of a kind, -1 if there is no such kind.
func (k kind) most() int {
	switch k {
	case kindAlive:
		return 0
	case kindState:
		return maxState
	case kindChunk:
		return chunkHead + maxLotsIn + maxPiece
	case kindKey:
		return keySize
	case kindHello, kindPropose, kindAccept, kindJoined, kindStop, kindTag, kindSame, kindPrepared, kindUsed, kindBye:
		return maxSmall
	}
	return -1
}

// preamble is what each device sends first, before any frame. Every version
// begins with it, so that two versions can tell each other apart: these 12
// bytes, and 4 of the version, big-endian.
const preamble = "otc-meeting\x00"

// ourVersion is the version that PROTOCOL.md describes.
const ourVersion = 1

const preambleSize = len(preamble) + 4

func ourPreamble() []byte { return binary.BigEndian.AppendUint32([]byte(preamble), ourVersion) }

// readPreamble answers version if the other device speaks ours.
func readPreamble(r io.Reader) (message, error) {
	var b [preambleSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(b[:], []byte(preamble)) {
		return nil, fmt.Errorf("%w: it is no pad device at a meeting", ErrGarbled)
	}
	if theirs := binary.BigEndian.Uint32(b[len(preamble):]); theirs != ourVersion {
		return nil, fmt.Errorf("%w: it speaks version %d, this one version %d", ErrVersion, theirs, ourVersion)
	}
	return version{}, nil
}

// garbled marks what is wrong with a frame, not with reading it.
func garbled(err error) error {
	if errors.Is(err, errShape) {
		return fmt.Errorf("%w: %w", ErrGarbled, err)
	}
	return err
}

// readFrame reads one frame: nil for one that says nothing. Bytes of a piece
// come into memory of room, which answers nil if there is to be none.
func readFrame(r io.Reader, room func(size int) []byte) (message, error) {
	var head [headSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	k, size := kind(head[0]), binary.BigEndian.Uint32(head[1:])
	if most := k.most(); most < 0 || int64(size) > int64(most) {
		return nil, fmt.Errorf("%w: a frame of kind %q with %d bytes", ErrGarbled, k, size)
	}
	if k == kindChunk {
		c, err := readChunk(r, int(size), room)
		return c, garbled(err)
	}
	payload := make([]byte, size)
	defer clear(payload)
	if _, err := io.ReadFull(r, payload); err != nil {
		return nil, err
	}
	m, err := k.decode(payload)
	return m, garbled(err)
}

func (k kind) decode(payload []byte) (message, error) {
	switch k {
	case kindAlive:
		return nil, nil
	case kindHello:
		return decode[hello](payload)
	case kindState:
		return decode[state](payload)
	case kindPropose:
		return decode[propose](payload)
	case kindAccept:
		return decode[accept](payload)
	case kindJoined:
		return decode[joined](payload)
	case kindStop:
		return decode[stop](payload)
	case kindTag:
		return decode[tag](payload)
	case kindSame:
		return decode[same](payload)
	case kindPrepared:
		return decode[prepared](payload)
	case kindUsed:
		return decode[used](payload)
	case kindBye:
		return decode[bye](payload)
	case kindKey:
		if len(payload) == keySize {
			half := [keySize]byte(payload)
			return key{&half}, nil
		}
	}
	return nil, errShape
}

// readChunk reads a chunk's payload of so many bytes.
func readChunk(r io.Reader, size int, room func(size int) []byte) (message, error) {
	var head [chunkHead]byte
	if size < chunkHead {
		return nil, errShape
	}
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	at, inLots := binary.BigEndian.Uint64(head[:]), binary.BigEndian.Uint32(head[8:])
	left := size - chunkHead - int(inLots) // bytes of the piece, of which no room can be had for none
	if at > maxBytes || inLots > maxLotsIn || left <= 0 || left > maxPiece {
		return nil, errShape
	}
	text := make([]byte, inLots)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, err
	}
	lots, err := decodeExactly[[]padstore.Lot](text)
	if err != nil {
		return nil, err
	}
	c := chunk{at: int64(at), lots: lots, bytes: room(left)}
	if c.bytes == nil {
		return nil, fmt.Errorf("%w: it sends more than was asked for", ErrGarbled)
	}
	if _, err := io.ReadFull(r, c.bytes); err != nil {
		return nil, err
	}
	return c, c.check()
}

// frame is a message ready to be sent, up to the bytes of a piece.
func frame(m message) ([]byte, error) {
	payload, bulk := []byte(nil), 0
	switch m := m.(type) {
	case key:
		payload = m.bytes[:]
	case chunk:
		text, err := encode(m.lots)
		if err != nil {
			return nil, err
		}
		payload = binary.BigEndian.AppendUint64(nil, uint64(m.at))
		payload = binary.BigEndian.AppendUint32(payload, uint32(len(text)))
		payload = append(payload, text...)
		bulk = len(m.bytes)
	default:
		var err error
		if payload, err = encode(m); err != nil {
			return nil, err
		}
	}
	b := binary.BigEndian.AppendUint32([]byte{byte(m.kind())}, uint32(len(payload)+bulk))
	return append(b, payload...), nil
}
