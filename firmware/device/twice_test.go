package device_test

import (
	"context"
	"image"
	"testing"
	"testing/synctest"
	"time"
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
