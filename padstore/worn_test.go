package padstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// Whoever has had many contacts, one after the other, is told of the packages that do
// not verify of each.
func TestTheLogCountsForEveryContactOfALongLife(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	for i := range 150 {
		contact := fmt.Sprintf("friend%d", i)
		made := padBytes(t, contact, 256)
		moveIn(t, store, contact, made)
		l := newLedger(seal.Unconditional, "alice", contact, made)
		forged := l.incoming(t, 16, "in")
		forged[len(forged)-1] ^= 1
		if _, err := store.Unseal(contact, forged); !errors.Is(err, padstore.ErrNotVerified) {
			t.Fatal(err)
		}
		if n := store.Pads()[0].Forgeries; n != 1 {
			t.Fatalf("%d forgeries are counted of contact %d", n, i)
		}
		mustDo(t, store.Remove(contact, nil))
		if i%40 == 0 {
			mustDo(t, store.Close())
			store = open(t, disk, "alice")
		}
	}
}

// That a device takes no more pads is told with what to do about it.
func TestTheMostPadsAtATimeAndEver(t *testing.T) {
	store := open(t, durabletest.New(1), "alice")
	refused := func(after int, advice string) {
		t.Helper()
		made := padBytes(t, fmt.Sprint("one more than ", after), 256)
		_, err := store.Import(generate(t, seal.Unconditional, 256, bytes.NewReader(made)), "more", nil)
		if err == nil || !strings.Contains(err.Error(), advice) {
			t.Fatalf("after %d pads: %v", after, err)
		}
	}
	for i := range 400 {
		if i == padstore.MaxPads {
			refused(i, "remove a contact")
		}
		if i >= padstore.MaxPads {
			mustDo(t, store.Remove(fmt.Sprintf("friend%d", i-padstore.MaxPads), nil))
		}
		contact := fmt.Sprintf("friend%d", i)
		moveIn(t, store, contact, padBytes(t, contact, 256))
	}
	mustDo(t, store.Remove("friend399", nil))
	refused(400, "erased")
}

// moveIn gives a store a pad with contact.
func moveIn(t testing.TB, store *padstore.Store, contact string, made []byte) {
	t.Helper()
	_, err := store.Import(folderOf(t, contact, made), contact, nil)
	mustDo(t, err)
}

// folderOf is what alice moves a pad with contact in from.
func folderOf(t testing.TB, contact string, made []byte) *durabletest.Disk {
	t.Helper()
	folder := durabletest.New(1)
	g := padstore.Generation{A: "alice", B: contact, Bytes: int64(len(made)), Suite: seal.Unconditional, Bucket: seal.DefaultBucket, Source: "random"}
	mustDo(t, padstore.Generate(folder, g, bytes.NewReader(made), nil))
	return folder
}

// A bad block of the log stops no device, whichever entry is written next.
func TestABadBlockOfTheLogStopsNothing(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	for i := range 20 {
		record(t, store, fmt.Sprint(i))
	}
	mustDo(t, store.Close())
	for page := range len(disk.Bytes("device.log")) / 4096 {
		disk := disk.Clone(1)
		disk.UnreadablePage("device.log", page)
		for start := range 2 {
			store := open(t, disk, "alice")
			for i := range 20 {
				record(t, store, fmt.Sprint("new ", start, i))
			}
			if got := texts(store.Log(), padstore.KindDenied); len(got) < 20*(start+2)-8 || got[0] != fmt.Sprint("new ", start, 19) {
				t.Errorf("page %d: %d entries are left", page, len(got))
			}
			mustDo(t, store.Close())
		}
	}
}

// Nor does one in the reservoir, wherever in what is laid up next it lies.
func TestNoiseIsLaidUpOverABadBlock(t *testing.T) {
	const before, more = 1008, 9008
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	mustDo(t, store.Reservoir().Resize(16384))
	mustDo(t, store.Reservoir().Add(padBytes(t, "before", before), origins("hw")))
	mustDo(t, store.Close())
	noise := padBytes(t, "noise", more)
	for bad := range 16384 / 512 {
		for how, harm := range map[string]func(*durabletest.Disk){
			"sector": func(d *durabletest.Disk) { d.Unreadable("reservoir.store", bad) },
			"page":   func(d *durabletest.Disk) { d.UnreadablePage("reservoir.store", bad/8) },
		} {
			disk := disk.Clone(1)
			harm(disk)
			store := open(t, disk, "alice")
			if err := store.Reservoir().Add(noise, origins("hw")); err != nil {
				t.Errorf("%s of sector %d: %v", how, bad, err)
				continue
			}
			got := make([]byte, more)
			if _, err := store.Reservoir().Take(got); err != nil || !bytes.Equal(got, noise) {
				t.Errorf("%s of sector %d: other noise comes out: %v", how, bad, err)
			}
			if b := disk.Bytes("reservoir.store"); !bytes.Equal(b[before:], make([]byte, 16384-before)) {
				t.Errorf("%s of sector %d: what was taken is not overwritten", how, bad)
			}
			mustDo(t, store.Close())
		}
	}
}

// No pad depends on the places in mailboxes: without them the device goes on.
func TestDamagedMailboxCursorsBeginAnew(t *testing.T) {
	store, disk, l := imported(t, seal.Unconditional, 4096)
	mustDo(t, store.SaveNextRef(relay, 7))
	mustDo(t, store.Close())
	for name, harm := range map[string]func(*durabletest.Disk){
		"unreadable": func(d *durabletest.Disk) {
			d.Unreadable("cursors.record", 0)
			d.Unreadable("cursors.record", 64)
		},
		"zeros":   func(d *durabletest.Disk) { d.Put("cursors.record", make([]byte, 65536)) },
		"shorter": func(d *durabletest.Disk) { d.Put("cursors.record", nil) },
		"too many": func(d *durabletest.Disk) {
			list := "[" + strings.Repeat(`{"server":"`+relay+`","ref":1},`, 16) + `{"server":"` + relay + `","ref":1}]`
			mustDo(t, d.Remove("cursors.record"))
			slots, err := durable.CreateSlots(d, "cursors.record", 32768, []byte(list))
			mustDo(t, errors.Join(err, slots.Close()))
		},
	} {
		disk, l := disk.Clone(1), l.clone()
		harm(disk)
		store, err := padstore.Open(disk, "alice")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if ref, known := store.NextRef(relay); known || !store.Unread() {
			t.Errorf("%s: at %d, something to tell: %v", name, ref, store.Unread())
		}
		mustDo(t, store.SaveNextRef(relay, 9))
		mustDo(t, l.seal(t, store, "still here"))
		mustDo(t, store.Close())
		if ref, known := open(t, disk, "alice").NextRef(relay); !known || ref != 9 {
			t.Errorf("%s: %d, %v is kept", name, ref, known)
		}
	}
}

// A draft that ends in a block that cannot be read stops no device: it is gone on
// with where it can be read, or not at all.
func TestADraftOverABadBlockStopsNothing(t *testing.T) {
	for name, begun := range map[string]*scene{"unfinished": drafting(t, seal.Unconditional), "copied": copied(t, seal.Unconditional), "agreed": agreed(t, seal.Unconditional)} {
		size := len(begun.disk.Bytes("draft.store"))
		for sector := range (size + 511) / 512 {
			for how, harm := range map[string]func(*durabletest.Disk){
				"sector": func(d *durabletest.Disk) { d.Unreadable("draft.store", sector) },
				"page":   func(d *durabletest.Disk) { d.UnreadablePage("draft.store", 0) },
			} {
				tr := &trial{T: t}
				tr.start(begun, 1)
				harm(tr.disk)
				for range 2 {
					if err := tr.open(); err != nil {
						t.Fatalf("%s, %s of sector %d: %v", name, how, sector, err)
					}
					d := tr.store.Draft()
					if d == nil || d.Stage() != padstore.Copying {
						continue
					}
					if left := int(d.Making().Bytes - d.Done()); left > 0 {
						if err := tr.stock.append(tr, d, left); err != nil {
							t.Fatalf("%s, %s of sector %d, going on at %d: %v", name, how, sector, d.Done(), err)
						}
					}
				}
			}
		}
	}
}

// A bad block of a pad, wherever it is, keeps neither the device from starting nor
// its owner from doing away with the pad: not even at the file's end, where a file
// system reads the rest of a block to write a part of it, too.
func TestAPadWithABadBlockCanBeRemoved(t *testing.T) {
	ways := map[string]func(*padstore.Store) error{
		"removed": func(s *padstore.Store) error { return s.Remove("bob", nil) },
		"erased":  func(s *padstore.Store) error { return s.Erase(nil) },
		"discarded": func(s *padstore.Store) error {
			old := s.Pads()[0].Number
			made := padBytes(t, "fresh", 4096)
			if _, err := s.Import(generate(t, seal.Unconditional, 4096, bytes.NewReader(made)), "fresh", nil); err != nil {
				return err
			}
			return s.Discard(old, nil)
		},
	}
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		const size = 2*4096 + 1024
		store, whole, _ := imported(t, suite, size)
		mustDo(t, store.Close())
		for page := range size/4096 + 1 {
			for how, do := range ways {
				disk := whole.Clone(1)
				disk.UnreadablePage(padName, page)
				store := open(t, disk, "alice")
				if err := do(store); err != nil {
					t.Errorf("page %d, %s: %v", page, how, err)
				}
				if _, err := padstore.Open(disk, "alice"); err != nil {
					t.Errorf("page %d, started after it was %s: %v", page, how, err)
				}
				if disk.Bytes(padName) != nil {
					t.Errorf("page %d, %s: the pad is still there", page, how)
				}
			}
		}
	})
}

// A card at its end may take all that is written, and keep none of it. What was
// read with it then says nothing, and every start would use the same pad again.
func TestACardThatKeepsNothingUsesNoPad(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		store, disk, l := imported(t, suite, 4096)
		mustDo(t, l.seal(t, store, "before"))
		mustDo(t, store.Reservoir().Resize(4096))
		mustDo(t, store.Reservoir().Add(padBytes(t, "noise", 4096), origins("hw")))
		mustDo(t, store.Close())
		pkg := l.incoming(t, l.base(), "in")
		for name, use := range map[string]func(*padstore.Store, *ledger) error{
			"seal":       func(s *padstore.Store, l *ledger) error { return l.seal(t, s, "lost") },
			"open":       func(s *padstore.Store, l *ledger) error { _, err := l.open(t, s, pkg); return err },
			"take noise": func(s *padstore.Store, _ *ledger) error { _, err := s.Reservoir().Take(make([]byte, 32)); return err },
			"self-test":  func(s *padstore.Store, _ *ledger) error { _, err := s.Check(); return err },
			"next start": func(s *padstore.Store, _ *ledger) error { return padstore.ErrFault },
		} {
			disk, l := disk.Clone(1), l.clone()
			store := open(t, disk, "alice")
			disk.WornOut(true)
			if err := use(store, l); !errors.Is(err, padstore.ErrFault) || name != "next start" && store.Fault() == nil {
				t.Errorf("%s: %v, the store stops: %v", name, err, store.Fault())
			}
			disk.PowerOff()
			disk.PowerOn(durabletest.Kept)
			if _, err := padstore.Open(disk, "alice"); !errors.Is(err, padstore.ErrFault) || !strings.Contains(err.Error(), "fresh image") {
				t.Errorf("%s, started again: %v", name, err)
			}
			// Some are in order again after a while, with what they had before.
			disk.PowerOff()
			disk.PowerOn(durabletest.Kept)
			disk.WornOut(false)
			store = open(t, disk, "alice")
			l.check(t, disk)
			l.probe(t, store)
		}
	})
}

// Nor does it cost a pad that is on its way here.
func TestACardThatKeepsNothingTakesNoPadFromAStick(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	stick := generate(t, seal.Unconditional, 4096, padtest.Stream(t.Name()))
	before := stick.Image()
	disk.WornOut(true)
	if _, err := store.Import(stick, "stick", nil); !errors.Is(err, padstore.ErrFault) || store.Fault() == nil {
		t.Errorf("%v, the store stops: %v", err, store.Fault())
	}
	sameFiles(t, before, stick.Image())
}

// inUse is alice's device with some of everything that there can be on its card.
func inUse(t *testing.T) (*durabletest.Disk, *ledger) {
	disk, _, _ := metOnce(t)
	store := open(t, disk, "alice")
	made := padBytes(t, "bob's", 5*4096+1024)
	moveIn(t, store, "bob", made)
	l := newLedger(seal.Unconditional, "alice", "bob", made)
	mustDo(t, store.Reservoir().Resize(4*4096))
	mustDo(t, (&stock{}).add(store, 300, origins("hw")))
	d, err := store.Begin(padstore.Making{Contact: "eva", Peer: strings.Repeat("0e", 16), PadID: "00e0", Bytes: 4 * 4096, Suite: seal.Unconditional, Bucket: 32})
	mustDo(t, err)
	mustDo(t, d.Append(padBytes(t, "draft", 7008), lotsOf(7008, "hw"), lotsOf(7008, "hw")))
	mustDo(t, errors.Join(store.SaveNextRef(relay, 3), store.KeepNoiseStarts([][]byte{{1}}), store.Choose(padstore.DefaultSettings())))
	mustDo(t, l.seal(t, store, "one"))
	mustDo(t, store.Close())
	return disk, l
}

// No bad block of any file keeps a device from starting, from all that it is for with
// whatever is not in that block, and from being erased.
func TestNoBadBlockStopsADevice(t *testing.T) {
	whole, ledger := inUse(t)
	for _, name := range whole.Names() {
		for page := range (len(whole.Bytes(name)) + 4095) / 4096 {
			disk, l := whole.Clone(uint64(page)), ledger.clone()
			disk.UnreadablePage(name, page)
			for start := range 2 {
				store := open(t, disk, "alice")
				for range 6 {
					if err := l.seal(t, store, strings.Repeat("x", 700)); err != nil && !errors.Is(err, padstore.ErrDepleted) && !damaged(t, store, "bob") {
						t.Errorf("page %d of %s: %v", page, name, err)
					}
				}
				if _, err := store.Seal("carol", "x"); err != nil && !damaged(t, store, "carol") {
					t.Errorf("page %d of %s: %v", page, name, err)
				}
				_, err := store.Reservoir().Take(make([]byte, 500))
				err = errors.Join(err, store.Reservoir().Add(padBytes(t, "more", 992), origins("hw")), store.SaveNextRef(relay, int64(10+start)))
				if d := store.Draft(); d != nil {
					err = errors.Join(err, d.Append(padBytes(t, "draft", 2016), lotsOf(2016, "hw"), lotsOf(2016, "hw")))
				}
				for range 9 {
					record(t, store, "x")
				}
				if err = errors.Join(err, store.Fault()); err != nil && !errors.Is(err, padstore.ErrDry) {
					t.Errorf("page %d of %s: %v", page, name, err)
				}
			}
			store := open(t, disk, "alice")
			if err := errors.Join(store.Remove("bob", nil), store.Erase(nil), store.Close()); err != nil {
				t.Errorf("page %d of %s: %v", page, name, err)
			}
			if names := disk.Names(); len(names) > 0 {
				t.Errorf("page %d of %s: left are %q", page, name, names)
			}
		}
	}
}
