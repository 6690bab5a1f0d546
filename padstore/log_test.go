package padstore_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

func texts(list []padstore.Entry, kind string) (found []string) {
	for _, e := range list {
		if e.Kind == kind {
			found = append(found, e.Text)
		}
	}
	return found
}

func record(t testing.TB, s *padstore.Store, text string) {
	t.Helper()
	mustDo(t, s.Record(padstore.Entry{Kind: padstore.KindDenied, Contact: "bob", Text: text}))
}

func TestForgeriesPushNothingOutOfTheLog(t *testing.T) {
	store, disk, l := imported(t, seal.Unconditional, 4096)
	forged := withIndex(l.incoming(t, 16, "in"), l.offset("bob", 16+160))
	n := 0
	for i := range 1000 {
		record(t, store, fmt.Sprint("entry ", i))
		for range 15 { // with 16 a round, a place taken from all counts would come again
			n++
			if _, err := store.Unseal("bob", forged); !errors.Is(err, padstore.ErrNotVerified) {
				t.Fatal(err)
			}
		}
	}
	rest(t, store)
	for _, s := range []*padstore.Store{store, open(t, disk, "alice")} {
		if got := texts(s.Log(), padstore.KindDenied); len(got) != 1000 || got[0] != "entry 999" || got[999] != "entry 0" {
			t.Fatalf("%d entries are left", len(got))
		}
		if p := s.Pads()[0]; p.Forgeries != int64(n) {
			t.Errorf("%d of %d forgeries are counted", p.Forgeries, n)
		}
	}
	l.check(t, disk)
}

// What is counted is news like anything else, until it is read.
func TestAForgeryAloneIsNews(t *testing.T) {
	store, disk, l := imported(t, seal.Unconditional, 4096)
	mustDo(t, store.MarkRead(store.Log()[0].Seq))
	if store.Unread() {
		t.Fatal("news after all was read")
	}
	forged := withIndex(l.incoming(t, 16, "in"), l.offset("bob", 16+160))
	if _, err := store.Unseal("bob", forged); !errors.Is(err, padstore.ErrNotVerified) || !store.Unread() {
		t.Fatalf("unread %v, %v", store.Unread(), err)
	}
	rest(t, store)
	store = open(t, disk, "alice")
	if !store.Unread() {
		t.Error("no news after a restart")
	}
	mustDo(t, store.MarkRead(store.Log()[0].Seq))
	if store.Unread() {
		t.Error("news after all was read again")
	}
}

// Each skip is logged, and neither what comes in order nor what comes late.
func TestASkipIsLoggedOnce(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		store, _, l := imported(t, suite, 4096)
		size := l.segmentSize("in")
		for i, at := range []int64{0, 2, 3, 1, 5} {
			opened, err := l.open(t, store, l.incoming(t, l.base()+at*size, "in"))
			if skips := []int{0, 1, 1, 1, 2}[i]; err != nil || opened.Skip != (at == 2 || at == 5) || len(texts(store.Log(), padstore.KindSkip)) != skips {
				t.Errorf("message %d: skip %v, logged %q, %v", at, opened.Skip, texts(store.Log(), padstore.KindSkip), err)
			}
		}
	})
}

func TestTheLogIsARingOf1024Entries(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	size := len(disk.Bytes("device.log"))
	for i := range 2500 {
		record(t, store, fmt.Sprint(i))
		if i%700 == 0 { // so that the ring is taken up anywhere
			rest(t, store)
			store = open(t, disk, "alice")
		}
	}
	rest(t, store)
	for _, s := range []*padstore.Store{store, open(t, disk, "alice")} {
		log := s.Log()
		if len(log) != 1024 {
			t.Errorf("%d entries", len(log))
		}
		got := texts(log, padstore.KindDenied)
		for i, text := range got {
			if text != fmt.Sprint(2499-i) {
				t.Fatalf("entry %d from the end is %s", i, text)
			}
		}
		if len(got) < 1000 {
			t.Errorf("%d of the newest entries are left", len(got))
		}
	}
	if now := len(disk.Bytes("device.log")); now != size {
		t.Errorf("the log grew from %d to %d bytes", size, now)
	}
}

// Each 64 KiB more takes a card a while, at every start.
func TestALogIsReadAsFarAsItHasCome(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	// With the piece that has nothing yet, and the share of counted entries.
	for _, test := range []struct{ entries, pieces int }{{0, 3}, {100, 3}, {200, 5}, {1500, 9}} {
		for i := range test.entries {
			record(t, store, fmt.Sprint(i))
		}
		rest(t, store)
		reads := 0
		disk.Trace(func(op string) {
			if op == "read device.log" {
				reads++
			}
		})
		store = open(t, disk, "alice")
		disk.Trace(nil)
		if reads != test.pieces {
			t.Errorf("after %d entries more the log is read in %d pieces, want %d", test.entries, reads, test.pieces)
		}
		if got := texts(store.Log(), padstore.KindDenied); len(got) < test.entries && test.entries < 1000 {
			t.Errorf("%d of at least %d entries", len(got), test.entries)
		}
	}
}

func TestDamagedLogSectorsAreLeftOutAndNothingElse(t *testing.T) {
	for name, harm := range map[string]func(*durabletest.Disk, string, int){
		"flip": (*durabletest.Disk).FlipSector, "drop": (*durabletest.Disk).DropSector, "unreadable": (*durabletest.Disk).Unreadable,
	} {
		t.Run(name, func(t *testing.T) {
			disk := durabletest.New(1)
			store := open(t, disk, "alice")
			var want []string
			for i := range 20 {
				want = append(want, fmt.Sprintf("%s %d", strings.Repeat("long ", 30), i))
				record(t, store, want[i])
			}
			rest(t, store)
			for sector := range 24 {
				disk := disk.Clone(uint64(sector))
				harm(disk, "device.log", sector)
				got := texts(open(t, disk, "alice").Log(), padstore.KindDenied)
				// The flip may have met the zeros behind an entry.
				if len(got) < 19 || len(got) < 20 && (sector == 0 || sector > 20) {
					t.Errorf("sector %d: %d entries are left: %v", sector, len(got), got)
				}
				for _, text := range got {
					if !slices.Contains(want, text) {
						t.Errorf("sector %d: an entry says %q now", sector, text)
					}
				}
			}
		})
	}
}

func TestALostLogStartsAgainAndShowsAsNew(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	for i := range 50 {
		record(t, store, fmt.Sprint(i))
	}
	mustDo(t, store.MarkRead(store.Log()[0].Seq))
	mustDo(t, store.Close())
	mustDo(t, disk.Remove("device.log"))
	store = open(t, disk, "alice")
	record(t, store, "new")
	if !store.Unread() {
		t.Error("a new entry does not show")
	}
}

func TestUnreadUntilMarkedAndAfterReopening(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	if store.Unread() {
		t.Error("a first start alone is something to read")
	}
	record(t, store, "one")
	rest(t, store)
	if !store.Unread() {
		t.Error("an entry is not unread")
	}
	mustDo(t, store.Close())
	store = open(t, disk, "alice")
	if !store.Unread() {
		t.Error("reopening has marked the log read")
	}
	mustDo(t, store.MarkRead(store.Log()[0].Seq))
	mustDo(t, store.Close())
	store = open(t, disk, "alice")
	if store.Unread() {
		t.Error("read, closed, reopened, and unread again")
	}
	if log := store.Log(); !log[0].New || log[0].Kind != padstore.KindStart || log[1].New {
		t.Errorf("%+v", log[:2])
	}
}

func TestAnUncleanStopIsInTheLog(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	mustDo(t, store.Close())
	store = open(t, disk, "alice")
	if got := texts(store.Log(), padstore.KindUnclean); len(got) != 0 {
		t.Error("an orderly stop was called unclean")
	}
	disk.PowerOff()
	disk.PowerOn(durabletest.Lost)
	store = open(t, disk, "alice")
	if got := texts(store.Log(), padstore.KindUnclean); len(got) != 1 {
		t.Errorf("%d unclean stops", len(got))
	}
	if store.Start() != 3 || len(texts(store.Log(), padstore.KindStart)) != 3 {
		t.Errorf("start %d, log %v", store.Start(), store.Log())
	}
}

func TestTimesAreOfTheStartAndAsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := durabletest.New(1)
		store := open(t, disk, "alice")
		time.Sleep(90 * time.Second)
		record(t, store, "before")
		told := time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC)
		store.Tell(told)
		time.Sleep(10 * time.Second)
		record(t, store, "after")
		rest(t, store)
		for _, s := range []*padstore.Store{store, open(t, disk, "alice")} {
			for _, e := range s.Log() {
				switch e.Text {
				case "before":
					if e.Start != 1 || e.Uptime != 90*time.Second || !e.Told.IsZero() {
						t.Errorf("%+v", e)
					}
				case "after":
					if e.Start != 1 || e.Uptime != 100*time.Second || !e.Told.Equal(told.Add(10*time.Second)) {
						t.Errorf("%+v", e)
					}
				}
			}
		}
		if store.Uptime() != 100*time.Second {
			t.Error(store.Uptime())
		}
	})
}

func TestATimeThatCannotBeDoesNotStopTheLog(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	for _, told := range []time.Time{time.Unix(1<<60, 0), time.Unix(-1<<60, 0), time.Date(99999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		store.Tell(told)
		record(t, store, told.String())
		rest(t, store)
	}
	if got := texts(open(t, disk, "alice").Log(), padstore.KindDenied); len(got) != 3 {
		t.Errorf("%d of 3 entries", len(got))
	}
}

func TestLongEntriesAreCutToASector(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	for _, text := range []string{strings.Repeat("x", 5000), strings.Repeat("\x01", 5000), strings.Repeat("\xff", 5000), strings.Repeat("☕", 5000), strings.Repeat("<", 5000)} {
		mustDo(t, store.Record(padstore.Entry{Kind: padstore.KindDenied, Contact: strings.Repeat("c", 400), Text: text}))
	}
	rest(t, store)
	got := texts(open(t, disk, "alice").Log(), padstore.KindDenied)
	if len(got) != 5 || slices.ContainsFunc(got, func(s string) bool { return len(s) < 30 || len(s) > 300 }) {
		t.Errorf("%q", got)
	}
}

func TestMailboxCursors(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	for _, bad := range []struct {
		server string
		ref    int64
	}{{"", 1}, {strings.Repeat("x", 257), 1}, {"a b", 1}, {"a\n", 1}, {"é", 1}, {"ok", -1}, {"ok", 1 << 53}} {
		if err := store.SaveNextRef(bad.server, bad.ref); !errors.Is(err, padstore.ErrCursor) {
			t.Errorf("%q, %d: %v", bad.server, bad.ref, err)
		}
	}
	// The longest addresses that JSON escapes most.
	server := func(i int) string { return fmt.Sprintf("%s%02d", strings.Repeat("<", 254), i) }
	for i := range 16 {
		mustDo(t, store.SaveNextRef(server(i), 1<<53-1-int64(i)))
	}
	mustDo(t, store.SaveNextRef(server(0), 1<<53-1)) // used again
	mustDo(t, store.SaveNextRef(server(16), 5))
	_, err := store.Work()
	mustDo(t, err)
	store = open(t, disk, "alice")
	for i := range 17 {
		ref, known := store.NextRef(server(i))
		if known != (i != 1) {
			t.Errorf("cursor %d: %d, %v", i, ref, known)
		}
	}
	if ref, _ := store.NextRef(server(2)); ref != 1<<53-3 {
		t.Error(ref)
	}
	mustDo(t, store.SaveNextRef(server(2), 7))
	mustDo(t, store.Close()) // writes them, too
	store = open(t, disk, "alice")
	if ref, _ := store.NextRef(server(2)); ref != 7 {
		t.Error(ref)
	}
}

func TestAStoreOpensOnlyForItsOwnerAndItsFormat(t *testing.T) {
	disk := durabletest.New(1)
	mustDo(t, open(t, disk, "alice").Close())
	for _, owner := range []string{"bob", "", "Alice", "../alice"} {
		if _, err := padstore.Open(disk, owner); err == nil {
			t.Errorf("opened for %q", owner)
		}
	}
	// Pads without a record are somebody's mistake.
	lost := disk.Clone(1)
	mustDo(t, lost.Remove("device.record"))
	lost.Put("alice.bob.random.metadata", nil)
	if _, err := padstore.Open(lost, "alice"); !errors.Is(err, padstore.ErrFault) {
		t.Errorf("%v", err)
	}
}
