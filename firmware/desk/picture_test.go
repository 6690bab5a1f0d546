package main

import (
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

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
