package main

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"

	"onetimechat/padstore"
	"onetimechat/padstore/seal"
)

const (
	forgeries = 1_000_000 // of each measurement
	// seenAt is the |t| of Welch's test from which on a difference counts as
	// seen, as in dudect (Reparaz, Balasch, Verbauwhede, 2017): chance has it
	// once in 10^5 measurements.
	seenAt = 4.5
	// cropped is the share of the slowest that is left out: what interrupts a
	// refusal says nothing of it.
	cropped = 0.05
)

// refusing measures whether the time in which a forged package is refused says
// anything of the pad: between pad that is fixed and pad that is random, and
// between tags that are wrong in the first byte and in the last. The control
// adds a comparison that stops at the first wrong byte, and must show.
func refusing() ([]figure, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f, err := newForger()
	if err != nil {
		return nil, err
	}
	defer f.bob.Close()
	pads, err := f.tell(f.otherPad, f.verify)
	if err != nil {
		return nil, err
	}
	tags, err := f.tell(f.otherTag, f.verify)
	if err != nil {
		return nil, err
	}
	control, err := f.tell(f.otherTag, f.verifyCarelessly)
	if err != nil {
		return nil, err
	}
	t := func(name string, value float64) figure {
		return figure{Name: name, Value: value, Unit: "|t|"}.against(seenAt)
	}
	return []figure{
		t("refusal-pad", pads).goal("≤ the limit: no difference is seen", pads <= seenAt),
		t("refusal-tag", tags).goal("≤ the limit: no difference is seen", tags <= seenAt),
		t("refusal-control", control).goal("> the limit: one would be seen", control > seenAt),
	}, nil
}

// forger has bob's device refuse packages of alice's that it has changed.
type forger struct {
	bob    *padstore.Store
	pad    *memoryFile // as it is on bob's card
	at     int64       // offset of the segment that is claimed
	honest []byte      // the package that alice sealed with it
	bytes  []byte      // of the segment, as they were
	forged []byte      // what is refused next
	chance *rand.Rand
}

func newForger() (*forger, error) {
	l := life{bytes: 1 << 20, served: 1}
	alice, err := l.store(newMemoryDisk(), "alice", "bob")
	if err != nil {
		return nil, err
	}
	defer alice.Close()
	s, err := alice.Seal("bob", strings.Repeat("x", textSize))
	if err != nil {
		return nil, err
	}
	disk := newMemoryDisk()
	f := &forger{honest: s.Package, bytes: make([]byte, spent), chance: rand.New(rand.NewPCG(1, 2))}
	if f.bob, err = l.store(disk, "bob", "alice"); err != nil {
		return nil, err
	}
	f.pad = disk.files["bob.alice.random.store"]
	if f.at, err = seal.Index(f.honest); err != nil {
		return nil, err
	}
	_, err = f.pad.ReadAt(f.bytes, f.at)
	f.forged = slices.Clone(f.honest)
	return f, err
}

// otherPad puts fixed pad where the package points (0), or random pad (1).
func (f *forger) otherPad(kind int) error {
	pads := [2][spent]byte{}
	for i := range spent { // both, whichever it is: only what is refused may differ
		pads[0][i] = byte(i%seal.CellSize) >> 3 // not destroyed
		pads[1][i] = byte(f.chance.Uint32())
	}
	copy(f.forged, f.honest)
	_, err := f.pad.WriteAt(pads[kind][:], f.at)
	return err
}

// otherTag changes a bit in the first byte of the tag (0), or in the last (1).
func (f *forger) otherTag(kind int) error {
	copy(f.forged, f.honest)
	f.forged[[2]int{len(f.forged) - seal.CellSize, len(f.forged) - 1}[kind]] ^= 1
	_, err := f.pad.WriteAt(f.bytes, f.at)
	return err
}

func (f *forger) verify() error {
	_, err := f.bob.Verify("alice", f.forged)
	return err
}

// verifyCarelessly also compares as no device may.
func (f *forger) verifyCarelessly() error {
	for i := range f.honest {
		if f.honest[i] != f.forged[i] {
			break
		}
	}
	return f.verify()
}

// tell has packages of two kinds refused, in an order left to chance, and
// answers Welch's |t| of how long that took.
func (f *forger) tell(prepare func(kind int) error, refuse func() error) (float64, error) {
	var kinds [2][]float64 // ns
	for range forgeries {
		kind := f.chance.IntN(2)
		if err := prepare(kind); err != nil {
			return 0, err
		}
		began := time.Now()
		err := refuse()
		took := time.Since(began)
		if !errors.Is(err, padstore.ErrNotVerified) {
			return 0, fmt.Errorf("a forgery is answered with %w", err)
		}
		kinds[kind] = append(kinds[kind], float64(took))
	}
	all := slices.Sorted(slices.Values(slices.Concat(kinds[:]...)))
	slowest := all[int(float64(len(all))*(1-cropped))]
	for i := range kinds {
		kinds[i] = slices.DeleteFunc(kinds[i], func(took float64) bool { return took > slowest })
	}
	return welch(kinds[0], kinds[1]), nil
}

// welch is |t| of two samples whose variances may differ.
func welch(a, b []float64) float64 {
	meanA, varianceA := moments(a)
	meanB, varianceB := moments(b)
	return math.Abs(meanA-meanB) / math.Sqrt(varianceA/float64(len(a))+varianceB/float64(len(b)))
}

func moments(values []float64) (mean, variance float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		variance += (v - mean) * (v - mean) / float64(len(values)-1)
	}
	return mean, variance
}
