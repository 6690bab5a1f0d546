package display

import (
	"bytes"
	"image"
	"slices"
	"strings"
	"testing"
)

// by works screens by keys: page and ready are as those who show screens have
// them.
type by struct {
	ring  Ring
	r     *Renderer
	at    func(page int) Screen
	frame *Frame
}

func (b *by) show(page int) {
	b.frame = b.r.Render(b.at(page))
	b.ring.Follow(b.frame)
}

// press presses keys, turns the pages that they turn, and says what else was
// tapped.
func (b *by) press(keys ...Key) (tapped []string) {
	for _, k := range keys {
		t, taps, _ := b.ring.Press(b.frame, k)
		switch {
		case !taps:
		case t.Name == "next":
			b.show(b.frame.Page + 1)
		case t.Name == "prev":
			b.show(b.frame.Page - 1)
		default:
			tapped = append(tapped, t.Name)
		}
	}
	return tapped
}

func byKeys(t *testing.T, at func(page int) Screen) *by {
	b := &by{r: renderer(t, Sizes()[0]), at: at}
	b.show(0)
	return b
}

func one(s Screen) func(int) Screen { return func(int) Screen { return s } }

const a, d, p = KeyApprove, KeyDeny, KeyPage

func TestKeysDoWhatTheScreenIsFor(t *testing.T) {
	home := Home{Owner: "alice", Contacts: contacts("bob"), NewContact: true, Details: true, Settings: true}
	unread, first := home, home
	unread.Unread = true
	first.Contacts = nil
	for name, c := range map[string]struct {
		screen Screen
		keys   []Key
		want   string // tapped
	}{
		"approve":           {ApproveSend{Text: "x", Costs: costs("bob"), Ready: true}, []Key{a}, "approve"},
		"deny":              {ApproveSend{Text: "x", Costs: costs("bob"), Ready: true}, []Key{d}, "deny"},
		"too soon":          {ApproveSend{Text: "x", Costs: costs("bob")}, []Key{a, p, a, d}, "deny"},
		"page alone":        {ApproveSend{Text: "x", Costs: costs("bob"), Ready: true}, []Key{p, p, p}, ""},
		"to the laptop":     {ApproveOpen{From: []From{{"bob", 1, false}}, Ready: true}, []Key{a}, "to-laptop"},
		"read here":         {ApproveOpen{From: []From{{"bob", 1, false}}, Ready: true}, []Key{p, a}, "read-here"},
		"and round again":   {ApproveOpen{From: []From{{"bob", 1, false}}, Ready: true}, []Key{p, p, a}, "to-laptop"},
		"done reading":      {Reader{From: "bob", Text: "x"}, []Key{a}, "ok"},
		"leave reading":     {Reader{From: "bob", Text: "x"}, []Key{d}, "ok"},
		"a warning is read": {Warning{Title: "t", Text: "x"}, []Key{p, d, a}, "ok"},
		"yes":               {Ask{Title: "t", Yes: "Yes", No: "No", Ready: true}, []Key{a}, "yes"},
		"no":                {Ask{Title: "t", Yes: "Yes", No: "No", Ready: true}, []Key{d}, "no"},
		"grave":             {Ask{Title: "t", Yes: "Erase", No: "Keep", Grave: true, Ready: true}, []Key{a, p, a}, "yes"}, // not by approve alone
		"keep":              {Ask{Title: "t", Yes: "Erase", No: "Keep", Grave: true, Ready: true}, []Key{d}, "no"},
		"same":              {MeetingWords{Peer: "bob", Ready: true}, []Key{a, p, a}, "same"}, // not by approve alone

		"different":            {MeetingWords{Peer: "bob", Ready: true}, []Key{d}, "different"},
		"cancel only":          {Progress{Title: "t", Cancellable: true}, []Key{a, p, a, d}, "cancel"},
		"stop here":            {Progress{Title: "t", Cancellable: true, Stop: true}, []Key{a}, "stop"},
		"paired":               {Paired{Peer: "bob", InUse: true}, []Key{a}, "ok"},
		"its certificate":      {Paired{Peer: "bob", InUse: true}, []Key{p, a}, "certificate"},
		"the second size":      {MeetingSize{Peer: "bob", Choices: choices()}, []Key{p, a}, "size-2"},
		"switch off":           {Log{PowerOff: true}, []Key{a, p, a}, "ok power-off"},
		"a contact":            {home, []Key{a}, "contact-1"},
		"a new contact":        {home, []Key{p, p, a}, "new-contact"},
		"settings":             {home, []Key{p, p, p, a}, "settings"},
		"nothing to leave":     {home, []Key{d}, ""},
		"the log is new":       {unread, []Key{a}, "log"},
		"nobody yet":           {first, []Key{a}, "new-contact"},
		"done with settings":   {Settings{Items: []Setting{{Name: "idle", Label: "Idle"}}}, []Key{d}, "ok"},
		"a setting":            {Settings{Items: []Setting{{Name: "idle", Label: "Idle"}}}, []Key{a}, "idle"},
		"letters":              {Keyboard{Text: "x"}, []Key{p, a, a, p, a, d}, "key-a key-a key-b delete"},
		"name done":            {Keyboard{Text: "x"}, []Key{a}, "ok"},
		"woken by approve":     {Idle{}, []Key{a}, "wake"},
		"woken by deny":        {Idle{}, []Key{d}, "wake"},
		"woken by page":        {Idle{}, []Key{p}, "wake"},
		"nothing to be tapped": {Busy{Text: "x"}, []Key{a, d, p}, ""},
	} {
		if got := strings.Join(byKeys(t, one(c.screen)).press(c.keys...), " "); got != c.want {
			t.Errorf("%s: tapped %q, want %q", name, got, c.want)
		}
	}
}

// Turning back and forth never ends in an approval that was not marked: at the
// first page, and wherever the ring is lost, approve does nothing.
func TestPagesAreTurnedByKeysAndTheRingIsLostRatherThanMoved(t *testing.T) {
	read := false
	b := byKeys(t, func(page int) Screen {
		return ApproveSend{Text: longText, Costs: costs("bob"), Page: page, Ready: read}
	})
	pages := b.frame.Pages
	if got := b.press(slices.Repeat([]Key{a, p}, pages-1)...); len(got) > 0 || !b.frame.LastPage() {
		t.Fatalf("page %d of %d, tapped %q", b.frame.Page, pages, got)
	}
	read = true
	b.show(b.frame.Page)
	if got := b.press(p); len(got) > 0 || b.ring.target != "prev" {
		t.Fatalf("tapped %q, the ring is on %q", got, b.ring.target)
	}
	if got := b.press(slices.Repeat([]Key{a}, pages+3)...); len(got) > 0 || b.frame.Page != 0 {
		t.Errorf("back to page %d, and tapped %q", b.frame.Page, got)
	}
	if got := b.press(slices.Repeat([]Key{p}, pages-1)...); len(got) > 0 || !b.frame.LastPage() {
		t.Errorf("forth to page %d, and tapped %q", b.frame.Page, got)
	}
	if got := b.press(a, p, a); !slices.Equal(got, []string{"approve"}) {
		t.Errorf("at last, tapped %q", got)
	}
}

// checkKeys fails unless each living target can be reached by keys, and no dead one.
func checkKeys(t *testing.T, f *Frame) {
	t.Helper()
	var ring Ring
	ring.Follow(f)
	reached := map[string]bool{}
	for range 3 * (len(f.Targets) + 1) {
		for _, k := range []Key{KeyApprove, KeyDeny, KeyPage} {
			target, taps, _ := ring.Press(f, k)
			if taps {
				reached[target.Name] = true
			}
			if taps && !target.Active {
				t.Errorf("%s is dead, and tapped", target.Name)
			}
		}
	}
	turned := reached["next"] && f.text() // then what else there is comes with the last page
	for _, target := range f.Targets {
		if target.Active && !reached[target.Name] && !turned && !pointed(target.Name) {
			t.Errorf("no key comes to %s", target.Name)
		}
	}
}

// checkRing fails unless the ring is drawn where it is, and leaves all words readable.
func checkRing(t *testing.T, size image.Point, f *Frame) {
	t.Helper()
	var ring Ring
	ring.Follow(f)
	on := ring.On(f)
	target, ok := f.target(ring.target)
	if seen := on != f; seen != (ok && target.Active && target.Name != "wake") {
		t.Errorf("a ring is drawn: %v", seen)
	} else if !seen {
		return
	}
	checkFrame(t, size, on)
	for _, b := range f.boxes {
		for y := b.rect.Min.Y; y < b.rect.Max.Y; y++ {
			if row := image.Rect(b.rect.Min.X, y, b.rect.Max.X, y+1); bytes.Equal(pixels(f.Image, row), pixels(on.Image, row)) {
				continue
			}
			for x := b.rect.Min.X; x < b.rect.Max.X; x++ {
				if f.Image.RGBAAt(x, y) == b.ink && on.Image.RGBAAt(x, y) != b.ink {
					t.Fatalf("the ring around %s covers %q", target.Name, b.text)
				}
			}
		}
	}
	if !on.Image.Rect.Eq(f.Image.Rect) || on.Image.RGBAAt(target.Rect.Min.X-1, (target.Rect.Min.Y+target.Rect.Max.Y)/2) != colAmber {
		t.Errorf("no ring around %s", target.Name)
	}
}
