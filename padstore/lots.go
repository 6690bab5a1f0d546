package padstore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxOrigins is how many sources can have made a lot.
const MaxOrigins = 8

// What else a lot may tell of its sources, so that records stay small.
const (
	maxOriginName = 48
	maxCredit     = 1_000_000
)

// demoSource is the rservice of a pad that is not made of hardware noise alone.
const demoSource = "urandom"

func (o Origin) check() error {
	odd := func(r rune) bool { return r < ' ' || r > '~' }
	switch {
	case o.Name == "" || len(o.Name) > maxOriginName || strings.ContainsFunc(o.Name, odd):
		return fmt.Errorf("the name of a source is not 1 to %d printable ASCII characters", maxOriginName)
	case o.Credit < 0 || o.Credit > maxCredit:
		return errors.New("the credit of a source is out of range")
	}
	return nil
}

// checkOrigins refuses what cannot have made anything.
func checkOrigins(made []Origin) error {
	if len(made) == 0 || len(made) > MaxOrigins {
		return fmt.Errorf("%d sources made this, not 1 to %d", len(made), MaxOrigins)
	}
	for _, o := range made {
		if err := o.check(); err != nil {
			return err
		}
	}
	return nil
}

// CheckLots refuses lots that cannot be, or are not size bytes together.
func CheckLots(list []Lot, size int64) error {
	for _, l := range list {
		if err := checkOrigins(l.Origins); err != nil {
			return err
		}
		if l.Bytes <= 0 || l.Bytes > size {
			return errors.New("lots do not make up the bytes they tell of")
		}
		size -= l.Bytes
	}
	if size != 0 {
		return errors.New("lots do not make up the bytes they tell of")
	}
	return nil
}

// lots are what made consecutive bytes, in their order. Its methods leave it as
// it is.
type lots []Lot

// push is the list with more behind it, neighbours of the same origins joined.
func (list lots) push(more ...Lot) lots {
	out := slices.Clone(list)
	for _, l := range more {
		if top := len(out) - 1; top >= 0 && slices.Equal(out[top].Origins, l.Origins) {
			out[top].Bytes += l.Bytes
		} else {
			out = append(out, Lot{Origins: slices.Clone(l.Origins), Bytes: l.Bytes})
		}
	}
	return out
}

// fold is the list with those of the same origins joined, the oldest first, until so
// many are left, or no two are alike. How much was made of what stays true; where in
// the pad, only of those that were not joined.
func (list lots) fold(most int) lots {
	out := slices.Clone(list)
	for at := 1; at < len(out) && len(out) > most; {
		alike := func(l Lot) bool { return slices.Equal(l.Origins, out[at].Origins) }
		i := slices.IndexFunc(out[:at], alike)
		if i < 0 {
			at++
			continue
		}
		out[i].Bytes += out[at].Bytes
		out = slices.Delete(out, at, at+1)
	}
	return out
}

// split is what made the first size bytes, and the rest.
func (list lots) split(size int64) (first, rest lots) {
	for _, l := range list {
		n := min(size, l.Bytes)
		if n > 0 {
			first = first.push(Lot{Origins: l.Origins, Bytes: n})
		}
		if n < l.Bytes {
			rest = rest.push(Lot{Origins: l.Origins, Bytes: l.Bytes - n})
		}
		size -= n
	}
	return first, rest
}

// demo tells whether any of it is not from hardware.
func (list lots) demo() bool {
	return slices.ContainsFunc(list, func(l Lot) bool {
		return slices.ContainsFunc(l.Origins, func(o Origin) bool { return o.Demo })
	})
}

// names lists the sources, each once.
func (list lots) names() string {
	var names []string
	for _, l := range list {
		for _, o := range l.Origins {
			if !slices.Contains(names, o.Name) {
				names = append(names, o.Name)
			}
		}
	}
	return strings.Join(names, " + ")
}

// sourceOf is the rservice of a pad made of both devices' contributions. A name
// of the other's choosing can make a pad look worse, never better.
func sourceOf(ours, theirs lots) string {
	if ours.demo() || theirs.demo() {
		return demoSource
	}
	return cutText(ours.names()+" / "+theirs.names(), maxSource)
}
