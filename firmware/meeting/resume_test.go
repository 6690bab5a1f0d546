package meeting_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/firmware/meeting"
	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// broken is a meeting that breaks off instead of passing on the n-th message of
// a kind from one end. What both devices send is watched.
func broken(t *testing.T, from int, kind byte, n int) (*scene, *watch) {
	w := &watch{}
	s, alice, bob := play(t, func(s *scene) {
		w.devices = [2]*device{s.alice, s.bob}
		s.cable.seen = w.see
		s.alice.chunk, s.bob.chunk = 128, 128
		s.bob.compare = func(context.Context, [4]string) (bool, error) {
			time.Sleep(time.Minute) // alice is quicker
			return true, nil
		}
		s.cable.tamper = func(p parcel) ([][]byte, bool) {
			if p.from == from && p.kind() == kind {
				if n--; n == 0 {
					return nil, true
				}
			}
			return asItIs(p), false
		}
	})
	s.bob.compare = nil
	for d, e := range map[*device]ended{s.alice: alice, s.bob: bob} {
		if e.err != nil && !errors.Is(e.err, meeting.ErrCable) || e.InUse && kind != 'R' {
			t.Fatalf("%s's meeting ended with %v", d.owner, e)
		}
	}
	return s, w
}

// resumed has them meet again, watched.
func (s *scene) resumed(w *watch) (alice, bob ended) {
	s.cable = newCable()
	s.cable.seen = w.see
	return s.meet(s.Context())
}

func TestABrokenFillingIsGoneOnWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := broken(t, 0, 'J', 3)
		id, done := s.alice.store.Draft().Making().PadID, [2]int64{s.alice.store.Draft().Done(), s.bob.store.Draft().Done()}
		alice, bob := s.resumed(w)
		s.paired(alice, bob, padSize, padSize)
		want := meeting.Resume{Bytes: padSize, Done: min(done[0], done[1]), Bucket: seal.DefaultBucket}
		if s.alice.offered.Resume != want || s.bob.offered.Resume != want || want.Done == 0 || want.Done == padSize {
			t.Errorf("%+v was offered, not %+v", s.alice.offered.Resume, want)
		}
		if p := s.alice.store.Pads()[0]; p.PadID != id {
			t.Error("another pad was made")
		}
	})
}

func TestAnotherSizeBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := broken(t, 0, 'J', 3)
		id := s.alice.store.Draft().Making().PadID
		s.alice.choose = func(context.Context, meeting.Offer) (int64, error) { return padSize + 32, nil }
		alice, bob := s.again()
		s.paired(alice, bob, padSize+32, padSize+32)
		if s.alice.store.Pads()[0].PadID == id {
			t.Error("the same pad was made")
		}
	})
}

// A fresh pad may be as large as the one that was begun: its owner is not told then
// that it goes on.
func TestAFreshPadOfTheSizeThatWasBegunGoesOnWithNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := broken(t, 0, 'J', 3)
		s.cable = newCable()
		s.cable.says(0, 'P', `"resume":true`, `"resume":false`)
		s.meet(t.Context())
		if o := s.bob.offered; s.bob.asked("confirm 4096") != 2 || o.Resume != (meeting.Resume{}) {
			t.Errorf("bob was asked %q, with %+v to go on with", s.bob.did, o.Resume)
		}
	})
}

// A device that began a pad with somebody else, or with whom the other one did
// not, begins anew.
func TestADraftOfOneDeviceAloneIsNotOffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := broken(t, 0, 'J', 3)
		must(t, s.bob.store.Draft().Discard())
		alice, bob := s.resumed(w)
		s.paired(alice, bob, padSize, padSize)
		if s.alice.offered.Resume != (meeting.Resume{}) {
			t.Errorf("%+v", s.alice.offered)
		}
	})
}

func TestADraftWithSomebodyElseStaysUntilAnotherIsBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := broken(t, 0, 'J', 3)
		carol := newDevice(t, "carol", laidUp)
		bob := s.bob
		s.bob, s.alice.choose = carol, cancels
		said := ""
		s.cable = newCable()
		s.cable.seen = func(p parcel) {
			if p.from == 0 {
				said += string(p.raw)
			}
		}
		carol.size = 0
		if a, _ := s.meet(t.Context()); !errors.Is(a.err, meeting.ErrCancelled) {
			t.Error(a)
		}
		if d := s.alice.store.Draft(); d == nil || d.Making().Contact != "bob" {
			t.Error("alice's draft with bob is gone")
		}
		if id := bob.store.Draft().Making().PadID; strings.Contains(said, id) || strings.Contains(said, "bob") {
			t.Errorf("carol is told of bob's pad: %q", said)
		}
	})
}

// What both have checked is not filled or checked again: the owners are asked at
// once.
func TestACheckedPadGoesStraightToTheWords(t *testing.T) {
	for _, stage := range []padstore.Stage{padstore.Checked, padstore.Agreed} {
		t.Run(string(stage), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var w watch
				s, _, _ := play(t, func(s *scene) {
					w.devices = [2]*device{s.alice, s.bob}
					s.cable.seen = w.see
					for _, d := range []*device{s.alice, s.bob} {
						d.compare = func(ctx context.Context, _ [4]string) (bool, error) {
							if stage == padstore.Agreed {
								return true, nil
							}
							return never[bool](ctx)
						}
					}
					dies := func() { s.cable.dead = [2]bool{true, true} }
					s.cable.when(0, 'W', 1, dies)
					s.cable.when(1, 'W', 1, dies)
					time.AfterFunc(time.Minute, s.cable.cut)
				})
				words := s.alice.words
				for _, d := range []*device{s.alice, s.bob} {
					if got := d.store.Draft(); got == nil || got.Stage() != stage {
						t.Fatalf("%s's draft is %v", d.owner, got)
					}
					d.compare = nil
				}
				said := ""
				s.cable = newCable()
				s.cable.seen = func(p parcel) { said += string(p.kind()) }
				alice, bob := s.meet(t.Context())
				s.paired(alice, bob, padSize, padSize)
				if strings.ContainsAny(said, "CKTJ") || s.alice.words != words || s.bob.words != words {
					t.Errorf("%q was said, about %q and %q", said, s.alice.words, s.bob.words)
				}
			})
		})
	}
}

// A pad that one device has prepared is prepared by the other one after both
// owners have seen the words once more. Nothing is filled, no size is asked for.
func TestAPadPreparedOnOneDeviceIsFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := half(t)
		words := s.bob.words
		alice, bob := s.resumed(w)
		s.paired(alice, bob, padSize, padSize)
		if s.alice.words != words || s.bob.words != words || s.alice.asked("compare") != 2 || s.bob.asked("compare") != 2 {
			t.Errorf("the words were %q, and are %q and %q", words, s.alice.words, s.bob.words)
		}
		if s.alice.asked("choose") != 1 {
			t.Error("a size was asked for")
		}
	})
}

// half is a pad that one device has prepared, and the other one has not.
func half(t *testing.T) (*scene, *watch) {
	s, w := broken(t, 1, 'W', 1)
	one, other := s.bob.store.Pads(), s.alice.store.Draft()
	if len(one) != 1 || one[0].State != padstore.Prepared || other == nil || other.Stage() != padstore.Agreed {
		t.Fatalf("%+v, %+v", one, other)
	}
	return s, w
}

func TestAHalfPreparedPadSurvivesAllButDifferent(t *testing.T) {
	for name, c := range map[string]struct {
		compare func(context.Context, [4]string) (bool, error)
		want    error
		kept    bool
	}{
		"cancel":    {func(context.Context, [4]string) (bool, error) { return false, meeting.ErrCancelled }, meeting.ErrCancelled, true},
		"different": {func(context.Context, [4]string) (bool, error) { return false, nil }, meeting.ErrDifferent, false},
	} {
		for _, who := range []string{"alice", "bob"} {
			t.Run(name+" by "+who, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, w := half(t)
					said := s.alice
					if who == "bob" {
						said = s.bob
					}
					said.compare = c.compare
					alice, bob := s.resumed(w)
					for d, e := range map[*device]ended{s.alice: alice, s.bob: bob} {
						if d == said && !errors.Is(e.err, c.want) || e.err == nil {
							t.Errorf("%s's meeting ended with %v", d.owner, e)
						}
						if kept := len(d.store.Pads()) == 1 || d.store.Draft() != nil; kept != c.kept {
							t.Errorf("%s has kept it: %v", d.owner, kept)
						}
					}
					said.compare = nil
					alice, bob = s.resumed(w)
					s.paired(alice, bob, padSize, padSize)
				})
			})
		}
	}
}

// A hello is enough to put a pad to use that both have, and enough for a
// meeting, too.
func TestAPreparedPadIsUsedOnHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := broken(t, 0, 'R', 1)
		states := map[padstore.State]int{}
		for _, d := range []*device{s.alice, s.bob} {
			for _, p := range d.store.Pads() {
				states[p.State]++
			}
		}
		if states[padstore.Prepared] == 0 {
			t.Fatalf("%v", states)
		}
		s.alice.choose, s.bob.choose = cancels, nil
		alice, bob := s.resumed(w)
		s.paired(alice, bob, padSize, padSize)
		if !alice.InUse || !bob.InUse {
			t.Error(alice, bob)
		}
	})
}

// After that, a fresh pad is offered.
func TestAFreshPadTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := broken(t, 0, 'R', 1)
		late, err := padstore.Sealed{}, error(nil)
		for range 2 {
			alice, bob := s.again()
			s.paired(alice, bob, padSize, padSize)
			if late, err = s.bob.store.Seal("alice", "late"); err != nil {
				t.Fatal(err)
			}
		}
		alice, bob := s.again()
		s.paired(alice, bob, padSize, padSize)
		if o, err := s.alice.store.Unseal("bob", late.Package); err != nil || o.Text != "late" {
			t.Error(o, err)
		}
		if s.alice.offered.Known != meeting.Again {
			t.Errorf("%+v", s.alice.offered)
		}
	})
}

// The id of a pad that came by import says something of its bytes: it is told
// to nobody.
func TestAnImportedPadIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said, id := "", ""
		_, alice, bob := play(t, func(s *scene) {
			s.alice.imports(s.bob)
			id = s.alice.store.Pads()[0].PadID
			s.cable.seen = func(p parcel) { said += string(p.raw) }
		})
		if alice.err != nil || bob.err != nil || len(id) < 16 || strings.Contains(said, id) {
			t.Errorf("%v, %v; %q in %q", alice, bob, id, said)
		}
	})
}

// The pad is what both gave last, byte for byte, however often it broke off.
func TestAPadThatBreaksOffAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, w := broken(t, 0, 'J', 1)
		alice, bob := ended{err: meeting.ErrCable}, ended{err: meeting.ErrCable}
		for n := 0; alice.err != nil || bob.err != nil; n++ {
			s.cable = newCable()
			s.cable.seen = w.see
			if n < 12 {
				s.cable.when(n%2, 'J', 1, func() { s.cable.dead = [2]bool{true, true} })
			}
			alice, bob = s.meet(t.Context())
		}
		pad, both := s.bob.padBytes(), make([]byte, padSize)
		for i := range both {
			both[i] = w.streams[0][i] ^ w.streams[1][i]
		}
		if len(s.alice.store.Pads()) != 1 || !bytes.Equal(both, pad) {
			t.Error("the pad is not what both gave last")
		}
		s.paired(alice, bob, padSize, padSize)
	})
}

// A pad that came here on a stick since, under the very id that both are about to
// prepare, is no fault of the device: both owners are told why there is no pad.
func TestAPadThatIsKnownByNowIsNotPrepared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := broken(t, 0, 'W', 1)
		s.alice.importsAs(s.alice.store.Draft().Making().PadID)
		alice, bob := s.again()
		if !errors.Is(alice.err, meeting.ErrKnownPad) || !errors.Is(bob.err, meeting.ErrKnownPad) && bob.err != nil {
			t.Error(alice, bob)
		}
		if err := s.alice.store.Fault(); err != nil {
			t.Error(err)
		}
	})
}

// importsAs moves a pad with carol to a device whose metadata say that it has
// this id.
func (d *device) importsAs(id string) {
	d.t.Helper()
	stick := durabletest.New(1)
	g := padstore.Generation{A: d.owner, B: "carol", Bytes: padSize, Suite: seal.Unconditional, Bucket: seal.DefaultBucket, Source: "random"}
	must(d.t, padstore.Generate(stick, g, padtest.Stream("stick"), nil))
	name := d.owner + ".carol.random.metadata"
	text := stick.Bytes(name)
	text = text[bytes.IndexByte(text, '{'):]
	var meta map[string]any
	must(d.t, json.NewDecoder(bytes.NewReader(text)).Decode(&meta))
	meta["pad_id"] = id
	delete(meta, "checksum")
	text, err := json.Marshal(meta)
	must(d.t, err)
	stick.Put(name, text)
	_, err = d.store.Import(stick, "stick", nil)
	must(d.t, err)
}
