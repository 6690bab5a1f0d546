package desk

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/display"
	"onetimechat/hal/desk/finger"
)

var size = image.Pt(320, 240)

// hand is a Finger over one frame that keeps what it was told.
type hand struct {
	mu    sync.Mutex
	frame *display.Frame
	did   []string
}

func (h *hand) note(what string, p image.Point) (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.did = append(h.did, fmt.Sprintf("%s %d,%d", what, p.X, p.Y))
	target, _ := h.frame.Hit(p)
	return target.Name, target.Active
}

func (h *hand) Press(p image.Point) (string, bool) {
	defer runtime.Gosched() // whoever wants to come between, may
	return h.note("press", p)
}

func (h *hand) Release(p image.Point) (string, bool) { return h.note("release", p) }

func (h *hand) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.did)
}

// soon ends what waits for something that does not come.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func render(t *testing.T, s display.Screen) *display.Frame {
	t.Helper()
	r, err := display.NewRenderer(size)
	if err != nil {
		t.Fatal(err)
	}
	return r.Render(s)
}

func question(t *testing.T, text string, ready bool) *display.Frame {
	t.Helper()
	return render(t, display.ApproveSend{
		Text:  text,
		Costs: []display.Cost{{Contact: "bob", Cost: 48, Left: 1 << 20}},
		Ready: ready,
	})
}

// serve starts a touchscreen that shows f, on a port of its own.
func serve(t *testing.T, f *display.Frame) (*Touchscreen, *hand, string) {
	t.Helper()
	return serveFor(t, f, "alice")
}

func serveFor(t *testing.T, f *display.Frame, owner string) (*Touchscreen, *hand, string) {
	t.Helper()
	screen, h := New(size, owner), &hand{frame: f}
	if err := screen.Show(f); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- screen.Serve(ctx, l, h) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error("stop:", err)
		}
	})
	return screen, h, "http://" + l.Addr().String()
}

func TestScreenIsAnsweredAsDrawn(t *testing.T) {
	f := question(t, "dinner at eight", true)
	_, _, url := serve(t, f)
	c := finger.New(url)
	ctx := soon(t)

	got, err := c.Screen(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "approve-send" || !slices.Equal(got.Text, f.Text) || len(got.Targets) != len(f.Targets) {
		t.Errorf("screen.json answers %+v for %+v", got, f)
	}
	for i, target := range got.Targets {
		if hit, ok := f.Hit(target.Middle()); !ok || hit.Name != target.Name || hit != f.Targets[i] {
			t.Errorf("target %+v is drawn as %+v", target, hit)
		}
	}

	b, err := c.PNG(ctx)
	if err != nil {
		t.Fatal(err)
	}
	samePicture(t, b, f.Image)
}

// A picture of somebody else's screen says nothing and has no targets. The page
// walks both lists: null is none, and shows as a device that is not running.
func TestAScreenWithoutTextHasListsAllTheSame(t *testing.T) {
	f := question(t, "dinner at eight", true)
	_, _, url := serve(t, &display.Frame{Name: "emulated", Image: f.Image, Pages: 1})
	answer, err := http.Get(url + "/screen.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if want := `{"revision":2,"screen":"emulated","text":[],"targets":[]}`; strings.TrimSpace(string(got)) != want || err != nil {
		t.Errorf("screen.json answers %s, %v; want %s", got, err, want)
	}
}

func samePicture(t *testing.T, encoded []byte, want *image.RGBA) {
	t.Helper()
	got, err := png.Decode(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != want.Bounds() {
		t.Fatalf("picture of %v, want %v", got.Bounds(), want.Bounds())
	}
	for y := range want.Rect.Dy() {
		for x := range want.Rect.Dx() {
			r, g, b, a := got.At(x, y).RGBA()
			if wr, wg, wb, wa := want.At(x, y).RGBA(); r != wr || g != wg || b != wb || a != wa {
				t.Fatalf("pixel %d,%d differs", x, y)
			}
		}
	}
}

func TestRevisionGrowsWithEachChangeOnly(t *testing.T) {
	dead, alive := question(t, "hello", false), question(t, "hello", true)
	screen := New(size, "alice")
	last := uint64(0)
	for _, step := range []struct {
		frame   *display.Frame
		changes bool
	}{{dead, true}, {dead, false}, {question(t, "hello", false), false}, {alive, true}, {alive, false}, {dead, true}} {
		before, _ := screen.now()
		if err := screen.Show(step.frame); err != nil {
			t.Fatal(err)
		}
		after, _ := screen.now()
		if (after.Revision > before.Revision) != step.changes || after.Revision < last {
			t.Errorf("revision goes from %d to %d", before.Revision, after.Revision)
		}
		last = after.Revision
	}
}

func TestAfterWaitsForSomethingNewer(t *testing.T) {
	screen, _, url := serve(t, question(t, "one", true))
	c := finger.New(url)
	ctx := soon(t)
	first, err := c.Screen(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}

	type answer struct {
		screen finger.Screen
		err    error
	}
	got := make(chan answer)
	for range 3 {
		go func() {
			s, err := c.Screen(ctx, first.Revision)
			got <- answer{s, err}
		}()
	}
	if err := screen.Show(question(t, "two", true)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if a := <-got; a.err != nil || a.screen.Revision != first.Revision+1 {
			t.Errorf("waited for revision %d: %+v", first.Revision+1, a)
		}
	}

	// A page left over from an earlier life of the device does not wait.
	if s, err := c.Screen(ctx, 1<<40); err != nil || s.Revision != first.Revision+1 {
		t.Errorf("after a revision that never was: %+v, %v", s, err)
	}
}

func TestWaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		screen, start := New(size, "alice"), time.Now()
		now, _ := screen.now()
		if s := screen.newer(t.Context(), now.Revision); s.Revision != now.Revision || time.Since(start) != maxWait {
			t.Errorf("revision %d after %v", s.Revision, time.Since(start))
		}
	})
}

func TestTapPressAndReleaseReachTheDeviceAsPoints(t *testing.T) {
	_, h, url := serve(t, question(t, "dinner at eight", true))
	c := finger.New(url)
	ctx := soon(t)
	screen, err := c.Screen(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range screen.Targets {
		hit, err := c.TapAt(ctx, target.Middle())
		if err != nil || hit.Name == nil || *hit.Name != target.Name || hit.Active != target.Active {
			t.Errorf("tap on %s: %+v, %v", target.Name, hit, err)
		}
	}
	from, off := screen.Targets[0].Middle(), image.Pt(-1, 10_000)
	if hit, err := c.Press(ctx, from); err != nil || hit.Name == nil {
		t.Errorf("press: %+v, %v", hit, err)
	}
	if hit, err := c.Release(ctx, off); err != nil || hit.Name != nil || hit.Active {
		t.Errorf("release off the screen: %+v, %v", hit, err)
	}

	var want []string
	for _, target := range screen.Targets {
		p := target.Middle()
		want = append(want, fmt.Sprintf("press %d,%d", p.X, p.Y), fmt.Sprintf("release %d,%d", p.X, p.Y))
	}
	want = append(want, fmt.Sprintf("press %d,%d", from.X, from.Y), "release -1,10000")
	if got := h.all(); !slices.Equal(got, want) {
		t.Errorf("the device was told %q, want %q", got, want)
	}
}

func TestNothingComesBetweenPressAndReleaseOfATap(t *testing.T) {
	h := &hand{frame: question(t, "hello", true)}
	touches := &touches{finger: h}
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() { touches.do(touches.tap, touch{Point: image.Pt(i, i)}) })
	}
	all.Wait()
	did := h.all()
	for i := 0; i < len(did); i += 2 {
		if down, up := strings.TrimPrefix(did[i], "press "), strings.TrimPrefix(did[i+1], "release "); down != up {
			t.Fatalf("%q is followed by %q", did[i], did[i+1])
		}
	}
}

// meant is a frame of the n-th question.
func meant(n uint64, f *display.Frame) *display.Frame {
	f.Question = n
	return f
}

// A touch that was meant for an earlier screen is none on what came instead, and
// lifts a finger that was down; a gauge that moved meanwhile does not matter.
func TestATouchIsForTheScreenThatItWasMeantFor(t *testing.T) {
	home := func(left int64) *display.Frame {
		return render(t, display.Home{Owner: "alice", Settings: true, Contacts: []display.Contact{{Name: "bob", Send: display.Gauge{Left: left, Total: 9 << 20}}}})
	}
	for name, c := range map[string]struct {
		before, now *display.Frame
		hits        bool
	}{
		"nothing has changed": {meant(1, question(t, "one", true)), meant(1, question(t, "one", true)), true},
		"a gauge has moved":   {meant(1, home(8<<20)), meant(1, home(7<<20)), true},
		"the next question":   {meant(1, question(t, "one", true)), meant(2, question(t, "one", true)), false},
		"a button came alive": {meant(1, question(t, "one", false)), meant(1, question(t, "one", true)), false},
		"another screen":      {meant(1, home(8<<20)), meant(1, question(t, "one", true)), false},
		"the next page of one": {meant(1, question(t, strings.Repeat("long ", 300), true)), func() *display.Frame {
			f := *meant(1, question(t, strings.Repeat("long ", 300), true))
			f.Page++
			return &f
		}(), false},
	} {
		t.Run(name, func(t *testing.T) {
			screen, h, url := serve(t, c.before)
			seen, _ := screen.now()
			if err := screen.Show(c.now); err != nil {
				t.Fatal(err)
			}
			h.mu.Lock()
			h.frame = c.now
			h.mu.Unlock()
			at := seen.Targets[0].Middle()
			for _, route := range []string{"/press", "/tap"} {
				body := fmt.Sprintf(`{"x":%d,"y":%d,"revision":%d}`, at.X, at.Y, seen.Revision)
				answer, err := http.Post(url+route, "application/json", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				answer.Body.Close()
			}
			pressed := slices.ContainsFunc(h.all(), func(did string) bool { return strings.HasPrefix(did, "press") })
			if did := h.all(); pressed != c.hits || !c.hits && did[0] != "release -1,-1" {
				t.Errorf("the device was told %q", did)
			}
		})
	}
}

// late is a hand under which the screen changes just as the finger comes down.
type late struct {
	*hand
	came func()
}

func (l late) Press(p image.Point) (string, bool) {
	l.came()
	return l.hand.Press(p)
}

func TestAFingerThatComesDownJustTooLateIsOffTheGlass(t *testing.T) {
	screen, h, _ := serve(t, meant(1, question(t, "one", true)))
	seen, _ := screen.now()
	next := meant(2, question(t, "two", true))
	touches := &touches{isMeant: screen.isMeant, finger: late{h, func() {
		if err := screen.Show(next); err != nil {
			t.Error(err)
		}
	}}}
	at := seen.Targets[0].Middle()
	touches.do(touches.press, touch{at, &seen.Revision})
	if did, want := h.all(), []string{fmt.Sprintf("press %d,%d", at.X, at.Y), "release -1,-1"}; !slices.Equal(did, want) {
		t.Errorf("the device was told %q, want %q", did, want)
	}
}

func TestClientTapWaitsUntilTheTargetIsAlive(t *testing.T) {
	dead, alive := question(t, "hello", false), question(t, "hello", true)
	screen, h, url := serve(t, dead)
	c := finger.New(url)
	ctx := soon(t)
	tapped := make(chan error)
	go func() { tapped <- c.Tap(ctx, "approve") }()
	if len(h.all()) != 0 {
		t.Error("tapped a dead button")
	}
	h.mu.Lock()
	h.frame = alive
	h.mu.Unlock()
	if err := screen.Show(alive); err != nil {
		t.Fatal(err)
	}
	if err := <-tapped; err != nil {
		t.Fatal(err)
	}
	if len(h.all()) != 2 {
		t.Errorf("the device was told %q", h.all())
	}
}

func TestMalformedTouchesReachNobody(t *testing.T) {
	_, h, url := serve(t, question(t, "hello", true))
	for _, body := range []string{
		``, `null`, `[]`, `{}`, `{"x":1}`, `{"x":1,"y":null}`, `{"x":1.5,"y":1}`, `{"x":"1","y":1}`,
		`{"x":1,"y":1,"z":1}`, `{"x":1,"y":1,"revision":-1}`, `{"x":1,"y":1,"revision":"1"}`, `{"x":1,"y":1} {}`, `{"x":1e400,"y":1}`, `{"x":9223372036854775808,"y":1}`,
		`{"x":-9223372036854775808,"y":1}`, `{"x":1048577,"y":1}`,
		`{"x":1,"y":1` + strings.Repeat(" ", 1<<20) + `}`,
	} {
		for _, route := range []string{"/tap", "/press", "/release"} {
			resp, err := http.Post(url+route, "application/json", strings.NewReader(body))
			if err != nil {
				continue // refused while it was still being sent
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusBadRequest {
				t.Errorf("%s %.60q: %s", route, body, resp.Status)
			}
		}
	}
	if did := h.all(); len(did) != 0 {
		t.Errorf("the device was told %q", did)
	}
}

func TestAFrameOfAnotherSizeIsNotShown(t *testing.T) {
	screen := New(image.Pt(480, 320), "alice")
	before, _ := screen.now()
	if err := screen.Show(question(t, "hello", true)); err == nil {
		t.Error("a frame of 320x240 went onto a screen of 480x320")
	}
	if after, _ := screen.now(); after.Revision != before.Revision {
		t.Error("the screen changed")
	}
}

func TestPanelListensOnLoopbackOnly(t *testing.T) {
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.org:0", "127.0.0.1", ""} {
		if l, err := Listen(t.Context(), addr); err == nil {
			l.Close()
			t.Errorf("listens on %q", addr)
		}
	}
	for _, addr := range []string{"127.0.0.1:0", "localhost:0", "127.1.2.3:0"} {
		l, err := Listen(t.Context(), addr)
		if err != nil {
			t.Error(err)
			continue
		}
		l.Close()
	}
}

func TestConnectionsBeyondTheBoundAreClosed(t *testing.T) {
	_, _, url := serve(t, question(t, "hello", true))
	addr := strings.TrimPrefix(url, "http://")
	// Each asks for the screen: an answer shows that it has a place, which it keeps.
	var held []net.Conn
	ask := func() bool {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
		if _, err := fmt.Fprintf(conn, "GET /screen.json HTTP/1.1\r\nHost: %s\r\n\r\n", addr); err != nil {
			return false
		}
		_, err = conn.Read(make([]byte, 1))
		return err == nil
	}
	for i := range maxConnections {
		if !ask() {
			t.Fatalf("connection %d was closed", i)
		}
	}
	if ask() {
		t.Errorf("connection %d was served", maxConnections)
	}
	for _, conn := range held {
		conn.Close()
	}
	// Places come free as the server notices.
	for !ask() {
	}
	held[len(held)-1].Close()
}
