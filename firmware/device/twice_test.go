package device_test

import (
	"context"
	"image"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/display"
	"onetimechat/hostlink"
)

// againAt taps p 150 ms after the last tap, as a nervous finger does.
func (r *rig) againAt(p image.Point) {
	r.t.Helper()
	synctest.Wait()
	time.Sleep(150 * time.Millisecond)
	synctest.Wait()
	pressed, active := r.Press(p)
	if _, counts := r.Release(p); active || counts {
		r.t.Errorf("a second tap hit %s on %s", pressed, r.screen())
	}
}

func TestASecondTapOnSameThrowsNoPadAway(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := newPair(t)
		upToWords(alice, bob)
		same := middle(alice.target("same"))
		alice.approve("same")
		alice.againAt(same)
		alice.wantText("Waiting for bob’s answer")
		bob.approve("same")
		alice.wantScreen("paired")
		bob.wantScreen("paired")
	})
}

func TestAFillingThatHasJustBegunIsNotCutShortByAFinger(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := newSlowPair(t)
		alice.tap("new-contact")
		bob.tap("new-contact")
		alice.wantScreen("meeting-size")
		alice.tap("size-2") // in 5 minutes
		bob.approve("confirm")
		for alice.screen() != "progress" {
			time.Sleep(100 * time.Millisecond)
		}
		for _, name := range []string{"stop", "cancel"} {
			if alice.target(name).Active {
				t.Errorf("%s is alive at once", name)
			}
		}
		alice.tap("cancel")
		alice.tap("no")
		if alice.target("stop").Active {
			t.Error("stop is alive at once when the filling is shown again")
		}
	})
}

func TestASecondTapDoesNotCloseAWarning(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		answer := send(ctx, alice, "", "first", "bob")
		alice.wantScreen("approve-send")
		deny := middle(alice.target("deny"))
		alice.Press(deny)
		leave()
		<-answer
		alice.wantScreen("warning")
		alice.Release(deny)
		alice.againAt(deny)
		alice.wantText("withdrew")
		alice.tap("ok")
		alice.wantScreen("home")
	})
}

// New contact cuts the laptop off: home has it where others have Cancel and OK.
func TestASecondTapBeginsNoMeeting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := newPair(t)
		alice.tap("new-contact")
		alice.wantScreen("new-contact")
		cancel := middle(alice.target("cancel"))
		alice.tap("cancel")
		alice.againAt(cancel)
		alice.wantScreen("home")
		alice.tap("new-contact")
		alice.wantScreen("new-contact")
	})
}

// What the finger has just left makes room for a question that nobody has seen.
func TestASecondTapDeniesNoOtherQuestion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		first := send(t.Context(), alice, "", "first", "bob")
		alice.wantScreen("approve-send")
		second := send(t.Context(), alice, "", "second", "bob")
		deny := middle(alice.target("deny"))
		alice.tap("deny")
		wantErr(t, (<-first).err, hostlink.Rejected)
		alice.againAt(deny)
		alice.wantText("second")
		if !pending(second) {
			t.Fatal("the second question is denied unseen")
		}
		alice.tap("deny")
		wantErr(t, (<-second).err, hostlink.Rejected)
	})
}

// The log's mark of what is new goes when its owner has read it.
func TestASecondTapDoesNotCloseTheLog(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		answer := send(t.Context(), alice, "", "hello", "bob")
		alice.wantScreen("approve-send")
		alice.tap("deny")
		<-answer
		time.Sleep(time.Second)
		log := middle(alice.target("log"))
		alice.tap("log")
		alice.againAt(log)
		alice.wantScreen("log")
		if !alice.store.Unread() {
			t.Error("news is read that nobody has seen")
		}
	})
}

func TestASecondTapDoesNotEndAMeetingThatHasJustBegun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := newPair(t)
		time.Sleep(time.Minute)
		alice.wantScreen("home")
		at := middle(alice.target("new-contact"))
		alice.tap("new-contact")
		alice.againAt(at)
		alice.wantScreen("new-contact")
		at = middle(alice.target("noise"))
		alice.tap("noise")
		alice.againAt(at)
		alice.wantScreen("noise")
		alice.tap("ok")
		alice.wantScreen("new-contact")
		bob.tap("new-contact")
		alice.wantScreen("meeting-size")
		for _, m := range []*meeter{alice, bob} { // either may have been about to tap something else
			if m.target("cancel").Active {
				t.Error("the meeting is cancelled by a finger that was on its way when the other device came")
			}
		}
	})
}

func TestASecondTapOnSameLeavesWhatCameOfIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := newPair(t)
		upToWords(alice, bob)
		alice.approve("same")
		same := middle(bob.target("same"))
		bob.approve("same")
		bob.wantScreen("paired")
		bob.againAt(same)
		bob.wantScreen("paired")
	})
}

// A touch that comes twice is not the next cross's, nor does it leave the crosses out.
func TestASecondTapIsNoPartOfTheSelfTest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		alice.choose("self-test")
		yes := middle(alice.target("yes"))
		alice.tap("yes")
		alice.wantScreen("test-touch")
		alice.againAt(yes)
		alice.wantText("Cross 1 of")
		time.Sleep(time.Second)
		cross := display.TouchCrosses(alice.glass.now().Image.Rect.Size())[0]
		alice.touch(cross)
		alice.wantText("Cross 2 of")
		alice.againAt(cross)
		alice.wantText("Cross 2 of")
	})
}

// Settings are changed by one tap after another; the list of them is not left so.
func TestASecondTapLeavesNoSettings(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		alice.tap("settings")
		alice.wantScreen("settings")
		if alice.target("ok").Active {
			t.Error("a second tap on Settings leaves them")
		}
		before := alice.store.Settings().Idle
		alice.tap("idle")
		alice.wantScreen("settings")
		alice.tap("idle")
		if alice.screen(); alice.store.Settings().Idle == before {
			t.Error("nothing was changed")
		}
	})
}
