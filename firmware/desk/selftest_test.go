package main

import (
	"image"
	"path/filepath"
	"strings"
	"testing"

	"onetimechat/display"
	"onetimechat/hal/desk/finger"
	"onetimechat/padstore/seal"
)

// From the touchscreen's crosses to the laptop: the whole self-test, on a device
// as people start it.
func TestTheSelfTestReachesTheLaptop(t *testing.T) {
	pads := makePads(t, seal.Unconditional, 32)
	alice := start(t, "--data", filepath.Join(t.TempDir(), "alice"), "--owner", "alice", "--import", pads, "--reservoir", "1",
		"--meet", cableAddress(t), "--size", "480x320")
	for _, name := range []string{"settings", "self-test", "yes"} {
		if err := alice.finger.Tap(soon(t), name); err != nil {
			t.Fatal(err)
		}
	}
	for i, cross := range display.TouchCrosses(image.Pt(480, 320)) {
		step := strings.Fields("1 2 3 4 5")[i]
		_, err := alice.finger.WaitUntil(soon(t), func(s finger.Screen) bool {
			glass, _ := s.Target("touch")
			return glass.Active && strings.Contains(strings.Join(s.Text, " "), "Cross "+step+" of 5")
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := alice.finger.TapAt(soon(t), cross.Add(image.Pt(1, 2))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := alice.finger.WaitFor(soon(t), "self-test"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the results, and the settings
		if err := alice.finger.Tap(soon(t), "ok"); err != nil {
			t.Fatal(err)
		}
	}
	ctx := soon(t)
	asked := ask(func() (string, error) { return alice.host.SelfTest(ctx) })
	if err := alice.finger.Tap(soon(t), "to-laptop"); err != nil {
		t.Fatal(err)
	}
	got := <-asked
	if got.err != nil {
		t.Fatal(got.err)
	}
	t.Log(got.value)
	for _, line := range []string{
		"\nScreen: a web page, 480x320; ", "\nPicture: passed: ", "\nTouch: passed: 5 crosses; the worst touch was 1 pixels to the right and 2 pixels below its cross\n",
		"\nNoise: passed: ", "\nCard: passed: ", "\nLink: passed: ",
	} {
		if !strings.Contains(got.value, line) {
			t.Errorf("%q is not in the report", line)
		}
	}
	if strings.Contains(got.value, "alice") || strings.Contains(got.value, "bob") {
		t.Error("somebody is named")
	}
}
