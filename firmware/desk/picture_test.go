package main

import (
	"context"
	"fmt"
	"image"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"onetimechat/display"
	"onetimechat/hal/desk"
	"onetimechat/hal/desk/finger"
)

// pictures has the page get its pictures, or none from now on.
func (p *page) pictures(t *testing.T, come bool) {
	t.Helper()
	blocked := network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: `*://*:*/screen.png\?*`, Block: !come}}}
	if _, err := chromedp.Call(p.tab, network.SetBlockedURLs, blocked); err != nil {
		t.Fatal(err)
	}
}

// A page without the picture of a question has no buttons of it either: else one tap
// would approve what was never on it.
func TestAPageTapsNothingThatItDoesNotShow(t *testing.T) {
	aliceDevice, _ := startPair(t, "480x320")
	alice := openPage(t, browser(t, nil), aliceDevice, "alice")
	alice.pictures(t, false)
	asked := aliceDevice.seal(t, "alice", "bob", "never seen")
	if _, err := aliceDevice.finger.WaitUntil(soon(t), aliveApprove); err != nil {
		t.Fatal(err)
	}
	alice.do(t, chromedp.WaitVisible(chromedp.CSS("#offline")))
	if n := eval[int](t, alice, `document.querySelectorAll("#targets button").length`); n > 0 {
		t.Errorf("%d buttons are on a page without their picture", n)
	}
	alice.do(t, chromedp.Click(chromedp.CSS("#screen")), chromedp.Focus(chromedp.CSS("#screen")), chromedp.KeyEvent("a"))
	alice.pictures(t, true)
	alice.see(t, "approve-send")
	alice.do(t, chromedp.WaitNotVisible(chromedp.CSS("#offline")))
	if s, err := aliceDevice.finger.Screen(soon(t), 0); err != nil || s.Name != "approve-send" {
		t.Errorf("the screen is %q, %v", s.Name, err)
	}
	alice.do(t, chromedp.Click(alice.alive(t, "approve")))
	sealed(t, asked)
	if _, err := aliceDevice.finger.WaitUntil(soon(t), func(s finger.Screen) bool { return s.Name == "home" }); err != nil {
		t.Fatal(err)
	}
}

// A page that is zoomed, or in a small window, has less room: all of it is used.
func TestASmallWindowIsUsed(t *testing.T) {
	aliceDevice, _ := startPair(t, "480x320")
	alice := openPage(t, browser(t, nil), aliceDevice, "alice")
	for window, want := range map[image.Point]image.Point{
		{X: 1400, Y: 900}: {X: 720, Y: 480}, {X: 900, Y: 500}: {X: 420, Y: 280}, {X: 320, Y: 240}: {X: 240, Y: 160},
	} {
		alice.do(t, chromedp.EmulateViewport(int64(window.X), int64(window.Y)))
		alice.do(t, chromedp.Poll[chromedp.Void](fmt.Sprintf(`picture.clientWidth === %d && picture.clientHeight === %d`, want.X, want.Y)))
	}
	alice.do(t, chromedp.Click(alice.alive(t, "settings")))
	alice.see(t, "settings")
}

// nobody is a finger that does nothing.
type nobody struct{}

func (nobody) Press(image.Point) (string, bool)   { return "", false }
func (nobody) Release(image.Point) (string, bool) { return "", false }

// showAt serves a screen of a size at an address, until stop.
func showAt(t *testing.T, addr string, size image.Point) (at string, stop func()) {
	t.Helper()
	renderer, err := display.NewRenderer(size)
	if err != nil {
		t.Fatal(err)
	}
	screen := desk.New(size, "alice")
	if err := screen.Show(renderer.Render(display.Home{Owner: "alice", Settings: true})); err != nil {
		t.Fatal(err)
	}
	l, err := desk.Listen(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- screen.Serve(ctx, l, nobody{}) }()
	return l.Addr().String(), func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}
}

// A device that comes back with a screen of another size has its page begin anew:
// points of the old one would be elsewhere on it.
func TestAPageFitsAScreenThatHasAnotherSizeByNow(t *testing.T) {
	addr, stop := showAt(t, "127.0.0.1:0", image.Pt(800, 480))
	tab := browser(t, nil)
	see := func(what string) {
		t.Helper()
		if err := chromedp.Do(tab, chromedp.WaitVisible(chromedp.CSS(what))); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	if err := chromedp.Do(tab, chromedp.Navigate("http://"+addr)); err != nil {
		t.Fatal(err)
	}
	see(`#screen[data-name="home"][data-width="800"]`)
	stop()
	see("#offline")
	_, stop = showAt(t, addr, image.Pt(480, 320))
	defer stop()
	see(`#screen[data-name="home"][data-width="480"]`)
}
