package padstore_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

func TestTheOldestGapIsClosedWhenThereAreTooMany(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		sc := gapped(t, suite)
		store, disk, l := open(t, sc.disk, "alice"), sc.disk, sc.ledger
		size := l.segmentSize("")
		oldest, second := l.incoming(t, l.base(), ""), l.incoming(t, l.base()+2*size, "")
		for _, pkg := range [][]byte{oldest, second} {
			if v, err := store.Verify("bob", pkg); err != nil || v.Skip {
				t.Fatalf("of 100 gaps each still opens: %+v, %v", v, err)
			}
		}
		// One gap more, then one split in two.
		if _, err := l.open(t, store, l.incoming(t, sc.next+size, "")); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Verify("bob", oldest); !errors.Is(err, padstore.ErrAlreadyOpened) {
			t.Fatalf("a closed gap: %v", err)
		}
		if n := len(texts(store.Log(), padstore.KindClosed)); n != 1 {
			t.Errorf("%d closed gaps are in the log", n)
		}
		meta := l.metadata(t, disk)
		if meta.Closing == "" {
			t.Fatal("nothing is closing")
		}
		rest(t, store)
		if meta = l.metadata(t, disk); meta.Closing != "" {
			t.Errorf("still closing %s", meta.Closing)
		}
		l.checkUsed(t, disk, oldest)
		if got, err := l.open(t, store, second); err != nil || got.Skip {
			t.Fatalf("the next gap: %+v, %v", got, err)
		}
		l.check(t, disk)
		l.probe(t, open(t, disk, "alice"))
		l.check(t, disk)
	})
}

// checkUsed shows that a package's pad is overwritten, though it never opened.
func (l *ledger) checkUsed(t testing.TB, disk *durabletest.Disk, pkg []byte) {
	t.Helper()
	now := disk.Bytes(l.file + ".store")
	for _, o := range l.where(t, l.contact, pkg) {
		if now[o] != 0 {
			t.Fatalf("offset %d is closed and not overwritten", o)
		}
	}
}

func TestALargeClosedGapIsOverwrittenInSlices(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		store, disk, l := imported(t, suite, 1<<20)
		size := l.segmentSize("")
		// The first gap is large, and so takes many slices when it is closed.
		at := l.base() + 300<<10
		for range 101 {
			if _, err := l.open(t, store, l.incoming(t, at, "")); err != nil {
				t.Fatal(err)
			}
			at += 2 * size
		}
		written, steps := 0, 0
		for more := true; more; steps++ {
			before := disk.Bytes(padName)
			var err error
			if more, err = store.Work(); err != nil {
				t.Fatal(err)
			}
			changed := 0
			for i, b := range disk.Bytes(padName) {
				if b != before[i] {
					changed++
				}
			}
			if changed > 64<<10 {
				t.Fatalf("a step overwrote %d bytes", changed)
			}
			written += changed
			// In the middle, a stop: the rest goes on after it.
			if steps == 2 {
				disk.PowerOff()
				disk.PowerOn(durabletest.Lost)
				store = open(t, disk, "alice")
				more = true
			}
		}
		if steps < 5 || written < 290<<10 {
			t.Errorf("%d bytes in %d steps", written, steps)
		}
		if meta := l.metadata(t, disk); meta.Closing != "" {
			t.Errorf("still closing %s", meta.Closing)
		}
		l.check(t, disk)
	})
}

// meter is a Disk that counts what is done to it.
type meter struct {
	durable.Disk
	ops, bytes int
}

func (m *meter) Open(name string) (durable.File, error) {
	f, err := m.Disk.Open(name)
	return &metered{f, m}, err
}

func (m *meter) Create(name string) (durable.File, error) {
	f, err := m.Disk.Create(name)
	return &metered{f, m}, err
}

func (m *meter) SyncFiles(files ...durable.File) error {
	inner := make([]durable.File, len(files))
	for i, f := range files {
		inner[i] = f.(*metered).File
	}
	m.ops++
	return m.Disk.SyncFiles(inner...)
}

type metered struct {
	durable.File
	m *meter
}

func (f *metered) ReadAt(p []byte, off int64) (int, error) {
	f.m.ops++
	f.m.bytes += len(p)
	return f.File.ReadAt(p, off)
}

func (f *metered) WriteAt(p []byte, off int64) (int, error) {
	f.m.ops++
	f.m.bytes += len(p)
	return f.File.WriteAt(p, off)
}

func (f *metered) Sync() error {
	f.m.ops++
	return f.File.Sync()
}

// cost is what one call does to the disk.
func (m *meter) cost(call func()) string {
	m.ops, m.bytes = 0, 0
	call()
	return fmt.Sprintf("%d operations, %d bytes", m.ops, m.bytes)
}

// TestAMessageCostsTheSameForEver counts the disk operations, and the bytes
// read and written, of a message at any age of the pad and in pads of any size.
func TestAMessageCostsTheSameForEver(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		var sealing, opening []string
		made := padBytes(t, t.Name(), 16<<20)
		for _, aged := range []struct {
			nBytes   int
			imported int64 // messages that the pad has served when it comes here
			more     int
		}{{1 << 20, 0, 1}, {1 << 20, 0, 1500}, {4 << 20, 20000, 1}, {16 << 20, 1, 1}, {16 << 20, 100000, 1}} {
			c := &correspondence{suite: suite, made: made[:aged.nBytes]}
			c.begin(t, aged.imported)
			for range aged.more {
				c.exchange(t, "")
			}
			cost1, cost2 := c.exchange(t, "the same text")
			sealing, opening = append(sealing, cost1), append(opening, cost2)
		}
		for _, list := range [][]string{sealing, opening} {
			if len(slices.Compact(slices.Clone(list))) != 1 {
				t.Errorf("a message does not cost the same: %q", list)
			}
		}
		t.Logf("a sealed text: %s; an opened one: %s", sealing[0], opening[0])
	})
}

// correspondence is alice sending to bob on metered disks.
type correspondence struct {
	suite      seal.Suite
	made       []byte
	disks      [2]*durabletest.Disk
	meters     [2]*meter
	alice, bob *padstore.Store
}

// begin imports both sides of a pad that served so many empty texts of alice's.
func (c *correspondence) begin(t *testing.T, served int64) {
	t.Helper()
	base := newLedger(c.suite, "alice", "bob", c.made).base()
	at := base + 48*served
	for i, owner := range []string{"alice", "bob"} {
		folder := folder2015(t, owner, []string{"bob", "alice"}[i], c.made, func(m map[string]any) {
			if c.suite == seal.Unconditional {
				m["suite"], m["bucket"] = "unconditional", 32
			}
			if owner == "alice" {
				m["encrypt_index"] = at
			} else if served > 0 {
				m["decrypt_max"], m["decrypt_log"] = at, fmt.Sprintf("%d-%d,", base, at)
			}
		})
		c.disks[i] = durabletest.New(1)
		c.meters[i] = &meter{Disk: c.disks[i]}
		store, err := padstore.Open(c.meters[i], owner)
		mustDo(t, err)
		if _, err := store.Import(folder, "folder", nil); err != nil {
			t.Fatal(err)
		}
		if owner == "alice" {
			c.alice = store
		} else {
			c.bob = store
		}
	}
}

// exchange says what sealing and opening a text cost.
func (c *correspondence) exchange(t *testing.T, text string) (sealing, opening string) {
	t.Helper()
	var pkg []byte
	sealing = c.meters[0].cost(func() { pkg = mustSeal(t, c.alice, "bob", text) })
	opening = c.meters[1].cost(func() {
		if got, err := c.bob.Unseal("alice", pkg); err != nil || got.Skip || got.Text != text {
			t.Fatal(got, err)
		}
	})
	for i, name := range []string{"alice.bob.random.metadata", "bob.alice.random.metadata"} {
		if n := len(c.disks[i].Bytes(name)); n != 16384 {
			t.Fatalf("%s has grown to %d bytes", name, n)
		}
	}
	return sealing, opening
}

// A bad block in a closed gap, wherever the slices end, stops nothing.
func TestABadBlockInAClosedGapIsOverwritten(t *testing.T) {
	store, disk, l := imported(t, seal.Unconditional, 1<<20)
	at := l.base() + 200<<10
	for range 101 {
		_, err := l.open(t, store, l.incoming(t, at, ""))
		mustDo(t, err)
		at += 2 * l.segmentSize("")
	}
	for page := range (200<<10)/4096 + 1 {
		if page == 0 {
			continue // the hash key's: then the pad serves nothing
		}
		disk, l := disk.Clone(1), l.clone()
		store := open(t, disk, "alice")
		bad := 1<<20/4096 - 1 - page // bob's lane is the backward one
		disk.UnreadablePage(padName, bad)
		l.harm(int64(bad)*4096, int64(bad+1)*4096)
		rest(t, store)
		l.check(t, disk)
		mustDo(t, store.Close())
	}
}
