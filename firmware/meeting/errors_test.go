package meeting_test

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/firmware/meeting"
	"onetimechat/padstore"
)

// reframe is a frame with another payload.
func reframe(kind byte, payload []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(payload))), payload...)
}

// says changes what the first frame of a kind says that comes from one end.
func (c *cable) says(from int, kind byte, old, new string) {
	done := false
	c.tamper = func(p parcel) ([][]byte, bool) {
		if p.from != from || p.kind() != kind || done {
			return asItIs(p), false
		}
		done = true
		payload := strings.Replace(string(p.raw[5:]), old, new, 1)
		if old == whole {
			payload = new
		}
		if payload == string(p.raw[5:]) {
			panic(fmt.Sprintf("%s is not in %s", old, payload))
		}
		return [][]byte{reframe(kind, []byte(payload))}, false
	}
}

// alters flips a bit of the first frame of a kind from bob, at a position
// counted from its end.
func (c *cable) alters(kind byte, at int) {
	done := false
	c.tamper = func(p parcel) ([][]byte, bool) {
		if p.from == 1 && p.kind() == kind && !done {
			done = true
			p.raw[len(p.raw)+at] ^= 1
		}
		return asItIs(p), false
	}
}

// bobSpoils has the two devices' noise make a pad in which a cell is as given.
func (s *scene) bobSpoils(at int, cell string) {
	want, err := hex.DecodeString(cell)
	must(s, err)
	alices, bobs := make([]byte, laidUp), make([]byte, laidUp)
	_, _ = io.ReadFull(s.alice.stream, alices)
	_, _ = io.ReadFull(s.bob.stream, bobs)
	// A reservoir is taken from its end on: a nonce, a key, and the pieces.
	from := laidUp - 48 - pieceSize*(at/pieceSize+1) + at%pieceSize
	subtle.XORBytes(bobs[from:], alices[from:from+16], want)
	for d, noise := range map[*device][]byte{s.alice: alices, s.bob: bobs} {
		must(s, d.drain())
		d.stream = bytes.NewReader(noise)
		d.layUp(laidUp)
	}
}

func TestEveryErrorShowsOnTheRightSides(t *testing.T) {
	for _, c := range []struct {
		name         string
		setUp        func(s *scene)
		alice, bob   error
		alicesDrafts bool
		bobsDrafts   bool
		says         string // somewhere in bob's error
	}{
		{"both have the same name", func(s *scene) {
			s.bob = newDeviceOf(t, "alice", "another's noise", laidUp)
		}, meeting.ErrSameName, meeting.ErrSameName, false, false, ""},
		{"the other one has our id", func(s *scene) {
			s.cable.says(1, 'H', s.bob.store.DeviceID(), s.alice.store.DeviceID())
		}, meeting.ErrMirror, meeting.ErrMirror, false, false, ""},
		{"a digit of the other one's id is altered", func(s *scene) {
			id := s.bob.store.DeviceID()
			other := "0" + id[1:]
			if id[0] == '0' {
				other = "1" + id[1:]
			}
			s.cable.says(1, 'H', id, other)
		}, meeting.ErrGarbled, meeting.ErrGarbled, false, false, "the hellos changed on their way"},
		{"another version", func(s *scene) {
			s.cable.tamper = func(p parcel) ([][]byte, bool) {
				if p.index == 0 {
					p.raw[15]++
				}
				return asItIs(p), false
			}
		}, meeting.ErrVersion, meeting.ErrVersion, false, false, "it speaks version 2, this one version 1"},
		{"alice's card is full", func(s *scene) {
			s.alice.disk.Capacity(s.alice.disk.Used() + 4<<20 + meeting.MinBytes - 32)
		}, padstore.ErrFull, meeting.ErrTheyFail, false, false, "its card is full"},
		{"bob's card is full", func(s *scene) {
			s.bob.disk.Capacity(s.bob.disk.Used() + 4<<20 + meeting.MinBytes - 32)
		}, meeting.ErrTheyFail, padstore.ErrFull, false, false, ""},
		{"alice's card fills up", func(s *scene) {
			s.cable.when(0, 'C', 3, func() { s.alice.disk.Capacity(s.alice.disk.Used()) })
		}, padstore.ErrFull, meeting.ErrTheyFail, true, true, "its card is full"},
		{"alice's card fails", func(s *scene) {
			s.cable.when(0, 'C', 3, func() { s.alice.disk.CutAt(1) }) // for good: a read is tried again
		}, padstore.ErrFault, meeting.ErrTheyFail, true, true, "its card has failed"},
		{"alice has no randomness", func(s *scene) { must(t, s.alice.drain()) },
			meeting.ErrNoNoise, meeting.ErrTheyFail, false, false, "it has no randomness to give"},
		{"alice has none to make the check's key of", func(s *scene) {
			must(t, s.alice.drain())
			s.alice.layUp(32)
		}, meeting.ErrNoNoise, meeting.ErrTheyFail, true, true, "it has no randomness to give"},
		{"alice's randomness ends in the middle", func(s *scene) {
			must(t, s.alice.drain())
			s.alice.layUp(padSize / 2)
		}, meeting.ErrNoNoise, meeting.ErrTheyFail, true, true, "it has no randomness to give"},
		{"alice's noise fails while she waits for it", func(s *scene) {
			must(t, s.alice.drain())
			s.alice.layUp(padSize / 2)
			s.alice.flows(nil)
			time.AfterFunc(time.Minute, func() { s.alice.flows(errNoMore) })
		}, meeting.ErrNoNoise, meeting.ErrTheyFail, true, true, "it has no randomness to give"},
		{"alice wants what cannot be", func(s *scene) { s.alice.size = padSize + 16 },
			nil, meeting.ErrTheyFail, false, false, "the other device stopped"},
		{"alice wants more than fits", func(s *scene) { s.alice.size = 1 << 50 },
			nil, meeting.ErrTheyFail, false, false, "the other device stopped"},
		{"alice is gone from the screen", func(s *scene) {
			s.alice.choose = func(context.Context, meeting.Offer) (int64, error) { return 0, errors.New("nobody there") }
		}, nil, meeting.ErrTheyFail, false, false, "the other device stopped"},
		{"bob's contribution is alice's", func(s *scene) {
			must(t, s.bob.drain())
			s.bob.layUp(48) // a nonce, a key
			s.bob.flows(nil)
			time.AfterFunc(time.Second, func() { s.bob.layUp(padSize) })
			s.alice.chunk, s.bob.chunk = padSize, padSize
			var alices []byte
			s.cable.tamper = func(p parcel) ([][]byte, bool) {
				if p.kind() == 'C' && p.from == 0 {
					_, alices = contribution(p.raw)
				} else if p.kind() == 'C' {
					_, b := contribution(p.raw)
					copy(b[padSize-16:], alices[padSize-16:]) // one cell
				}
				return asItIs(p), false
			}
		}, meeting.ErrMirror, meeting.ErrMirror, false, false, ""},
		{"what bob gives makes a lane without a hash key", func(s *scene) { s.bobSpoils(0, "000000f0030000f0030000f0030000f0") },
			meeting.ErrGarbled, meeting.ErrGarbled, false, false, "without a hash key"},
		{"what bob gives makes his own lane one", func(s *scene) { s.bobSpoils(padSize-16, "f0000003f0000003f0000003f0000000") },
			meeting.ErrGarbled, meeting.ErrGarbled, false, false, "without a hash key"},
		{"a byte of a contribution is altered", func(s *scene) { s.cable.alters('C', -100) },
			meeting.ErrTheirs, meeting.ErrTheirs, false, false, ""},
		{"a byte of the key is altered", func(s *scene) { s.cable.alters('K', -1) },
			meeting.ErrTheirs, meeting.ErrTheirs, false, false, ""},
		{"the cable is pulled", func(s *scene) {
			s.cable.when(0, 'C', 3, func() { s.cable.cut() })
		}, meeting.ErrCable, meeting.ErrCable, true, true, ""},
		{"alice falls silent", func(s *scene) {
			s.cable.when(0, 'J', 1, func() { s.cable.dead[0] = true })
		},
			meeting.ErrStalled, meeting.ErrStalled, true, true, ""},
		{"both fall silent", func(s *scene) {
			s.cable.when(0, 'J', 1, func() { s.cable.dead = [2]bool{true, true} })
		},
			meeting.ErrStalled, meeting.ErrStalled, true, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, alice, bob := play(t, c.setUp)
				if c.alice == nil && alice.err == nil || !errors.Is(bob.err, c.bob) || !strings.Contains(fmt.Sprint(bob.err), c.says) {
					t.Errorf("alice: %v\nbob: %v", alice, bob)
				}
				if c.alice != nil {
					s.wants(s.alice, alice, c.alice, c.alicesDrafts)
				}
				s.wants(s.bob, bob, c.bob, c.bobsDrafts)
			})
		})
	}
}

// Who gives last could have the pad look burned: the device would burn past all of
// it before it answered anybody, and its watchdog take that for a hang.
func TestPadThatLooksBurnedIsRefused(t *testing.T) {
	for _, at := range []int{0, 1040, padSize - 16} {
		synctest.Test(t, func(t *testing.T) {
			s, alice, bob := play(t, func(s *scene) { s.bobSpoils(at, strings.Repeat("55", 16)) })
			for d, e := range map[*device]ended{s.alice: alice, s.bob: bob} {
				want := meeting.ErrGarbled
				if errors.Is(e.err, meeting.ErrTheyFail) { // it heard of it before it saw it
					want = meeting.ErrTheyFail
				}
				s.wants(d, e, want, false)
			}
		})
	}
}

func TestACableThatLeadsBackIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alice := newDevice(t, "alice", laidUp)
		here, there := net.Pipe()
		go func() {
			_, _ = io.Copy(there, there)
			there.Close()
		}()
		if _, err := meeting.Run(t.Context(), here, alice.config()); !errors.Is(err, meeting.ErrMirror) {
			t.Error(err)
		}
	})
}

func TestAnotherPersonOfAKnownNameIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, alice, bob := play(t, nil)
		must(t, errors.Join(alice.err, bob.err))
		s.bob = newDeviceOf(t, "bob", "another's noise", laidUp)
		s.bob.size = 0
		alice, bob = s.again()
		if !errors.Is(alice.err, meeting.ErrOtherOne) {
			t.Error(alice)
		}
		s.wants(s.bob, bob, meeting.ErrTheyFail, false)
		if !strings.Contains(bob.err.Error(), "it knows another device by this name") {
			t.Error(bob)
		}
		if s.alice.asked("choose")+s.bob.asked("choose") != 1 { // of the first meeting
			t.Error("a size was asked for")
		}
	})
}

// nonces has the devices say the same at the next meeting as at this one, as
// broken noise or a copied card would.
func nonces(s *scene, c *cable) (repeat func()) {
	said := map[int][]byte{}
	c.seen = func(p parcel) {
		if p.kind() == 'H' {
			var h struct{ Nonce string }
			must(s, json.Unmarshal(p.raw[5:], &h))
			said[p.from], _ = hex.DecodeString(h.Nonce)
		}
	}
	return func() {
		for i, d := range []*device{s.alice, s.bob} {
			must(s, d.store.Reservoir().Add(said[i], []padstore.Origin{{Name: "broken"}}))
		}
	}
}

func TestAPadIsNeverMadeTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var repeat func()
		s, alice, bob := play(t, func(s *scene) { repeat = nonces(s, s.cable) })
		must(t, errors.Join(alice.err, bob.err))
		repeat()
		alice, bob = s.again()
		if !errors.Is(alice.err, meeting.ErrKnownPad) || !errors.Is(bob.err, meeting.ErrKnownPad) {
			t.Error(alice, bob)
		}
		if len(s.alice.store.Pads()) != 1 || s.alice.store.Draft() != nil || s.alice.asked("choose") != 1 {
			t.Error("something was begun")
		}
	})
}

// A pad in the making is known, too, and so is one that was thrown away after it
// had been prepared.
func TestADraftAndADiscardedPadAreKnown(t *testing.T) {
	for name, until := range map[string]byte{"a draft": 'J', "a discarded pad": 'R'} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var repeat func()
				s, _, _ := play(t, func(s *scene) {
					repeat = nonces(s, s.cable)
					dies := func() { s.cable.dead = [2]bool{true, true} }
					s.cable.when(0, until, 1, dies)
					s.cable.when(1, until, 1, dies)
				})
				for _, d := range []*device{s.alice, s.bob} {
					for _, p := range d.store.Pads() {
						must(t, d.store.Discard(p.Number, nil))
					}
				}
				if d := s.bob.store.Draft(); d != nil && until == 'R' {
					must(t, d.Discard())
				}
				repeat()
				alice, bob := s.again()
				if !errors.Is(alice.err, meeting.ErrKnownPad) || !errors.Is(bob.err, meeting.ErrKnownPad) {
					t.Error(alice, bob)
				}
			})
		})
	}
}

func TestAMeetingEndsWithItsContext(t *testing.T) {
	for _, kind := range []byte{'H', 'P', 'C', 'T'} {
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				s := &scene{T: t, alice: newDevice(t, "alice", laidUp), bob: newDevice(t, "bob", laidUp), cable: newCable()}
				s.bob.size = 0
				s.bob.confirm = func(ctx context.Context, _ meeting.Offer, _ int64) error {
					time.Sleep(time.Minute)
					return nil
				}
				s.alice.compare = func(ctx context.Context, _ [4]string) (bool, error) { return never[bool](ctx) }
				var at time.Time
				s.cable.when(0, kind, 1, func() {
					at = time.Now()
					cancel()
				})
				a, b := s.alice.config(), s.bob.config()
				ends := make(chan error, 2)
				go func() {
					_, err := meeting.Run(t.Context(), s.cable.ends[1], b)
					ends <- err
				}()
				s.cable.run()
				_, err := meeting.Run(ctx, s.cable.ends[0], a)
				if !errors.Is(err, context.Canceled) || time.Since(at) > 2*time.Second {
					t.Errorf("%v after %v: %v", kind, time.Since(at), err)
				}
				if err := <-ends; !errors.Is(err, meeting.ErrTheyFail) && !errors.Is(err, meeting.ErrCable) {
					t.Error(err)
				}
				s.cable.wait()
			})
		})
	}
}
