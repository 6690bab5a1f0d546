package meeting

import (
	"crypto/subtle"
	"fmt"

	"onetimechat/padstore"
)

// startJoining joins the next stretch that both contributions reach, if it has
// been sent, and puts it on the card.
func (f *filling) startJoining() {
	if f.joining || len(f.pieces) == 0 || len(f.theirs) == 0 || !f.pieces[0].sent {
		return
	}
	ours, theirs := f.pieces[0], f.theirs[0]
	to := min(ours.to, theirs.to, f.total)
	if to <= f.joined {
		return
	}
	a, ourLots := ours.stretch(f.joined, to)
	b, theirLots := theirs.stretch(f.joined, to)
	f.joining = true
	go func() {
		err := join(b, a)
		if err == nil {
			err = f.draft.Append(b, ourLots, theirLots)
		}
		f.joins <- err
	}()
}

// hasJoined tells the other device what is on the card by now.
func (f *filling) hasJoined(err error) error {
	f.joining = false
	if err != nil {
		return err
	}
	f.joined = f.draft.Done()
	if p := f.pieces[0]; p.to <= f.joined {
		f.ourRoom.give(p.bytes)
		f.pieces = f.pieces[1:]
	}
	if p := f.theirs[0]; p.to <= f.joined {
		f.theirRoom.give(p.bytes)
		f.theirs = f.theirs[1:]
	}
	return f.wire.send(joined{f.joined}, nil)
}

// stretch is a part of a piece.
func (p *piece) stretch(from, to int64) ([]byte, []padstore.Lot) {
	var lots []padstore.Lot
	at := p.from
	for _, l := range p.lots {
		end := at + l.Bytes
		if n := min(end, to) - max(at, from); n > 0 {
			lots = append(lots, padstore.Lot{Origins: l.Origins, Bytes: n})
		}
		at = end
	}
	return p.bytes[from-p.from : to-p.from], lots
}

// join makes theirs the pad. ErrMirror if the two are equal somewhere, ErrGarbled if
// it looks burned otherwise: two devices' noise never is so, over a whole cell.
func join(theirs, ours []byte) error {
	subtle.XORBytes(theirs, theirs, ours)
	for from := range suite.Destroyed(theirs) {
		if theirs[from] == 0 {
			return fmt.Errorf("%w: its randomness is ours", ErrMirror)
		}
		return lie("what it gave makes pad that looks burned")
	}
	return nil
}

// key is the key of the check, made of both halves, which are wiped.
func (f *filling) key() (*[keySize]byte, error) {
	defer clear(f.ourKey[:])
	return f.theirKey, join(f.theirKey[:], f.ourKey[:])
}
