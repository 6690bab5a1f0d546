package device_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"onetimechat/hostlink"
	"onetimechat/padstore"
	"onetimechat/padstore/seal"
)

func TestTheOwnerErasesEverythingByTwoConfirmations(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		alice.choose("erase")
		alice.wantText("Erase everything?")
		alice.tap("no")
		alice.wantScreen("settings")
		alice.choose("erase")
		alice.approve("yes")
		alice.wantText("Really", "destroy the card")
		alice.tap("no")
		if len(alice.store.Pads()) != 1 {
			t.Fatal("one confirmation was enough")
		}
		alice.choose("erase")
		alice.approve("yes")
		alice.approve("yes")
		alice.wantScreen("fault")
		alice.wantText("Everything is erased")
		if names := alice.disk.Names(); len(names) > 0 {
			t.Fatalf("left are %q", names)
		}
		wantErr(t, (<-send(context.Background(), alice, "", "x", "bob")).err, hostlink.DeviceFault)
		if err := alice.off(); err != nil {
			t.Errorf("an erased device ends with %v", err)
		}
		if owner, err := padstore.OwnerOf(alice.disk); owner != "" || err != nil {
			t.Errorf("the card is %q's, %v", owner, err)
		}
	})
}

func TestTheOwnerRemovesOneContactByTwoConfirmations(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disks := cards(t, seal.Unconditional, 64<<10, "alice", "bob", "carol")
		alice := start(t, disks["alice"], "alice")
		alice.choose("remove")
		i := slices.IndexFunc(alice.store.Pads(), func(p padstore.Pad) bool { return p.Contact == "bob" })
		alice.tap([]string{"contact-1", "contact-2"}[i])
		alice.wantText("Remove bob?")
		alice.approve("yes")
		alice.wantText("Really remove bob?")
		if len(alice.store.Pads()) != 2 {
			t.Fatal("one confirmation was enough")
		}
		alice.approve("yes")
		alice.wantScreen("settings")
		for _, shown := range []string{"Overwriting the pads with bob", "0 %: 0 bytes of 64 KiB", "100 %: 64 KiB of 64 KiB"} {
			if !strings.Contains(strings.Join(alice.glass.text, " "), shown) {
				t.Errorf("%q was not shown", shown)
			}
		}
		alice.tap("ok")
		alice.wantScreen("home")
		if strings.Contains(alice.text(), "bob") {
			t.Error("home still shows bob")
		}
		if pads := alice.store.Pads(); len(pads) != 1 || pads[0].Contact != "carol" {
			t.Errorf("left are %+v", pads)
		}
	})
}

func TestTheIdleScreenHidesNamesAndATouchOnlyWakes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		alice.tap("settings")
		alice.tap("idle")
		alice.wantText("after 30 seconds")
		alice.tap("ok")
		time.Sleep(29 * time.Second)
		alice.wantScreen("home")
		time.Sleep(2 * time.Second)
		alice.wantScreen("idle")
		if text := alice.text(); strings.Contains(text, "bob") || strings.Contains(text, "alice") {
			t.Errorf("the idle screen says %q", text)
		}
		alice.tap("wake")
		alice.wantScreen("home")

		time.Sleep(3 * time.Minute)
		ctx, cancel := context.WithCancel(context.Background())
		sent := send(ctx, alice, "", "x", "bob")
		alice.wantScreen("approve-send") // a question wakes it
		cancel()
		wantErr(t, (<-sent).err, hostlink.Withdrawn)
		alice.wantText("sending to bob")
		time.Sleep(time.Minute)
		alice.wantScreen("idle") // nobody reads the notice: it waits behind
		if text := alice.text(); strings.Contains(text, "bob") {
			t.Errorf("the idle screen says %q", text)
		}
		alice.tap("wake")
		alice.wantText("sending to bob")
		alice.tap("ok")

		alice.tap("settings")
		for range 3 { // two minutes, ten, never
			alice.tap("idle")
		}
		alice.wantText("never")
		alice.tap("ok")
		time.Sleep(time.Hour)
		alice.wantScreen("home")
	})
}

// A touchscreen that can be calibrated has it among its settings; an owner who
// lets it be has lost nothing.
func TestTheOwnerCalibratesFromSettings(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disks := cards(t, seal.Unconditional, 64<<10, "alice", "bob")
		calibrated := 0
		alice := startRig(t, disks["alice"], "alice", func(c *config) {
			c.Calibrate = func(context.Context) error {
				calibrated++
				return context.DeadlineExceeded
			}
		})
		alice.choose("calibrate")
		alice.wantScreen("settings")
		if calibrated != 1 {
			t.Errorf("calibrated %d times", calibrated)
		}
		alice.tap("ok")
		alice.wantScreen("home")
	})
}

// A pad that a meeting has left unfinished takes room on the card: whoever it was
// begun with can be removed, like a contact.
func TestAnUnfinishedPadCanBeRemoved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := newSlowPair(t)
		upToKept(alice, bob)
		alice.choose("remove")
		alice.wantText("bob", "unfinished pad")
		alice.tap("contact-1")
		alice.wantText("Remove bob?")
		alice.approve("yes")
		alice.approve("yes")
		alice.wantScreen("settings")
		if alice.store.Draft() != nil {
			t.Error("the draft is still there")
		}
		alice.choose("remove")
		alice.wantText("There is nobody to remove.")
		alice.tap("ok")
	})
}
