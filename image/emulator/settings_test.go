//go:build linux

package emulator_test

import (
	"context"
	"image"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"onetimechat/display"
	"onetimechat/hal/panel"
	"onetimechat/hostlink"
	"onetimechat/image/emulator"
)

// aside is the pixel of the glass for one of a frame that its owner sees turned by
// 90°, in the middle of 480×640 pixels.
func aside(p image.Point) image.Point {
	return panel.Rotation(90).Glass(p.Add(image.Pt(0, 160)), image.Pt(640, 480))
}

// seesAside waits until the glass shows exactly that screen, turned by 90°.
func (d *device) seesAside(s display.Screen) *display.Frame {
	d.t.Helper()
	f := d.renderer.Render(s)
	d.wait("the screen "+f.Name+" aside", asideOnGlass(f))
	return f
}

// asideOnGlass tells whether f is on the glass, turned by 90°.
func asideOnGlass(f *display.Frame) func(*image.RGBA) bool {
	on := image.Rectangle{Min: aside(image.Pt(0, area.Dy()-1)), Max: aside(image.Pt(area.Dx()-1, 0)).Add(image.Pt(1, 1))}
	want := image.NewRGBA(on)
	for y := range f.Image.Rect.Max.Y {
		for x := range f.Image.Rect.Max.X {
			at := aside(image.Pt(x, y))
			want.SetRGBA(at.X, at.Y, f.Image.RGBAAt(x, y))
		}
	}
	return func(got *image.RGBA) bool { return emulator.Same(got, on, want, on.Min) }
}

func (d *device) tapsAside(s display.Screen, target string) {
	d.t.Helper()
	f := d.seesAside(s)
	rect := find(d.t, f, target).Rect
	d.tapsAway(asideOnGlass(f), func() { d.touchAside(rect.Min.Add(rect.Size().Div(2))) })
}

// touchAside taps a point of a frame that is turned by 90°.
func (d *device) touchAside(p image.Point) {
	d.t.Helper()
	if err := d.Tap(aside(p)); err != nil {
		d.t.Fatal(err)
	}
}

// shows waits until the device says on its link that it shows a screen.
func (d *device) shows(screen string) {
	d.t.Helper()
	for end := time.Now().Add(patience); ; {
		now := d.answers().Screen
		if now == screen {
			return
		}
		if time.Now().After(end) {
			d.t.Fatalf("the screen is %q, not %q", now, screen)
		}
	}
}

// The owner turns the picture, tries the board, and gives the report to the laptop.
// All that is turned stays so, at the next start too.
func TestTheOwnerTurnsThePictureAndTriesTheBoard(t *testing.T) {
	t.Parallel()
	card := flash(t, smallCard, map[string]string{"owner": "alice", "reservoir": "1 MiB"})
	d := start(t, emulator.Options{Card: card, Laptop: anyPort})
	settings := display.Settings{Items: []display.Setting{
		{Name: "idle", Label: "Idle screen", Value: "after 10 minutes"},
		{Name: "rotation", Label: "Picture", Value: "upright"},
		{Name: "reservoir", Label: "Reservoir", Value: "1 MiB"},
		{Name: "log", Label: "Log"},
		{Name: "self-test", Label: "Self-test"},
		{Name: "about", Label: "About"},
		{Name: "power-off", Label: "Switch off"},
		{Name: "remove", Label: "Remove contact", Grave: true},
		{Name: "erase", Label: "Erase everything", Grave: true},
	}}
	d.taps(home("alice"), "settings")
	d.taps(settings, "rotation")
	settings.Items[1].Value = "turned by 90°"
	d.tapsAside(settings, "self-test")
	d.tapsAside(display.TestPattern{}, "yes")
	for i, cross := range display.TouchCrosses(area.Size()) {
		f := d.seesAside(display.TestTouch{Cross: i})
		d.tapsAway(asideOnGlass(f), func() { d.touchAside(cross) })
	}
	d.shows("self-test")
	d.tapsAway(func(*image.RGBA) bool { return d.answers().Screen == "self-test" },
		func() { d.touchAside(image.Pt(30, area.Dy()-30)) }) // Done, which stands first
	d.tapsAside(settings, "ok")
	d.seesAside(unread(home("alice")))

	report := d.report()
	t.Log(report)
	for _, line := range []string{
		`Image: SHA-256 of manifest\.txt: [0-9a-f]{64}`, `Board: Raspberry Pi 3 Model B.*`,
		`Screen: framebuffer /dev/fb0, 640x480; frames of 480x320, turned by 90°`,
		`Picture: passed: .*`, `Touch: passed: .* [01] pixels to the (left|right) and [01] pixels (above|below) its cross`,
		`Noise: passed: .* of pad a second, from .*rng`, `Card: passed: .*`, `Link: passed: .*`,
	} {
		if !regexp.MustCompile("(?m)^" + line + "$").MatchString(report) {
			t.Errorf("no line of the report is %q", line)
		}
	}
	if strings.Contains(report, "alice") {
		t.Error("the report names its owner")
	}
	checkSample(t, report)
	d.cut()

	d = start(t, emulator.Options{Card: card})
	d.seesAside(unread(home("alice")))
}

// checkSample holds what REPORT.md shows of a report to one: all but its figures.
func checkSample(t *testing.T, report string) {
	t.Helper()
	page, err := os.ReadFile("../REPORT.md")
	if err != nil {
		t.Fatal(err)
	}
	_, sample, _ := strings.Cut(string(page), "(of the emulated board):\n\n```\n")
	sample, _, _ = strings.Cut(sample, "\n```")
	words := strings.NewReplacer("left", "right", "above", "below", "kB", "MB")
	figures := regexp.MustCompile(`(commit )?[0-9a-f]{12,64}( with changes)?|built outside of a repository|` +
		`([0-9]+m)?[0-9]+s\b|\b[0-9]{1,3}(,[0-9]{3})+\b|\b[0-9]{1,4}(\.[0-9]+)?\b`)
	form := func(text string) string { return figures.ReplaceAllString(words.Replace(text), "0") }
	if form(sample) != form(report) {
		t.Errorf("REPORT.md shows another report:\n%s\nthan there is:\n%s", sample, report)
	}
}

// report asks for the self-test's, and has the owner approve, on a glass that is
// turned.
func (d *device) report() string {
	d.t.Helper()
	client, err := hostlink.NewClient(d.Link())
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	report := make(chan string, 1)
	go func() {
		defer close(report)
		text, err := client.SelfTest(ctx)
		if err != nil {
			d.t.Error(err)
			return
		}
		report <- text
	}()
	d.tapsAside(display.ApproveReport{Ready: true}, "to-laptop")
	return <-report
}
