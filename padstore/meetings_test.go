package padstore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

// career is a random life of a device that lays up noise and makes pads. The
// stock is the oracle.
type career struct {
	*trial
	rng     *rand.Rand
	made    int      // drafts begun
	records [][]byte // of the reservoir, to roll back to
}

func TestRandomMeetings(t *testing.T) {
	seeds := []uint64{*replay}
	if *replay == 0 {
		seeds = make([]uint64, 40)
		for i := range seeds {
			seeds[i] = rand.Uint64()
		}
	}
	sc := stocked(t, seal.Unconditional)
	for _, seed := range seeds {
		work(t, sc, seed)
	}
}

func work(t *testing.T, sc *scene, seed uint64) {
	defer func() {
		if t.Failed() {
			t.Fatalf("go test -run TestRandomMeetings -seed %d", seed)
		}
	}()
	c := &career{trial: &trial{T: t}, rng: rand.New(rand.NewPCG(seed, 1))}
	c.start(sc, seed)
	mustDo(t, c.open())
	acts := append(c.changes(), c.doReopen, c.doCut, c.doCut, c.doFull, c.doRollBack, c.doKeepRecord)
	for range 60 {
		acts[c.rng.IntN(len(acts))]()
	}
	c.power()
	c.finish(false)
}

// changes are what a device does with its power on.
func (c *career) changes() []func() {
	return []func(){
		c.doAdd, c.doAdd, c.doTake, c.doTake, c.doResize,
		c.doBegin, c.doAppend, c.doAppend, c.doAppend, c.doRewind, c.doConfirm, c.doConfirm, c.doPrepare, c.doPrepare,
		c.doUse, c.doDiscard, c.doChat,
	}
}

// allowed fails on errors that cannot be with the power on and room on the card.
func (c *career) allowed(err error, kinds ...error) {
	c.Helper()
	if err == nil || c.disk.Failed() && (errors.Is(err, padstore.ErrFault) || errors.Is(err, padstore.ErrFull)) {
		return
	}
	if !slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) }) {
		c.Fatal(err)
	}
}

func (c *career) doAdd() {
	made := origins([]string{"hw", "usb", "dev-random"}[c.rng.IntN(3)])
	c.allowed(c.stock.add(c.store, c.rng.IntN(40), made), padstore.ErrFull)
}

func (c *career) doTake() {
	_, _, err := c.stock.take(c, c.store, 8+8*c.rng.IntN(80))
	c.allowed(err, padstore.ErrDry)
}

func (c *career) doResize() {
	c.allowed(c.stock.resize(c.store, int64(c.rng.IntN(6144))))
}

func (c *career) doBegin() {
	c.made++
	_, err := c.stock.begin(c.store, making(c.suite, fmt.Sprintf("%04x", c.made), 256+32*int64(c.rng.IntN(64))))
	c.allowed(err)
}

func (c *career) doAppend() {
	d := c.store.Draft()
	if d == nil || d.Stage() != padstore.Copying {
		return
	}
	left := d.Making().Bytes - d.Done()
	if left == 0 {
		return
	}
	c.allowed(c.stock.append(c, d, int(min(left, 1+c.rng.Int64N(700)))))
}

func (c *career) doRewind() {
	if d := c.store.Draft(); d != nil {
		to := c.rng.Int64N(d.Done() + 1)
		c.stock.draft.least = min(c.stock.draft.least, to)
		c.allowed(d.Rewind(to), padstore.ErrState)
	}
}

func (c *career) doConfirm() {
	d := c.store.Draft()
	if d == nil || d.Done()%32 != 0 || d.Done() < 128 {
		return
	}
	tag, err := d.Tag(&tagKey, nil)
	c.allowed(err, padstore.ErrState)
	if err == nil {
		c.allowed(d.Confirm([]padstore.Stage{padstore.Checked, padstore.Agreed}[c.rng.IntN(2)], tag))
	}
}

func (c *career) doPrepare() {
	d := c.store.Draft()
	if d == nil {
		return
	}
	was := d.Stage()
	for _, p := range c.stock.pads {
		p.states = append(p.states, padstore.Retired) // from here on it may be replaced
	}
	err := c.prepare()
	c.allowed(err, padstore.ErrState)
	if err == nil && was != padstore.Agreed {
		c.Fatal("prepared what nobody agreed to")
	}
}

func (c *career) doUse() {
	for _, p := range c.stock.pads {
		is, ok := c.store.PadByID(p.id)
		if !ok || is.State != padstore.Prepared {
			continue
		}
		p.states = append(p.states, padstore.InUse)
		c.allowed(c.store.Use(is.Number))
		return
	}
}

func (c *career) doDiscard() {
	if len(c.stock.pads) == 0 {
		return
	}
	p := c.stock.pads[c.rng.IntN(len(c.stock.pads))]
	is, ok := c.store.PadByID(p.id)
	if !ok {
		return
	}
	may := is.State == padstore.Prepared || is.State == padstore.Retired
	p.mayGo = p.mayGo || may
	err := c.store.Discard(is.Number, nil)
	c.allowed(err, padstore.ErrState)
	switch {
	case err == nil && !may:
		c.Fatalf("discarded a pad %s", is.State)
	case err == nil:
		p.states = nil
		c.check(c, c.disk)
	}
	for _, q := range c.stock.pads {
		q.states = []padstore.State{padstore.Prepared, padstore.InUse, padstore.Retired}
	}
}

// doChat uses the newest pad with carol, or bob's.
func (c *career) doChat() {
	c.allowed(c.seal(c, c.store, "to bob"), padstore.ErrDepleted)
	if n := len(c.stock.pads); n > 0 {
		p := c.stock.pads[n-1]
		c.allowed(p.seal(c, c.store, "to carol"), padstore.ErrNoPad, padstore.ErrDepleted)
	}
}

func (c *career) doReopen() {
	if c.store.Fault() == nil {
		mustDo(c, c.store.Close())
	}
	c.reopen()
}

func (c *career) reopen() {
	c.Helper()
	mustDo(c, c.open())
	c.check(c, c.disk)
	c.stock.probe(c, c.store)
}

func (c *career) power() {
	c.disk.PowerOff()
	c.disk.PowerOn(durabletest.Unsynced(c.rng.IntN(3)))
	c.reopen()
}

// doCut plans a power cut, does something until it has come, and starts again.
func (c *career) doCut() {
	c.disk.CutAt(1 + c.rng.IntN(25))
	c.some()
	c.power()
}

// doFull has the card full at one operation.
func (c *career) doFull() {
	c.disk.FullAt(1 + c.rng.IntN(25))
	c.some()
	c.power()
}

func (c *career) some() {
	acts := c.changes()
	for range 4 {
		if c.store.Fault() == nil {
			acts[c.rng.IntN(len(acts))]()
		}
	}
}

func (c *career) doKeepRecord() {
	c.records = append(c.records, c.disk.Bytes("reservoir.record"))
}

// doRollBack brings back an old record of the reservoir while the device is off.
// What made its bytes may be told wrongly from then on, so the rest is burned.
func (c *career) doRollBack() {
	if len(c.records) == 0 {
		return
	}
	c.power()
	c.disk.PowerOff()
	c.disk.PowerOn(durabletest.Kept)
	c.disk.Put("reservoir.record", c.records[c.rng.IntN(len(c.records))])
	c.stock.old, c.stock.least = true, 0
	mustDo(c, c.open())
	c.check(c, c.disk)
	mustDo(c, c.stock.resize(c.store, 0))
	mustDo(c, c.stock.resize(c.store, capacity))
	c.stock.old = false
	c.check(c, c.disk)
}
