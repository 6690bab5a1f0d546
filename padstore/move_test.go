package padstore_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// move is an import of two pads shared with bob and one with carol.
type move struct {
	*testing.T
	folder, disk *durabletest.Disk
	pads         map[string][]byte // by content
}

func newMove(t *testing.T, suite seal.Suite) *move {
	mv := &move{T: t, folder: generate(t, suite, 1024, padtest.Stream("one")), disk: durabletest.New(1), pads: map[string][]byte{}}
	mustDo(t, open(t, mv.disk, "alice").Close())
	second := generate(t, suite, 1024, padtest.Stream("two"))
	mv.folder.Put("alice.bob.2.random.metadata", second.Bytes(metadataName))
	mv.folder.Put("alice.bob.2.random.store", second.Bytes(padName))
	mv.pads["one"], mv.pads["two"] = padBytes(t, "one", 1024), padBytes(t, "two", 1024)
	return mv
}

func (mv *move) again(seed uint64) *move {
	c := *mv
	c.folder, c.disk = mv.folder.Clone(seed), mv.disk.Clone(seed)
	return &c
}

// safe shows that no pad is lost, half there, or in two places when it serves.
func (mv *move) safe(store *padstore.Store) {
	mv.Helper()
	serving := 0
	for _, p := range store.Pads() {
		if p.Fault {
			mv.Fatal("a pad is damaged")
		}
		if p.State == padstore.InUse {
			serving++
		}
	}
	whole, sources := 0, 0
	for _, made := range mv.pads {
		here, there := 0, 0
		for _, name := range padFiles(mv.disk) {
			if !strings.HasSuffix(name, ".partial") && bytes.Equal(mv.disk.Bytes(name), made) {
				here++
			}
		}
		for _, name := range padFiles(mv.folder) {
			if strings.HasPrefix(name, "alice.") && bytes.Equal(mv.folder.Bytes(name), made) {
				there++
			}
		}
		if here+there == 0 {
			mv.Fatal("a pad is lost")
		}
		if here > 0 {
			whole++
		}
		if there > 0 {
			sources++
		}
	}
	if serving+sources > len(mv.pads) {
		mv.Fatalf("%d pads serve while %d sources are whole", serving, sources)
	}
	if _, err := store.Seal("bob", "x"); serving == 0 && !errors.Is(err, padstore.ErrNoPad) {
		mv.Fatalf("a pad serves before its import is finished: %v", err)
	}
}

// finish imports what is left, and shows that everything has arrived.
func (mv *move) finish() {
	mv.Helper()
	store, err := padstore.Open(mv.disk, "alice")
	mustDo(mv, err)
	expected, err := store.Importable(mv.folder, "folder")
	mustDo(mv, err)
	_, err = store.Import(mv.folder, "folder", nil)
	if nothing := errors.Is(err, padstore.ErrNothingToImport); err != nil && !nothing || nothing != (len(expected) == 0) {
		mv.Fatalf("taking up again what was to be moved, %q: %v", expected, err)
	}
	if n := len(store.Pads()); n != 2 {
		mv.Fatalf("%d pads", n)
	}
	for i, p := range store.Pads() {
		if want := []padstore.State{padstore.InUse, padstore.Retired}[i]; p.State != want || p.Fault {
			mv.Fatalf("%+v", p)
		}
	}
	if got := padFiles(mv.folder); !slices.Equal(got, []string{"bob.alice.random.metadata", "bob.alice.random.store"}) {
		mv.Fatalf("the source is left with %q", got)
	}
	if got := padFiles(mv.disk); len(got) != 4 {
		mv.Fatalf("the device has %q", got)
	}
	// What came here before does not come again.
	for _, made := range mv.pads {
		copied := durabletest.New(1)
		g := generate(mv, mv.suite(store), 1024, bytes.NewReader(made))
		copied.Put(metadataName, g.Bytes(metadataName))
		copied.Put(padName, made)
		if _, err := store.Import(copied, "copied", nil); err == nil || errors.Is(err, padstore.ErrNothingToImport) {
			mv.Fatalf("a pad was taken twice: %v", err)
		}
	}
}

func (mv *move) suite(store *padstore.Store) seal.Suite { return store.Pads()[0].Suite }

func TestAnImportCutAnywhereIsTakenUpAgain(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		start := newMove(t, suite)
		for _, where := range []string{"device", "source"} {
			t.Run(where, func(t *testing.T) {
				t.Parallel()
				var ops []string
				start.run(t, where, 0, func(side *durabletest.Disk) { side.Trace(func(op string) { ops = append(ops, op) }) })
				for _, fate := range fates {
					for k, op := range append(ops, "end") {
						if !isRead(op) {
							cutMove(t, start, where, k+1, fate)
						}
					}
				}
			})
		}
	})
}

// run imports on a copy of mv, with plan made for one side of it.
func (mv *move) run(t *testing.T, where string, seed uint64, plan func(side *durabletest.Disk)) (c *move, store *padstore.Store, side *durabletest.Disk, err error) {
	t.Helper()
	c = mv.again(seed)
	c.T = t
	store, err = padstore.Open(c.disk, "alice")
	mustDo(t, err)
	side = c.disk
	if where == "source" {
		side = c.folder
	}
	plan(side)
	_, err = store.Import(c.folder, "folder", nil)
	return c, store, side, err
}

// cutMove cuts the power of one side at its k-th operation; the other goes with
// it, as both are in one device.
func cutMove(t *testing.T, start *move, where string, k int, fate durabletest.Unsynced) {
	defer func() {
		if t.Failed() {
			t.Fatalf("cut of the %s at %d, unsynced %v", where, k, fate)
		}
	}()
	mv, _, side, err := start.run(t, where, uint64(k), func(side *durabletest.Disk) { side.CutAt(k) })
	done := err == nil
	if done == side.Failed() {
		t.Fatalf("import: %v", err)
	}
	for _, d := range []*durabletest.Disk{mv.disk, mv.folder} {
		d.PowerOff()
		d.PowerOn(fate)
	}
	if !done {
		store, err := padstore.Open(mv.disk, "alice")
		mustDo(t, err)
		mv.safe(store)
	}
	mv.finish()
}

func TestAnImportThatFailsAnywhereIsTakenUpAgain(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite seal.Suite) {
		start := newMove(t, suite)
		for _, where := range []string{"device", "source"} {
			t.Run(where, func(t *testing.T) {
				for k, done := 1, false; !done; k++ {
					mv, store, side, err := start.run(t, where, 1, func(side *durabletest.Disk) { side.FailAt(k) })
					done = !side.Failed()
					side.FailAt(1 << 30)
					if done && err != nil {
						t.Fatalf("operation %d: %v", k, err)
					}
					if where == "source" && store.Fault() != nil {
						t.Fatalf("operation %d of the source stopped the device: %v", k, store.Fault())
					}
					if where == "device" && err == nil && !done && store.Fault() != nil {
						t.Fatalf("operation %d: latched, and the import says it is done", k)
					}
					mv.disk.PowerOff()
					mv.disk.PowerOn(durabletest.Lost)
					mv.finish()
				}
			})
		}
	})
}

// The card may fill up, by what else grows, after Import has seen that there is
// room: that is no fault, and nothing is left of the copy.
func TestAnImportMeetsAFullCard(t *testing.T) {
	start := newMove(t, seal.Unconditional)
	for k := 1; ; k++ {
		mv := start.again(1)
		store, err := padstore.Open(mv.disk, "alice")
		mustDo(t, err)
		op, n := "", 0
		mv.disk.Trace(func(next string) {
			if n++; n == k {
				op = next
			}
		})
		mv.disk.FullAt(k)
		_, err = store.Import(mv.folder, "folder", nil)
		if !mv.disk.Failed() {
			mustDo(t, err)
			break
		}
		verb, name, _ := strings.Cut(op, " ")
		switch {
		case strings.HasSuffix(name, ".partial") && (verb == "write" || verb == "create"):
			if !errors.Is(err, padstore.ErrFull) || store.Fault() != nil {
				t.Fatalf("full at %s: %v, and then %v", op, err, store.Fault())
			}
			mv.safe(store)
			if got := padFiles(mv.disk); slices.ContainsFunc(got, func(name string) bool { return strings.HasSuffix(name, ".partial") }) {
				t.Fatalf("full at %s: left behind %q", op, got)
			}
			mustDo(t, store.Close())
		case err != nil && !errors.Is(err, padstore.ErrFault):
			t.Fatalf("full at %s: %v", op, err)
		}
		mv.disk.PowerOff()
		mv.disk.PowerOn(durabletest.Lost)
		mv.finish()
	}
}
