package meeting_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/firmware/meeting"
	"onetimechat/padstore"
)

// paired checks that two made a pad of so many bytes, at least and at most.
func (s *scene) paired(alice, bob ended, least, most int64) {
	s.Helper()
	if alice.err != nil || bob.err != nil || alice.Bytes != bob.Bytes || alice.Bytes < least || alice.Bytes > most || alice.Bytes%32 != 0 {
		s.Fatalf("%v, %v, not of %d to %d bytes", alice, bob, least, most)
	}
	wellPaired(s, s.alice, s.bob)
}

func TestFillingStopsWithWhatThereIs(t *testing.T) {
	const large = 5 * padSize
	slow := func(d *device) { // no more noise than for this
		must(t, d.drain())
		d.layUp(48 + padSize + 1536)
		d.flows(nil)
	}
	for _, c := range []struct {
		name        string
		setUp       func(s *scene)
		least, most int64
	}{
		{"alice", func(s *scene) { s.cable.when(0, 'C', 12, func() { s.alice.wishes <- meeting.Stop }) }, meeting.MinBytes, 30 * pieceSize},
		{"bob", func(s *scene) { s.cable.when(0, 'C', 12, func() { s.bob.wishes <- meeting.Stop }) }, meeting.MinBytes, 30 * pieceSize},
		{"both", func(s *scene) {
			s.cable.when(0, 'C', 12, func() {
				s.alice.wishes <- meeting.Stop
				s.bob.wishes <- meeting.Stop
			})
		}, meeting.MinBytes, 30 * pieceSize},
		{"alice twice, with much on its way", func(s *scene) {
			s.cable.when(0, 'C', 12, func() {
				s.alice.wishes <- meeting.Stop
				s.alice.wishes <- meeting.Stop
			})
		}, meeting.MinBytes, 30 * pieceSize},
		{"too early", func(s *scene) { s.cable.when(0, 'C', 1, func() { s.alice.wishes <- meeting.Stop }) }, meeting.MinBytes, 12 * pieceSize},
		{"when it is all but over", func(s *scene) {
			s.cable.when(0, 'C', large/pieceSize, func() { s.alice.wishes <- meeting.Stop })
		}, large - 6*pieceSize, large},
		{"when it is over on one", func(s *scene) {
			s.cable.when(1, 'K', 1, func() { s.alice.wishes <- meeting.Stop })
		}, large, large},
		{"alice, waiting for bob's noise", func(s *scene) {
			slow(s.bob)
			time.AfterFunc(time.Minute, func() { s.alice.wishes <- meeting.Stop })
		}, padSize + 1536, padSize + 1536},
		{"bob, waiting for his noise", func(s *scene) {
			slow(s.bob)
			time.AfterFunc(time.Minute, func() { s.bob.wishes <- meeting.Stop })
		}, padSize + 1536, padSize + 1536},
		{"twice", func(s *scene) {
			slow(s.bob)
			time.AfterFunc(time.Minute, func() {
				s.bob.wishes <- meeting.Stop
				s.bob.wishes <- meeting.Stop
			})
		}, padSize + 1536, padSize + 1536},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, alice, bob := play(t, func(s *scene) {
					s.alice.size = large
					c.setUp(s)
				})
				s.paired(alice, bob, c.least, c.most)
			})
		})
	}
}

// Stop with hardly anything there waits for the smallest pad.
func TestStoppingWaitsForTheSmallestPad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, alice, bob := play(t, func(s *scene) {
			s.alice.size = 5 * padSize
			must(t, s.bob.drain())
			s.bob.layUp(48 + 640)
			s.bob.flows(nil)
			time.AfterFunc(time.Minute, func() { s.alice.wishes <- meeting.Stop })
			time.AfterFunc(2*time.Minute, func() { s.bob.layUp(2 * padSize) })
		})
		s.paired(alice, bob, meeting.MinBytes, meeting.MinBytes)
	})
}

// Noise may come so slowly that a pad takes days: what there is goes its way
// after 10 seconds, and both devices know all the time that the other is there.
func TestSlowNoiseFillsAPadInItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		pieces := 0
		over := make(chan struct{})
		defer close(over)
		s, alice, bob := play(t, func(s *scene) {
			must(t, s.bob.drain())
			s.bob.flows(nil)
			s.patience = 24 * time.Hour
			trickle := time.NewTicker(time.Minute)
			go func() {
				for {
					select {
					case <-trickle.C:
						s.bob.layUp(48)
					case <-over:
						return
					}
				}
			}()
			s.cable.tamper = func(p parcel) ([][]byte, bool) {
				if p.kind() == 'C' && p.from == 1 {
					pieces++
				}
				return asItIs(p), false
			}
			s.alice.chunk, s.bob.chunk = padSize, padSize
		})
		s.paired(alice, bob, padSize, padSize)
		took := time.Since(began)
		if took < time.Hour || took > 4*time.Hour || pieces < 20 {
			t.Errorf("it took %v, in %d pieces", took, pieces)
		}
		if n := len(s.alice.shown); n == 0 || float64(n) > 4*took.Seconds() {
			t.Errorf("progress was shown %d times", n)
		}
		last := s.alice.shown[len(s.alice.shown)-1]
		if last.Done != padSize || last.Total != padSize || last.Left != 0 || last.Contact != "bob" {
			t.Errorf("the last progress is %+v", last)
		}
		sound := 0
		for _, p := range s.alice.shown[len(s.alice.shown)/4:] {
			if p.Rate > 0.2 && p.Rate < 3 && p.Left < 6*time.Hour {
				sound++
			}
		}
		if sound < len(s.alice.shown)/4 {
			t.Errorf("the rate is right %d times of %d", sound, len(s.alice.shown))
		}
	})
}

// Noise that comes quickly is given in whole pieces: each costs some writes to
// the card.
func TestQuickNoiseIsGivenInWholePieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, alice, bob := play(t, func(s *scene) {
			must(t, s.bob.drain())
			s.bob.layUp(48)
			s.bob.flows(nil)
			go func() {
				for range padSize / 64 { // a piece in 8 s
					time.Sleep(time.Second)
					s.bob.layUp(64)
				}
			}()
			s.cable.tamper = func(p parcel) ([][]byte, bool) {
				if p.kind() == 'C' {
					if _, b := contribution(p.raw); len(b) != pieceSize {
						t.Errorf("a piece of %d bytes", len(b))
					}
				}
				return asItIs(p), false
			}
		})
		s.paired(alice, bob, padSize, padSize)
	})
}

func TestProgressIsShownAtMostFourTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, alice, bob := play(t, func(s *scene) {
			s.alice.size = 5 * padSize
			s.cable.slow = [2]time.Duration{10 * time.Millisecond, 10 * time.Millisecond}
			var last time.Time
			s.alice.shows = func(p meeting.Progress) {
				if time.Since(last) < 249*time.Millisecond && p.Done != p.Total {
					t.Errorf("shown after %v", time.Since(last))
				}
				last = time.Now()
			}
		})
		s.paired(alice, bob, 5*padSize, 5*padSize)
		if len(s.alice.shown) < 3 {
			t.Errorf("progress was shown %d times", len(s.alice.shown))
		}
	})
}

// A device that is behind, for its noise or its card, holds the other one up:
// no more than some pieces are ever under way.
func TestAContributionIsNeverFarAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent, most int64
		s, alice, bob := play(t, func(s *scene) {
			s.alice.size = 5 * padSize
			must(t, s.bob.drain())
			s.bob.layUp(48)
			s.bob.flows(nil)
			time.AfterFunc(time.Minute, func() { s.bob.layUp(6 * padSize) })
			s.cable.tamper = func(p parcel) ([][]byte, bool) {
				if p.kind() == 'C' && p.from == 0 {
					sent += pieceSize
				} else if p.kind() == 'J' && p.from == 1 {
					sent -= pieceSize
				}
				most = max(most, sent)
				return asItIs(p), false
			}
		})
		s.paired(alice, bob, 5*padSize, 5*padSize)
		if most != 6*pieceSize {
			t.Errorf("alice was %d bytes ahead", most)
		}
	})
}

func TestAPeerThatSendsMoreThanWasAskedForIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, alice, bob := play(t, func(s *scene) {
			s.alice.size = 5 * padSize
			must(t, s.alice.drain())
			s.alice.layUp(48) // it joins nothing
			s.alice.flows(nil)
			s.cable.tamper = func(p parcel) ([][]byte, bool) {
				if p.kind() == 'C' && p.from == 1 {
					if at, _ := contribution(p.raw); at == 5*pieceSize {
						seventh := append([]byte(nil), p.raw...)
						seventh[5+6] += 2 // 512 bytes on
						return [][]byte{p.raw, seventh}, false
					}
				}
				return asItIs(p), false
			}
		})
		s.wants(s.alice, alice, meeting.ErrGarbled, false)
		s.wants(s.bob, bob, meeting.ErrTheyFail, false)
	})
}

// Pieces of two devices need not be of one size.
func TestPiecesOfAnySizeAreJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, sizes := range [][2]int{{512, 96}, {96, 512}, {0, 32}, {3000, 1 << 30}} {
			s, alice, bob := play(t, func(s *scene) { s.alice.chunk, s.bob.chunk = sizes[0], sizes[1] })
			s.paired(alice, bob, padSize, padSize)
		}
	})
}

// Noise of another source that comes meanwhile lies over what was laid up before, and
// is taken by turns with it: that ends no meeting.
func TestSourcesMayChangeWhileAPadIsMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, alice, bob := play(t, func(s *scene) {
			s.alice.size = 5 * padSize
			s.cable.seen = func(p parcel) {
				if p.kind() == 'J' && p.from == 1 {
					s.alice.layUpOf("another", 64)
				}
			}
		})
		s.paired(alice, bob, 5*padSize, 5*padSize)
	})
}

func TestTheProposersBucketIsThePads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, alice, bob := play(t, func(s *scene) { s.alice.bucket, s.bob.bucket = 48, 64 })
		s.paired(alice, bob, padSize, padSize)
		for _, d := range []*device{s.alice, s.bob} {
			if p := d.store.Pads()[0]; p.Bucket != 48 {
				t.Errorf("%s's bucket is %d", d.owner, p.Bucket)
			}
		}
		if s.bob.offered.Bucket != 48 {
			t.Errorf("bob is asked about a bucket of %d", s.bob.offered.Bucket)
		}
	})
}

// Over TCP, with pieces as large as they are on a device, and the cable's end
// only after both have read the last word.
func TestTwoDevicesMeetOverLoopback(t *testing.T) {
	const large = 3<<20 + 32
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	here, err := net.Dial("tcp", l.Addr().String())
	must(t, err)
	there, err := l.Accept()
	must(t, err)
	s := &scene{T: t, alice: newDevice(t, "alice", large+laidUp), bob: newDevice(t, "bob", large+laidUp)}
	s.alice.size, s.bob.size, s.alice.chunk, s.bob.chunk = large, 0, 0, 0
	alice, bob := meetAs(t.Context(), s.alice.config(), s.bob.config(), &cable{ends: [2]net.Conn{here, there}})
	s.paired(alice, bob, large, large)
	for _, conn := range []net.Conn{here, there} {
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.EOF) {
			t.Error("the connection is open", err)
		}
	}
}

// Who ends a meeting over TCP is heard, also when much is under way to them.
func TestTheLastWordIsReadOverLoopback(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	for range 10 {
		here, err := net.Dial("tcp", l.Addr().String())
		must(t, err)
		there, err := l.Accept()
		must(t, err)
		s := &scene{T: t, alice: newDevice(t, "alice", 1<<20), bob: newDevice(t, "bob", 1<<20)}
		s.alice.size, s.bob.size, s.alice.chunk, s.bob.chunk = 512<<10, 0, 8192, 8192
		a, b := s.alice.config(), s.bob.config()
		filled := a.Filled
		a.Filled = func() (<-chan struct{}, error) { // asked before each piece
			if d := s.alice.store.Draft(); d != nil && d.Done() > 64<<10 {
				select {
				case s.alice.wishes <- meeting.Cancel:
				default:
				}
			}
			return filled()
		}
		alice, bob := meetAs(t.Context(), a, b, &cable{ends: [2]net.Conn{here, there}})
		s.wants(s.alice, alice, meeting.ErrCancelled, false)
		s.wants(s.bob, bob, meeting.ErrTheyCancel, false)
	}
}

// A card that fails shows as that, whatever else comes of it.
func TestAFailingCardIsNamed(t *testing.T) {
	for k := 1; ; k++ {
		reached := false
		synctest.Test(t, func(t *testing.T) {
			s, alice, _ := play(t, func(s *scene) { s.alice.disk.FailAt(k) })
			reached = s.alice.disk.Failed()
			if fault := s.alice.store.Fault(); fault != nil && !errors.Is(alice.err, padstore.ErrFault) && !alice.InUse {
				t.Errorf("operation %d failed, and alice's meeting ended with %v", k, alice)
			}
		})
		if !reached {
			return
		}
	}
}

// Stop comes at any moment, also while the next piece is being taken.
func TestStopAtAnyMoment(t *testing.T) {
	for at := range 80 {
		within(t, fmt.Sprintf("at operation %d", at), func(t *testing.T) {
			s, alice, bob := play(t, func(s *scene) {
				s.alice.size = 5 * padSize
				ops := 0
				stopping := []*device{s.alice, s.bob}[at%2]
				stopping.disk.Trace(func(string) {
					if ops++; ops == 150+2*at {
						stopping.wishes <- meeting.Stop
					}
				})
			})
			s.paired(alice, bob, meeting.MinBytes, 5*padSize)
		})
	}
}

// Who sends ever so many small pieces, and takes the answers as slowly as it may,
// keeps no owner from cancelling: it is refused.
func TestAPeerThatTakesLittleHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const tiny, piece, total = 32, 8192, 3 * 8192
		const slow = 14 * time.Second // at 15 she would call it stalled
		lots := []padstore.Lot{{Origins: []padstore.Origin{{Name: "noise"}}, Bytes: tiny}}
		var begun time.Time
		s, alice, _ := play(t, func(s *scene) {
			s.alice.size, s.alice.chunk = total, piece
			pour := func() {
				for at := int64(0); at < piece; at += tiny {
					b := bytes.Repeat([]byte{byte(at / tiny), 0x5a}, tiny/2)
					if _, err := s.cable.inner[0].Write(chunkOf(at, lots, b)); err != nil {
						return
					}
					time.Sleep(time.Millisecond) // which she needs to join it
				}
			}
			s.cable.tamper = func(p parcel) ([][]byte, bool) {
				if p.kind() != 'C' {
					return asItIs(p), false
				}
				if p.from == 0 && begun.IsZero() {
					begun, s.cable.slow[0] = time.Now(), slow
					go pour()
				}
				if p.from == 1 {
					return nil, false // in place of its own
				}
				return asItIs(p), false
			}
		})
		s.wants(s.alice, alice, meeting.ErrGarbled, false)
		if took := time.Since(begun); took > slow { // which the cable takes to end
			t.Errorf("it was refused after %v", took)
		}
	})
}
