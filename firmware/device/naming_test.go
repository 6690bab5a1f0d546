package device_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/device"
)

// typist types on a device that has no owner yet.
type typist struct {
	t     *testing.T
	glass *glass
	*device.Naming
}

func newTypist(t *testing.T) *typist {
	t.Helper()
	g := &glass{}
	n, err := device.NewNaming(renderer(t), g)
	if err != nil {
		t.Fatal(err)
	}
	return &typist{t, g, n}
}

// tap taps the target, on whichever page it is.
func (y *typist) tap(name string) {
	y.t.Helper()
	for _, turn := range []string{"", "next", "next", "next", "prev", "prev", "prev"} {
		if turn != "" {
			y.tapHere(turn)
		}
		if y.tapHere(name) {
			return
		}
	}
	y.t.Fatalf("nowhere is %s alive", name)
}

func (y *typist) tapHere(name string) bool {
	f := y.glass.now()
	i := slices.IndexFunc(f.Targets, func(t display.Target) bool { return t.Name == name && t.Active })
	if i < 0 {
		return false
	}
	y.Press(middle(f.Targets[i]))
	_, ok := y.Release(middle(f.Targets[i]))
	return ok
}

// sure confirms the name, once it can have been read.
func (y *typist) sure() {
	time.Sleep(500 * time.Millisecond)
	synctest.Wait()
	y.tap("yes")
}

func (y *typist) write(name string) {
	for _, key := range name {
		y.tap("key-" + string(key))
	}
}

func (y *typist) wantText(part string) {
	y.t.Helper()
	if text := strings.Join(y.glass.now().Text, " "); !strings.Contains(text, part) {
		y.t.Fatalf("the screen says %q, want %q in it", text, part)
	}
}

func TestTheOwnersNameIsTypedAndConfirmed(t *testing.T) { bubble(t, typeAndConfirm) }

func typeAndConfirm(t *testing.T) {
	y := newTypist(t)
	y.write("-bobx")
	y.wantText("It begins with a letter or a digit")
	y.tap("ok")
	y.wantText("Whose device is this?") // that is no name
	for range 5 {
		y.tap("delete")
	}
	if y.tapHere("delete") || y.tapHere("ok") {
		t.Error("there is nothing to delete or to confirm")
	}
	y.write("bob_2")
	y.tap("ok")
	y.wantText("Are you bob_2?")
	y.tap("no")
	y.tap("delete")
	y.write("3")
	y.tap("ok")
	y.wantText("Are you bob_3?")
	y.sure()
	if name, err := y.Owner(t.Context()); name != "bob_3" || err != nil {
		t.Errorf("the owner is %q, %v", name, err)
	}
}

func TestANameHasAtMost32Letters(t *testing.T) {
	bubble(t, func(t *testing.T) {
		y := newTypist(t)
		y.write(strings.Repeat("a", 40))
		y.wantText("No more letters fit")
		y.tap("ok")
		y.sure()
		if name, _ := y.Owner(t.Context()); name != strings.Repeat("a", 32) {
			t.Errorf("the owner is %q", name)
		}
	})
}

// What a second tap on ok would hit is the name that may be wrong.
func TestASecondTapOnOKConfirmsNoName(t *testing.T) {
	bubble(t, func(t *testing.T) {
		y := newTypist(t)
		y.write("alic")
		y.tap("ok")
		time.Sleep(300 * time.Millisecond)
		if y.tapHere("yes") {
			t.Error("the name is confirmed by a double tap")
		}
		y.tap("no")
		y.write("e")
		y.tap("ok")
		time.Sleep(300 * time.Millisecond) // half a second after the first ok
		if y.tapHere("yes") {
			t.Error("the second question is alive as soon as the first one would be")
		}
		y.sure()
		if name, _ := y.Owner(t.Context()); name != "alice" {
			t.Errorf("the owner is %q", name)
		}
	})
}

func TestANamingEndsWithItsContextOrItsPanel(t *testing.T) {
	y := newTypist(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := y.Owner(ctx); err == nil {
		t.Error("there is an owner without a name")
	}
	y.glass.broken = errors.New("the ribbon came off")
	y.tapHere("key-a")
	if _, err := y.Owner(t.Context()); err == nil {
		t.Error("there is an owner although nobody sees the screen")
	}
}
