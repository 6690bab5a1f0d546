package main

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"onetimechat/hal/desk/finger"
	"onetimechat/hostlink"
)

// rebound is a name that its owner has pointed at loopback.
const rebound = "rebound.example"

// answers keeps what servers answered to a tab.
type answers struct {
	mu   sync.Mutex
	list []answer
}

type answer struct {
	url    string
	status int64
}

func (a *answers) listen(t *testing.T, tab context.Context) {
	t.Helper()
	err := chromedp.Listen(tab, func(ev any) {
		if got, ok := ev.(*network.EventResponseReceived); ok {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.list = append(a.list, answer{got.Response.URL, int64(got.Response.Status)})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// from returns what was answered at port.
func (a *answers) from(port string) (list []answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, got := range a.list {
		if u, err := url.Parse(got.url); err == nil && u.Port() == port {
			list = append(list, got)
		}
	}
	return list
}

// careless is a touchscreen without a guard, which shows that the attacks work
// where nothing stands against them.
func careless() (server *httptest.Server, taps func() int) {
	var mu sync.Mutex
	n := 0
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			mu.Lock()
			n++
			mu.Unlock()
		}
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
		switch r.URL.Path {
		case "/screen.png":
			w.Header().Set("Content-Type", "image/svg+xml")
			fmt.Fprint(w, `<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>`)
		case "/page.css":
			w.Header().Set("Content-Type", "text/css")
		default:
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, "0")
		}
	})
	return httptest.NewServer(handler), func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

// attack has the page in tab try everything, and returns what let it see.
func attack(t *testing.T, tab context.Context, url string, x, y int) []string {
	t.Helper()
	target, err := json.Marshal(url)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := chromedp.Run(tab, chromedp.Evaluate[[]string](fmt.Sprintf("attack(%s, %d, %d)", target, x, y), chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// callLink has the page in tab try everything at a pad device's link.
func callLink(t *testing.T, tab context.Context, url string) []string {
	t.Helper()
	target, err := json.Marshal(url)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := chromedp.Run(tab, chromedp.Evaluate[[]string](fmt.Sprintf("call(%s)", target), chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

func TestForeignPageInABrowserCanNeitherTapNorLook(t *testing.T) {
	foreign := httptest.NewServer(http.FileServer(http.Dir("testdata")))
	defer foreign.Close()
	open, taps := careless()
	defer open.Close()
	device, _ := startPair(t, "320x240")
	asked := ask(func() ([]hostlink.Sealed, error) { // however long a busy computer takes
		return device.host.Package(t.Context(), hostlink.PackageRequest{From: "alice", To: []string{"bob"}, Text: "the secret word"})
	})
	shown, err := device.finger.WaitUntil(soon(t), aliveApprove)
	if err != nil {
		t.Fatal(err)
	}
	approve, _ := shown.Target("approve")
	at := approve.Middle()

	// The owner's finger lies on the text, or the question would run out.
	stays := func() {
		t.Helper()
		hit, err := device.finger.TapAt(soon(t), image.Pt(at.X, at.Y/2))
		if err != nil || hit.Name != nil {
			t.Fatalf("a touch of the text hits %+v, %v", hit, err)
		}
	}

	tab := browser(t, map[string]any{"host-resolver-rules": "MAP " + rebound + " 127.0.0.1"})
	got := &answers{}
	got.listen(t, tab)
	visit := func(address string) {
		t.Helper()
		// A refused page has no content, which is an error of navigation.
		_ = chromedp.Do(tab, chromedp.Navigate(address))
	}

	_, foreignPort, _ := net.SplitHostPort(foreign.Listener.Addr().String())
	_, panelPort, _ := strings.Cut(strings.TrimPrefix(device.panel, "http://"), ":")
	_, linkPort, _ := strings.Cut(strings.TrimPrefix(device.host.String(), "http://"), ":")
	for _, from := range []string{"127.0.0.1", "localhost", rebound} {
		visit("http://" + from + ":" + foreignPort + "/foreign.html")
		if seen := callLink(t, tab, open.URL); len(seen) < 5 {
			t.Fatalf("against no guard, the page at %s calls only %q", from, seen)
		}
		if seen := attack(t, tab, open.URL, at.X, at.Y); len(seen) < 10 || !slices.Contains(seen, "img") || taps() < 3 {
			t.Fatalf("against no guard, the page at %s sees only %q and taps %d times", from, seen, taps())
		}
		for _, panel := range []string{"127.0.0.1", "localhost", rebound} {
			stays()
			if seen := attack(t, tab, "http://"+panel+":"+panelPort, at.X, at.Y); len(seen) > 0 {
				t.Errorf("a page at %s uses the panel at %s: %q", from, panel, seen)
			}
		}
		for _, host := range []string{"127.0.0.1", "localhost", rebound} {
			stays()
			if seen := callLink(t, tab, "http://"+host+":"+linkPort); len(seen) > 0 {
				t.Errorf("a page at %s uses the link at %s: %q", from, host, seen)
			}
		}
		stays()
		// By a link, which would lay the screen under the mouse.
		if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`location.href = "%s/"`, device.panel))); err != nil {
			t.Fatal(err)
		}
		for left := "function"; left == "function" && tab.Err() == nil; {
			// An error says that the tab is between two pages.
			if kind, err := chromedp.Run(tab, chromedp.Evaluate[string]("typeof attack")); err == nil {
				left = kind
			}
		}
	}
	// By the rebound name itself: then the page's origin is the panel's.
	visit("http://" + rebound + ":" + panelPort + "/")
	visit("http://" + rebound + ":" + panelPort + "/screen.png")

	all := got.from(panelPort)
	for _, a := range all {
		if a.status < 400 {
			t.Errorf("%s is answered with %d", a.url, a.status)
		}
	}
	if len(all) < 50 {
		t.Errorf("the panel was asked only %d times", len(all))
	}
	calls := got.from(linkPort)
	for _, a := range calls {
		if a.status < 400 {
			t.Errorf("%s is answered with %d", a.url, a.status)
		}
	}
	if len(calls) < 9 { // most do not get as far, because the browser asks first
		t.Errorf("the link was asked only %d times", len(calls))
	}
	after, err := device.finger.Screen(soon(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	if after.Revision != shown.Revision || after.Name != "approve-send" {
		t.Errorf("the screen went from revision %d to %d, %s", shown.Revision, after.Revision, after.Name)
	}

	// The owner's own browser is served all the while.
	owner := &page{tab: tab, device: device, name: "alice"}
	visit(device.panel)
	owner.see(t, "approve-send")
	owner.do(t, chromedp.Click(owner.alive(t, "deny")))
	if r := <-asked; r.err != hostlink.Rejected && (len(r.value) != 1 || r.value[0].Err != hostlink.Rejected) {
		t.Errorf("after the owner's deny: %+v, %v", r.value, r.err)
	}
	// A page's question would wait before this one.
	device.seal(t, "alice", "bob", "afterwards")
	next, err := device.finger.WaitFor(soon(t), "approve-send")
	if err != nil || !strings.Contains(strings.Join(next.Text, " "), "afterwards") {
		t.Errorf("after the owner's deny the device asks %q, %v", next.Text, err)
	}
}

func aliveApprove(s finger.Screen) bool { return alive(s, "approve") }

// alive tells whether a button is there and can be tapped.
func alive(s finger.Screen, target string) bool {
	on, _ := s.Target(target)
	return on.Active
}
