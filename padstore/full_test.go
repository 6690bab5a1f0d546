package padstore_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// margin is what pads leave free of a card, in bytes.
const margin = 4 << 20

// A card that is full for any one write ends that action, and no promise. What
// grows says so, goes on, and can be tried again.
func TestACardThatIsFullAtAnyWrite(t *testing.T) {
	grows := []string{"resize up", "begin", "begin in place of another", "append", "prepare"}
	eachAction(t, func(t *testing.T, sc *scene, a action) {
		for k, op := range operations(t, sc, a) {
			if strings.HasPrefix(op, "write ") || strings.HasPrefix(op, "create ") {
				fullOnce(t, sc, a, k+1, op, slices.Contains(grows, a.name))
			}
		}
	})
}

// fullOnce makes the card full for the k-th operation of an action.
func fullOnce(t *testing.T, sc *scene, a action, k int, op string, grows bool) {
	defer func() {
		if t.Failed() {
			t.Fatalf("full at %d: %s", k, op)
		}
	}()
	tr := begin(t, sc, a, 1)
	tr.disk.FullAt(k)
	err := a.do(tr)
	latched := !a.closed && tr.store.Fault() != nil
	// A file that has no room for what it held is broken.
	grown := strings.HasSuffix(op, ".partial") || op == "create draft.store" ||
		a.name == "append" && op == "write draft.store" || a.name == "resize up" && op == "write reservoir.store"
	switch {
	case grows && grown:
		if latched || !errors.Is(err, padstore.ErrFull) {
			t.Fatalf("%v, latched: %v", err, latched)
		}
		tr.unchanged(a.name)
	case err == nil && a.name == "open while a pad is adopted" && tr.store.Draft() != nil:
		return // it waits: see below
	case err == nil && !latched:
		t.Fatal("a write that failed is passed over")
	case err != nil && !errors.Is(err, padstore.ErrFault) && !errors.Is(err, padstore.ErrFull):
		t.Fatalf("%v, latched: %v", err, latched)
	}
	tr.disk.PowerOff()
	tr.disk.PowerOn(fates[k%3])
	if err := tr.open(); err != nil {
		t.Fatalf("reopening: %v", err)
	}
	tr.finish(false)
}

// unchanged shows that an action which found no room has changed nothing, and
// does it again.
func (tr *trial) unchanged(name string) {
	tr.Helper()
	var err error
	switch name {
	case "resize up":
		if l := tr.store.Reservoir().Level(); l.Capacity != capacity || l.Ready != laidUp {
			tr.Fatalf("%+v", l)
		}
		tr.check(tr, tr.disk)
		err = tr.store.Reservoir().Resize(2 * capacity)
	case "append":
		if d := tr.store.Draft(); d.Done() != padToMake/2 {
			tr.Fatalf("%d bytes of draft", d.Done())
		}
		tr.check(tr, tr.disk)
		err = tr.stock.append(tr, tr.store.Draft(), padToMake/2)
	case "prepare":
		if d := tr.store.Draft(); d == nil || d.Stage() != padstore.Agreed || d.Done() != padToMake {
			tr.Fatal("the draft is gone")
		}
		if _, err := tr.store.Begin(making(tr.suite, "d1", padToMake)); !errors.Is(err, padstore.ErrFull) {
			tr.Fatalf("another pad in between: %v", err)
		}
		err = tr.prepare()
	default:
		if tr.store.Draft() != nil && name == "begin" {
			tr.Fatal("a draft without its files")
		}
		tr.check(tr, tr.disk)
		_, err = tr.stock.begin(tr.store, making(tr.suite, "d1", padToMake))
	}
	if err != nil {
		tr.Fatalf("once there is room: %v", err)
	}
}

// A pad that is decided on, on a card that has no room when the store is
// opened, waits for room. Its device works all the same.
func TestAPadWaitsForRoomToBePrepared(t *testing.T) {
	sc, waited := agreed(t, seal.Unconditional), 0
	for k := range operations(t, sc, action{do: (*trial).prepare}) {
		for seed := range uint64(6) {
			tr := begin(t, sc, action{}, seed)
			tr.disk.CutAt(k + 1)
			mustFail(t, tr.prepare())
			tr.disk.PowerOn(fates[seed%3])
			tr.disk.Capacity(0)
			mustDo(t, tr.open())
			mustDo(t, tr.seal(t, tr.store, "the other pad works"))
			if d := tr.store.Draft(); d != nil {
				if _, err := d.Prepare(); errors.Is(err, padstore.ErrFull) {
					waited++
					tr.waits(d)
				}
			}
			tr.disk.Capacity(1 << 30)
			mustDo(t, tr.open())
			tr.finish(false)
		}
	}
	if waited < 20 {
		t.Errorf("it waited only %d times", waited)
	}
}

// waits shows that what is decided is not changed meanwhile.
func (tr *trial) waits(d *padstore.Draft) {
	tr.Helper()
	_, err := d.Tag(&tagKey, nil)
	for _, err := range []error{d.Append(nil, nil, nil), d.Rewind(0), d.Confirm(padstore.Checked, d.Tagged()), d.Discard(), err} {
		if !errors.Is(err, padstore.ErrState) {
			tr.Fatalf("what is decided was changed: %v", err)
		}
	}
}

func TestPadsLeaveAMarginOfTheCard(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	room := func(bytes int64) { disk.Capacity(disk.Used() + margin + bytes) }
	free := func(want int64) {
		t.Helper()
		if got, err := store.Free(); err != nil || got != want {
			t.Fatalf("%d bytes are free, %v, not %d", got, err, want)
		}
	}
	full := func(err error) {
		t.Helper()
		if !errors.Is(err, padstore.ErrFull) || store.Fault() != nil {
			t.Fatal(err)
		}
	}
	disk.Capacity(0)
	free(0)
	room(4096 + 31)
	free(4096)
	full(store.Reservoir().Resize(4112))
	mustDo(t, store.Reservoir().Resize(2048))
	free(2048)
	mustDo(t, store.Reservoir().Resize(0))
	free(4096)
	_, err := store.Begin(making(seal.Unconditional, "d0", 4128))
	full(err)
	d, err := store.Begin(making(seal.Unconditional, "d0", 4096))
	mustDo(t, err)
	room(1024)
	full(d.Append(make([]byte, 1040), lotsOf(1040, "hw"), lotsOf(1040, "hw")))
	mustDo(t, d.Append(padBytes(t, "d0", 1024), lotsOf(1024, "hw"), lotsOf(1024, "hw")))
	free(0)
	// What is thrown away makes room.
	_, err = store.Begin(making(seal.Unconditional, "d1", 1056))
	full(err)
	_, err = store.Begin(making(seal.Unconditional, "d1", 1024))
	mustDo(t, err)
	free(1024)
	folder := generate(t, seal.Unconditional, 1056, padtest.Stream(t.Name()))
	_, err = store.Import(folder, "folder", nil)
	full(err)
	room(1056)
	_, err = store.Import(folder, "folder", nil)
	mustDo(t, err)
}
