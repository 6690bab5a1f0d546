package meeting_test

import (
	"bytes"
	"context"
	"crypto/subtle"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/firmware/meeting"
	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
)

var (
	seed       = flag.Uint64("seed", uint64(time.Now().UnixNano()), "decides what a sample is made of")
	exhaustive = flag.Bool("exhaustive", false, "try everything, not a sample: takes minutes")
)

// sample goes through 0, 1, 2 and so on, or about one in so many of them.
type sample struct {
	rng   *rand.Rand
	oneIn int
}

func newSample(t *testing.T, oneIn int) sample {
	if *exhaustive {
		oneIn = 1
	}
	if oneIn > 1 {
		t.Logf("-seed %d", *seed)
	}
	h := fnv.New64()
	io.WriteString(h, t.Name())
	return sample{rand.New(rand.NewPCG(*seed, h.Sum64())), oneIn}
}

// first and next are how far it goes.
func (s sample) first() int { return s.rng.IntN(s.oneIn) }

func (s sample) next() int { return 1 + s.rng.IntN(2*s.oneIn-1) }

// trial is one world of the model: two devices meet, something happens, and
// they meet again over a sound cable.
type trial struct {
	*testing.T
	rng     *rand.Rand
	devices [2]*device
	watch   watch
	ends    [2]ended // of the first meeting
}

// world is where trials begin: two devices, switched off.
type world struct {
	name    string
	devices [2]*device
}

// rarely is 1 for strangers: what may happen to them is tried without gaps.
func (w world) rarely(oneIn int) int {
	if w.name == "strangers" {
		return 1
	}
	return oneIn
}

// onward is the world that a trial leaves behind.
func onward(t *testing.T, name string, from world, do func(tr *trial)) world {
	w := world{name: name}
	synctest.Test(t, func(t *testing.T) {
		tr := begin(t, from, 1)
		do(tr)
		for _, d := range tr.devices {
			must(t, d.store.Close())
		}
		w.devices = tr.devices
	})
	return w
}

func strangers(t *testing.T) world {
	w := world{name: "strangers"}
	synctest.Test(t, func(t *testing.T) {
		w.devices = [2]*device{newDevice(t, "alice", laidUp), newDevice(t, "bob", laidUp)}
		for _, d := range w.devices {
			must(t, d.store.Close())
		}
	})
	return w
}

// pulled has two strangers meet until the cable is pulled: after the n-th
// message of a kind that one of them sends, counted from 1.
func pulled(t *testing.T, name string, from int, kind byte, n int) world {
	return onward(t, name, strangers(t), func(tr *trial) {
		c := newCable()
		c.tamper = func(p parcel) ([][]byte, bool) {
			if p.from == from && p.kind() == kind {
				n--
			}
			return [][]byte{p.raw}, n == 0
		}
		tr.meet(c)
		if n > 0 {
			t.Fatalf("%s: the cable was not pulled", name)
		}
	})
}

// worlds are all the states that two devices can be in when they meet.
func worlds(t *testing.T) []world {
	return []world{
		strangers(t),
		onward(t, "with a pad", strangers(t), func(tr *trial) { tr.meet(newCable()) }),
		pulled(t, "half filled", 0, 'C', 4),
		pulled(t, "filled", 1, 'K', 1),
		pulled(t, "checked on one", 0, 'T', 1),
		pulled(t, "agreed on one", 1, 'W', 1),
		pulled(t, "prepared on one", 1, 'R', 1),
		pulled(t, "in use on one", 0, 'U', 1),
	}
}

// begin switches on copies of a world's devices.
func begin(t *testing.T, from world, seed uint64) *trial {
	tr := &trial{T: t, rng: rand.New(rand.NewPCG(seed, 0))}
	for i := range tr.devices {
		tr.devices[i] = from.devices[i].clone(t, seed+uint64(i))
		tr.devices[i].open()
	}
	tr.watch.devices = tr.devices
	switch tr.rng.IntN(3) { // who chooses: one, the other, or both
	case 0:
		tr.devices[0].size = 0
	case 1:
		tr.devices[1].size = 0
	}
	return tr
}

// meet has them meet until it is over. Whatever hangs is cancelled.
func (tr *trial) meet(c *cable) [2]ended {
	c.seen = tr.watch.see
	a, b := tr.devices[0].config(), tr.devices[1].config()
	defer soon(5*time.Minute, tr.devices[:]...)()
	one, other := meetAs(tr.Context(), a, b, c.run())
	return [2]ended{one, other}
}

// soundly has the devices meet again, and checks what must hold then.
func (tr *trial) soundly() {
	for i, d := range tr.devices {
		if e := tr.ends[i]; e.err == nil && e.InUse != d.uses(e.Number) {
			tr.Errorf("%s's meeting ended with %v, yet that pad is in use: %v", d.owner, e.Result, d.uses(e.Number))
		}
	}
	tr.replenish()
	tr.agree()
	for i, e := range tr.meet(newCable()) {
		if e.err != nil || !e.InUse {
			tr.Errorf("%s's sound meeting ended with %v; before: %v", tr.devices[i].owner, e, tr.ends)
		}
	}
	both := make([]byte, padSize)
	subtle.XORBytes(both, tr.watch.streams[0][:], tr.watch.streams[1][:])
	if tr.watch.whole == [2]bool{true, true} && !bytes.Equal(tr.devices[0].padBytes(), both) {
		tr.Error("the newest pad is not what the two gave last")
	}
	wellPaired(tr, tr.devices[0], tr.devices[1])
}

// replenish lays up noise for another meeting where there is little.
func (tr *trial) replenish() {
	tr.Helper()
	for _, d := range tr.devices {
		if d.store.Reservoir().Level().Ready < 2*padSize {
			d.layUp(laidUp / 2)
		}
	}
}

func (d *device) uses(number string) bool {
	for _, p := range d.store.Pads() {
		if p.Number == number {
			return p.State == padstore.InUse
		}
	}
	return false
}

// tampering is what may happen to the message with an index from one end.
type tampering struct {
	name string
	at   func(tr *trial, p parcel) (pass [][]byte, cut bool)
	then func(p parcel) (pass [][]byte) // to those after it; nil: nothing
}

func asItIs(p parcel) [][]byte { return [][]byte{p.raw} }

func tamperings() []tampering {
	lost := func(*trial, parcel) ([][]byte, bool) { return nil, false }
	return []tampering{
		{"the last to arrive, but for those before it", nil, nil}, // see tamper
		{"lost alone", lost, asItIs},
		{"pulled before", func(*trial, parcel) ([][]byte, bool) { return nil, true }, nil},
		{"pulled within", func(tr *trial, p parcel) ([][]byte, bool) {
			return [][]byte{p.raw[:1+tr.rng.IntN(len(p.raw)-1)]}, true
		}, nil},
		{"pulled after", func(_ *trial, p parcel) ([][]byte, bool) { return asItIs(p), true }, nil},
		{"repeated", func(_ *trial, p parcel) ([][]byte, bool) { return [][]byte{p.raw, p.raw}, false }, asItIs},
		{"altered", func(tr *trial, p parcel) ([][]byte, bool) {
			raw := bytes.Clone(p.raw)
			raw[tr.rng.IntN(len(raw))] ^= byte(1 + tr.rng.IntN(255))
			return [][]byte{raw}, false
		}, asItIs},
		{"late by one", lost, nil}, // see tamper
	}
}

// tamper does a tampering to one message. reached is true once it was there.
func (tr *trial) tamper(c *cable, how tampering, from, index int, reached *bool) {
	var late []byte
	c.tamper = func(p parcel) (pass [][]byte, cut bool) {
		switch {
		case p.from != from || p.index < index:
			return asItIs(p), false
		case p.index == index:
			*reached, late = true, p.raw
			if how.at == nil {
				c.dead[from] = true
				return nil, false
			}
			return how.at(tr, p)
		case how.then != nil:
			return how.then(p), false
		case p.index == index+1:
			return [][]byte{p.raw, late}, false
		}
		return asItIs(p), false
	}
}

func TestAnythingMayHappenToAnyMessage(t *testing.T) {
	for _, w := range worlds(t) {
		for _, how := range tamperings() {
			t.Run(w.name+"/"+how.name, func(t *testing.T) {
				t.Parallel()
				some := newSample(t, w.rarely(10))
				for from := range 2 {
					for index, reached := some.first(), true; reached; index += some.next() {
						reached = false
						within(t, fmt.Sprintf("message %d of end %d", index, from), func(t *testing.T) {
							tr := begin(t, w, uint64(index))
							c := newCable()
							tr.tamper(c, how, from, index, &reached)
							tr.ends = tr.meet(c)
							tr.soundly()
						})
					}
				}
			})
		}
	}
}

// within runs do in a bubble of its own, and says where it failed.
func within(t *testing.T, where string, do func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, do)
	if t.Failed() {
		t.Fatal(where)
	}
}

// cutPower cuts the power of one device at its k-th operation from now, and
// with it its end of the cable.
func (tr *trial) cutPower(c *cable, which, k int) {
	disk := tr.devices[which].disk
	disk.CutAt(k)
	c.tamper = func(p parcel) ([][]byte, bool) {
		if disk.Failed() && p.from == which {
			return nil, true
		}
		return asItIs(p), false
	}
}

// powerOn switches a device on again, if its power was cut.
func (tr *trial) powerOn(which int, fate durabletest.Unsynced) (was bool) {
	d := tr.devices[which]
	if !d.disk.Failed() {
		d.disk.CutAt(1 << 40)
		return false
	}
	tr.ends[which].err = durabletest.ErrPowerCut // its screen is dark
	d.disk.PowerOn(fate)
	d.open()
	return true
}

func TestThePowerMayBeCutAtAnyOperation(t *testing.T) {
	for _, w := range worlds(t) {
		for _, fate := range []durabletest.Unsynced{durabletest.Lost, durabletest.Kept, durabletest.PartlyKept} {
			for which := range 2 {
				t.Run(fmt.Sprintf("%s/%s/%v", w.name, w.devices[which].owner, fate), func(t *testing.T) {
					t.Parallel()
					every := w.rarely(20)
					if fate != durabletest.Lost {
						every = 20
					}
					some := newSample(t, every)
					for k, reached := 1+some.first(), true; reached; k += some.next() {
						within(t, fmt.Sprintf("operation %d", k), func(t *testing.T) {
							tr := begin(t, w, uint64(k))
							c := newCable()
							tr.cutPower(c, which, k)
							tr.ends = tr.meet(c)
							reached = tr.powerOn(which, fate)
							tr.soundly()
						})
					}
				})
			}
		}
	}
}

// Devices that meet many times, with something happening each time.
func TestRandomLives(t *testing.T) {
	lives(t, 40, func(tr *trial) {
		for range 6 {
			tr.something()
		}
	})
}

// lives has pairs of devices live, each in its own way, and soundly to the end.
func lives(t *testing.T, pairs int, live func(tr *trial)) {
	w := strangers(t)
	for life := range pairs {
		t.Run(fmt.Sprint(life), func(t *testing.T) {
			t.Parallel()
			some := newSample(t, 2)
			synctest.Test(t, func(t *testing.T) {
				tr := begin(t, w, some.rng.Uint64())
				tr.rng = some.rng
				live(tr)
				tr.soundly()
			})
		})
	}
}

// something happens at a meeting: to a message, or to the power, or to both.
func (tr *trial) something() {
	tr.replenish()
	for _, d := range tr.devices {
		d.compare = nil
		if tr.rng.IntN(8) == 0 {
			d.compare = func(context.Context, [4]string) (bool, error) { return false, meeting.ErrCancelled }
		}
	}
	c, which, fate := newCable(), tr.rng.IntN(2), durabletest.Unsynced(tr.rng.IntN(3))
	if tr.rng.IntN(2) == 0 {
		reached := false
		how := tamperings()[tr.rng.IntN(len(tamperings()))]
		tr.tamper(c, how, tr.rng.IntN(2), tr.rng.IntN(30), &reached)
	} else {
		tr.cutPower(c, which, 1+tr.rng.IntN(200))
	}
	tr.ends = tr.meet(c)
	tr.powerOn(which, fate)
	for _, d := range tr.devices {
		d.compare = nil
	}
}
