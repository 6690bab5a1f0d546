package device_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/hostlink"
	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

func TestTheLogIsReadOnTheDevice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		alice.Status(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
		answer := send(t.Context(), alice, "", "hello", "bob")
		alice.wantScreen("approve-send")
		alice.tap("deny")
		<-answer
		if !alice.Status(time.Time{}).LogUnread {
			t.Fatal("a denial is nothing new")
		}
		alice.wantScreen("home")
		alice.tap("log")
		alice.wantScreen("log")
		alice.wantText("start 2, 00:00:00", "2026-05-01 12:00", "The owner denied sending to bob.")

		queued := send(t.Context(), alice, "", "other", "bob")
		synctest.Wait()
		alice.wantScreen("log") // the owner reads on; the laptop waits
		for !alice.glass.now().LastPage() {
			alice.tap("next")
		}
		alice.tap("ok")
		alice.wantScreen("approve-send")
		if alice.Status(time.Time{}).LogUnread {
			t.Error("the log is still unread")
		}
		alice.tap("deny")
		<-queued
	})
}

func TestAForgottenLogClosesAndStaysUnread(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		<-open(t.Context(), alice, "", hostlink.Incoming{From: "bob", Package: []byte("forged")})
		alice.wantScreen("home")
		alice.tap("log")
		alice.wantText("With bob: packages came that this contact did not seal")
		time.Sleep(59 * time.Second)
		alice.wantScreen("log")
		time.Sleep(time.Second)
		alice.wantScreen("home")
		if !alice.Status(time.Time{}).LogUnread {
			t.Error("nobody read it")
		}
	})
}

func TestTheLaptopGetsTheLogAfterApproval(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		type log struct {
			entries []hostlink.LogEntry
			err     error
		}
		ask := func() <-chan log {
			c := make(chan log, 1)
			go func() {
				entries, err := alice.Log(t.Context())
				c <- log{entries, err}
			}()
			return c
		}
		answer := ask()
		alice.wantScreen("approve-open")
		alice.tap("deny")
		wantErr(t, (<-answer).err, hostlink.Rejected)
		wantErr(t, (<-ask()).err, hostlink.Rejected)
		time.Sleep(10 * time.Second)

		answer = ask()
		alice.approve("to-laptop")
		got := <-answer
		if got.err != nil || len(got.entries) == 0 || got.entries[0].Kind != padstore.KindDenied || got.entries[0].Start != 2 {
			t.Errorf("%+v", got)
		}
		alice.wantScreen("home")
	})
}

// A laptop asks in vain for half a day. The log keeps what else happened.
func TestALaptopCannotFloodTheLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		for range 110 {
			wantErr(t, (<-send(t.Context(), alice, "", "hello", "bob")).err, hostlink.TimedOut)
		}
		if n := alice.logged(padstore.KindTimedOut); n != 21 {
			t.Errorf("%d entries for 110 questions that nobody answered, want 20 and one for the hundredth", n)
		}
		if e := alice.store.Log()[0]; e.Count != 100 {
			t.Errorf("the last entry counts %d", e.Count)
		}
	})
}

func TestStatusIsAlwaysAnswered(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		time.Sleep(90 * time.Second)
		s := alice.Status(time.Time{})
		if s.Owner != "alice" || s.Screen != "home" || s.Start != 2 || s.Uptime != 90 || len(s.Pads) != 1 || s.Pads[0].Contact != "bob" {
			t.Errorf("%+v", s)
		}
		answer := send(t.Context(), alice, "", "hello", "bob")
		alice.wantScreen("approve-send")
		if s := alice.Status(time.Time{}); s.Screen != "approve-send" {
			t.Errorf("%+v", s)
		}
		alice.tap("deny")
		<-answer
	})
}

func TestTheMailboxCursorIsTheOwnersOnly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		if _, known, err := alice.NextRef("alice", "http://relay"); known || err != nil {
			t.Errorf("%v, %v", known, err)
		}
		if err := alice.SaveNextRef("alice", "http://relay", 7); err != nil {
			t.Error(err)
		}
		if ref, known, err := alice.NextRef("alice", "http://relay"); ref != 7 || !known || err != nil {
			t.Errorf("%v, %v, %v", ref, known, err)
		}
		_, _, err := alice.NextRef("bob", "http://relay")
		wantErr(t, err, hostlink.NoPad)
		wantErr(t, alice.SaveNextRef("bob", "http://relay", 1), hostlink.NoPad)
		wantErr(t, alice.SaveNextRef("alice", "", 1), hostlink.TooLong)
		wantErr(t, alice.SaveNextRef("alice", "http://bücher", 1), hostlink.TooLong)
		wantErr(t, alice.SaveNextRef("alice", "http://relay", -1), hostlink.TooLong)
	})
}

func TestAFloodOfForgeriesSparesTheCard(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		time.Sleep(time.Minute)
		synctest.Wait()
		var steps atomic.Int64
		alice.disk.Trace(func(string) { steps.Add(1) })
		forge := func() {
			<-open(t.Context(), alice, "", hostlink.Incoming{From: "bob", Package: []byte("forged")})
			synctest.Wait()
		}
		for range 100 {
			forge()
		}
		if n := steps.Load(); n > 0 {
			t.Errorf("%d disk operations for forgeries refused unread", n)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if n := steps.Load(); n == 0 || n > 4 {
			t.Errorf("%d disk operations to keep the count", n)
		}
		alice.disk.Trace(nil)
	})
}

// A laptop that has one place after another kept has the card written once in a
// while, and has the last one kept.
func TestAFloodOfPlacesSparesTheCard(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		time.Sleep(time.Minute)
		synctest.Wait()
		var steps atomic.Int64
		alice.disk.Trace(func(string) { steps.Add(1) })
		for ref := range int64(300) {
			if err := alice.SaveNextRef("alice", "http://relay", ref); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if n := steps.Load(); n == 0 || n > 4*15 {
			t.Errorf("%d disk operations in half a minute", n)
		}
		alice.disk.Trace(nil)
		alice.disk.PowerOff()
		alice.disk.PowerOn(durabletest.Lost)
		store := storeOf(t, alice.disk, "alice")
		if ref, _ := store.NextRef("http://relay"); ref != 299 {
			t.Errorf("the place is %d", ref)
		}
	})
}

func TestTheOwnerSwitchesTheDeviceOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		off := 0
		alice := startRig(t, durabletest.New(1), "alice", func(c *config) { c.Off = func() { off++ } })
		alice.tap("log")
		alice.tap("power-off")
		alice.wantScreen("question")
		alice.tap("no")
		alice.wantScreen("home")
		if off != 0 {
			t.Fatal("it is off although its owner wants it to stay on")
		}
		alice.tap("log")
		alice.tap("power-off")
		alice.approve("yes")
		alice.wantScreen("busy")
		if off != 1 {
			t.Errorf("switched off %d times", off)
		}
	})
}

// A laptop that asks and asks cannot keep its owner from switching off.
func TestTheOwnerSwitchesTheDeviceOffWhileALaptopWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		off := 0
		disks := cards(t, seal.Unconditional, 64<<10, "alice", "bob")
		alice := startRig(t, disks["alice"], "alice", func(c *config) { c.Off = func() { off++ } })
		alice.tap("log")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		waits := send(ctx, alice, "", "first", "bob")
		alice.wantScreen("log")
		alice.tap("power-off")
		alice.approve("yes")
		synctest.Wait()
		if off != 1 || !pending(waits) {
			t.Errorf("switched off %d times", off)
		}
	})
}
