package padstore_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
)

// reservoir is a new device with a reservoir of some bytes.
func reservoir(t testing.TB, size int64) (*padstore.Store, *durabletest.Disk, *stock) {
	t.Helper()
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	mustDo(t, store.Reservoir().Resize(size))
	return store, disk, &stock{}
}

func TestNoiseComesOutOnceAndLastInFirstOut(t *testing.T) {
	store, disk, st := reservoir(t, 4096)
	if l := store.Reservoir().Level(); l != (padstore.Level{Capacity: 4096}) {
		t.Fatalf("a new reservoir: %+v", l)
	}
	if _, _, err := st.take(t, store, 1); !errors.Is(err, padstore.ErrDry) {
		t.Fatalf("taking from an empty one: %v", err)
	}
	mustDo(t, st.add(store, 100, origins("hw")))
	mustDo(t, st.add(store, 100, origins("hw", "dev-random")))
	if l := store.Reservoir().Level(); !l.Demo || l.Ready != 3200 {
		t.Fatalf("demo noise does not show: %+v", l)
	}
	b, lots, err := st.take(t, store, 1608) // half a cell of the lower lot, which is used up whole
	if mustDo(t, err); len(lots) != 2 || lots[0].Bytes != 16 || !bytes.Equal(b[:16], noiseCell(99)) {
		t.Fatalf("%v", lots)
	}
	if l := store.Reservoir().Level(); l != (padstore.Level{Ready: 3200 - 1616, Capacity: 4096}) {
		t.Fatalf("after taking: %+v", l)
	}
	if _, _, err := st.take(t, store, 1585); !errors.Is(err, padstore.ErrDry) || store.Reservoir().Level().Ready != 1584 {
		t.Fatalf("taking more than there is: %v, %+v", err, store.Reservoir().Level())
	}
	mustDo(t, st.add(store, 5, origins("hw")))
	st.check(t, disk)
	again := open(t, disk.Clone(1), "alice")
	if a, b := store.Reservoir().Level(), again.Reservoir().Level(); a != b {
		t.Fatalf("%+v, reopened %+v", a, b)
	}
	for again.Reservoir().Level().Ready > 0 {
		if _, _, err := st.take(t, again, 8); err != nil {
			t.Fatal(err)
		}
	}
}

// What one source made alone goes, with all that lies over it, in pieces; what it
// made with another one's help stays.
func TestWhatADistrustedSourceMadeAloneIsBurned(t *testing.T) {
	store, disk, st := reservoir(t, 4096)
	mustDo(t, st.add(store, 10, origins("hw")))
	mustDo(t, st.add(store, 10, origins("hw", "usb")))
	mustDo(t, st.add(store, 10, origins("usb")))
	mustDo(t, st.add(store, 10, origins("hw", "usb")))
	for _, step := range []struct {
		source       string
		most, burned int64
		left         int64 // cells
	}{
		{"dev-random", 1 << 20, 0, 40},
		{"usb", 100, 96, 34},
		{"usb", 1 << 20, 16 * 14, 20},
		{"usb", 1 << 20, 0, 20},
		{"hw", 1 << 20, 16 * 20, 0},
		{"hw", 1 << 20, 0, 0},
	} {
		burned, err := st.distrust(store, step.source, step.most)
		if mustDo(t, err); burned != step.burned || store.Reservoir().Level().Ready != 16*step.left {
			t.Errorf("%+v: %d bytes are burned, %d are left", step, burned, store.Reservoir().Level().Ready)
		}
		st.check(t, disk)
		if file := disk.Bytes("reservoir.store"); !bytes.Equal(file[16*step.left:], make([]byte, 4096-16*step.left)) {
			t.Errorf("%+v: it is still on the card", step)
		}
	}
}

func TestAFullReservoirTakesNoMore(t *testing.T) {
	store, disk, st := reservoir(t, 1000)
	if l := store.Reservoir().Level(); l.Capacity != 1008 {
		t.Fatalf("not rounded up to whole cells: %+v", l)
	}
	mustDo(t, st.add(store, 62, origins("hw")))
	before := disk.Image()
	if err := st.add(store, 2, origins("hw")); !errors.Is(err, padstore.ErrFull) {
		t.Fatalf("more than fits: %v", err)
	}
	for _, made := range [][]padstore.Origin{nil, make([]padstore.Origin, 9), origins(""), origins("non-ASCII é"), origins(fmt.Sprintf("%49d", 1)), {{Name: "hw", Credit: -1}}} {
		if err := st.add(store, 1, made); err == nil || errors.Is(err, padstore.ErrFault) {
			t.Fatalf("made by %v: %v", made, err)
		}
	}
	sameFiles(t, before, disk.Image())
	mustDo(t, store.Reservoir().Add(make([]byte, 15), origins("hw")))
	sameFiles(t, before, disk.Image())
	mustDo(t, st.add(store, 1, origins("hw")))
}

// The record has room for as many lots as can be, each as long as can be.
func TestSourcesThatChangeTooOftenFillTheReservoir(t *testing.T) {
	store, disk, st := reservoir(t, 4096)
	var lot []padstore.Origin
	for range 8 {
		lot = append(lot, padstore.Origin{Name: string(bytes.Repeat([]byte{'"'}, 48)), Credit: 1_000_000})
	}
	for i := range 16 {
		lot[0].Raw = i%2 == 0
		mustDo(t, st.add(store, 1, slices.Clone(lot)))
	}
	lot[0].Raw = true
	if err := st.add(store, 1, slices.Clone(lot)); !errors.Is(err, padstore.ErrFull) {
		t.Fatalf("a 17th lot: %v", err)
	}
	lot[0].Raw = false
	mustDo(t, st.add(store, 1, slices.Clone(lot))) // the same as the last
	st.check(t, disk)
	again := open(t, disk.Clone(1), "alice")
	if _, _, err := st.take(t, again, 17*16); err != nil {
		t.Fatal(err)
	}
}

// Whatever the record says, the file holds nothing that was ever given away.
func TestTheReservoirsRecordRolledBackAloneGivesNothingTwice(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	store, disk, st := reservoir(t, 4096)
	old := [][]byte{disk.Bytes("reservoir.record")}
	for range 60 {
		switch rng.IntN(5) {
		case 0, 1:
			_ = st.add(store, rng.IntN(60), origins("hw"))
		case 2, 3:
			_, _, _ = st.take(t, store, 8+8*rng.IntN(112))
		case 4:
			mustDo(t, store.Reservoir().Resize(2048+int64(rng.IntN(4096))))
		}
		old = append(old, disk.Bytes("reservoir.record"))
	}
	for i, record := range old {
		disk, st := disk.Clone(uint64(i)), st.clone()
		st.old, st.least = true, 0
		disk.Put("reservoir.record", record)
		again := open(t, disk, "alice")
		for err := error(nil); !errors.Is(err, padstore.ErrDry); {
			b := make([]byte, 8+8*rng.IntN(50))
			if _, err = again.Reservoir().Take(b); err != nil && !errors.Is(err, padstore.ErrDry) {
				t.Fatal(err)
			}
			for o := 0; err == nil && o < len(b); o += 16 {
				// What made it may be told wrongly; it must be noise all the same.
				if n := st.numberOf(b[o:]); n < 0 || st.served[n] {
					t.Fatalf("record %d rolled back: cell %d", i, n)
				} else {
					st.served[n] = true
				}
			}
		}
		if err := again.Reservoir().Resize(2048); err != nil {
			t.Fatal(err)
		}
		st.probe(t, again)
		st.check(t, disk)
	}
}

func TestADamagedReservoirIsOverwrittenAndBegunAnew(t *testing.T) {
	store, disk, st := reservoir(t, 4096)
	mustDo(t, st.add(store, 200, origins("hw")))
	mustDo(t, store.Close())
	const file, record = "reservoir.store", "reservoir.record"
	otherRecord := func(text string) func(*durabletest.Disk) {
		return func(d *durabletest.Disk) { d.Put(record, slotsWith(text, 32768)) }
	}
	for name, harm := range map[string]func(*durabletest.Disk){
		"no valid slot":      func(d *durabletest.Disk) { d.Put(record, make([]byte, 65536)) },
		"empty record":       func(d *durabletest.Disk) { d.Put(record, nil) },
		"record gone":        func(d *durabletest.Disk) { mustDo(t, errors.Join(d.Remove(record), d.Sync())) },
		"file gone":          func(d *durabletest.Disk) { mustDo(t, errors.Join(d.Remove(file), d.Sync())) },
		"file shorter":       func(d *durabletest.Disk) { d.Put(file, d.Bytes(file)[:4080]) },
		"not JSON":           otherRecord("{"),
		"ready over":         otherRecord(`{"capacity":4096,"ready":4112,"lots":[{"origins":[{"name":"hw"}],"bytes":4112}]}`),
		"lots too short":     otherRecord(`{"capacity":4096,"ready":32,"lots":[{"origins":[{"name":"hw"}],"bytes":16}]}`),
		"lots too long":      otherRecord(`{"capacity":4096,"ready":32,"lots":[{"origins":[{"name":"hw"}],"bytes":48}]}`),
		"lots below zero":    otherRecord(`{"capacity":4096,"ready":32,"lots":[{"origins":[{"name":"hw"}],"bytes":-16},{"origins":[{"name":"hw"}],"bytes":48}]}`),
		"within a cell":      otherRecord(`{"capacity":4096,"ready":8,"lots":[{"origins":[{"name":"hw"}],"bytes":8}]}`),
		"burning ready":      otherRecord(`{"capacity":4096,"ready":32,"burning":"16-48","lots":[{"origins":[{"name":"hw"}],"bytes":32}]}`),
		"burning outside":    otherRecord(`{"capacity":4096,"ready":0,"burning":"4096-4112"}`),
		"capacity below 0":   otherRecord(`{"capacity":-16,"ready":-16}`),
		"capacity immense":   otherRecord(`{"capacity":9223372036854775792}`),
		"made by nobody":     otherRecord(`{"capacity":4096,"ready":32,"lots":[{"origins":[],"bytes":32}]}`),
		"both slots unread":  func(d *durabletest.Disk) { d.Unreadable(record, 0); d.Unreadable(record, 64) },
		"half of it is gone": func(d *durabletest.Disk) { d.Put(file, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for k := 1; ; k++ {
				// Most are the same to the store: those are cut anywhere.
				exhaustive := name == "no valid slot" || name == "record gone" || name == "file shorter"
				if !exhaustive {
					k = 1 << 20
				}
				if !begunAnew(t, disk.Clone(uint64(k)), st.clone(), harm, k, fates[k%3]) {
					break
				}
			}
		})
	}
}

// begunAnew damages a reservoir, cuts the power at the k-th operation of
// opening it, and tells whether that was reached.
func begunAnew(t *testing.T, disk *durabletest.Disk, st *stock, harm func(*durabletest.Disk), k int, fate durabletest.Unsynced) (reached bool) {
	harm(disk)
	st.least = 0
	disk.CutAt(k)
	first, err := padstore.Open(disk, "alice")
	reached = disk.Failed()
	if !reached {
		mustDo(t, err)
		if !slices.ContainsFunc(first.Log(), func(e padstore.Entry) bool { return e.Kind == padstore.KindNoise }) {
			t.Error("it is not in the log")
		}
	}
	disk.PowerOn(fate)
	store := open(t, disk, "alice")
	if l := store.Reservoir().Level(); l != (padstore.Level{}) {
		t.Fatalf("cut at %d, unsynced %v: %+v", k, fate, l)
	}
	if bytes.Contains(disk.Bytes("reservoir.store"), noiseCell(0)) {
		t.Fatal("it is not overwritten")
	}
	mustDo(t, store.Reservoir().Resize(1024))
	mustDo(t, st.add(store, 64, origins("hw")))
	st.probe(t, store)
	st.check(t, disk)
	return reached
}

// Sectors that cannot be read are given up with what lies above them; a card
// that does not answer at all costs nothing.
func TestUnreadableSectorsOfTheReservoir(t *testing.T) {
	store, disk, st := reservoir(t, 8192)
	mustDo(t, st.add(store, 512, origins("hw")))
	disk.Unreadable("reservoir.store", 13)
	st.least = 0
	if _, _, err := st.take(t, store, 2048); err != nil {
		t.Fatal(err)
	}
	if l := store.Reservoir().Level(); l.Ready != 13*512-2048 {
		t.Fatalf("%+v", l)
	}
	for sector := range 16 {
		disk.Unreadable("reservoir.store", sector)
	}
	before := disk.Image()
	if _, _, err := st.take(t, store, 2048); !errors.Is(err, padstore.ErrFault) {
		t.Fatalf("nothing can be read: %v", err)
	}
	sameFiles(t, before, disk.Image())
}

// One read that fails, and does not at the second try, ends no meeting.
func TestAReadThatFailsOnceCostsNoNoiseAndNoMeeting(t *testing.T) {
	_, whole, full := reservoir(t, 8192)
	store := open(t, whole, "alice")
	mustDo(t, full.add(store, 512, origins("hw")))
	mustDo(t, store.Close())
	for k := 1; ; k++ {
		disk, st := whole.Clone(1), full.clone()
		store := open(t, disk, "alice")
		failed, n := "", 0
		disk.Trace(func(op string) {
			if n++; n == k {
				failed = op
			}
		})
		disk.FailAt(k)
		_, _, err := st.take(t, store, 2048)
		if failed == "" {
			return
		}
		if isRead(failed) && (err != nil || store.Reservoir().Level().Ready != 8192-2048) {
			t.Errorf("%s failed: %v, %+v", failed, err, store.Reservoir().Level())
		}
	}
}

// A file system reads the rest of what it writes a part of: one bad sector where the
// noise ends must not stop a device for ever.
func TestABadSectorWhereTheNoiseEnds(t *testing.T) {
	for _, cells := range []int{100, 128} { // in the middle of the sector, and at its beginning
		store, disk, st := reservoir(t, 8192)
		mustDo(t, st.add(store, cells, origins("hw")))
		disk.Unreadable("reservoir.store", cells*16/512)
		st.least = 0
		if _, _, err := st.take(t, store, 512); err != nil {
			t.Errorf("%d cells: %v", cells, err)
		}
		mustDo(t, st.add(store, 1, origins("hw")))
		ready := store.Reservoir().Level().Ready
		disk.Unreadable("reservoir.store", int(ready/512))
		mustDo(t, store.Close())
		store = open(t, disk, "alice")
		mustDo(t, st.add(store, 1, origins("hw")))
		if _, _, err := st.take(t, store, 512); err != nil {
			t.Errorf("%d cells, after a restart: %v", cells, err)
		}
		mustDo(t, store.Fault())
	}
}

func TestConcurrentUseOfTheReservoir(t *testing.T) {
	store, disk, st := reservoir(t, 8192)
	var mu sync.Mutex // of the stock
	var wg sync.WaitGroup
	var taken [][]byte
	for g := range 3 {
		wg.Go(func() {
			for range 30 {
				var b []byte
				mu.Lock()
				for range 5 {
					b = append(b, noiseCell(st.laid)...)
					st.laid++
					st.made, st.served, st.kept = append(st.made, nil), append(st.served, false), append(st.kept, false)
				}
				mu.Unlock()
				if err := store.Reservoir().Add(b, origins("hw")); err != nil && !errors.Is(err, padstore.ErrFull) {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 30 {
				b := make([]byte, 16*(1+g))
				if _, err := store.Reservoir().Take(b); err == nil {
					mu.Lock()
					taken = append(taken, b)
					mu.Unlock()
				} else if !errors.Is(err, padstore.ErrDry) {
					t.Error(err)
				}
				if l := store.Reservoir().Level(); l.Ready > l.Capacity {
					t.Errorf("%+v", l)
				}
			}
		})
		wg.Go(func() {
			if err := store.Reservoir().Resize(8192 - 512*int64(g)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, b := range taken {
		for o := 0; o < len(b); o += 16 {
			i := st.numberOf(b[o:])
			if i < 0 || st.served[i] {
				t.Fatalf("cell %d", i)
			}
			st.served[i] = true
		}
	}
	st.check(t, disk)
}

// Bytes that look burned come of no source: they are not passed on.
func TestEqualBytesAreNeverServed(t *testing.T) {
	store, _, st := reservoir(t, 4096)
	mustDo(t, st.add(store, 4, origins("hw")))
	mustDo(t, store.Reservoir().Add(bytes.Repeat([]byte{7}, 64), origins("hw")))
	mustDo(t, st.add(store, 4, origins("hw")))
	if _, _, err := st.take(t, store, 128); !errors.Is(err, padstore.ErrDry) {
		t.Fatal(err)
	}
	if _, _, err := st.take(t, store, 64); err != nil {
		t.Fatal(err)
	}
}

func TestTheDevicesIDIsMadeOnce(t *testing.T) {
	store, disk, _ := reservoir(t, 4096)
	if err := store.MakeDeviceID(); !errors.Is(err, padstore.ErrDry) || store.DeviceID() != "" {
		t.Fatalf("without noise: %v, %q", err, store.DeviceID())
	}
	b := make([]byte, 64)
	_, _ = padtest.Stream("id").Read(b)
	mustDo(t, store.Reservoir().Add(b, origins("hw")))
	mustDo(t, store.MakeDeviceID())
	mustDo(t, store.MakeDeviceID())
	want := fmt.Sprintf("%x", b[48:])
	if store.DeviceID() != want || open(t, disk.Clone(1), "alice").DeviceID() != want {
		t.Fatalf("%q instead of %q", store.DeviceID(), want)
	}
	if l := store.Reservoir().Level(); l.Ready != 48 {
		t.Fatalf("%+v", l)
	}
}
