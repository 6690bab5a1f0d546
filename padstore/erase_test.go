package padstore_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// The power is cut at every operation of an erase: afterwards either nothing
// was erased, or everything is. No name goes before its bytes did.
func TestAnEraseThatIsCutIsAllOrNothing(t *testing.T) {
	sc := drafting(t, seal.Unconditional)
	for _, fate := range fates {
		for k := 1; ; k++ {
			disk := sc.disk.Clone(uint64(k))
			store := open(t, disk, "alice")
			disk.CutAt(k)
			err := store.Erase(nil)
			reached := disk.Failed()
			if err != nil && !errors.Is(err, padstore.ErrFault) {
				t.Fatal(err)
			}
			disk.PowerOn(fate)
			if fate == durabletest.PartlyKept {
				disk.CutAt(1 + k%60)
				_, _ = padstore.OwnerOf(disk)
				disk.PowerOn(fate)
			}
			owner, err := padstore.OwnerOf(disk)
			if err != nil {
				t.Fatalf("cut at %d, unsynced %v: %v", k, fate, err)
			}
			if owner == "" {
				if names := disk.Names(); len(names) > 0 {
					t.Fatalf("cut at %d: left are %q", k, names)
				}
				owner = "carol" // whoever it is given to
			} else if !reached {
				t.Fatal("erased, and still somebody's")
			}
			after := open(t, disk, owner)
			if _, err := after.Seal("bob", "x"); (err == nil) != (owner == "alice") {
				t.Fatalf("cut at %d, unsynced %v: %s seals: %v", k, fate, owner, err)
			}
			if !reached {
				break
			}
		}
	}
}

// When the first name goes, every file is zeros, durably: the metadata first.
func TestEraseOverwritesBeforeNamesGo(t *testing.T) {
	sc := drafting(t, seal.Unconditional)
	disk := sc.disk.Clone(1)
	store := open(t, disk, "alice")
	files := len(disk.Names())
	var told [2]int64
	synced := map[string]bool{}
	ops, firstGoes := 0, 0
	disk.Trace(func(op string) {
		ops++
		verb, name, _ := strings.Cut(op, " ")
		switch {
		case verb == "sync":
			synced[name] = true
		case verb == "remove" && firstGoes == 0:
			firstGoes = ops
		case verb == "write" && strings.HasSuffix(name, ".store") && !synced["alice.bob.random.metadata"]:
			t.Errorf("%s is overwritten before the metadata", name)
		}
	})
	mustDo(t, store.Erase(func(done, total int64) { told = [2]int64{done, total} }))
	disk.Trace(nil)
	if told[0] == 0 || told[0] != told[1] {
		t.Errorf("told %d of %d bytes", told[0], told[1])
	}
	if _, err := store.Seal("bob", "x"); !errors.Is(err, padstore.ErrFault) {
		t.Errorf("an erased store seals: %v", err)
	}
	if err := store.Fault(); !errors.Is(err, padstore.ErrErased) {
		t.Errorf("the fault is %v", err)
	}
	mustDo(t, store.Close())

	disk = sc.disk.Clone(1)
	store = open(t, disk, "alice")
	disk.CutAt(firstGoes)
	if err := store.Erase(nil); err == nil {
		t.Fatal("erased without power")
	}
	disk.PowerOn(durabletest.Lost)
	left := disk.Image()
	if len(left) != files+1 { // and the mark
		t.Errorf("%d of %d files are left when the first is to go", len(left), files+1)
	}
	for name, data := range left {
		if !bytes.Equal(data, make([]byte, len(data))) {
			t.Errorf("names go before %s is overwritten", name)
		}
	}
}

// All pads with a contact go, the newest last, so that none of those that it
// replaced ever seals again.
func TestRemovingAContactIsFinishedByRemovingAgain(t *testing.T) {
	sc := replaced(t, seal.Unconditional)
	for _, fate := range fates {
		for k := 1; ; k++ {
			disk := sc.disk.Clone(uint64(k))
			store := open(t, disk, "alice")
			newest := store.Pads()[0].PadID
			disk.CutAt(k)
			err := store.Remove(contact, nil)
			reached := disk.Failed()
			if !reached {
				mustDo(t, err)
			}
			disk.PowerOn(fate)
			after := open(t, disk, "alice")
			pads := slices.DeleteFunc(after.Pads(), func(p padstore.Pad) bool { return p.Contact != contact })
			if len(pads) > 0 && pads[0].PadID != newest {
				t.Fatalf("cut at %d, unsynced %v: the newest is gone before %+v", k, fate, pads)
			}
			if err := after.Remove(contact, nil); len(pads) > 0 && err != nil || len(pads) == 0 && !errors.Is(err, padstore.ErrNoPad) {
				t.Fatalf("removing again: %v", err)
			}
			for _, name := range disk.Names() {
				if strings.HasPrefix(name, "alice."+contact+".") {
					t.Fatalf("%s is left", name)
				}
			}
			if _, err := after.Begin(making(seal.Unconditional, newest, padToMake)); !errors.Is(err, padstore.ErrKnownPad) {
				t.Fatalf("a removed pad can come back: %v", err)
			}
			if _, err := after.Seal("bob", "x"); err != nil {
				t.Fatalf("removing %s has touched bob: %v", contact, err)
			}
			if !reached {
				break
			}
		}
	}
}

// What is told as overwritten is so on the card, and in the end that is all.
func TestOverwritingTellsOfWhatIsOnTheCard(t *testing.T) {
	const size = 20 << 20
	whole, disk := device(t, generate(t, seal.Unconditional, size, padtest.Stream("whole")), "alice")
	before := disk.Clone(1)
	var told []int64
	mustDo(t, whole.Remove("bob", func(done, total int64) {
		if total != size {
			t.Errorf("%d bytes are to be overwritten, not %d", total, size)
		}
		told = append(told, done)
	}))
	if !slices.IsSorted(told) || len(told) < 5 || told[0] != 0 || told[len(told)-1] != size {
		t.Fatalf("told of %d bytes", told)
	}
	cut := open(t, before, "alice")
	at := int64(0)
	if err := cut.Remove("bob", func(done, _ int64) {
		if at == 0 && done > size/2 {
			at = done
			before.PowerOff()
		}
	}); err == nil {
		t.Fatal("overwritten without power")
	}
	before.PowerOn(durabletest.Lost)
	zeros := int64(0)
	for _, cell := range slices.Collect(slices.Chunk(before.Bytes(padName), 16)) {
		if [16]byte(cell) == [16]byte{} {
			zeros += 16
		}
	}
	if zeros < at {
		t.Errorf("%d bytes are overwritten when %d were told of", zeros, at)
	}
}

// What cannot be overwritten keeps nothing else from being overwritten.
func TestEraseGoesOnPastAFileThatFails(t *testing.T) {
	whole, _ := inUse(t)
	for k := 1; ; k++ {
		disk := whole.Clone(uint64(k))
		store := open(t, disk, "alice")
		failed, n := "", 0
		disk.Trace(func(op string) {
			if n++; n == k {
				failed = op
			}
		})
		disk.FailAt(k)
		err := store.Erase(nil)
		if failed == "" {
			return
		}
		how, name, _ := strings.Cut(failed, " ")
		if how != "write" && how != "sync" || disk.Bytes(name) == nil {
			continue
		}
		if !errors.Is(err, padstore.ErrFault) {
			t.Fatalf("%s failed: %v", failed, err)
		}
		for _, other := range disk.Names() {
			if b := disk.Bytes(other); other != name && !bytes.Equal(b, make([]byte, len(b))) {
				t.Errorf("%s failed, and %s is not overwritten", failed, other)
			}
		}
		mustDo(t, open(t, disk, "alice").Close())
	}
}

// No bad sector has a pad forgotten that was here, neither before it was removed nor
// after.
func TestAPadThatWasRemovedNeverComesBack(t *testing.T) {
	folder := generate(t, seal.Unconditional, 1024, padtest.Stream(t.Name()))
	copied := folder.Clone(1)
	store, disk := device(t, folder, "alice")
	mustSeal(t, store, "bob", "with a pad that must not come again")
	for slot := range 2 {
		disk := disk.Clone(1)
		disk.DropSector("pads.record", slot*32768/512)
		store := open(t, disk, "alice")
		mustDo(t, store.Remove("bob", nil))
		mustDo(t, store.Close())
		disk.DropSector("pads.record", slot*32768/512)
		store = open(t, disk, "alice")
		if _, err := store.Import(copied.Clone(1), "copy", nil); !errors.Is(err, padstore.ErrKnownPad) {
			t.Errorf("without slot %d of what was here: %v", slot, err)
		}
	}
}

func TestSettingsAreKeptAndDamagedOnesBeginAnew(t *testing.T) {
	disk := durabletest.New(1)
	store := open(t, disk, "alice")
	if got := store.Settings(); got != padstore.DefaultSettings() {
		t.Fatalf("a new device has %+v", got)
	}
	for _, wrong := range []padstore.Settings{
		{Idle: -time.Second, Brightness: 100}, {Idle: time.Millisecond, Brightness: 100}, {Idle: padstore.MaxIdle + time.Second, Brightness: 100},
		{}, {Brightness: -1}, {Brightness: 101}, {Brightness: 100, Rotation: -90}, {Brightness: 100, Rotation: 45}, {Brightness: 100, Rotation: 360},
		{Brightness: 100, Reservoir: -1}, {Brightness: 100, Reservoir: 1 << 49},
	} {
		if store.Choose(wrong) == nil {
			t.Errorf("%+v is kept", wrong)
		}
	}
	want := padstore.Settings{Idle: 5 * time.Minute, Brightness: 40, Rotation: 270, Reservoir: 1 << 30}
	mustDo(t, store.Choose(want))
	mustDo(t, store.Close())
	if got := padstore.SettingsOf(disk); got != want {
		t.Fatalf("kept %+v, not %+v", got, want)
	}
	store = open(t, disk, "alice")
	if got := store.Settings(); got != want {
		t.Fatalf("kept %+v, not %+v", got, want)
	}
	mustDo(t, store.Close())
	file, err := disk.Open("settings.record")
	mustDo(t, err)
	_, err = file.WriteAt(bytes.Repeat([]byte{7}, 8192), 0)
	mustDo(t, errors.Join(err, file.Sync()))
	if got := padstore.SettingsOf(disk); got != padstore.DefaultSettings() {
		t.Fatalf("damaged settings became %+v", got)
	}
	store = open(t, disk, "alice")
	if got := store.Settings(); got != padstore.DefaultSettings() || !store.Unread() {
		t.Fatalf("damaged settings became %+v", got)
	}
}

// Settings of a program that knew nothing but the idle time are as it had them.
func TestOlderSettingsAreKept(t *testing.T) {
	disk := durabletest.New(1)
	slots, err := durable.CreateSlots(disk, "settings.record", 4096, []byte(`{"idle":30}`))
	mustDo(t, errors.Join(err, slots.Close(), disk.Sync()))
	want := padstore.Settings{Idle: 30 * time.Second, Brightness: 100}
	if got := padstore.SettingsOf(disk); got != want {
		t.Errorf("before it is open it has %+v", got)
	}
	if got := open(t, disk, "alice").Settings(); got != want {
		t.Errorf("it has %+v", got)
	}
}
