package device_test

import (
	"context"
	"errors"
	"image"
	"slices"
	"testing"
	"time"

	"onetimechat/display"
	"onetimechat/hostlink"
	"onetimechat/padstore/seal"
)

// choose opens the settings, and taps one of them, on whatever page it is.
func (r *rig) choose(name string) {
	r.t.Helper()
	if r.screen() == "home" {
		r.tap("settings")
	}
	r.wantScreen("settings")
	for !r.has(name) {
		r.tap("next")
	}
	r.tap(name)
}

// has tells whether the glass shows a target.
func (r *rig) has(name string) bool {
	r.screen()
	return slices.ContainsFunc(r.glass.now().Targets, func(t display.Target) bool { return t.Name == name })
}

// lamp is a panel's light.
type lamp struct {
	percent []int
	broken  error
}

func (l *lamp) Dim(percent int) error {
	l.percent = append(l.percent, percent)
	return l.broken
}

func lit(t *testing.T) (*rig, *lamp) {
	disks := cards(t, seal.Unconditional, 64<<10, "alice", "bob")
	l := &lamp{}
	return startRig(t, disks["alice"], "alice", func(c *config) { c.Dimmer = l }), l
}

// The idle screen has a part of the light that the owner has chosen; a touch, or
// a question, brings the rest back.
func TestTheIdleScreenDimsThePanel(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, l := lit(t)
		alice.choose("brightness")
		alice.wantText("75 %")
		alice.choose("brightness")
		alice.wantText("50 %")
		alice.choose("idle") // from never to 30 seconds
		alice.tap("ok")
		time.Sleep(31 * time.Second)
		alice.wantScreen("idle")
		alice.tap("wake")
		alice.wantScreen("home")
		time.Sleep(31 * time.Second)
		alice.wantScreen("idle")
		ctx, cancel := context.WithCancel(t.Context())
		sent := send(ctx, alice, "", "x", "bob")
		alice.wantScreen("approve-send")
		cancel()
		wantErr(t, (<-sent).err, hostlink.Withdrawn)
		if want := []int{100, 75, 50, 10, 50, 10, 50}; !slices.Equal(l.percent, want) {
			t.Errorf("the light went %v, want %v", l.percent, want)
		}
		alice.off()
		again := &lamp{}
		alice = startRig(t, alice.disk, "alice", func(c *config) { c.Dimmer = again })
		alice.wantScreen("home")
		if !slices.Equal(again.percent, []int{50}) {
			t.Errorf("after a start the light went %v", again.percent)
		}
	})
}

// A panel that nobody may be able to read is a fault.
func TestALightThatFailsIsAFault(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, l := lit(t)
		alice.wantScreen("home")
		l.broken = errors.New("the lamp is out")
		alice.choose("brightness")
		alice.wantScreen("fault")
		alice.wantText("the lamp is out")
	})
}

// turntable is a panel that can be turned to stand upright or on its head, and
// has larger frames then.
type turntable struct {
	to     []int
	broken error
}

func (*turntable) Rotations() []int { return []int{0, 180} }

func (p *turntable) Rotate(degrees int) (*display.Renderer, error) {
	p.to = append(p.to, degrees)
	if p.broken != nil {
		return nil, p.broken
	}
	return display.NewRenderer(display.Sizes()[degrees/180])
}

func TestTheOwnerTurnsThePicture(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disks := cards(t, seal.Unconditional, 64<<10, "alice", "bob")
		table := &turntable{}
		alice := startRig(t, disks["alice"], "alice", func(c *config) { c.Rotator = table })
		alice.tap("settings")
		alice.wantText("upright")
		alice.choose("rotation")
		alice.wantText("turned by 180°")
		if size := alice.glass.now().Image.Rect.Size(); size != image.Pt(480, 320) || alice.store.Settings().Rotation != 180 {
			t.Errorf("frames are of %v, settings %+v", size, alice.store.Settings())
		}
		alice.tap("rotation") // where it is drawn now
		alice.wantText("upright")
		if want := []int{180, 0}; !slices.Equal(table.to, want) {
			t.Errorf("it was turned to %v, want %v", table.to, want)
		}
		table.broken = errors.New("it is stuck")
		alice.tap("rotation")
		alice.wantScreen("fault")
		alice.wantText("it is stuck")
	})
}

// What the panel cannot do is not offered.
func TestSettingsAreThoseOfTheBoard(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		alice.tap("settings")
		for last := false; !last; {
			for _, name := range []string{"brightness", "rotation", "calibrate", "reservoir", "power-off"} {
				if alice.has(name) {
					t.Errorf("%s is offered", name)
				}
			}
			if last = alice.glass.now().LastPage(); !last {
				alice.tap("next")
			}
		}
	})
}

// Whoever comes back to the settings finds the page that they left.
func TestTheSettingsStayOnTheirPage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disks := cards(t, seal.Unconditional, 64<<10, "alice", "bob")
		alice := startRig(t, disks["alice"], "alice", func(c *config) { c.Dimmer, c.Off = &lamp{}, func() {} })
		alice.choose("erase")
		alice.tap("no")
		alice.wantText("Page 2 of 2")
		alice.tap("prev")
		alice.tap("brightness")
		alice.wantText("Page 1 of 2")
	})
}

// The log can be read from the settings, too, and is read then.
func TestTheLogIsReadFromTheSettings(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		answer := send(t.Context(), alice, "", "hello", "bob")
		alice.wantScreen("approve-send")
		alice.tap("deny")
		<-answer
		alice.choose("log")
		alice.wantScreen("log")
		alice.wantText("denied sending to bob")
		alice.tap("ok")
		alice.wantScreen("settings")
		if alice.Status(time.Time{}).LogUnread {
			t.Error("the log is still unread")
		}
	})
}

// How long a menu waits for a finger, and with a question behind it.
const (
	menuTime  = 2 * time.Minute
	yieldTime = 10 * time.Second
)

// What the owner looks through does not keep a question from them for long, and
// gives way to none while they are at it.
func TestASettingsScreenYieldsToAQuestion(t *testing.T) {
	for _, target := range []string{"", "about", "log", "remove"} {
		bubble(t, func(t *testing.T) {
			alice, _ := pair(t)
			alice.tap("settings")
			if target != "" {
				alice.choose(target)
			}
			looking := alice.screen()
			answer := send(t.Context(), alice, "", "hello", "bob")
			time.Sleep(yieldTime - time.Second)
			alice.Press(image.Point{}) // somebody is at it, but taps nothing
			alice.Release(image.Point{})
			time.Sleep(yieldTime - time.Second)
			alice.wantScreen(looking)
			time.Sleep(2 * time.Second)
			alice.wantScreen("approve-send")
			alice.approve("approve")
			if got := <-answer; got.err != nil {
				t.Error(got.err)
			}
			alice.wantScreen("home")
		})
	}
}

// Without a question it stays, and what decides is never taken from under a finger.
func TestADecisionDoesNotYield(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		alice.choose("erase")
		alice.wantText("Erase everything?")
		answer := send(t.Context(), alice, "", "hello", "bob")
		time.Sleep(menuTime - time.Second)
		alice.wantText("Erase everything?")
		alice.tap("no")
		alice.wantScreen("settings")
		time.Sleep(yieldTime)
		alice.wantScreen("approve-send")
		alice.tap("deny")
		<-answer
		alice.tap("settings")
		time.Sleep(menuTime - time.Second)
		alice.wantScreen("settings")
	})
}
