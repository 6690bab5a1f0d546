package padstore_test

import (
	"errors"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

// Sizes of the scenes below, in bytes: more than one sector each.
const (
	capacity  = 3072
	laidUp    = 2048
	padToMake = 1536
)

var tagKey = [32]byte{1, 2, 3, 4, 5, 17: 6}

// onward makes a scene of another one, by a store that is closed in order.
func onward(t *testing.T, sc *scene, do func(tr *trial) error) *scene {
	tr := &trial{T: t}
	tr.start(sc, 1)
	if err := errors.Join(tr.open(), do(tr), tr.store.Close()); err != nil {
		t.Fatal(err)
	}
	return &scene{tr.disk, tr.ledger, sc.next, sc.gap, tr.stock}
}

// stocked is a device with some noise laid up, of two lots, an id, and room for
// more.
func stocked(t *testing.T, suite seal.Suite) *scene {
	return onward(t, lived(t, suite), func(tr *trial) error {
		return errors.Join(tr.stock.resize(tr.store, capacity),
			tr.stock.add(tr.store, laidUp/32+1, origins("hw")),
			tr.makeID(),
			tr.stock.add(tr.store, laidUp/32, origins("hw", "usb")))
	})
}

func (tr *trial) makeID() error {
	tr.stock.least -= 16
	err := tr.store.MakeDeviceID()
	if err == nil { // the one that was on top
		tr.stock.served[tr.stock.laid-1] = true
	}
	return err
}

// drafting is a device that has begun a pad with carol.
func drafting(t *testing.T, suite seal.Suite) *scene {
	return onward(t, stocked(t, suite), func(tr *trial) error {
		return tr.drafted(making(suite, "d0", padToMake), padToMake/2)
	})
}

func (tr *trial) drafted(m padstore.Making, n int) error {
	d, err := tr.stock.begin(tr.store, m)
	if err != nil {
		return err
	}
	return tr.stock.append(tr, d, n)
}

// copied is one whose draft is as long as planned.
func copied(t *testing.T, suite seal.Suite) *scene {
	return onward(t, drafting(t, suite), func(tr *trial) error {
		return tr.stock.append(tr, tr.store.Draft(), padToMake/2)
	})
}

func (tr *trial) confirm(stages ...padstore.Stage) error {
	d := tr.store.Draft()
	tag, err := d.Tag(&tagKey, nil)
	for _, stage := range stages {
		err = errors.Join(err, d.Confirm(stage, tag))
	}
	return err
}

// agreed is one whose owner said that the words are the same.
func agreed(t *testing.T, suite seal.Suite) *scene {
	return onward(t, copied(t, suite), func(tr *trial) error { return tr.confirm(padstore.Checked, padstore.Agreed) })
}

func (tr *trial) prepare() error {
	tr.stock.draft.mayBecomePad = true
	number, err := tr.store.Draft().Prepare()
	if err == nil {
		tr.stock.adoptFound(tr, tr.disk)
		if is, ok := tr.store.PadByID(tr.stock.pads[len(tr.stock.pads)-1].id); !ok || is.Number != number {
			tr.Fatalf("pad %s was prepared, yet %+v", number, is)
		}
	}
	return err
}

// prepared is one with a prepared pad.
func prepared(t *testing.T, suite seal.Suite) *scene {
	return onward(t, agreed(t, suite), (*trial).prepare)
}

// adopting is one whose power was cut while a pad was prepared.
func adopting(t *testing.T, suite seal.Suite) *scene {
	return interrupted(t, agreed(t, suite), (*trial).prepare)
}

// interrupted cuts the power of a device in the middle of something.
func interrupted(t *testing.T, sc *scene, do func(*trial) error) *scene {
	ops := len(operations(t, sc, action{do: do}))
	tr := &trial{T: t}
	tr.start(sc, 1)
	if err := tr.open(); err != nil {
		t.Fatal(err)
	}
	tr.disk.CutAt(ops / 2)
	if err := do(tr); err == nil {
		t.Fatal("not interrupted")
	}
	tr.disk.PowerOn(durabletest.Lost)
	return &scene{tr.disk, tr.ledger, sc.next, sc.gap, tr.stock}
}

func (tr *trial) use() error {
	p := tr.stock.pads[len(tr.stock.pads)-1]
	p.states = []padstore.State{padstore.Prepared, padstore.InUse}
	err := tr.store.Use(tr.numberOf(p))
	tr.inUse(err)
	return err
}

// inUse notes that the newest pad is in use for good.
func (tr *trial) inUse(err error) {
	if err == nil {
		tr.stock.pads[len(tr.stock.pads)-1].states = []padstore.State{padstore.InUse}
	}
}

func (tr *trial) numberOf(p *madePad) string {
	is, ok := tr.store.PadByID(p.id)
	if !ok {
		tr.Fatalf("no pad %s", p.id)
	}
	return is.Number
}

// replaced is one whose second pad with carol is in use.
func replaced(t *testing.T, suite seal.Suite) *scene {
	sc := onward(t, prepared(t, suite), (*trial).use)
	return onward(t, sc, func(tr *trial) error {
		if err := tr.drafted(making(suite, "d1", padToMake), padToMake); err != nil {
			return err
		}
		tr.stock.pads[0].states = []padstore.State{padstore.Retired}
		return errors.Join(tr.confirm(padstore.Checked, padstore.Agreed), tr.prepare(), tr.use())
	})
}

// discard discards the oldest of carol's pads.
func (tr *trial) discard() error {
	p := tr.stock.pads[0]
	p.mayGo = true
	err := tr.store.Discard(tr.numberOf(p), nil)
	if err == nil {
		p.states = nil
	}
	return err
}

func discarding(t *testing.T, suite seal.Suite) *scene {
	return interrupted(t, replaced(t, suite), (*trial).discard)
}

// level promises that so much is ready for ever.
func (tr *trial) level(ready, capacity int64) {
	tr.promised = func(s *padstore.Store) {
		if l := s.Reservoir().Level(); l.Ready != ready || l.Capacity != capacity {
			tr.Errorf("level %+v instead of %d of %d", l, ready, capacity)
		}
	}
}

// stage promises a stage of the draft.
func (tr *trial) stage(want padstore.Stage, done int64) {
	tr.promised = func(s *padstore.Store) {
		if d := s.Draft(); d == nil || d.Stage() != want || d.Done() != done {
			tr.Errorf("the draft is not %s with %d bytes", want, done)
		}
	}
}

// allActions are every public action that a pad's suite matters to, and in one
// suite the others.
func allActions(suite seal.Suite) []action {
	all := append(actions(), becomings()...)
	if suite == seal.Unconditional {
		all = append(all, makings()...)
	}
	return all
}

// makings are the public actions on the reservoir and on drafts.
func makings() []action {
	return []action{
		{"open with a draft", drafting, true, (*trial).open},
		{"resize up", stocked, false, func(tr *trial) error {
			tr.level(laidUp, 2*capacity)
			return tr.stock.resize(tr.store, 2*capacity)
		}},
		{"resize down", stocked, false, func(tr *trial) error {
			tr.level(768, 768)
			return tr.stock.resize(tr.store, 768)
		}},
		{"add", stocked, false, func(tr *trial) error {
			tr.level(capacity, capacity)
			return tr.stock.add(tr.store, (capacity-laidUp)/16, origins("usb"))
		}},
		{"take", stocked, false, func(tr *trial) error {
			tr.level(laidUp-1296, capacity)
			_, _, err := tr.stock.take(tr, tr.store, 1291)
			return err
		}},
		{"take past what is destroyed", stocked, false, func(tr *trial) error {
			tr.disk.DropSector("reservoir.store", 2)
			tr.stock.least = 0
			tr.level(1024-640, capacity)
			_, _, err := tr.stock.take(tr, tr.store, 640)
			return err
		}},
		{"distrust", stocked, false, func(tr *trial) error {
			tr.level(laidUp-512, capacity)
			_, err := tr.stock.distrust(tr.store, "hw", 512)
			return err
		}},
		{"make the device's id", lived, false, func(tr *trial) error {
			if err := errors.Join(tr.stock.resize(tr.store, 64), tr.stock.add(tr.store, 4, origins("hw"))); err != nil {
				return err
			}
			err := tr.makeID()
			id := tr.store.DeviceID()
			tr.promised = func(s *padstore.Store) {
				if s.DeviceID() != id || len(id) != 32 {
					tr.Errorf("the device's id was %q, and is %q", id, s.DeviceID())
				}
			}
			return err
		}},
		{"begin", stocked, false, func(tr *trial) error {
			tr.stage(padstore.Copying, 0)
			_, err := tr.stock.begin(tr.store, making(tr.suite, "d0", padToMake))
			return err
		}},
		{"begin in place of another", drafting, false, func(tr *trial) error {
			tr.stage(padstore.Copying, 0)
			_, err := tr.stock.begin(tr.store, making(tr.suite, "d1", padToMake))
			return err
		}},
		{"append", drafting, false, func(tr *trial) error {
			tr.stage(padstore.Copying, padToMake)
			return tr.stock.append(tr, tr.store.Draft(), padToMake/2)
		}},
		{"rewind", copied, false, func(tr *trial) error {
			tr.stage(padstore.Copying, 640)
			tr.stock.draft.least = 640
			return tr.store.Draft().Rewind(640)
		}},
		{"tag", drafting, false, func(tr *trial) error {
			d := tr.store.Draft()
			tr.promised = func(s *padstore.Store) {
				if m := s.Draft().Making(); m.Bytes != padToMake/2 {
					tr.Errorf("%d bytes are planned", m.Bytes)
				}
			}
			_, err := d.Tag(&tagKey, nil)
			return err
		}},
		{"confirm both", copied, false, func(tr *trial) error {
			tr.stage(padstore.Agreed, padToMake)
			return tr.confirm(padstore.Checked, padstore.Agreed)
		}},
		{"discard the draft", copied, false, func(tr *trial) error {
			tr.stock.draft.mayGo = true
			tr.promised = func(s *padstore.Store) {
				if s.Draft() != nil {
					tr.Error("the draft is still there")
				}
			}
			return tr.store.Draft().Discard()
		}},
	}
}

// becomings are those on pads that were drafts.
func becomings() []action {
	return []action{
		{"open while a pad is adopted", adopting, true, (*trial).open},
		{"open while a pad is discarded", discarding, true, (*trial).open},
		{"prepare", agreed, false, func(tr *trial) error {
			tr.promised = func(s *padstore.Store) {
				if s.Draft() != nil || len(tr.stock.pads) != 1 {
					tr.Error("prepared, yet no pad")
				}
			}
			return tr.prepare()
		}},
		{"use", prepared, false, (*trial).use},
		{"open the first package of a prepared pad", prepared, false, func(tr *trial) error {
			p := tr.stock.pads[0]
			p.states = []padstore.State{padstore.Prepared, padstore.InUse}
			_, err := p.open(tr, tr.store, p.incoming(tr, p.base(), "first"))
			tr.inUse(err)
			return err
		}},
		{"discard a prepared pad", prepared, false, (*trial).discard},
		{"discard a retired pad", replaced, false, (*trial).discard},
	}
}

// everyMaking is those that a store that has latched refuses.
func everyMaking(tr *trial) map[string]func() error {
	s := tr.store
	calls := map[string]func() error{
		"Resize":       func() error { return s.Reservoir().Resize(64) },
		"Add":          func() error { return s.Reservoir().Add(make([]byte, 16), origins("hw")) },
		"Take":         func() error { _, err := s.Reservoir().Take(make([]byte, 16)); return err },
		"Distrust":     func() error { _, err := s.Reservoir().Distrust("hw", 16); return err },
		"MakeDeviceID": s.MakeDeviceID,
		"Begin":        func() error { _, err := s.Begin(making(tr.suite, "ff", padToMake)); return err },
		"Use":          func() error { return s.Use("1") },
		"Discard":      func() error { return s.Discard("1", nil) },
		"Certificate":  func() error { _, _, err := s.Certificate("1"); return err },
		"Free":         func() error { _, err := s.Free(); return err },
	}
	if d := s.Draft(); d != nil {
		calls["Append"] = func() error { return d.Append(nil, nil, nil) }
		calls["Rewind"] = func() error { return d.Rewind(0) }
		calls["Tag"] = func() error { _, err := d.Tag(&tagKey, nil); return err }
		calls["Confirm"] = func() error { return d.Confirm(padstore.Checked, [16]byte{}) }
		calls["Prepare"] = func() error { _, err := d.Prepare(); return err }
		calls["Draft.Discard"] = d.Discard
	}
	return calls
}
