package device_test

import (
	"context"
	"image"
	"strings"
	"testing"
	"time"

	"onetimechat/display"
	"onetimechat/firmware/device"
	"onetimechat/firmware/entropy"
	"onetimechat/firmware/entropy/entropytest"
	"onetimechat/hostlink"
	"onetimechat/padstore"
	"onetimechat/padstore/seal"
)

// testable is a device with everything that the self-test tries, and a source of
// noise to spoil.
func testable(t *testing.T) (*rig, *entropytest.Source) {
	source := entropytest.Good(1)
	source.Slow(1 << 20)
	well := entropy.NewWell(source)
	t.Cleanup(func() { well.Close() })
	disks := cards(t, seal.Unconditional, 64<<10, "alice", "bob")
	return startRig(t, disks["alice"], "alice", func(c *config) {
		c.Noise, c.Reservoir = well, reservoir
		c.Board = device.Board{Model: "Raspberry Pi 3 Model B", Image: "9f86d0", LowVoltage: func() (low, known bool) { return true, true }}
	}), source
}

// touch puts a finger down at p, and lifts it there, once that can be meant.
func (r *rig) touch(p image.Point) {
	r.t.Helper()
	time.Sleep(guard)
	r.screen()
	r.Press(p)
	if _, active := r.Release(p); !active {
		r.t.Fatalf("%v is no tap on %s", p, r.screen())
	}
}

// touchCrosses touches each cross of the self-test, off by so much.
func (r *rig) touchCrosses(off image.Point) {
	r.t.Helper()
	for _, cross := range display.TouchCrosses(r.glass.now().Image.Rect.Size()) {
		r.wantScreen("test-touch")
		r.touch(cross.Add(off))
	}
}

type report struct {
	text string
	err  error
}

func (r *rig) askForReport(ctx context.Context) <-chan report {
	c := make(chan report, 1)
	go func() {
		text, err := r.SelfTest(ctx)
		c <- report{text, err}
	}()
	return c
}

// allText turns the pages of what the glass shows, and reads them.
func (r *rig) allText() string {
	text := r.text()
	for !r.glass.now().LastPage() {
		r.tap("next")
		text += " " + r.text()
	}
	return text
}

func wantAll(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in %q", part, text)
		}
	}
}

// The owner tries the whole device. What came of it is on the screen, in the log,
// and, once approved, on the laptop: without a name.
func TestTheSelfTestTriesEverything(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := testable(t)
		time.Sleep(time.Minute)
		left := alice.left()
		alice.Status(time.Time{})
		alice.choose("self-test")
		alice.wantScreen("test-pattern")
		alice.tap("yes")
		alice.touchCrosses(image.Pt(3, -4))
		time.Sleep(time.Second)
		alice.wantScreen("self-test")
		wantAll(t, alice.allText(), "Picture: passed", "Touch: passed", "3 pixels to the right and 4 pixels above",
			"Noise: passed", "of pad a second", "Card: passed", "pads: 1, all sound", "Link: not tried")
		alice.tap("ok")
		alice.wantScreen("settings")
		alice.tap("ok")
		if n := alice.logged(padstore.KindSelfTest); n != 5 {
			t.Errorf("%d entries in the log", n)
		}
		if alice.left() != left {
			t.Error("it took pad")
		}

		answer := alice.askForReport(t.Context())
		alice.wantScreen("approve-open")
		alice.wantText("Show the self-test", "no name")
		alice.approve("to-laptop")
		got := <-answer
		if got.err != nil {
			t.Fatal(got.err)
		}
		wantAll(t, got.text, "\nImage: SHA-256 of manifest.txt: 9f86d0\n", "\nBoard: Raspberry Pi 3 Model B\n", "\nScreen: frames of 320x240, upright\n",
			"\nPower: too weak now", "\nPicture: passed: ", "\nTouch: passed: ", "\n  cross 1 at 32,28 was touched at 35,24\n",
			"\nNoise: passed: ", "\n  simulated: ", "\nCard: passed: ", "\nLink: passed: a laptop asked ")
		for _, name := range []string{"alice", "bob"} {
			if strings.Contains(got.text, name) {
				t.Errorf("%s is in the report: %s", name, got.text)
			}
		}
		alice.wantScreen("home")
	})
}

// What does not work is said to be so.
func TestTheSelfTestFindsWhatIsBroken(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, source := testable(t)
		time.Sleep(time.Minute)
		alice.Status(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)) // only laptops tell the time
		source.Stick()
		alice.disk.DropSector("alice.bob.random.store", 0)
		alice.choose("self-test")
		alice.tap("no")
		alice.touchCrosses(image.Pt(-20, 12))
		time.Sleep(2 * time.Minute)
		alice.wantScreen("self-test")
		wantAll(t, alice.allText(), "Picture: failed", "Touch: failed", "20 pixels to the left and 12 pixels below",
			"Noise: failed", "repeats itself", "Card: failed", "of 1 pads 1 are damaged", "Link: passed", "a laptop asked")
	})
}

// Who cannot touch the crosses, leaves them out or goes away, ends it well.
func TestTheSelfTestNeedsNoFinger(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		alice.choose("self-test")
		alice.tap("yes")
		alice.wantScreen("test-touch")
		alice.tap("skip")
		wantAll(t, alice.allText(), "Touch: not tried", "left out by its owner, at cross 1 of 5", "Noise: not tried", "no noise source")
		alice.tap("ok")
		alice.choose("self-test")
		time.Sleep(10 * time.Minute)
		alice.wantScreen("home")
	})
}

// Before the self-test the report says that it was not made. It is given to
// nobody without a tap.
func TestTheReportIsAskedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		answer := alice.askForReport(t.Context())
		alice.wantScreen("approve-open")
		alice.tap("deny")
		if got := <-answer; got.err != hostlink.Rejected || got.text != "" {
			t.Errorf("%+v", got)
		}
		if got := <-alice.askForReport(t.Context()); got.err != hostlink.Rejected {
			t.Errorf("asked again: %+v", got)
		}
		time.Sleep(10 * time.Second)
		answer = alice.askForReport(t.Context())
		alice.approve("to-laptop")
		wantAll(t, (<-answer).text, "\nBoard: not known\n", "\nPicture: not tried: the self-test was not made since the start\n")

		ctx, cancel := context.WithCancel(t.Context())
		answer = alice.askForReport(ctx)
		alice.wantScreen("approve-open")
		cancel()
		wantErr(t, (<-answer).err, hostlink.Withdrawn)
		alice.wantScreen("warning")
	})
}

func TestAboutTellsWhatTheDeviceIs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := testable(t)
		time.Sleep(time.Minute)
		alice.choose("about")
		alice.wantScreen("about")
		wantAll(t, alice.allText(), "go1.", "9f86d0", "Raspberry Pi 3 Model B", "of pad a second", "simulated", "under-voltage", "iB free", "start 2")
		alice.tap("ok")
		alice.wantScreen("settings")
	})
}
