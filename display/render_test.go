package display

import (
	"bytes"
	"image"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"golang.org/x/image/font/gofont/goregular"

	"github.com/golang/freetype/truetype"

	"onetimechat/display/escape"
)

func TestScreenAndTargetNamesAreThoseThatOthersRelyOn(t *testing.T) {
	screens := []string{"home", "approve-send", "approve-open", "reader", "warning", "log", "fault", "busy", "progress",
		"new-contact", "meeting-size", "meeting-words", "paired", "certificate", "question", "keyboard", "noise", "settings", "idle", "calibrate",
		"about", "test-pattern", "test-touch", "self-test"}
	targets := []string{"approve", "deny", "to-laptop", "read-here", "next", "prev", "ok", "cancel", "log",
		"new-contact", "contact-1", "contact-2", "contact-5", "contact-6", "retry", "noise", "size-1", "size-2", "size-3", "size-4", "size-5",
		"confirm", "same", "different", "stop", "certificate", "more", "discard", "in-use", "yes", "no"}
	for _, key := range "abcdefghijklm0123456789-_" { // of the two samples
		targets = append(targets, "key-"+string(key))
	}
	targets = append(targets, "delete", "power-off", "settings", "remove", "erase", "idle", "wake",
		"brightness", "rotation", "calibrate", "reservoir", "self-test", "about", "touch", "skip")
	seenScreens, seenTargets := map[string]bool{}, map[string]bool{}
	r := renderer(t, Sizes()[1])
	for _, s := range samples() {
		f := r.Render(s.screen)
		if !slices.Contains(screens, f.Name) {
			t.Errorf("%s: unknown screen name %q", s.name, f.Name)
		}
		seenScreens[f.Name] = true
		for _, target := range f.Targets {
			if !slices.Contains(targets, target.Name) {
				t.Errorf("%s: unknown target name %q", s.name, target.Name)
			}
			seenTargets[target.Name] = true
		}
	}
	if len(seenScreens) != len(screens) || len(seenTargets) != len(targets) {
		t.Errorf("screens %v, targets %v", seenScreens, seenTargets)
	}
}

// liveAndDead names the targets that can be tapped, and those that cannot.
func liveAndDead(f *Frame) (live, dead []string) {
	for _, target := range f.Targets {
		if target.Active {
			live = append(live, target.Name)
		} else {
			dead = append(dead, target.Name)
		}
	}
	return live, dead
}

// asked is a screen, which of its targets are alive and dead, and what it says.
type asked struct {
	screen     Screen
	live, dead string
	word       string // "": nothing more
}

func (c asked) check(t *testing.T, r *Renderer) {
	t.Helper()
	f := r.Render(c.screen)
	live, dead := liveAndDead(f)
	if strings.Join(live, " ") != c.live || strings.Join(dead, " ") != c.dead {
		t.Errorf("%#v: live %v, dead %v", c.screen, live, dead)
	}
	if c.word != "" && !slices.Contains(f.Text, c.word) {
		t.Errorf("%#v does not say %q: %q", c.screen, c.word, f.Text)
	}
}

func TestQuestionsAreDeadUntilReady(t *testing.T) {
	r := renderer(t, Sizes()[0])
	for _, c := range []asked{
		{ApproveSend{Text: "x", Costs: costs("bob")}, "deny", "approve", "wait a moment"},
		{ApproveSend{Text: "x", Costs: costs("bob"), Ready: true}, "deny approve", "", ""},
		{ApproveSend{Text: longText, Costs: costs("bob")}, "deny next", "prev approve", "read all pages"},
		{ApproveSend{Text: longText, Costs: costs("bob"), Page: 999}, "deny prev", "next approve", "wait a moment"},
		{ApproveOpen{From: []From{{"bob", 1, false}}}, "deny", "read-here to-laptop", "wait a moment"},
		{ApproveOpen{From: []From{{"bob", 1, false}}, Ready: true}, "deny read-here to-laptop", "", ""},
		{ApproveLog{Entries: 1}, "deny", "to-laptop", "wait a moment"},
		{ApproveLog{Entries: 1, Ready: true}, "deny to-laptop", "", ""},
		{Reader{From: "bob", Text: longText}, "ok next", "prev", ""},
		{Warning{Title: "t", Text: "x"}, "ok", "", ""},
		{Warning{Title: "t", Text: longText}, "next", "prev ok", "read all pages"},
		{Warning{Title: "t", Text: longText, Page: 999}, "prev ok", "next", ""},
		{Busy{Text: "x"}, "", "", ""},
		{Progress{Title: "x"}, "", "", ""},
		{Progress{Title: "x", Cancellable: true}, "cancel", "", ""},
	} {
		c.check(t, r)
	}
}

func TestHitFindsTheTargetUnderAFinger(t *testing.T) {
	r := renderer(t, Sizes()[2])
	f := r.Render(ApproveSend{Text: "x", Costs: costs("bob")})
	for _, target := range f.Targets {
		middle := target.Rect.Min.Add(target.Rect.Size().Div(2))
		if hit, ok := f.Hit(middle); !ok || hit.Name != target.Name {
			t.Errorf("at %v: hit %q %v, want %q", middle, hit.Name, ok, target.Name)
		}
		if hit, ok := f.Hit(target.Rect.Max); ok && hit.Name == target.Name {
			t.Errorf("%q reaches beyond its edge", target.Name)
		}
	}
	for _, p := range []image.Point{{0, 0}, {-1, -1}, {400, 200}, {5000, 5000}} {
		if hit, ok := f.Hit(p); ok {
			t.Errorf("at %v: hit %q", p, hit.Name)
		}
	}
}

func TestPagesOutOfRangeBecomeTheNearest(t *testing.T) {
	r := renderer(t, Sizes()[0])
	for _, c := range []struct{ ask, want int }{{-5, 0}, {0, 0}, {1, 1}, {1 << 40, -1}} {
		f := r.Render(Reader{From: "bob", Text: longText, Page: c.ask})
		want := c.want
		if want < 0 {
			want = f.Pages - 1
		}
		if f.Page != want || f.LastPage() != (c.want < 0) {
			t.Errorf("page %d became %d of %d", c.ask, f.Page, f.Pages)
		}
	}
}

func TestApproveSendNamesEveryContactAndItsCost(t *testing.T) {
	forEverySize(t, func(t *testing.T, r *Renderer, _ image.Point) {
		var shown []string
		for page, last := 0, false; !last; page++ {
			f := words(r, ApproveSend{Text: "x", Costs: costs(eight...), Page: page})
			shown = append(shown, f.Text...)
			last = f.LastPage()
		}
		for _, name := range eight {
			i := slices.Index(shown, name)
			if i < 0 || !strings.HasPrefix(shown[i+1], "Uses 80 bytes, leaves ") {
				t.Errorf("%s and its cost are not shown: %q", name, shown)
			}
		}
	})
}

func TestHomeTellsLowPadInWordsEachWay(t *testing.T) {
	r := renderer(t, Sizes()[1])
	const total = 14400 // bytes: a hundred messages
	for _, c := range []struct {
		left int64
		want string
	}{
		{1441, ""},
		{1440, " is low: meet soon to make a new one"},
		{144, " is low: meet soon to make a new one"},
		{143, " is almost used up: meet to make a new one"},
		{1, " is almost used up: meet to make a new one"},
		{0, " is used up: meet to make a new one"},
	} {
		low, full := gauge(c.left, total), gauge(total, total)
		for way, contact := range map[string]Contact{
			"Pad to send with":    {Name: "bob", Send: low, Receive: full},
			"Pad to receive with": {Name: "bob", Send: full, Receive: low},
		} {
			var warnings []string
			for _, text := range r.Render(Home{Owner: "alice", Contacts: []Contact{contact}}).Text {
				if strings.HasPrefix(text, "Pad to") {
					warnings = append(warnings, text)
				}
			}
			if c.want == "" && len(warnings) > 0 || c.want != "" && !slices.Equal(warnings, []string{way + c.want}) {
				t.Errorf("%s, %d of %d left: %q", way, c.left, total, warnings)
			}
		}
	}
}

func TestOneRendererServesManyAtOnce(t *testing.T) {
	r := renderer(t, Sizes()[0])
	want := map[string]*Frame{}
	for _, s := range samples() {
		want[s.name] = r.Render(s.screen)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, s := range samples() {
				if got := r.Render(s.screen); !bytes.Equal(got.Image.Pix, want[s.name].Image.Pix) {
					t.Errorf("%s is drawn differently", s.name)
				}
			}
		})
	}
	wg.Wait()
}

func TestNoTextIsKeptOnceAnotherScreenShows(t *testing.T) {
	r := renderer(t, Sizes()[0])
	r.Render(Reader{From: "bob", Text: "secret"})
	r.Render(Home{Owner: "alice"})
	if r.layouts.text != "" || r.layouts.lines != nil {
		t.Error("the renderer still holds the text")
	}
}

func TestParseSizeTakesItsSizesOnly(t *testing.T) {
	for _, size := range Sizes() {
		if got, err := ParseSize(sizeText(size)); err != nil || got != size {
			t.Errorf("%v became %v, %v", size, got, err)
		}
	}
	for _, s := range []string{"", "320", "320x", "320x241", "0x0", "-320x240", " 320x240", "320X240"} {
		if _, err := ParseSize(s); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
	if _, err := NewRenderer(image.Pt(640, 480)); err == nil {
		t.Error("a size without screens was taken")
	}
}

// TestTheMarksAreNotInTheFonts holds what layExact relies on: a text cannot
// show a mark of its own.
func TestTheMarksAreNotInTheFonts(t *testing.T) {
	for _, face := range []*typeface{renderer(t, Sizes()[0]).fonts.body, renderer(t, Sizes()[0]).fonts.bold} {
		for _, r := range []rune{markNewline, markSpace, markBroken} {
			if face.shows(r) {
				t.Errorf("the font draws %q", r)
			}
		}
	}
}

// TestEveryShownRuneLeavesInk asks the font for the outline of every rune that
// would be drawn as itself.
func TestEveryShownRuneLeavesInk(t *testing.T) {
	f, err := truetype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face := renderer(t, Sizes()[0]).fonts.body
	var outline truetype.GlyphBuf
	shown := 0
	for r := rune(0x21); r <= 0x10FFFF; r++ {
		if escape.Text(string(r), face.shows) != string(r) {
			continue // most are not
		}
		if lines := layExact(string(r), face, 300); len(lines) != 1 || lines[0] != string(r) {
			continue
		}
		shown++
		if err := outline.Load(f, 1<<10, f.Index(r), 0); err != nil || len(outline.Points) == 0 {
			t.Errorf("%U is shown, but leaves no ink (%v)", r, err)
		}
	}
	if shown < 600 {
		t.Errorf("only %d runes are shown as themselves", shown)
	}
}

// A letter's accent may stand out a little; what is no letter stays where it is.
func TestNoShownRuneIsDrawnOverWhatStandsBesideIt(t *testing.T) {
	forEverySize(t, func(t *testing.T, r *Renderer, _ image.Point) {
		face := r.fonts.body
		for c := rune(0x21); c < 0x20000; c++ {
			if escape.Hidden(c) || !face.shows(c) {
				continue
			}
			most := max(1, face.height/12)
			if unicode.IsLetter(c) {
				most = face.height / 5
			}
			ink, _, _, _ := face.glyph(0, 0, c)
			if ink.Min.X < -most || ink.Max.X > face.advance(c)+most {
				t.Errorf("%U, %d pixels wide, is drawn from %d to %d", c, face.advance(c), ink.Min.X, ink.Max.X)
			}
		}
	})
}

func TestAmountsInWords(t *testing.T) {
	for got, want := range map[string]string{
		bytesText(0):                                "0 bytes",
		bytesText(1):                                "1 byte",
		bytesText(1023):                             "1023 bytes",
		bytesText(1536):                             "1.5 KiB",
		bytesText(64 << 20):                         "64 MiB",
		bytesText(123456):                           "121 KiB",
		bytesText(1023 << 10):                       "1 MiB",
		bytesText(1 << 48):                          "256 TiB",
		aboutText(0):                                "no",
		aboutText(99):                               "about 99",
		messagesText(0):                             "no messages",
		messagesText(1):                             "about 1 message",
		messagesText(14):                            "about 14 messages",
		aboutText(465_948):                          "about 460,000",
		aboutText(1_259_999_999):                    "about 1.2 billion",
		numberText(999):                             "999",
		numberText(1000):                            "1,000",
		numberText(999_999):                         "999,999",
		numberText(9_940_000):                       "9.9 million",
		numberText(580_000_000):                     "580 million",
		numberText(1<<63 - 1):                       "9.2 quintillion",
		countText(1, "message", "messages"):         "1 message",
		countText(2, "message", "messages"):         "2 messages",
		listText([]string{"alice", "bob", "carol"}): "alice, bob and carol",
		listText([]string{"bob"}):                   "bob",
		durationText(1e9):                           "1 second",
		durationText(90e9):                          "90 seconds",
		durationText(600e9):                         "10 minutes",
		durationText(3 * 3600e9):                    "3 hours",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	for _, size := range Sizes() {
		for _, s := range samples() {
			switch s.name {
			case "home", "approve-send-long-first", "reader-hostile":
				r := renderer(b, size)
				b.Run(sizeText(size)+"/"+s.name, func(b *testing.B) {
					for b.Loop() {
						r.Render(s.screen)
					}
				})
			}
		}
	}
}

// How long the slowest of all screens takes to draw: what the bench program reads
// of it. It holds nobody to a time.
func TestDrawFigure(t *testing.T) {
	r := renderer(t, image.Pt(480, 320))
	slowest, name := time.Duration(0), ""
	for _, s := range samples() {
		least := time.Hour
		for range 5 {
			begin := time.Now()
			r.Render(s.screen)
			if least = min(least, time.Since(begin)); least <= slowest {
				break // and this is not the slowest
			}
		}
		if least > slowest {
			slowest, name = least, s.name
		}
	}
	t.Logf("the slowest of %d screens to draw is %s", len(samples()), name)
	t.Logf("figure {\"name\":\"draw\",\"value\":%g,\"unit\":\"ms\"}", slowest.Seconds()*1000)
}
