package device_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"onetimechat/firmware/device"
	"onetimechat/firmware/entropy"
	"onetimechat/firmware/entropy/entropytest"
	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
)

// filling is a device whose noise makes some MiB of pad in a minute.
func filling(t *testing.T, disk *durabletest.Disk, wish int64) *rig {
	source := entropytest.Good(1)
	source.Slow(64 << 10)
	well := entropy.NewWell(source)
	t.Cleanup(func() { well.Close() })
	return startRig(t, disk, "alice", func(c *config) { c.Noise, c.Reservoir = well, wish })
}

func TestTheOwnerChoosesHowMuchIsLaidUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disk := durabletest.New(1)
		disk.Capacity(100 << 20)
		alice := filling(t, disk, 1<<20)
		time.Sleep(time.Minute)
		alice.choose("reservoir")
		alice.wantText("1 MiB are ready", "as now, full at once", "16 MiB", "free")
		if alice.has("size-3") {
			t.Error("more than a third of the card is offered")
		}
		alice.tap("size-2")
		alice.wantScreen("settings")
		alice.wantText("16 MiB")
		time.Sleep(time.Minute)
		if level := alice.store.Reservoir().Level(); level.Capacity != 16<<20 || level.Ready <= 1<<20 {
			t.Errorf("there are %+v", level)
		}

		alice.choose("reservoir") // 1 MiB is no choice any more
		alice.wantText("16 MiB", "as now, full in")
		alice.tap("ok")
		alice.wantScreen("settings")
		alice.off()
		if size, err := device.ReservoirSize(storeOf(t, disk, "alice"), 1<<20); size != 16<<20 || err != nil {
			t.Errorf("at the next start it is to hold %d bytes, %v", size, err)
		}
	})
}

// What a smaller reservoir throws away, the owner is asked about.
func TestASmallerReservoirThrowsNothingAwayUnasked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disk := durabletest.New(1)
		ready := make([]byte, 17<<20)
		if _, err := io.ReadFull(padtest.Stream(t.Name()), ready); err != nil {
			t.Fatal(err)
		}
		store := storeOf(t, disk, "alice")
		err := errors.Join(store.Reservoir().Resize(20<<20),
			store.Reservoir().Add(ready, []padstore.Origin{{Name: "simulated", Credit: 32}}), store.Close())
		if err != nil {
			t.Fatal(err)
		}
		alice := filling(t, disk, 20<<20)
		const size16 = "size-1"
		alice.choose("reservoir")
		alice.tap(size16)
		alice.wantText("Throw randomness away?")
		alice.tap("no")
		alice.wantScreen("settings")
		if left := alice.store.Reservoir().Level().Ready; left < 17<<20 {
			t.Fatalf("%d bytes are left", left)
		}
		alice.choose("reservoir")
		alice.tap(size16)
		alice.approve("yes")
		alice.wantScreen("settings")
		time.Sleep(time.Minute)
		if level := alice.store.Reservoir().Level(); level.Ready != 16<<20 || level.Capacity != 16<<20 {
			t.Errorf("there are %+v", level)
		}
	})
}

// A fill that stopped for want of room goes on when the owner wants less.
func TestASmallerReservoirHelpsAFullCard(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disk := durabletest.New(1)
		disk.Capacity(100 << 20)
		alice := filling(t, disk, 1<<40)
		time.Sleep(time.Minute)
		alice.wantText("No more randomness is made")
		alice.choose("reservoir")
		alice.tap("size-1")
		time.Sleep(time.Minute)
		alice.tap("ok")
		alice.wantScreen("home")
		if level := alice.store.Reservoir().Level(); level.Capacity != 16<<20 || level.Ready == 0 || strings.Contains(alice.text(), "No more") {
			t.Errorf("there are %+v: %s", level, alice.text())
		}
	})
}

// A wish beyond the card is cut to a third of it, and what there is stays.
func TestTheReservoirLeavesRoomForThePad(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disk := durabletest.New(1)
		disk.Capacity(100 << 20)
		store := storeOf(t, disk, "alice")
		size, err := device.ReservoirSize(store, 1<<40)
		if err != nil || size < 30<<20 || size > 34<<20 {
			t.Errorf("%d bytes, %v", size, err)
		}
		if err := store.Reservoir().Resize(50 << 20); err != nil {
			t.Fatal(err)
		}
		if size, err = device.ReservoirSize(store, 1<<40); size != 50<<20 || err != nil {
			t.Errorf("%d bytes, %v", size, err)
		}
	})
}

// A size that is no number of whole cells is rounded up, once.
func TestAReservoirOfOddSize(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice := filling(t, durabletest.New(1), 4<<20+5)
		time.Sleep(5 * time.Minute)
		if level := alice.store.Reservoir().Level(); level.Capacity != 4<<20+16 || level.Ready != level.Capacity {
			t.Errorf("there are %+v", level)
		}
	})
}

// Whoever takes noise out of the reservoir, and a switch-off, wait for no more than
// a piece of it to be written, or overwritten: all of it may take a card hours.
func TestTheReservoirGrowsAndShrinksInPieces(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disk := durabletest.New(1)
		disk.Capacity(300 << 20)
		alice := filling(t, disk, 1<<20)
		time.Sleep(time.Minute)
		written, most := 0, 0
		disk.Trace(func(op string) {
			switch op {
			case "write reservoir.store":
				written++
				most = max(most, written)
			case "sync reservoir.store":
				written = 0
			}
		})
		for _, size := range []string{"size-3", "size-1"} { // 64 MiB, and 16 MiB again
			alice.choose("reservoir")
			alice.tap(size)
			time.Sleep(time.Minute)
			if level, want := alice.store.Reservoir().Level(), map[string]int64{"size-3": 64 << 20, "size-1": 16 << 20}[size]; level.Capacity != want {
				t.Errorf("there are %+v, want %d", level, want)
			}
		}
		const piece = 16 << 20 / (64 << 10) // of padstore's writes
		if most < 2 || most > piece+16 {
			t.Errorf("%d writes in a row", most)
		}
	})
}
