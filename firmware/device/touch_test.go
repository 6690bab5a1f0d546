package device_test

import (
	"bytes"
	"errors"
	"image"
	"testing"
	"testing/synctest"
	"time"
)

// A button shows that a finger is on it, until that is lifted, there or
// elsewhere; a dead one shows nothing.
func TestAButtonShowsThatItIsPressed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		alice.wantScreen("home")
		home := alice.glass.now()
		settings := middle(alice.target("settings"))
		looks := func(when string, pressed bool) {
			t.Helper()
			if same := bytes.Equal(alice.glass.now().Image.Pix, home.Image.Pix); same == pressed {
				t.Errorf("%s: pressed %v", when, !same)
			}
		}
		alice.Press(settings)
		looks("a finger is down", true)
		alice.Release(image.Pt(-1, -1))
		looks("it has slid off", false)
		alice.Press(settings)
		alice.Release(settings)
		alice.wantScreen("settings")

		alice.tap("ok")
		alice.wantScreen("home")
		answer := send(t.Context(), alice, "", "hello", "bob")
		alice.wantScreen("approve-send")
		home = alice.glass.now() // the question, which cannot be approved yet
		at := middle(alice.target("approve"))
		alice.Press(at)
		looks("a finger is on a dead button", false)
		alice.Release(at)
		time.Sleep(time.Second)
		alice.tap("deny")
		<-answer
	})
}

// A question that comes while a finger is down is not drawn over when it is lifted.
func TestAFingerThatIsLiftedDrawsNothingOld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		settings := middle(alice.target("settings"))
		alice.Press(settings)
		answer := send(t.Context(), alice, "", "hello", "bob")
		alice.wantScreen("approve-send")
		asked := alice.glass.now()
		alice.Release(settings)
		if now := alice.glass.now(); now != asked {
			t.Errorf("a finger lifted has drawn %s", now.Name)
		}
		time.Sleep(time.Second)
		alice.tap("deny")
		<-answer
	})
}

// Who keeps a finger on a long text is there, though there is nothing to tap.
func TestATouchAnywhereTellsThatSomebodyIsThere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		answer := send(t.Context(), alice, "", "hello", "bob")
		alice.wantScreen("approve-send")
		time.Sleep(50 * time.Second)
		text := image.Pt(alice.glass.now().Image.Rect.Dx()/2, alice.glass.now().Image.Rect.Dy()/2)
		if target, _ := alice.Press(text); target != "" {
			t.Fatalf("%s is there", target)
		}
		alice.Release(text)
		time.Sleep(50 * time.Second)
		alice.wantScreen("approve-send")
		time.Sleep(20 * time.Second)
		alice.wantScreen("home")
		<-answer
	})
}

// A panel that cannot show a press is a fault like any other.
func TestAPanelThatFailsUnderAFingerIsAFault(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		settings := middle(alice.target("settings"))
		alice.glass.mu.Lock()
		alice.glass.broken = errors.New("the bus is gone")
		alice.glass.mu.Unlock()
		alice.Press(settings)
		if got := <-send(t.Context(), alice, "", "hello", "bob"); got.err == nil {
			t.Error("a device sends that cannot show anything")
		}
		_ = alice.off()
	})
}

// Texts that look alike are told apart by their number, which a finger or a gauge
// does not change.
func TestEachThingShownHasANumberOfItsOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		open(t.Context(), alice, "", from(t, bob, "alice", "yes"), from(t, bob, "alice", "yes"))
		alice.approve("read-here")
		alice.wantText("1 of 2")
		first := alice.glass.now().Question
		time.Sleep(time.Second) // its Done comes alive
		synctest.Wait()
		alice.Press(middle(alice.target("ok")))
		if now := alice.glass.now().Question; now != first {
			t.Errorf("a finger made number %d of %d", now, first)
		}
		alice.Release(middle(alice.target("ok")))
		alice.wantText("2 of 2")
		if now := alice.glass.now().Question; now == first {
			t.Errorf("both texts have number %d", now)
		}
	})
}
