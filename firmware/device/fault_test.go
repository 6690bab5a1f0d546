package device_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/firmware/device"
	"onetimechat/hostlink"
	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

// wantStopped checks that r shows its fault and does nothing any more.
func wantStopped(t *testing.T, r *rig, in hostlink.Incoming) {
	t.Helper()
	_, err := r.Package(t.Context(), hostlink.PackageRequest{From: "alice", To: []string{"bob"}, Text: "hello"})
	wantErr(t, err, hostlink.DeviceFault)
	_, err = r.Unpackage(t.Context(), hostlink.UnpackageRequest{To: "alice", Packages: []hostlink.Incoming{in}})
	wantErr(t, err, hostlink.DeviceFault)
	_, err = r.Log(t.Context())
	wantErr(t, err, hostlink.DeviceFault)
	_, _, err = r.NextRef("alice", "http://relay")
	wantErr(t, err, hostlink.DeviceFault)
	wantErr(t, r.SaveNextRef("alice", "http://relay", 1), hostlink.DeviceFault)
	r.Acknowledge("id")
	r.Cancel("id")
	if got := r.Status(time.Now()).Screen; got != "fault" {
		t.Errorf("status says %q", got)
	}
	if err := r.off(); err == nil {
		t.Error("Run knows of no fault")
	}
}

func TestEveryFailedDiskStepOfASealStopsTheDevice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disks := cards(t, seal.Unconditional, 4<<10, "alice", "bob")
		image := disks["alice"].Image()
		in := from(t, storeOf(t, disks["bob"], "bob"), "alice", "hello")
		faults := 0
		for k := 1; ; k++ {
			alice := start(t, durabletest.From(image, 1), "alice")
			queued := send(t.Context(), alice, "", "hello", "bob")
			alice.wantScreen("approve-send")
			waiting := open(t.Context(), alice, "", in)
			time.Sleep(time.Second)
			synctest.Wait()
			alice.disk.FailAt(k)
			alice.tap("approve")
			got := <-queued
			synctest.Wait()
			if !alice.disk.Failed() { // every step was tried
				if alice.off(); faults < 2 {
					t.Fatalf("only %d of %d steps were faults", faults, k-1)
				}
				return
			}
			if alice.store.Fault() == nil { // a failed read is no fault of the card
				alice.off()
				continue
			}
			faults++
			wantErr(t, got.err, hostlink.DeviceFault)
			alice.wantScreen("fault")
			if o := <-waiting; o.err == nil && o.opened[0].Err != hostlink.DeviceFault {
				t.Fatalf("step %d: the queue was answered %+v", k, o)
			}
			wantStopped(t, alice, in)
		}
	})
}

func TestAPanelThatFailsStopsTheDevice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		in := from(t, bob, "alice", "hello")
		answer := send(t.Context(), alice, "", "hello", "bob")
		alice.wantScreen("approve-send")
		alice.glass.mu.Lock()
		alice.glass.broken = errors.New("the ribbon came off")
		alice.glass.mu.Unlock()
		time.Sleep(time.Second) // approve comes alive, but nobody can see it
		wantErr(t, (<-answer).err, hostlink.DeviceFault)
		wantStopped(t, alice, in)
	})
}

func TestAPowerCutBetweenBurnAndAnswerIsTold(t *testing.T) {
	for _, sending := range []bool{true, false} {
		bubble(t, func(t *testing.T) {
			disks := cards(t, seal.Unconditional, 4<<10, "alice", "bob")
			alice, bob := start(t, disks["alice"], "alice"), storeOf(t, disks["bob"], "bob")
			want := "to bob may not have been sent. Ask whether it came"
			if sending {
				answer := send(t.Context(), alice, "id", "hello", "bob")
				alice.approve("approve")
				<-answer
			} else {
				want = "from bob may not have been read, and cannot be opened again. Ask for it"
				answer := open(t.Context(), alice, "id", from(t, bob, "alice", "hello"))
				alice.approve("to-laptop")
				<-answer
			}
			alice.disk.PowerOff() // before the laptop has it
			alice.off()
			disks["alice"].PowerOn(durabletest.Lost)

			alice = start(t, disks["alice"], "alice")
			alice.wantScreen("warning")
			alice.wantText(want)
			queued := send(t.Context(), alice, "", "again", "bob")
			alice.wantScreen("warning") // before anything else
			alice.tap("ok")
			alice.wantScreen("approve-send")
			alice.tap("deny")
			<-queued
			if alice.logged(padstore.KindUnclean) != 1 {
				t.Error("the unclean stop is not in the log")
			}
		})
	}
}

func TestTheNoteIsClearedByAcknowledgeOrTwoIdleSeconds(t *testing.T) {
	for _, c := range []struct {
		when string
		do   func(alice *rig)
		told bool
	}{
		{"at once", func(*rig) {}, true},
		{"acknowledged", func(a *rig) { a.Acknowledge("id") }, false},
		{"two seconds and a bit", func(*rig) { time.Sleep(2200 * time.Millisecond); synctest.Wait() }, false},
	} {
		t.Run(c.when, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				alice, _ := pair(t)
				answer := send(t.Context(), alice, "id", "hello", "bob")
				alice.approve("approve")
				<-answer
				c.do(alice)
				alice.disk.PowerOff()
				alice.off()
				alice.disk.PowerOn(durabletest.Lost)
				if told := start(t, alice.disk, "alice").screen() == "warning"; told != c.told {
					t.Errorf("told at the next start: %v", told)
				}
			})
		})
	}
}

func TestAFaultAtTheStartIsShown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disks := cards(t, seal.Unconditional, 4<<10, "alice", "bob")
		store := storeOf(t, disks["alice"], "alice")
		disks["alice"].FailAt(1)
		if err := store.Record(padstore.Entry{Text: "x"}); err == nil {
			t.Fatal("the disk did not fail")
		}
		g := &glass{}
		d := device.New(device.Config{Store: store, Renderer: renderer(t), Panel: g})
		if name := d.Status(time.Time{}).Screen; name != "fault" || g.now().Name != "fault" {
			t.Errorf("the screen is %q", name)
		}
	})
}

func TestAPanicIsAFaultAndHoldsNothingUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		in := from(t, bob, "alice", "hello")
		alice.wantScreen("home")
		alice.glass.mu.Lock()
		alice.glass.shown = func(screen string) {
			if screen == "approve-send" {
				panic("a driver's bug")
			}
		}
		alice.glass.mu.Unlock()
		wantErr(t, (<-send(t.Context(), alice, "", "hello", "bob")).err, hostlink.DeviceFault)
		alice.wantScreen("fault")
		wantStopped(t, alice, in)
	})
}

// A damaged pad is named to the laptop and on the screen, with what to do.
func TestADamagedPadIsTold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disks := cards(t, seal.Unconditional, 4<<10, "alice", "bob", "carol")
		for _, contact := range []string{"bob", "carol"} {
			disks["alice"].Put("alice."+contact+".random.metadata", nil)
		}
		alice := start(t, disks["alice"], "alice")
		alice.wantText("damaged")
		pads := alice.Status(time.Time{}).Pads
		if len(pads) != 2 || !pads[0].Damaged || !pads[1].Damaged || pads[0].Number == pads[1].Number {
			t.Errorf("the laptop is told %+v", pads)
		}
		for i, p := range pads {
			for range i { // a page each
				alice.tap("next")
			}
			alice.tap(fmt.Sprintf("contact-%d", i+1))
			wantAll(t, alice.allText(), "with "+p.Contact, "Switch the device off and on")
			alice.tap("ok")
		}
	})
}
