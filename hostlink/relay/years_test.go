package relay

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"onetimechat/hostlink/mailbox"
)

// later is a time that tests move.
type later struct{ seconds atomic.Int64 }

func (l *later) now() time.Time { return time.Unix(1_800_000_000+l.seconds.Load(), 0) }

// sweep has the relay delete what is old, and waits for it.
func (r *running) sweep() {
	r.cfg.sweepNow <- struct{}{}
	r.cfg.sweepNow <- struct{}{} // taken when the first is done
}

func (r *running) next(t *testing.T, recipient string) int64 {
	t.Helper()
	next, err := r.client.NextRef(t.Context(), recipient)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// Somebody who fills all the mailboxes there may be keeps others out no longer
// than their messages last. No ref goes back for that, after a restart either.
func TestNamesOfEmptyMailboxesAreForgotten(t *testing.T) {
	var at later
	dir := t.TempDir()
	cfg := Config{DataDir: dir, MaxMailboxes: 3, Retention: time.Hour, now: at.now, sweepEvery: time.Hour, sweepNow: make(chan struct{})}
	r := start(t, cfg)
	for i := range 3 {
		r.mustSend(t, fmt.Sprintf("m%d", i), "x", "")
	}
	r.refusedWith(t, "bob", "x", 503)
	m2 := r.next(t, "m2")
	at.seconds.Add(1800)
	young := r.mustSend(t, "m1", "y", "")
	at.seconds.Add(1801)
	r.sweep()
	if n := r.store.mailboxes(); n != 1 {
		t.Fatalf("%d mailboxes, want 1", n)
	}
	check := func(least int64) {
		t.Helper()
		if next := r.next(t, "m1"); next != young+1 {
			t.Errorf("m1: next ref %d, want %d", next, young+1)
		}
		for _, name := range []string{"m0", "m2", "never"} {
			if next := r.next(t, name); next < least {
				t.Errorf("%s: next ref %d, went back from %d", name, next, least)
			}
		}
	}
	check(m2)
	r.stop()
	r = start(t, cfg)
	check(m2)
	bob := r.mustSend(t, "bob", "x", "")
	if again := r.mustSend(t, "m2", "x", ""); again < m2 || bob <= young {
		t.Errorf("refs %d and %d went back", again, bob)
	}
	at.seconds.Add(7200)
	r.sweep()
	r.stop()
	r = start(t, cfg)
	if next := r.next(t, "bob"); next <= bob {
		t.Errorf("the emptied relay's next ref is %d, bob had %d", next, bob)
	}
	if ref := r.mustSend(t, "bob", "x", ""); ref <= bob {
		t.Errorf("ref %d after %d", ref, bob)
	}
}

// Retention goes by the time that the relay has run: a clock that was set while
// it did not run deletes nothing before its time. While it runs, time.Time does not
// follow one that is set.
func TestAClockThatJumpsDeletesNothing(t *testing.T) {
	var at later
	dir := t.TempDir()
	begin := func() *running {
		return start(t, Config{DataDir: dir, Retention: time.Hour, now: at.now, sweepEvery: time.Hour, sweepNow: make(chan struct{})})
	}
	kept := func(r *running, want int) {
		t.Helper()
		r.sweep()
		if n := len(r.all(t, "bob")); n != want {
			t.Fatalf("%d messages, want %d", n, want)
		}
	}
	r := begin()
	r.mustSend(t, "bob", "x", "")
	for _, years := range []int64{1, -20, 30} {
		at.seconds.Add(1000)
		kept(r, 1)
		r.stop()
		at.seconds.Add(years * 365 * 24 * 3600)
		r = begin()
		kept(r, 1)
	}
	at.seconds.Add(601)
	kept(r, 0)
}

// A copy of the folder that is put back gives no ref that was given since.
func TestADatabasePutBackGivesNoRefTwice(t *testing.T) {
	dir, copied := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	var at later
	begin := func(dir string) *running { return start(t, Config{DataDir: dir, now: at.now}) }
	r := begin(dir)
	r.mustSend(t, "bob", "x", "")
	r.stop()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	at.seconds.Add(60)
	r = begin(dir)
	last := r.mustSend(t, "bob", "lost", "")
	for i := range 50 {
		last = r.mustSend(t, "bob", fmt.Sprint(i), "")
	}
	r.stop()
	at.seconds.Add(60)
	r = begin(copied)
	if ref := r.mustSend(t, "bob", "y", ""); ref <= last {
		t.Errorf("ref %d, the lost one was %d", ref, last)
	}
}

// Nor does a new one in the place of one that was lost: a host that was away
// meanwhile looks for what is new above the refs that it had, and finds it all.
func TestADatabaseBegunAnewGivesNoRefTwice(t *testing.T) {
	var at later
	r := start(t, Config{DataDir: t.TempDir(), now: at.now})
	last := r.mustSend(t, "bob", "x", "")
	for restarts := range 3 {
		r.stop()
		at.seconds.Add(3600)
		dir := t.TempDir()
		for range restarts { // before anybody writes
			start(t, Config{DataDir: dir, now: at.now}).stop()
		}
		r = start(t, Config{DataDir: dir, now: at.now})
		ref := r.mustSend(t, "bob", "y", "")
		if ref <= last {
			t.Errorf("ref %d, the lost one was %d", ref, last)
		}
		last = ref
	}
}

func TestADatabaseOfTheFirstVersionGoesOn(t *testing.T) {
	dir := t.TempDir()
	db, err := openDB(filepath.Join(dir, dbFile), 1, synced()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []string{firstStep,
		`INSERT INTO messages VALUES (5, 'bob', 'alice', 1700000000, 1, NULL, 'x'), (6, 'bob', 'alice', 1700003000, 1, NULL, 'y')`,
		`INSERT INTO marks VALUES ('carol', 9), ('bob', 4)`,
		`PRAGMA user_version = 1`} {
		if _, err := db.Exec(change); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var at later
	for range 2 {
		r := start(t, Config{DataDir: dir, Retention: time.Hour, now: at.now, sweepEvery: time.Hour, sweepNow: make(chan struct{})})
		if n := len(r.all(t, "bob")); n != 2 {
			t.Errorf("%d messages, want 2", n)
		}
		if bob, carol := r.next(t, "bob"), r.next(t, "carol"); bob != 7 || carol != 10 {
			t.Errorf("next refs %d and %d, want 7 and 10", bob, carol)
		}
		r.stop()
		at.seconds.Add(1 << 40)
	}
	r := start(t, Config{DataDir: dir, Retention: time.Hour, now: at.now, sweepEvery: time.Hour, sweepNow: make(chan struct{})})
	at.seconds.Add(601)
	r.sweep()
	if all := r.all(t, "bob"); len(all) != 1 || all[0].Ref != 6 {
		t.Errorf("left: %v, want ref 6", all)
	}
	if ref := r.mustSend(t, "bob", "z", ""); ref <= 9 {
		t.Errorf("ref %d, carol had 9", ref)
	}
}

// Those who read all the time keep SQLite from beginning its log anew, which
// would grow with everything that is sent meanwhile.
func TestTheLogStaysShortUnderReaders(t *testing.T) {
	store, err := openStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.close()
	store.longLog = 4 << 20
	r := &Relay{store: store, answers: newBudget(256 << 20), write: startWriter(Config{}.withDefaults(), store, newBells())}
	defer r.write.stop()
	send := func(recipient string) {
		t.Helper()
		s := &submission{recipient: recipient, sender: "alice", contents: strings.Repeat("x", mailbox.MaxContents)}
		if _, err := r.write.submit(s); err != nil {
			t.Fatal(err)
		}
	}
	send("bob")
	stop := make(chan struct{})
	var group sync.WaitGroup
	defer group.Wait()
	defer close(stop)
	for range 2 * readers {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if a, err := r.read(question{recipient: "bob", max: 1}); err != nil {
					t.Error(err)
				} else {
					a.giveBack()
				}
			}
		})
	}
	longest := int64(0)
	for range 8 {
		send("carol")
		info, err := os.Stat(store.logPath)
		if err != nil {
			t.Fatal(err)
		}
		longest = max(longest, info.Size())
	}
	if longest > 8<<20 {
		t.Errorf("the log grew to %d bytes", longest)
	}
}

// On a full disk nothing new is taken, what is there is still answered and is
// deleted when it is old, and with room again the relay goes on by itself.
func TestAFullDiskIsOutlived(t *testing.T) {
	var at later
	var log bytes.Buffer
	r := start(t, Config{Retention: time.Hour, now: at.now, sweepEvery: time.Hour, sweepNow: make(chan struct{}), Log: slog.New(slog.NewTextHandler(&log, nil))})
	pages := func(count int) { // no fewer than there are
		t.Helper()
		if _, err := r.store.write.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", count)); err != nil {
			t.Fatal(err)
		}
	}
	long := strings.Repeat("x", 100_000)
	first := r.mustSend(t, "bob", long, "first")
	pages(1)
	for range 3 {
		r.refusedWith(t, "bob", long, 503)
	}
	if all := r.all(t, "bob"); len(all) != 1 {
		t.Errorf("%d messages, want 1", len(all))
	}
	at.seconds.Add(1)
	pages(1000)
	if second := r.mustSend(t, "bob", long, ""); second <= first {
		t.Errorf("ref %d after %d", second, first)
	}
	pages(1)
	r.refusedWith(t, "bob", long, 503)
	at.seconds.Add(3601)
	r.sweep()
	r.mustSend(t, "bob", long, "") // in the place of the old ones
	r.stop()
	if n := strings.Count(log.String(), "disk full"); n != 2 {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
}

// Another program that has the database for itself for a while, as one that copies
// it may, is waited out: what comes meanwhile is refused for now, and the relay goes
// on by itself.
func TestALockedDatabaseIsWaitedOut(t *testing.T) {
	var log bytes.Buffer
	dir := t.TempDir()
	r := start(t, Config{DataDir: dir, sweepEvery: time.Hour, sweepNow: make(chan struct{}), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if _, err := r.store.write.Exec("PRAGMA busy_timeout = 20"); err != nil {
		t.Fatal(err)
	}
	first := r.mustSend(t, "bob", "x", "")
	other, err := openDB(filepath.Join(dir, dbFile), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for range 2 {
		lock, err := other.Begin()
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			r.refusedWith(t, "bob", "y", 503)
		}
		for range 2 { // the second is taken when the first is done
			select {
			case r.cfg.sweepNow <- struct{}{}:
			case <-r.write.failed:
				t.Fatal(r.write.err)
			}
		}
		if all := r.all(t, "bob"); len(all) == 0 {
			t.Error("nothing is answered meanwhile")
		}
		if err := lock.Rollback(); err != nil {
			t.Fatal(err)
		}
		if ref := r.mustSend(t, "bob", "z", ""); ref <= first {
			t.Errorf("ref %d after %d", ref, first)
		}
	}
	r.stop()
	if n := strings.Count(log.String(), "level=WARN"); n != 2 {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
}
