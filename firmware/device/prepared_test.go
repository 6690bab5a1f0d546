package device_test

import (
	"bytes"
	"testing"
	"time"

	"onetimechat/padstore"
)

// upToPrepared has two devices meet, of which alice's does not hear that bob's has
// the pad.
func upToPrepared(alice, bob *meeter) {
	alice.t.Helper()
	alice.hears(func(b []byte) { copy(b, bytes.Replace(b, []byte(`{"prepared"`), []byte(`{"prep red"`), 1)) })
	upToWords(alice, bob)
	alice.approve("same")
	bob.approve("same")
	time.Sleep(time.Minute)
	alice.wantScreen("paired")
	alice.wantText("Prepared", "No answer from bob yet")
	bob.wantScreen("paired")
	bob.wantText("pad in use")
	bob.tap("ok")
	bob.wantScreen("home")
}

// upToCertificate goes on to how that pad was made: from home, or from where the
// meeting ended.
func upToCertificate(alice, bob *meeter, from string) {
	alice.t.Helper()
	upToPrepared(alice, bob)
	if from != "home" {
		alice.tap("certificate")
		return
	}
	alice.tap("ok")
	alice.wantText("prepared: bob’s device has not answered yet")
	alice.tap("contact-1")
}

// A pad of which the other device said nothing is put to use by its owner, who
// looks at the other device: from home, and from where the meeting ended.
func TestTheOwnerSaysThatTheOtherDeviceHasThePad(t *testing.T) {
	for _, from := range []string{"home", "the end of the meeting"} {
		bubble(t, func(t *testing.T) {
			alice, bob := newPair(t)
			upToCertificate(alice, bob, from)
			alice.tap("in-use")
			alice.wantScreen("question")
			alice.approve("yes")
			alice.wantScreen("certificate")
			alice.wantText("in use")
			alice.tap("ok")
			if from != "home" {
				alice.wantScreen("paired")
				alice.wantText("pad in use")
				alice.tap("ok")
			}
			alice.wantScreen("home")
			wantChat(alice, bob)
		})
	}
}

// A pad that the other device does not have is thrown away, from either place.
func TestTheOwnerDiscardsAPadThatTheOtherDeviceHasNot(t *testing.T) {
	for _, from := range []string{"home", "the end of the meeting"} {
		bubble(t, func(t *testing.T) {
			alice, bob := newPair(t)
			upToCertificate(alice, bob, from)
			alice.tap("in-use")
			alice.tap("no")
			alice.wantText("Discard this pad?")
			alice.tap("no")
			alice.wantScreen("certificate")
			if p := alice.store.Pads(); len(p) != 1 || p[0].State != padstore.Prepared {
				t.Fatalf("alice's pads are %+v", p)
			}
			alice.tap("in-use")
			alice.tap("no")
			alice.wantText("Discard this pad?")
			alice.approve("yes")
			alice.wantScreen("home")
			if !alice.saw("Overwriting the pad with bob 0 %: ") {
				t.Error("alice was not told what she waits for")
			}
			if p := alice.store.Pads(); len(p) != 0 {
				t.Errorf("alice's pads are %+v", p)
			}
		})
	}
}

// The pad that a prepared one is to replace cannot be discarded before that is in use,
// and its owner is not asked whether to.
func TestAPadIsDiscardedOnlyOnceAnotherIsInUse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := newPair(t)
		pairUp(alice, bob)
		time.Sleep(time.Hour) // the reservoirs fill again
		upToCertificate(alice, bob, "home")
		alice.tap("more")
		alice.wantText("retired")
		if alice.has("discard") {
			alice.tap("discard")
			alice.approve("yes")
			t.Fatalf("alice discards it, and reads %q", alice.text())
		}
		alice.tap("more")
		alice.tap("in-use")
		alice.approve("yes")
		alice.tap("more")
		alice.tap("discard")
		alice.approve("yes")
		alice.wantText("in use")
		if p := alice.store.Pads(); len(p) != 1 {
			t.Errorf("alice's pads are %+v", p)
		}
	})
}
