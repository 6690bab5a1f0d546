package host

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"onetimechat/hostlink"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

// ErrRestored: the device sealed with pad that it had used before. The package
// is not sent: two packages of one segment give away the whole lane's
// authenticity.
var ErrRestored = errors.New("this device's card was restored from a copy; do not use this pad")

// sealedName is the file of what was sealed furthest on each pad.
const sealedName = "sealed"

// padKey names a pad. Its number counts 1, 2, … on each card, so that the
// device's mark is part of the name; a restored copy has the same mark. Pad ids
// would serve as well, but are never told to a laptop: that of an imported pad
// may be a digest of pad bytes.
type padKey struct {
	Device  string `json:"device,omitempty"` // hostlink.Status.Device
	Contact string `json:"contact"`
	Pad     string `json:"pad"`
}

// furthest is what one pad has sealed furthest in lane order. A lane position
// is the index on the forward lane, and its negative on the backward one, so
// that positions grow on both.
type furthest struct {
	padKey
	End  int64      `json:"end"`            // position behind the last lane byte
	Last string     `json:"last"`           // digest of the package that ends there
	Gaps [][2]int64 `json:"gaps,omitempty"` // [from, to) before End that this host has not seen used
}

// maxGaps is how many gaps are remembered; what is forgotten counts as used.
const maxGaps = 16

// span is where in its lane a package begins and ends. The smaller user id
// sends on the forward lane.
func span(owner string, pad hostlink.Pad, pkg []byte) (from, to int64, err error) {
	suite, err := seal.ParseSuite(pad.Suite)
	if err != nil {
		return 0, 0, hostlink.ErrProtocol
	}
	n, err := suite.PlainSize(len(pkg), pad.Bucket)
	if err != nil {
		return 0, 0, hostlink.ErrProtocol
	}
	from, err = seal.Index(pkg)
	if err != nil {
		return 0, 0, hostlink.ErrProtocol
	}
	if owner > pad.Contact {
		from = -from
	}
	return from, from + suite.SegmentSize(n), nil
}

// take moves f behind a package, or finds that its pad was used before. The
// same bytes pass again. So does, for a request asked again, what lies in a
// gap: the device sealed it then, and its answer was lost.
func (f *furthest) take(from, to int64, pkg []byte, again bool) error {
	digest := sha256.Sum256(pkg)
	last := hex.EncodeToString(digest[:])
	inGap := func(g [2]int64) bool { return g[0] <= from && to <= g[1] }
	switch {
	case last == f.Last:
		return nil
	case f.Last == "" || from >= f.End:
		if f.Last != "" && from > f.End {
			f.Gaps = append(f.Gaps, [2]int64{f.End, from})
			f.Gaps = f.Gaps[max(0, len(f.Gaps)-maxGaps):]
		}
		f.End, f.Last = to, last
		return nil
	}
	i := slices.IndexFunc(f.Gaps, inGap)
	if !again || i < 0 {
		return ErrRestored
	}
	g := f.Gaps[i]
	f.Gaps = slices.Replace(f.Gaps, i, i+1, [2]int64{g[0], from}, [2]int64{to, g[1]})
	f.Gaps = slices.DeleteFunc(f.Gaps, func(g [2]int64) bool { return g[0] == g[1] })
	f.Gaps = f.Gaps[max(0, len(f.Gaps)-maxGaps):]
	return nil
}

func loadSealed(disk durable.Disk) (known []furthest, err error) {
	err = load(disk, sealedName, &known)
	return known, err
}

// judge remembers, durably, what was sealed, and returns for each package nil
// or ErrRestored. A device of 2015 tells no pad numbers, and is believed.
func (h *Host) judge(disk durable.Disk, sealed []hostlink.Sealed, status hostlink.Status, again bool) ([]error, error) {
	known, err := loadSealed(disk)
	if err != nil {
		return nil, err
	}
	refused := make([]error, len(sealed))
	for i, one := range sealed {
		if one.Err != "" || one.Pad == "" {
			continue
		}
		at := slices.IndexFunc(status.Pads, func(p hostlink.Pad) bool { return p.Contact == one.To && p.Number == one.Pad })
		if at < 0 {
			return nil, hostlink.ErrProtocol
		}
		from, to, err := span(h.cfg.User, status.Pads[at], one.Package)
		if err != nil {
			return nil, err
		}
		of := find(known, padKey{status.Device, one.To, one.Pad})
		if of < 0 {
			of, known = len(known), append(known, furthest{})
		}
		known[of].padKey = padKey{status.Device, one.To, one.Pad}
		refused[i] = known[of].take(from, to, one.Package, again)
	}
	if len(known) == 0 {
		return refused, nil
	}
	return refused, save(disk, sealedName, known)
}

// find returns the index of what is known of a pad, -1 for nothing. A device
// has no mark before its first noise; what it sealed until then stays its.
func find(known []furthest, key padKey) int {
	is := func(key padKey) func(furthest) bool { return func(f furthest) bool { return f.padKey == key } }
	if i := slices.IndexFunc(known, is(key)); i >= 0 {
		return i
	}
	key.Device = ""
	return slices.IndexFunc(known, is(key))
}
