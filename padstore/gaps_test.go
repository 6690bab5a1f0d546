package padstore_test

import (
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
		for _, nBytes := range []int64{1 << 20, 4 << 20, 16 << 20} {
			folder := generate(t, suite, nBytes, &stream{seed: t.Name()})
			bob, bobDisk := device(t, folder, "bob")
			mustDo(t, bob.Close())
			_, aliceDisk := device(t, folder, "alice")
			a, b := &meter{Disk: aliceDisk}, &meter{Disk: bobDisk}
			alice, err := padstore.Open(a, "alice")
			mustDo(t, err)
			bob, err = padstore.Open(b, "bob")
			mustDo(t, err)
			ages := []int{1, 1000}
			if nBytes == 4<<20 {
				ages = append(ages, 20000)
			}
			sent := 0
			for _, age := range ages {
				for ; sent < age; sent++ {
					pkg := mustSeal(t, alice, "bob", "")
					if sent >= 20000-1000 || sent < 1000 {
						if _, err := bob.Unseal("alice", pkg); err != nil {
							t.Fatal(err)
						}
					}
				}
				var pkg []byte
				sealing = append(sealing, a.cost(func() { pkg = mustSeal(t, alice, "bob", "the same text") }))
				opening = append(opening, b.cost(func() {
					if _, err := bob.Unseal("alice", pkg); err != nil {
						t.Fatal(err)
					}
				}))
				sent++
			}
			for _, disk := range []*durabletest.Disk{aliceDisk, bobDisk} {
				for name, data := range disk.Image() {
					if strings.HasSuffix(name, ".metadata") && len(data) != 16384 {
						t.Errorf("%s has grown to %d bytes", name, len(data))
					}
				}
			}
		}
		for _, list := range [][]string{sealing, opening} {
			if len(slices.Compact(slices.Clone(list))) != 1 {
				t.Errorf("a message does not cost the same: %q", list)
			}
		}
		t.Logf("a sealed text: %s; an opened one: %s", sealing[0], opening[0])
	})
}
