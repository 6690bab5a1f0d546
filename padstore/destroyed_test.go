package padstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

// wounds are the ways in which pad can be destroyed behind the store's back.
func wounds(suite seal.Suite) map[string]func(*durabletest.Disk, *ledger, int64, int64) {
	w := map[string]func(*durabletest.Disk, *ledger, int64, int64){
		"zeros": destroy,
		"unreadable": func(d *durabletest.Disk, l *ledger, from, to int64) {
			// Not in the sector of a hash key, which is another fault.
			for sector := max(1, from/512); sector*512 < min(to, int64(len(l.made))-512); sector++ {
				d.Unreadable(padName, int(sector))
				l.harm(sector*512, min(sector*512+512, int64(len(l.made))))
			}
		},
	}
	w["equal bytes"] = func(d *durabletest.Disk, l *ledger, from, to int64) { // erased flash memory, say
		overwrite(d, l, from, bytes.Repeat([]byte{0xff}, int(to-from)))
		for ; suite == seal.Paper && l.made[from-1] == 0xff; from-- {
			l.harm(from-1, from) // a byte of the pad's own goes with the run
		}
	}
	return w
}

func TestDestroyedPadIsNeverServed(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		for name, wound := range wounds(suite) {
			for _, reopen := range []bool{false, true} {
				for distance := int64(0); distance < 1600; distance += 208 {
					t.Run(fmt.Sprintf("%s at %d, reopened %v", name, distance, reopen), func(t *testing.T) {
						store, disk, l := imported(t, suite, 8192)
						mustDo(t, l.seal(t, store, "before"))
						cursor := l.metadata(t, disk).EncryptIndex
						wound(disk, l, cursor+distance, cursor+distance+32)
						// In the receive lane (offsets downwards), at some cells.
						top := int64(len(l.made)) - l.base() - 160 - distance/16*16
						wound(disk, l, top-32, top)
						if reopen {
							store = open(t, disk, "alice")
						}
						for range 20 {
							mustDo(t, l.sealAround(t, store))
						}
						opened := 0
						for position := l.base(); position+l.segmentSize("in") < 3000; position += l.segmentSize("in") {
							pkg := l.incoming(t, position, "in")
							touched := l.touchesHarm(t, "bob", pkg)
							_, err := l.open(t, store, pkg)
							switch {
							case touched && err == nil && l.runDestroyed(t, pkg):
								t.Fatal("a destroyed segment was served")
							case err == nil:
								opened++
							case !touched && !(suite == seal.Paper && reopen):
								t.Fatalf("an untouched segment at %d: %v", position, err)
							}
						}
						if opened < 20 {
							t.Fatalf("only %d packages opened", opened)
						}
						if name != "unreadable" {
							l.check(t, disk)
						}
					})
				}
			}
		}
	})
}

// sealAround seals a text and fails if the package uses destroyed pad.
func (l *ledger) sealAround(t testing.TB, s *padstore.Store) error {
	t.Helper()
	sealed, err := s.Seal("bob", "around")
	if err != nil {
		return err
	}
	if l.runDestroyed(t, sealed.Package) {
		t.Fatal("destroyed pad was sealed with")
	}
	for _, o := range l.where(t, l.owner, sealed.Package) {
		if l.harmed[o] && l.suite == seal.Unconditional {
			t.Fatal("a destroyed cell was sealed with")
		}
	}
	l.serve(t, l.owner, sealed.Package)
	return nil
}

// runDestroyed tells whether 16 neighbouring bytes of a package's segment were
// destroyed by the test.
func (l *ledger) runDestroyed(t testing.TB, pkg []byte) bool {
	t.Helper()
	sender := l.contact
	if index, _ := seal.Index(pkg); l.sends(index) {
		sender = l.owner
	}
	run := 0
	for _, o := range l.where(t, sender, pkg) {
		if run++; !l.harmed[o] {
			run = 0
		}
		if run == 16 {
			return true
		}
	}
	return false
}

// Of a card's dead block the device neither hangs nor loses its log.
func TestADestroyedBlockIsPassedOverAtOnce(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		store, disk, l := imported(t, suite, 2<<20)
		mustDo(t, l.seal(t, store, "before"))
		cursor := l.metadata(t, disk).EncryptIndex
		const block = 300 << 10
		destroy(disk, l, cursor+16, cursor+block)
		before := disk.Ops()
		mustDo(t, l.sealAround(t, store))
		if n := disk.Ops() - before; n > 60 {
			t.Errorf("%d operations of the disk", n)
		}
		if told := texts(store.Log(), padstore.KindDestroyed); len(told) != 1 {
			t.Errorf("the log says %q", told)
		}
		used := l.metadata(t, disk).EncryptIndex - cursor
		if size := block + l.segmentSize("around"); used < size || used > size+64 {
			t.Errorf("%d bytes used, not %d", used, size)
		}
		l.check(t, disk)
		l.probe(t, store)
	})
}

func TestACardThatDoesNotAnswerCostsNoPadAtUse(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		store, disk, l := imported(t, suite, 1<<20)
		pkg := l.incoming(t, l.base()+2048, "in")
		before := disk.Bytes(padName)
		for sector := 1; sector < len(before)/512-1; sector++ { // the key cells stay readable
			disk.Unreadable(padName, sector)
		}
		if _, err := store.Verify("bob", pkg); !errors.Is(err, padstore.ErrFault) {
			t.Errorf("a package that cannot be read: %v", err)
		}
		if sealed, err := store.Seal("bob", strings.Repeat("x", 1000)); !errors.Is(err, padstore.ErrFault) {
			t.Errorf("sealed %d bytes, %v", len(sealed.Package), err)
		}
		if !bytes.Equal(disk.Bytes(padName), before) {
			t.Error("pad was overwritten")
		}
	})
}

// A dead sector in a gap costs the messages on it, and they are told from
// forgeries, from replays and from a card that does not answer.
func TestAPackageOnADeadSectorIsNamedAndHoldsNothingUp(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		store, disk, l := imported(t, suite, 1<<20)
		size := l.segmentSize("in")
		at := func(k int64) []byte { return l.incoming(t, l.base()+k*size, "in") }
		if _, err := l.open(t, store, at(40)); err != nil {
			t.Fatal(err)
		}
		dead := l.where(t, l.contact, at(20))[0] / durable.SectorSize
		disk.Unreadable(padName, int(dead))
		before := disk.Image()
		for range 3 {
			if _, err := store.Unseal("bob", at(20)); !errors.Is(err, padstore.ErrUnreadable) {
				t.Fatalf("a package on the dead sector: %v", err)
			}
		}
		sameFiles(t, before, disk.Image(), "device.log")
		if told := texts(store.Log(), padstore.KindFault); len(told) != 1 {
			t.Errorf("the log says %q", told)
		}
		lost := 0
		for k := range int64(40) {
			touches := slices.ContainsFunc(l.where(t, l.contact, at(k)), func(o int64) bool { return o/durable.SectorSize == dead })
			_, err := store.Unseal("bob", at(k))
			if touches != errors.Is(err, padstore.ErrUnreadable) || !touches && err != nil {
				t.Errorf("package %d, on the dead sector %v: %v", k, touches, err)
			}
			if touches {
				lost++
			}
		}
		if lost == 0 || lost > 20 {
			t.Errorf("%d packages lost", lost)
		}
		if damaged(t, store, "bob") {
			t.Error("the whole pad is called damaged")
		}
	})
}

func TestRecoveryLooksAsFarAsTheLargestSegment(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		store, disk, l := imported(t, suite, 8<<20)
		mustDo(t, l.seal(t, store, "before"))
		mustDo(t, store.Close())
		cursor := l.metadata(t, disk).EncryptIndex
		far := suite.MaxSegment() - 4096
		// Two stretches, each within reach of what is before it, and one that
		// is not.
		wounds := []int64{cursor + far, cursor + 2*far, cursor + 2*far + suite.MaxSegment() + 128<<10}
		for _, at := range wounds {
			destroy(disk, l, at, at+64)
		}
		store = open(t, disk, "alice")
		if got := l.metadata(t, disk).EncryptIndex; got < wounds[1]+64 || got > wounds[1]+64+3 {
			t.Errorf("the cursor is at %d, not behind %d", got, wounds[1])
		}
		l.check(t, disk)
		l.probe(t, store)
		l.check(t, disk)
	})
}

// A file system reads the rest of what it writes a part of. So what cannot be read is
// overwritten whole, and one bad sector at a mark stops no device.
func TestABadSectorAtAMarkIsPassedOver(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		for _, what := range []string{"at use", "at the next start", "in the middle of a burn"} {
			for _, sends := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s, of the lane that sends: %v", what, sends), func(t *testing.T) {
					store, disk, l := imported(t, suite, 8192)
					size := l.segmentSize("text")
					next := l.base()
					for ; next < 512 || next%512 == 0 || next%512+size > 512; next += size { // until a segment lies in the middle of a sector
						mustDo(t, l.seal(t, store, "text"))
						_, err := l.open(t, store, l.incoming(t, next, "text"))
						mustDo(t, err)
					}
					l.check(t, disk)
					at := next
					if !sends {
						at = 8192 - 1 - next
					}
					pkg := l.incoming(t, next, "text")
					switch what {
					case "at the next start":
						mustDo(t, store.Close())
					case "in the middle of a burn":
						disk.CutAt(5)
						var err error
						if sends {
							err = l.seal(t, store, "text")
						} else {
							_, err = l.open(t, store, pkg)
						}
						if err == nil {
							t.Fatal("it was not cut")
						}
						disk.PowerOn(durabletest.Kept)
					}
					l.harm(at/512*512, at/512*512+512)
					disk.Unreadable(padName, int(at/512))
					if what != "at use" {
						store = open(t, disk, "alice")
					}
					if sends {
						mustDo(t, l.seal(t, store, "text"))
					} else if _, err := store.Unseal("bob", pkg); err == nil {
						t.Error("it was opened with what cannot be read")
					}
					mustDo(t, store.Fault())
					mustDo(t, store.Close())
					mustDo(t, open(t, disk, "alice").Fault())
					l.check(t, disk)
				})
			}
		}
	})
}

// Where the two lanes meet, a bad block is in both. No device stops over it, and
// none of it serves.
func TestABadBlockWhereTheLanesMeetIsPassedOver(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		for _, reopened := range []bool{false, true} {
			store, disk, l := imported(t, suite, 12288)
			pkg := l.incoming(t, 4096+100/seal.CellSize*seal.CellSize, "in")
			disk.UnreadablePage(padName, 1)
			l.harm(4096, 8192)
			if reopened {
				store = open(t, disk, "alice")
			}
			if _, err := store.Unseal("bob", pkg); err == nil {
				t.Error("it was opened with what cannot be read")
			}
			var err error
			for err == nil {
				err = l.seal(t, store, "to the end of the lane")
			}
			if !errors.Is(err, padstore.ErrDepleted) || store.Fault() != nil {
				t.Fatalf("reopened %v: %v, %v", reopened, err, store.Fault())
			}
			store = open(t, disk, "alice")
			l.check(t, disk)
			l.probe(t, store)
		}
	})
}
