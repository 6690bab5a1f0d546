package device_test

import (
	"errors"
	"image"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/keypad"
	"onetimechat/hal/keys"
	"onetimechat/hostlink"
	"onetimechat/padstore/durable/durabletest"
)

// guard is how long a question is dead.
const guard = 500 * time.Millisecond

// keyed is a device that is worked by push-buttons.
type keyed struct {
	*rig
	pad *keypad.Keypad
}

func startKeyed(t *testing.T, disk *durabletest.Disk) keyed {
	var k keyed
	k.rig = startRig(t, disk, "alice", func(c *config) {
		k.pad = keypad.New(c.Panel)
		c.Panel = k.pad
	})
	return k
}

func (k keyed) key(e keys.Event) {
	k.t.Helper()
	if err := k.pad.Take(e, k.Device); err != nil {
		k.t.Fatal(err)
	}
	synctest.Wait()
}

func (k keyed) down(key display.Key) { k.t.Helper(); k.key(keys.Event{Key: int(key), Down: true}) }
func (k keyed) up(key display.Key)   { k.t.Helper(); k.key(keys.Event{Key: int(key)}) }

func (k keyed) press(all ...display.Key) {
	k.t.Helper()
	for _, key := range all {
		k.down(key)
		k.up(key)
	}
}

// By keys a question is approved exactly as by a finger: after half a second, when
// all pages were shown, by a press that began and ended on it.
func TestKeysApproveWhatAFingerCould(t *testing.T) {
	bubble(t, func(t *testing.T) {
		paired, _ := pair(t)
		paired.off()
		alice := startKeyed(t, paired.disk)
		alice.down(display.KeyApprove) // held before the question, lifted in it
		answer := send(t.Context(), alice.rig, "", strings.Repeat("A long text. ", 60), "bob")
		alice.wantScreen("approve-send")
		alice.up(display.KeyApprove)
		alice.press(display.KeyApprove)
		time.Sleep(guard)
		alice.press(display.KeyApprove)
		pages := alice.glass.now().Pages
		if pages < 3 {
			t.Fatalf("%d pages", pages)
		}
		for page := 1; page < pages; page++ {
			if !pending(answer) || alice.target("approve").Active {
				t.Fatalf("approved, or alive, on page %d of %d", page, pages)
			}
			alice.press(display.KeyApprove, display.KeyPage)
		}
		alice.down(display.KeyApprove)
		alice.key(keys.Event{Key: int(display.KeyApprove), Lost: true}) // it bounced on, was held, or fell apart
		alice.up(display.KeyApprove)
		if !pending(answer) {
			t.Fatal("approved by a key that was lost")
		}
		alice.press(display.KeyApprove)
		if got := <-answer; got.err != nil {
			t.Error(got.err)
		}
	})
}

// A key pressed over one question does nothing to the next.
func TestAKeyHeldIntoTheNextQuestionDoesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		paired, _ := pair(t)
		paired.off()
		alice := startKeyed(t, paired.disk)
		first, second := send(t.Context(), alice.rig, "", "one", "bob"), send(t.Context(), alice.rig, "", "two", "bob")
		alice.wantScreen("approve-send")
		time.Sleep(guard)
		alice.down(display.KeyApprove)
		time.Sleep(time.Minute) // the first question is over, unanswered
		synctest.Wait()
		time.Sleep(guard)
		alice.up(display.KeyApprove)
		if pending(first) == pending(second) {
			t.Fatalf("pending: %v, %v", pending(first), pending(second))
		}
		alice.press(display.KeyDeny)
		outcomes := []error{(<-first).err, (<-second).err}
		if !slices.ContainsFunc(outcomes, func(err error) bool { return errors.Is(err, hostlink.TimedOut) }) ||
			!slices.ContainsFunc(outcomes, func(err error) bool { return errors.Is(err, hostlink.Rejected) }) {
			t.Errorf("%v", outcomes)
		}
	})
}

// Settings are found and changed by keys; moving the ring alone changes nothing,
// but tells that somebody is there.
func TestSettingsAreChangedByKeys(t *testing.T) {
	bubble(t, func(t *testing.T) {
		paired, _ := pair(t)
		paired.off()
		alice := startKeyed(t, paired.disk)
		alice.wantScreen("home")
		alice.ringTo("settings")
		alice.press(display.KeyApprove)
		alice.wantScreen("settings")
		before := alice.store.Settings()
		for range 20 {
			alice.press(display.KeyPage)
			time.Sleep(10 * time.Second)
		}
		alice.wantScreen("settings")
		if alice.store.Settings() != before {
			t.Error("moving the ring has changed a setting")
		}
		alice.ringTo("idle")
		alice.press(display.KeyApprove)
		if alice.store.Settings() == before {
			t.Error("nothing was changed")
		}
		time.Sleep(guard)
		synctest.Wait()
		alice.press(display.KeyDeny)
		alice.wantScreen("home")
	})
}

// feeler is a finger that only feels where it would press.
type feeler struct{ at image.Point }

func (f *feeler) Press(p image.Point) (string, bool) { f.at = p; return "", false }
func (f *feeler) Release(image.Point) (string, bool) { return "", false }

// ringTo moves the ring to the target of this name.
func (k keyed) ringTo(name string) {
	k.t.Helper()
	for range 30 {
		var f feeler
		if err := k.pad.Take(keys.Event{Key: int(display.KeyApprove), Down: true}, &f); err != nil {
			k.t.Fatal(err)
		}
		if t, _ := k.glass.now().Hit(f.at); t.Name == name {
			return
		}
		k.press(display.KeyPage)
	}
	k.t.Fatalf("no key comes to %s on %s", name, k.screen())
}
