package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"onetimechat/hal/desk/finger"
	"onetimechat/hostlink"
)

// shots is where the browser's screenshots go.
const shots = "../../out/browser"

// browser starts a real Chromium and returns the context of its first tab.
// flags are added to its command line.
func browser(t *testing.T, flags map[string]any) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("this test drives a real browser: install Chromium (on Debian: sudo apt-get install chromium): %v", err)
	}
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WindowSize(900, 700),
	}
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-dev-shm-usage"} {
		opts = append(opts, chromedp.Flag(name, true))
	}
	for name, value := range flags {
		opts = append(opts, chromedp.Flag(name, value))
	}
	limited, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	allocator, stop := chromedp.NewExecAllocator(limited, opts...)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		closeTab()
		stop()
		cancel()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal("starting Chromium:", err)
	}
	return ctx
}

// page is a device's touchscreen in a tab.
type page struct {
	tab    context.Context
	device *running
	name   string
}

// openPage opens the device's panel in a new tab of the browser.
func openPage(t *testing.T, browser context.Context, d *running, name string) *page {
	t.Helper()
	tab, closeTab := chromedp.NewContext(browser)
	t.Cleanup(closeTab)
	p := &page{tab: tab, device: d, name: name}
	p.do(t, chromedp.EmulateViewport(900, 640), chromedp.Navigate(d.panel))
	p.see(t, "home")
	return p
}

func (p *page) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(p.tab, steps...); err != nil {
		t.Fatalf("%s's page: %v", p.name, err)
	}
}

func eval[T any](t *testing.T, p *page, expression string) T {
	t.Helper()
	v, err := chromedp.Run(p.tab, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s's page: %s: %v", p.name, expression, err)
	}
	return v
}

// see waits until the page shows the screen of that name, and every pixel of
// its picture is the device's.
func (p *page) see(t *testing.T, screen string) finger.Screen {
	t.Helper()
	ctx := soon(t)
	for {
		want, err := p.device.finger.WaitFor(ctx, screen)
		if err != nil {
			t.Fatal(err)
		}
		p.do(t, chromedp.WaitReady(chromedp.CSS(fmt.Sprintf("#screen[data-name=%q][data-revision='%d']", want.Name, want.Revision))))
		if p.samePicture(t) {
			return want
		}
	}
}

// samePicture compares the picture in the page with the one on the device.
func (p *page) samePicture(t *testing.T) bool {
	t.Helper()
	const grab = `(() => {
		if (!picture.naturalWidth) return "";
		const canvas = document.createElement("canvas");
		canvas.width = picture.naturalWidth;
		canvas.height = picture.naturalHeight;
		canvas.getContext("2d").drawImage(picture, 0, 0);
		return canvas.toDataURL("image/png").replace(/^.*,/, "");
	})()`
	b, err := base64.StdEncoding.DecodeString(eval[string](t, p, grab))
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.device.finger.PNG(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	return len(b) > 0 && bytes.Equal(pixels(t, b), pixels(t, want))
}

func pixels(t *testing.T, encoded []byte) []byte {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			r, g, b, _ := img.At(x, y).RGBA()
			out = append(out, byte(r>>8), byte(g>>8), byte(b>>8))
		}
	}
	return out
}

// alive waits until a button can be tapped, and returns its selector.
func (p *page) alive(t *testing.T, target string) chromedp.CSS {
	t.Helper()
	sel := chromedp.CSS(fmt.Sprintf("#targets button[data-name=%q][aria-disabled=false]", target))
	p.do(t, chromedp.WaitVisible(sel))
	return sel
}

// shoot saves a picture of the whole page.
func (p *page) shoot(t *testing.T, name string) {
	t.Helper()
	b, err := chromedp.Run(p.tab, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(shots, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(shots, name+".png"), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestConversationByClickingInABrowser(t *testing.T) {
	aliceDevice, bobDevice := startPair(t, "480x320")
	chromium := browser(t, nil)
	alice, bob := openPage(t, chromium, aliceDevice, "alice"), openPage(t, chromium, bobDevice, "bob")
	if title, err := chromedp.Run(alice.tab, chromedp.Title()); err != nil || !strings.Contains(title, "alice") {
		t.Errorf("the title is %q, %v", title, err)
	}
	alice.shoot(t, "1-alice-home")

	// With the mouse.
	asked := aliceDevice.seal(t, "alice", "bob", "Dinner at eight?")
	approve := alice.alive(t, "approve")
	if shown := alice.see(t, "approve-send"); !strings.Contains(strings.Join(shown.Text, " "), "Dinner at eight?") {
		t.Errorf("alice is shown %q", shown.Text)
	}
	if spoken := eval[string](t, alice, `document.getElementById("text").textContent`); !strings.Contains(spoken, "Dinner at eight?") {
		t.Errorf("a screen reader is told %q", spoken)
	}
	alice.shoot(t, "2-alice-approve")
	alice.do(t, chromedp.Click(approve))

	// With a finger.
	opening := bobDevice.open(t, "bob", "alice", sealed(t, asked))
	toLaptop := bob.alive(t, "to-laptop")
	bob.see(t, "approve-open")
	bob.shoot(t, "3-bob-open")
	bob.do(t, chromedp.Tap(toLaptop))
	if o := opened(t, opening); o.Text != "Dinner at eight?" || o.Err != "" {
		t.Errorf("bob's laptop is given %+v", o)
	}

	// By letter, once the screen has been clicked where nothing is.
	asked = bobDevice.seal(t, "bob", "alice", "Yes. The key is under the third stone.")
	bob.alive(t, "approve")
	bob.do(t, chromedp.Focus(chromedp.CSS("#screen")), chromedp.KeyEvent("a"))

	// With Tab and Enter.
	opening = aliceDevice.open(t, "alice", "bob", sealed(t, asked))
	alice.alive(t, "read-here")
	alice.see(t, "approve-open")
	alice.do(t, chromedp.Focus(chromedp.CSS("#screen")))
	for range 10 {
		if eval[string](t, alice, `document.activeElement.dataset.name ?? ""`) == "read-here" {
			break
		}
		alice.do(t, chromedp.KeyEvent("\t"))
	}
	alice.shoot(t, "4-alice-focus")
	alice.do(t, chromedp.KeyEvent("\r"))
	if shown := alice.see(t, "reader"); !strings.Contains(strings.Join(shown.Text, " "), "under the third stone") {
		t.Errorf("alice reads %q", shown.Text)
	}
	alice.shoot(t, "5-alice-reader")
	if o := opened(t, opening); o.Err != hostlink.ShownOnDevice || o.Text != "" {
		t.Errorf("alice's laptop is given %+v", o)
	}
	alice.do(t, chromedp.Click(alice.alive(t, "ok")))
	alice.see(t, "home")

	// A device that stops takes its picture from the page.
	bobDevice.stop()
	bob.do(t, chromedp.WaitVisible(chromedp.CSS("#offline")))
	if left := eval[string](t, bob, `document.getElementById("text").textContent + (picture.getAttribute("src") ?? "")`); left != "" {
		t.Errorf("the page of a stopped device keeps %q", left)
	}
	bob.shoot(t, "6-bob-stopped")
}

func TestAFingerThatSlidesOffDoesNotTap(t *testing.T) {
	aliceDevice, _ := startPair(t, "320x240")
	alice := openPage(t, browser(t, nil), aliceDevice, "alice")
	asked := aliceDevice.seal(t, "alice", "bob", "not yet")
	alice.alive(t, "approve")
	alice.see(t, "approve-send")

	on := middle(t, alice, "approve")
	for _, off := range []image.Point{middle(t, alice, "deny"), {X: 2, Y: 2}} {
		alice.do(t,
			chromedp.MouseEvent("mousePressed", float64(on.X), float64(on.Y), chromedp.Button("left"), chromedp.ClickCount(1)),
			chromedp.MouseEvent("mouseMoved", float64(off.X), float64(off.Y), chromedp.Button("left")),
			chromedp.MouseEvent("mouseReleased", float64(off.X), float64(off.Y), chromedp.Button("left"), chromedp.ClickCount(1)))
	}
	// Letters typed elsewhere in the page, or with Ctrl, are no taps.
	alice.do(t, chromedp.Evaluate[chromedp.Void](`document.activeElement.blur()`), chromedp.KeyEvent("a"),
		chromedp.Focus(chromedp.CSS("#screen")), chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	// Touches arrive in order: after this one all have arrived.
	alice.do(t, chromedp.KeyEvent("d"))
	if r := <-asked; r.err != hostlink.Rejected && (len(r.value) != 1 || r.value[0].Err != hostlink.Rejected) {
		t.Errorf("after a deny: %+v, %v", r.value, r.err)
	}
}

// A finger that stays on the glass taps once, and so does a key that is held: the
// next text has its Done where the last one had it.
func TestAKeyThatIsHeldTapsOnce(t *testing.T) {
	aliceDevice, bobDevice := startPair(t, "320x240")
	var packages []hostlink.Incoming
	for _, text := range []string{"first", strings.Repeat("a long second one ", 40)} {
		asked := aliceDevice.seal(t, "alice", "bob", text)
		aliceDevice.waitFor(t, "approve-send", text[:5])
		for aliceDevice.turnsPage(t) {
			aliceDevice.tap(t, "next")
		}
		aliceDevice.tap(t, "approve")
		packages = append(packages, hostlink.Incoming{From: "alice", Package: sealed(t, asked)})
	}
	bob := openPage(t, browser(t, nil), bobDevice, "bob")
	answer := ask(func() ([]hostlink.Opened, error) {
		return bobDevice.host.Unpackage(soon(t), hostlink.UnpackageRequest{To: "bob", Packages: packages})
	})
	bob.do(t, chromedp.Click(bob.alive(t, "read-here")))
	bob.see(t, "reader")
	bob.do(t, chromedp.Focus(bob.alive(t, "ok")), chromedp.KeyEvent("\r"))
	bobDevice.waitFor(t, "reader", "a long second")
	if r := <-answer; r.err != nil {
		t.Fatal(r.err)
	}
	if _, err := bobDevice.finger.WaitUntil(soon(t), func(s finger.Screen) bool { return alive(s, "ok") }); err != nil {
		t.Fatal(err)
	}
	bob.see(t, "reader")
	if focus := eval[string](t, bob, `document.activeElement.dataset.name ?? ""`); focus != "ok" {
		t.Fatalf("the focus is on %q", focus)
	}
	held := func(e *input.DispatchKeyEventParams) { e.AutoRepeat = new(true) }
	bob.do(t, chromedp.KeyEvent("\r", held), chromedp.KeyEvent("\r", held))
	// Touches arrive in order: the page is turned after all that came before.
	bob.do(t, chromedp.KeyEvent("n"))
	for {
		shown, err := bobDevice.finger.Screen(soon(t), 0)
		if err != nil {
			t.Fatal(err)
		}
		if shown.Name != "reader" {
			t.Fatalf("a key that was held led to %s", shown.Name)
		}
		if strings.Contains(strings.Join(shown.Text, " "), "Page 2 of") {
			break
		}
	}
}

// A tap on a question that is gone does nothing to the one that came in its place,
// though its button is at the same spot and alive: the page had not heard of it.
func TestATapOnAQuestionThatIsGoneDoesNothing(t *testing.T) {
	aliceDevice, _ := startPair(t, "480x320")
	alice := openPage(t, browser(t, nil), aliceDevice, "alice")
	alice.do(t, chromedp.Evaluate[chromedp.Void](`(() => {
		const real = window.fetch;
		window.held = false;
		window.fetch = async (url, options) => {
			const answer = await real(url, options);
			while (window.held && String(url).startsWith("/screen.json")) await new Promise((done) => setTimeout(done, 10));
			return answer;
		};
	})()`))
	first := aliceDevice.seal(t, "alice", "bob", "the first")
	approve := alice.alive(t, "approve")
	alice.see(t, "approve-send")
	alice.do(t, chromedp.Evaluate[chromedp.Void](`window.held = true`))
	aliceDevice.tap(t, "deny") // on another page, say
	<-first
	second := aliceDevice.seal(t, "alice", "bob", "and a second one")
	shown, err := aliceDevice.finger.WaitUntil(soon(t), func(s finger.Screen) bool {
		return aliveApprove(s) && strings.Contains(strings.Join(s.Text, " "), "and a second one")
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen := eval[string](t, alice, `document.getElementById("screen").dataset.revision`); seen == fmt.Sprint(shown.Revision) {
		t.Fatal("the page knows of the second question")
	}
	alice.do(t, chromedp.Click(approve), chromedp.Focus(chromedp.CSS("#screen")), chromedp.KeyEvent("a"))
	alice.do(t, chromedp.Evaluate[chromedp.Void](`window.held = false`))
	alice.see(t, "approve-send")
	alice.do(t, chromedp.KeyEvent("d")) // touches arrive in order
	if r := <-second; r.err != hostlink.Rejected && (len(r.value) != 1 || r.value[0].Err != hostlink.Rejected) {
		t.Errorf("the second question was answered %+v, %v", r.value, r.err)
	}
}

// turnsPage tells whether a question has a page left, before it can be approved.
func (d *running) turnsPage(t *testing.T) bool {
	t.Helper()
	s, err := d.finger.WaitUntil(soon(t), func(s finger.Screen) bool { return aliveApprove(s) || alive(s, "next") })
	if err != nil {
		t.Fatal(err)
	}
	return !aliveApprove(s)
}

// middle is where a button's middle is in the page.
func middle(t *testing.T, p *page, target string) image.Point {
	t.Helper()
	at := eval[[]int](t, p, fmt.Sprintf(`(() => {
		const box = document.querySelector("#targets button[data-name=%s]").getBoundingClientRect();
		return [Math.round(box.left + box.width / 2), Math.round(box.top + box.height / 2)];
	})()`, target))
	return image.Pt(at[0], at[1])
}
