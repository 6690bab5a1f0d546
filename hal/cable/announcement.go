package cable

import (
	"encoding/binary"
	"errors"
)

// TieBreaker settles which of two devices listens: the one with the greater,
// read as a number with the first byte on top. It is noise, and public.
type TieBreaker [16]byte

// announcement is what a device calls out on a cable:
//
//	offset  bytes
//	0       8      magic
//	8       1      version
//	9       16     tie-breaker
//	25      2      TCP port at which it listens, most significant byte first
type announcement struct {
	tie  TieBreaker
	port uint16
}

const (
	announceMagic   = "OTC meet"
	announceVersion = 1
	announceBytes   = len(announceMagic) + 1 + len(TieBreaker{}) + 2
)

// ErrSeveral: more than one device calls out on the cable, or the cables.
var ErrSeveral = errors.New("several devices are looking for another one here")

// ErrVersion: the other device calls out in a way that this one is too old, or
// too new, to understand.
var ErrVersion = errors.New("the other device finds its peers in another version")

// errMalformed: what was heard is no announcement.
var errMalformed = errors.New("not an announcement")

func (a announcement) bytes() []byte {
	b := append([]byte(announceMagic), announceVersion)
	b = append(b, a.tie[:]...)
	return binary.BigEndian.AppendUint16(b, a.port)
}

// parse reads an announcement; errMalformed or ErrVersion.
func parse(b []byte) (announcement, error) {
	head := len(announceMagic)
	if len(b) <= head || string(b[:head]) != announceMagic {
		return announcement{}, errMalformed
	}
	if b[head] != announceVersion {
		return announcement{}, ErrVersion
	}
	if len(b) != announceBytes {
		return announcement{}, errMalformed
	}
	a := announcement{tie: TieBreaker(b[head+1:]), port: binary.BigEndian.Uint16(b[announceBytes-2:])}
	if a.port == 0 {
		return announcement{}, errMalformed
	}
	return a, nil
}
