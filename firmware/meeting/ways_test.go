package meeting_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/firmware/meeting"
	"onetimechat/padstore"
)

// scene is a meeting of two fresh devices, of whom alice chooses, unless a
// test sets it up otherwise.
type scene struct {
	*testing.T
	alice, bob *device
	cable      *cable
	patience   time.Duration // after which both owners cancel
}

// play sets a meeting up, has it happen, and answers how it ended.
func play(t *testing.T, setUp func(s *scene)) (s *scene, alice, bob ended) {
	s = &scene{T: t, alice: newDevice(t, "alice", laidUp), bob: newDevice(t, "bob", laidUp), cable: newCable(), patience: 5 * time.Minute}
	s.bob.size = 0
	if setUp != nil {
		setUp(s)
	}
	alice, bob = s.meet(t.Context())
	return s, alice, bob
}

// meet has the two meet, and ends what hangs.
func (s *scene) meet(ctx context.Context) (alice, bob ended) {
	a, b := s.alice.config(), s.bob.config()
	defer soon(s.patience, s.alice, s.bob)()
	return meetAs(ctx, a, b, s.cable.run())
}

// again has them meet once more over a sound cable.
func (s *scene) again() (alice, bob ended) {
	s.cable = newCable()
	return s.meet(s.Context())
}

// wants checks how a meeting ended.
func (s *scene) wants(d *device, e ended, want error, draft bool) {
	s.Helper()
	if !errors.Is(e.err, want) || e.Result != (meeting.Result{}) {
		s.Errorf("%s's meeting ended with %v, not with %v", d.owner, e, want)
	}
	if has := d.store.Draft() != nil; has != draft {
		s.Errorf("%s has a draft: %v", d.owner, has)
	}
	if n := len(d.store.Pads()); n > 0 {
		s.Errorf("%s has %d pads", d.owner, n)
	}
}

// when does something once, with the n-th frame of a kind from one end, counted
// from 1, before it is passed on.
func (c *cable) when(from int, kind byte, n int, do func()) {
	before := c.tamper
	c.tamper = func(p parcel) ([][]byte, bool) {
		if p.from == from && p.kind() == kind {
			if n--; n == 0 {
				do()
			}
		}
		if before != nil {
			return before(p)
		}
		return asItIs(p), false
	}
}

// never is what somebody answers who never does.
func never[T any](ctx context.Context) (none T, err error) {
	<-ctx.Done()
	return none, ctx.Err()
}

func cancels(context.Context, meeting.Offer) (int64, error) { return 0, meeting.ErrCancelled }

func TestEitherMayCancelAtAnyTime(t *testing.T) {
	for _, c := range []struct {
		name  string
		setUp func(s *scene)
		who   string // cancels
	}{
		{"alice, while the other one has not said who it is", func(s *scene) {
			must(t, s.bob.drain())
			s.bob.flows(nil)
			time.AfterFunc(time.Minute, func() { s.alice.wishes <- meeting.Cancel })
		}, "alice"},
		{"bob, while he has no randomness for a name", func(s *scene) {
			must(t, s.bob.drain())
			s.bob.flows(nil)
			time.AfterFunc(time.Minute, func() { s.bob.wishes <- meeting.Cancel })
		}, "bob"},
		{"alice, asked for the size", func(s *scene) { s.alice.choose = cancels }, "alice"},
		{"bob, asked for the size", func(s *scene) { s.alice.size, s.bob.choose = 0, cancels }, "bob"},
		{"bob, asked to confirm", func(s *scene) {
			s.bob.confirm = func(context.Context, meeting.Offer, int64) error { return meeting.ErrCancelled }
		}, "bob"},
		{"alice, while bob is asked to confirm", func(s *scene) {
			s.bob.confirm = func(ctx context.Context, _ meeting.Offer, _ int64) error {
				s.alice.wishes <- meeting.Cancel
				_, err := never[int](ctx)
				return err
			}
		}, "alice"},
		{"alice, while it fills", func(s *scene) {
			s.cable.when(0, 'C', 3, func() { s.alice.wishes <- meeting.Cancel })
		}, "alice"},
		{"bob, while it fills", func(s *scene) {
			s.cable.when(0, 'C', 3, func() { s.bob.wishes <- meeting.Cancel })
		}, "bob"},
		{"alice, at the comparison", func(s *scene) {
			s.cable.when(1, 'T', 1, func() { s.alice.wishes <- meeting.Cancel })
		}, "alice"},
		{"alice, asked about the words", func(s *scene) {
			s.alice.compare = func(context.Context, [4]string) (bool, error) { return false, meeting.ErrCancelled }
		}, "alice"},
		{"bob, asked about the words, after alice said same", func(s *scene) {
			s.bob.compare = func(ctx context.Context, _ [4]string) (bool, error) {
				time.Sleep(time.Minute)
				return false, meeting.ErrCancelled
			}
		}, "bob"},
		{"bob, by a wish while he is asked about the words", func(s *scene) {
			s.bob.compare = func(ctx context.Context, _ [4]string) (bool, error) {
				s.bob.wishes <- meeting.Cancel
				return never[bool](ctx)
			}
		}, "bob"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, alice, bob := play(t, c.setUp)
				ends := map[string]error{"alice": meeting.ErrTheyCancel, "bob": meeting.ErrTheyCancel}
				ends[c.who] = meeting.ErrCancelled
				s.wants(s.alice, alice, ends["alice"], false)
				s.wants(s.bob, bob, ends["bob"], false)
			})
		})
	}
}

// Who has said "same" may have been taken at their word: from then on Cancel
// ends the meeting, and keeps this end of the pad until it is known what became
// of the other one.
func TestCancelAfterSameKeepsThePadUntilTheNextMeeting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, alice, bob := play(t, func(s *scene) {
			s.bob.compare = func(ctx context.Context, _ [4]string) (bool, error) {
				time.Sleep(time.Minute) // alice has said same by now
				s.alice.wishes <- meeting.Cancel
				return never[bool](ctx)
			}
		})
		s.wants(s.alice, alice, meeting.ErrCancelled, true)
		s.wants(s.bob, bob, meeting.ErrTheyCancel, false)
		s.bob.compare = nil
		alice, bob = s.again()
		if alice.err != nil || bob.err != nil || s.alice.offered.Resume.Bytes != 0 {
			t.Errorf("they meet again: %v, %v, %+v", alice, bob, s.alice.offered)
		}
		wellPaired(t, s.alice, s.bob)
	})
}

func TestDifferentThrowsThePadAwayOnBoth(t *testing.T) {
	different := func(context.Context, [4]string) (bool, error) { return false, nil }
	late := func(context.Context, [4]string) (bool, error) {
		time.Sleep(time.Minute)
		return false, nil
	}
	for _, c := range []struct {
		name       string
		alice, bob func(context.Context, [4]string) (bool, error)
	}{
		{"alice", different, nil},
		{"bob", nil, different},
		{"both", different, different},
		{"alice, after bob said same", late, nil},
		{"bob, after alice said same", nil, late},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, alice, bob := play(t, func(s *scene) { s.alice.compare, s.bob.compare = c.alice, c.bob })
				s.wants(s.alice, alice, meeting.ErrDifferent, false)
				s.wants(s.bob, bob, meeting.ErrDifferent, false)
			})
		})
	}
}

func TestTheSmallerDeviceIDHasChosen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, sizes := range [][2]int64{{padSize, padSize}, {padSize, 2 * padSize}, {2 * padSize, padSize}} {
			s, alice, bob := play(t, func(s *scene) {
				s.alice.size, s.bob.size = sizes[0], sizes[1]
				s.cable.slow = [2]time.Duration{time.Second, time.Second} // both have tapped by the time they hear
			})
			first, second, want := s.alice, s.bob, sizes[0]
			if s.bob.store.DeviceID() < s.alice.store.DeviceID() {
				first, second, want = s.bob, s.alice, sizes[1]
			}
			if alice.err != nil || bob.err != nil || alice.Bytes != want || bob.Bytes != want {
				t.Fatalf("%v: %v, %v", sizes, alice, bob)
			}
			asked := 0
			if sizes[0] != sizes[1] {
				asked = 1
			}
			if n := first.asked("confirm"); n != 0 {
				t.Errorf("%v: %s is asked to confirm", sizes, first.owner)
			}
			if n := second.asked("confirm"); n != asked {
				t.Errorf("%v: %s is asked to confirm %d times", sizes, second.owner, n)
			}
		}
	})
}

// A tap that comes with the other owner's choice counts as a yes if both want
// the same.
func TestAChoiceThatCrossesTheOthersIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for size, confirms := range map[int64]int{padSize: 0, 2 * padSize: 1} {
			s, alice, bob := play(t, func(s *scene) {
				s.bob.choose = func(ctx context.Context, _ meeting.Offer) (int64, error) {
					<-ctx.Done()
					return size, nil // the finger was first
				}
			})
			if alice.err != nil || bob.err != nil || bob.Bytes != padSize || s.bob.asked("confirm") != confirms {
				t.Errorf("%v, %v, %v", alice, bob, s.bob.did)
			}
		}
	})
}

func TestTheOfferIsWhatBothHave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, alice, bob := play(t, func(s *scene) {
			s.alice.disk.Capacity(s.alice.disk.Used() + 5<<20)
			s.alice.rate, s.bob.rate = 1000, 0.5
			must(t, s.bob.drain())
			s.bob.layUp(2 * padSize)
		})
		if alice.err != nil || bob.err != nil {
			t.Fatal(alice, bob)
		}
		o := s.alice.offered
		if o.Contact != "bob" || o.Known != meeting.Stranger || o.Rate != 0.5 || o.Resume != (meeting.Resume{}) {
			t.Errorf("%+v", o)
		}
		if o.Most <= 0 || o.Most > 1<<20 || o.Most%32 != 0 {
			t.Errorf("at most %d bytes on a card with room for 1 MiB", o.Most)
		}
		// A nonce and the key of the check are taken off.
		if o.Ready != 2*padSize-64 {
			t.Errorf("%d bytes are ready", o.Ready)
		}
		if alice, bob = s.again(); alice.err == nil || !errors.Is(alice.err, meeting.ErrNoNoise) && !errors.Is(bob.err, meeting.ErrNoNoise) {
			t.Errorf("with half of a pad's randomness: %v, %v", alice, bob)
		}
		if o := s.alice.offered; o.Known != meeting.Again || o.Ready >= padSize {
			t.Errorf("%+v", o)
		}
	})
}

func TestAnImportedPadProvesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, alice, bob := play(t, func(s *scene) { s.alice.imports(s.bob) })
		if alice.err != nil || bob.err != nil || s.alice.offered.Known != meeting.Unproven || s.bob.offered.Known != meeting.Stranger {
			t.Errorf("%v, %v, %+v", alice, bob, s.alice.offered)
		}
		if p := s.alice.store.Pads(); len(p) != 2 || p[0].State != padstore.InUse || p[1].State != padstore.Retired {
			t.Errorf("%+v", p)
		}
	})
}
