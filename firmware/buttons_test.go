//go:build linux

package main

import (
	"image"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/boot/conf"
	"onetimechat/firmware/device"
	"onetimechat/hal/chips"
	"onetimechat/hal/keys"
	"onetimechat/hal/panel"
	"onetimechat/hal/product"
	"onetimechat/hal/touch"
)

// What is plugged on can be worked: by fingers, or by keys alone; its keys are on
// lines of their own, which otc.conf can name, too.
func TestEveryProductCanBeWorked(t *testing.T) {
	for _, p := range product.Products() {
		wired, err := wiring(conf.Buttons{}, &p)
		if err != nil || p.HasTouch() != (len(wired) == 0) || !p.HasTouch() && len(wired) != 3 {
			t.Errorf("%s: %v, %v", p.Name, wired, err)
		}
		if display.KeysOnly(p.Display.Size) == p.HasTouch() || !slices.Contains(display.Sizes(), p.Display.Size) {
			t.Errorf("%s has no screens of its size", p.Name)
		}
		var c conf.Conf
		for _, w := range wired {
			if err := c.Set(w.name, w.line.String()[len("GPIO"):]); err != nil {
				t.Errorf("%s: %s: %v", p.Name, w.name, err)
			}
		}
	}
}

func TestPushButtonsAreWhereOtcConfSays(t *testing.T) {
	waveshare, _ := product.Find("waveshare13")
	pitft, _ := product.Find("pitft28c")
	resistive, _ := product.Find("pitft28r")
	for _, c := range []struct {
		wanted  conf.Buttons
		plugged *product.Product
		lines   [3]product.Line // of approve, deny, page
		wrong   string
	}{
		{conf.Buttons{}, nil, [3]product.Line{}, ""},
		{conf.Buttons{Approve: 5, Deny: 6, Page: 13}, nil, [3]product.Line{5, 6, 13}, ""},
		{conf.Buttons{Deny: 17}, &pitft, [3]product.Line{0, 17}, ""},
		{conf.Buttons{}, &waveshare, [3]product.Line{21, 16, 20}, ""},
		{conf.Buttons{Approve: 5}, &waveshare, [3]product.Line{5, 16, 20}, ""},
		{conf.Buttons{Approve: 25}, &pitft, [3]product.Line{}, "approve-button = 25: panel pitft28c is there"},
		{conf.Buttons{Deny: 24}, &pitft, [3]product.Line{}, "deny-button = 24: panel pitft28c is there"},
		{conf.Buttons{Approve: 18}, &pitft, [3]product.Line{18}, ""},
		{conf.Buttons{Approve: 18}, &resistive, [3]product.Line{}, "approve-button = 18: panel pitft28r is there"},
		{conf.Buttons{Page: 21}, &waveshare, [3]product.Line{}, "page-button = 21: approve-button is there"},
	} {
		var got [3]product.Line
		wired, err := wiring(c.wanted, c.plugged)
		for _, w := range wired {
			got[w.key] = w.line
		}
		if got != c.lines || (err == nil) != (c.wrong == "") || err != nil && err.Error() != c.wrong {
			t.Errorf("%+v: %v, %v", c.wanted, got, err)
		}
	}
}

// On a board without the line, such as the emulated one, the fault names both.
func TestAPushButtonWithoutItsLineIsAFault(t *testing.T) {
	c := conf.Default()
	c.Buttons.Deny = 6
	if _, err := newControls(c); err == nil || !strings.Contains(err.Error(), "the push-buttons: deny-button: GPIO6: no such device") {
		t.Errorf("got %v", err)
	}
}

// A device without a touchscreen is named by keys, on the smallest screen.
func TestADeviceIsNamedByKeys(t *testing.T) { synctest.Test(t, nameByKeys) }

func nameByKeys(t *testing.T) {
	area := image.Rect(0, 0, 240, 240)
	screen := &glass{panel: &blank{glass: area.Max}, stage: stage{area, 1}, keysOnly: true}
	screen.keyed()
	renderer, err := screen.renderer()
	if err != nil {
		t.Fatal(err)
	}
	naming, err := device.NewNaming(renderer, screen)
	if err != nil {
		t.Fatal(err)
	}
	screen.give(naming)
	press := func(all ...display.Key) {
		for _, key := range all {
			for _, down := range []bool{true, false} {
				if err := screen.pressed(keys.Event{Key: int(key), Down: down}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	const approve, deny, page = display.KeyApprove, display.KeyDeny, display.KeyPage
	screen.giveRaw(func(touch.Touch) {})
	press(approve, page, approve) // there is a calibration: nothing is meant
	screen.giveRaw(nil)
	press(page, approve, approve, deny, page, approve) // a, a, not that one, b
	press(slices.Repeat([]display.Key{page}, 10)...)   // past c to j, and next
	press(approve, approve)                            // done, and not sure so soon
	time.Sleep(500 * time.Millisecond)
	synctest.Wait()
	press(approve)
	if name, err := naming.Owner(t.Context()); err != nil || name != "ab" {
		t.Errorf("got %q, %v", name, err)
	}
}

// On the Waveshare 1.3", turned each way, keys move the ring that is on its glass.
func TestTheWaveshareShowsWhatItsKeysDo(t *testing.T) {
	plugged, _ := product.Find("waveshare13")
	for _, r := range []panel.Rotation{0, 90, 180, 270} {
		m := chips.NewST7789(chips.Waveshare13())
		lit, err := plugged.Light(m.Port, product.Pins{DC: m.DC, Reset: m.Reset, Light: m.Light}, product.Opts{Rotation: r})
		if err != nil {
			t.Fatal(err)
		}
		at, err := middle(lit.Bounds(), true)
		if err != nil {
			t.Fatal(err)
		}
		screen := &glass{panel: lit, stage: at, rotation: plugged.Turned(r)}
		screen.keyed()
		screen.give(&seen{})
		renderer, err := screen.renderer()
		if err != nil {
			t.Fatal(err)
		}
		frame := renderer.Render(display.Settings{Items: []display.Setting{{Name: "idle", Label: "Idle"}, {Name: "erase", Label: "Erase", Grave: true}}})
		if err := screen.Show(frame); err != nil {
			t.Fatal(err)
		}
		var ring display.Ring
		ring.Follow(frame)
		for range 3 {
			want := chips.As565(ring.On(frame).Image)
			got := m.Picture()
			for y := range 240 {
				for x := range 240 {
					if at := screen.rotation.Glass(image.Pt(x, y), image.Pt(240, 240)); got.RGBAAt(at.X, at.Y) != want.RGBAAt(x, y) {
						t.Fatalf("turned by %d, the glass differs at %d,%d", r, x, y)
					}
				}
			}
			ring.Press(frame, display.KeyPage)
			if err := screen.pressed(keys.Event{Key: int(display.KeyPage), Down: true}); err != nil {
				t.Fatal(err)
			}
		}
		for _, err := range m.Errors() {
			t.Errorf("the chip: %v", err)
		}
	}
}
