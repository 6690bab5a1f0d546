package padstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

// bothLanes runs f for a device that sends forward and one that sends backward.
func bothLanes(t *testing.T, f func(t *testing.T, suite seal.Suite, owner, contact string)) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		t.Run("forward", func(t *testing.T) { f(t, suite, "alice", "bob") })
		t.Run("backward", func(t *testing.T) { f(t, suite, "bob", "alice") })
	})
}

// lastByte is how much of a lane's end a suite leaves unused.
func lastByte(suite seal.Suite) int64 {
	if suite == seal.Paper {
		return 1
	}
	return 0
}

func TestALaneIsUsableToItsEndAndThenDepleted(t *testing.T) {
	bothLanes(t, func(t *testing.T, suite seal.Suite, owner, contact string) {
		for _, nBytes := range []int{128, 160, 224, 512, 2048, 2080} {
			t.Run(fmt.Sprint(nBytes), func(t *testing.T) {
				store, disk, l := importedBy(t, suite, nBytes, owner, contact)
				end := int64(nBytes/2) - lastByte(suite)
				l.mustNotFit(t, store, disk.Bytes, strings.Repeat("x", nBytes))
				l.fillTo(t, store, end)
				for _, p := range store.Pads() {
					if p.SendLeft >= l.segmentSize("") {
						t.Errorf("%d bytes left", p.SendLeft)
					}
				}
				l.mustNotFit(t, store, disk.Bytes, "")
				// The other lane too: the last segment of it opens.
				size := l.segmentSize("")
				last := l.base() + (end-l.base()-size)/16*16
				if suite == seal.Paper {
					last = end - size
				}
				if last < l.base() {
					return // no message fits
				}
				if got, err := l.open(t, store, l.incoming(t, last, "")); err != nil || got.Skip != (last > l.base()) {
					t.Fatalf("%+v, %v", got, err)
				}
				if suite == seal.Paper {
					pkg := l.incoming(t, last+1, "") // would use the lane's last byte
					if _, err := store.Unseal(contact, pkg); err == nil {
						t.Fatal("the last byte of a paper lane was used")
					}
				}
				l.check(t, disk)
				store = open(t, disk, owner)
				l.mustNotFit(t, store, disk.Bytes, "")
				l.check(t, disk)
			})
		}
	})
}

// fillTo seals texts until the send lane is used to its end.
func (l *ledger) fillTo(t *testing.T, store *padstore.Store, end int64) {
	t.Helper()
	at := l.base()
	for at+l.segmentSize("") <= end {
		// The longest text that leaves nothing, or room for another.
		text := ""
		for l.segmentSize(text+"x") <= end-at && len(text) < 200 {
			text += "x"
		}
		if l.segmentSize(text+"x") > end-at {
			if _, err := store.Room(l.contact, text+"x"); !errors.Is(err, padstore.ErrDepleted) {
				t.Fatalf("one byte more than fits: %v", err)
			}
			if err := l.seal(t, store, text+"x"); !errors.Is(err, padstore.ErrDepleted) {
				t.Fatalf("one byte more than fits: %v", err)
			}
		}
		cost, err := store.Room(l.contact, text)
		if err != nil || cost.Cost != l.segmentSize(text) || cost.Left != end-at-cost.Cost {
			t.Fatalf("%+v, %v at %d of %d", cost, err, at, end)
		}
		mustDo(t, l.seal(t, store, text))
		at += cost.Cost
	}
	if unusable := end - at; unusable >= l.segmentSize("") {
		t.Fatalf("%d bytes were left over", unusable)
	}
}

// mustNotFit shows that a text is refused and burns nothing.
func (l *ledger) mustNotFit(t *testing.T, store *padstore.Store, read func(string) []byte, text string) {
	t.Helper()
	pad, meta := read(l.file+".store"), read(l.file+".metadata")
	if _, err := store.Room(l.contact, text); !errors.Is(err, padstore.ErrDepleted) {
		t.Fatalf("room: %v", err)
	}
	if err := l.seal(t, store, text); !errors.Is(err, padstore.ErrDepleted) {
		t.Fatalf("seal: %v", err)
	}
	if !bytes.Equal(pad, read(l.file+".store")) || !bytes.Equal(meta, read(l.file+".metadata")) {
		t.Fatal("a text that does not fit has burned pad")
	}
}

func TestTheLastCellOfALaneIsUsed(t *testing.T) {
	bothLanes(t, func(t *testing.T, suite seal.Suite, owner, contact string) {
		// Lanes whose room is a whole number of segments.
		nBytes := 2 * (16 + 5*48)
		if suite == seal.Paper {
			nBytes = 2 * (5*48 + 1)
		}
		store, disk, l := importedBy(t, suite, nBytes, owner, contact)
		for k := range int64(5) {
			mustDo(t, l.seal(t, store, ""))
			if got, err := l.open(t, store, l.incoming(t, l.base()+48*k, "")); err != nil || got.Skip {
				t.Fatal(got, err)
			}
		}
		p := store.Pads()[0]
		if p.SendLeft != 0 || p.ReceiveLeft != 0 {
			t.Fatalf("left over: %+v", p)
		}
		l.check(t, disk)
		reopened := open(t, disk, owner)
		l.probe(t, reopened)
		l.check(t, disk)
	})
}

func TestTheLargestTextFitsAndALongerOneIsRefused(t *testing.T) {
	bothLanes(t, func(t *testing.T, suite seal.Suite, owner, contact string) {
		store, disk, l := importedBy(t, suite, 1<<19, owner, contact)
		largest := strings.Repeat("0123456789abcdef", seal.MaxText/16)
		before := disk.Bytes(l.file + ".store")
		if err := l.seal(t, store, largest+"x"); !errors.Is(err, padstore.ErrTooLong) {
			t.Fatal(err)
		}
		if _, err := store.Room(contact, largest+"x"); !errors.Is(err, padstore.ErrTooLong) {
			t.Fatal(err)
		}
		if !bytes.Equal(before, disk.Bytes(l.file+".store")) {
			t.Fatal("a text that is too long has burned pad")
		}
		mustDo(t, l.seal(t, store, largest))
		got, err := l.open(t, store, l.incoming(t, l.base(), largest))
		if err != nil || got.Text != largest {
			t.Fatalf("%d bytes, %v", len(got.Text), err)
		}
		l.check(t, disk)
	})
}

func TestTheTotalsOfAFreshPadAreWhatCanBeUsed(t *testing.T) {
	bothLanes(t, func(t *testing.T, suite seal.Suite, owner, contact string) {
		store, disk, l := importedBy(t, suite, 4096, owner, contact)
		p := store.Pads()[0]
		want := 2048 - l.base() - lastByte(suite)
		if p.SendLeft != want || p.SendTotal != want || p.ReceiveLeft != want || p.ReceiveTotal != want {
			t.Errorf("want %d: %+v", want, p)
		}
		if n := want / l.segmentSize(strings.Repeat("x", 100)); p.SendMessages != n || p.ReceiveMessages != n {
			t.Errorf("want %d messages: %+v", n, p)
		}
		l.check(t, disk)
	})
}

// forgeries makes packages that the contact never sealed, out of all sorts of
// things; known is one that it did.
func forgeries(t *testing.T, l *ledger, known []byte) map[string][]byte {
	t.Helper()
	list := map[string][]byte{"empty": {}, "nothing but an index": known[:6]}
	for i := range known {
		flipped := slices.Clone(known)
		flipped[i] ^= 0x40
		list[fmt.Sprintf("byte %d flipped", i)] = flipped
	}
	for n := range len(known) + 40 {
		if n != len(known) {
			list[fmt.Sprintf("%d bytes long", n)] = append(slices.Clone(known), make([]byte, 40)...)[:n]
		}
	}
	for index := range int64(len(l.made)) + 64 {
		if at, _ := seal.Index(known); index != at {
			list[fmt.Sprintf("index %d", index)] = withIndex(known, index)
		}
	}
	list["largest index"] = withIndex(known, seal.MaxIndex)
	list["too large"] = make([]byte, seal.MaxPackage+1)
	list["largest"] = make([]byte, seal.MaxPackage)
	return list
}

func withIndex(pkg []byte, index int64) []byte {
	pkg = slices.Clone(pkg)
	for i := range 6 {
		pkg[i] = byte(index >> (8 * i))
	}
	return pkg
}

func TestForgeriesChangeNothingButTheirCount(t *testing.T) {
	bothLanes(t, func(t *testing.T, suite seal.Suite, owner, contact string) {
		synctest.Test(t, func(t *testing.T) { // a store at rest for long would write
			store, disk, l := importedBy(t, suite, 1024, owner, contact)
			size := l.segmentSize("in")
			// Burned at 0 and 2, a gap at 1, fresh pad from 3 on.
			for _, k := range []int64{0, 2} {
				if _, err := l.open(t, store, l.incoming(t, l.base()+k*size, "in")); err != nil {
					t.Fatal(err)
				}
			}
			mustDo(t, l.seal(t, store, "out"))
			rest(t, store)
			before := disk.Image()
			state := fmt.Sprint(store.Pads()[0].ReceiveLeft, store.Pads()[0].SendLeft)
			count := 0
			for _, at := range []int64{1, 3, 4} {
				for name, pkg := range forgeries(t, l, l.incoming(t, l.base()+at*size, "in")) {
					count++
					_, err1 := store.Verify(contact, pkg)
					got, err2 := store.Unseal(contact, pkg)
					for _, err := range []error{err1, err2} {
						if !errors.Is(err, padstore.ErrNotVerified) && !errors.Is(err, padstore.ErrAlreadyOpened) {
							t.Fatalf("%s of the package at %d: %q, %v", name, at, got.Text, err)
						}
					}
				}
			}
			sameFiles(t, before, disk.Image())
			rest(t, store)
			sameFiles(t, before, disk.Image(), "device.log")
			if now := fmt.Sprint(store.Pads()[0].ReceiveLeft, store.Pads()[0].SendLeft); now != state {
				t.Fatalf("the gauges moved from %s to %s", state, now)
			}
			counted := int64(0)
			for _, e := range store.Log() {
				if e.Contact == contact && (e.Kind == padstore.KindForgery || e.Kind == padstore.KindReuse) {
					counted += e.Count
				}
			}
			if counted != int64(2*count) {
				t.Errorf("%d of %d are counted", counted, 2*count)
			}
			// What the contact did seal still opens, and in no other order than before.
			for _, k := range []int64{1, 3, 4} {
				got, err := l.open(t, store, l.incoming(t, l.base()+k*size, "in"))
				if err != nil || got.Text != "in" || got.Skip {
					t.Fatalf("package %d: %+v, %v", k, got, err)
				}
			}
			l.check(t, disk)
		})
	})
}

func TestOnlyPadWhollyBurnedIsCalledOpened(t *testing.T) {
	bothLanes(t, func(t *testing.T, suite seal.Suite, owner, contact string) {
		store, disk, l := importedBy(t, suite, 4096, owner, contact)
		size := l.segmentSize("in")
		for _, k := range []int64{0, 1, 3} {
			if _, err := l.open(t, store, l.incoming(t, l.base()+k*size, "in")); err != nil {
				t.Fatal(err)
			}
		}
		for from := l.base(); from < l.base()+6*size; from++ {
			pkg := withIndex(l.incoming(t, l.base(), "in"), l.offset(contact, from))
			want := padstore.ErrNotVerified
			within := func(a, b int64) bool { return from >= l.base()+a*size && from+size <= l.base()+b*size }
			onBorder := suite == seal.Paper || from%seal.CellSize == 0 // elsewhere no segment was burned
			if onBorder && (within(0, 2) || within(3, 4)) {
				want = padstore.ErrAlreadyOpened
			}
			if _, err := store.Verify(contact, pkg); !errors.Is(err, want) {
				t.Fatalf("at %d: %v, want %v", from, err, want)
			}
		}
		l.check(t, disk)
	})
}

func TestAVerifiedPackageWithoutTextIsBurned(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		store, disk, l := imported(t, suite, 4096)
		plains := map[string][]byte{"not UTF-8": []byte("\xff\xfe")}
		if suite == seal.Unconditional {
			frame := func(b ...byte) []byte { return append(b, make([]byte, 32-len(b))...) }
			plains = map[string][]byte{
				"not UTF-8": frame(1, 0xff, 0x80), "another kind": frame(2, 'x', 0x80), "no frame": frame(0),
			}
		}
		position := l.base()
		for name, plain := range plains {
			pkg := l.incomingPlain(t, position, plain)
			position += suite.SegmentSize(len(plain))
			if _, err := store.Verify("bob", pkg); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got, err := store.Unseal("bob", pkg); !errors.Is(err, padstore.ErrMalformed) || got.Text != "" {
				t.Fatalf("%s: %+v, %v", name, got, err)
			}
			l.serve(t, "bob", pkg) // so that check wants zeros
			if _, err := store.Unseal("bob", pkg); !errors.Is(err, padstore.ErrAlreadyOpened) {
				t.Fatalf("%s opened again: %v", name, err)
			}
		}
		n := 0
		for _, e := range store.Log() {
			if e.Kind == padstore.KindMalformed {
				n++
			}
		}
		if n != len(plains) {
			t.Errorf("%d of %d are in the log", n, len(plains))
		}
		l.check(t, disk)
	})
}

// The MAC of paper covers the text's own pad only as it is: a text opened with
// pad that is partly gone would verify, and be garbled.
func TestASegmentOfWhichAnyByteIsUsedIsRefused(t *testing.T) {
	pad := padBytes(t, t.Name(), 4096)
	l := newLedger(seal.Paper, "alice", "bob", pad)
	for from := range int64(20) {
		folder := folder2015(t, "alice", "bob", pad, func(m map[string]any) {
			m["decrypt_log"] = fmt.Sprintf("%d-%d,", 4095-from, 4095-from-1)
			m["decrypt_max"] = 4095 - from - 1
		})
		disk := durabletest.New(1)
		store := open(t, disk, "alice")
		if _, err := store.Import(folder, "folder", nil); err != nil {
			t.Fatal(err)
		}
		pkg := l.incoming(t, 0, "twenty bytes of text")
		if got, err := store.Unseal("bob", pkg); !errors.Is(err, padstore.ErrNotVerified) {
			t.Fatalf("byte %d is used, and the package opened: %q, %v", from, got.Text, err)
		}
		if _, err := store.Unseal("bob", l.incoming(t, from+1, "the next one")); err != nil {
			t.Fatal(err)
		}
	}
}
