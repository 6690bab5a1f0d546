package display

import (
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"
	"time"
)

// widest names there are, and none that is easy to break.
var wideNames = []string{strings.Repeat("w", 32), strings.Repeat("m", 32), "a-" + strings.Repeat("w", 30), eight[5], "bob", "w"}

func (r random) name() string {
	if r.IntN(3) == 0 {
		return wideNames[r.IntN(len(wideNames))]
	}
	return r.id()
}

func (r random) reserve() Reserve {
	return Reserve{Ready: r.amount(), Capacity: r.amount(), Messages: r.Int64N(2) * r.amount(), Wait: time.Duration(r.amount()),
		Filling: r.IntN(2) == 0, Problem: r.words(30), Demo: r.IntN(2) == 0}
}

func (r random) choice() SizeChoice {
	label := []string{"Now", "In 5 minutes", "Overnight", "Go on", "", strings.Repeat("m", 16)}[r.IntN(6)]
	return SizeChoice{label, r.amount(), r.amount(), r.Float64() * float64(r.amount()), time.Duration(r.amount())}
}

func (r random) word() string { return strings.Repeat(string("aimw"[r.IntN(4)]), 3+r.IntN(6)) }

// label is what a button says at most at 320×240, where there are five.
func (r random) label() string {
	return []string{"Discard", "Does it show paired?", "Throw away", "Yes"}[r.IntN(4)]
}

func (r random) meetingScreen() Screen {
	ready, page := r.IntN(2) == 0, r.IntN(6)-1
	switch r.IntN(8) {
	case 0:
		reserve := r.reserve()
		s := Home{Owner: r.name(), Link: "http://192.168.100.100:65535", Unread: ready, Page: page, NewContact: r.IntN(4) > 0, Details: r.IntN(4) > 0, Settings: r.IntN(4) > 0}
		if r.IntN(4) > 0 {
			s.Reserve = &reserve
		}
		for range r.IntN(9) {
			s.Contacts = append(s.Contacts, Contact{r.name(), r.gauge(), r.gauge(), r.Int64N(3) * r.amount(), r.words(16)})
		}
		return s
	case 1:
		return NewContact{Laptop: ready, Reserve: r.reserve(), Problem: r.words(60), Retry: r.IntN(2) == 0, Page: page}
	case 2:
		s := MeetingSize{Peer: r.name(), Known: r.words(40), PerDay: 1 + r.IntN(1000), Page: page}
		for range r.IntN(9) {
			s.Choices = append(s.Choices, r.choice())
		}
		return s
	case 3:
		return MeetingConfirm{Peer: r.name(), Known: r.words(40), Choice: r.choice(), PerDay: 1 + r.IntN(1000), Ready: ready, Page: page}
	case 4:
		return MeetingWords{Peer: r.name(), Words: [4]string{r.word(), r.word(), r.word(), r.word()}, Ready: ready}
	case 5:
		return Paired{Peer: r.name(), Bytes: r.amount(), Messages: r.amount(), InUse: ready, Demo: r.IntN(2) == 0}
	case 6:
		s := Certificate{Contact: r.name(), More: ready, Page: page}
		if r.IntN(2) == 0 {
			s.Action, s.Label = "discard", r.label()
		}
		for range r.IntN(20) {
			s.Facts = append(s.Facts, Fact{r.words(4), r.words(60)})
		}
		return s
	}
	return Ask{Title: r.words(12), Text: r.text(400), Yes: r.label(), No: []string{"No", "Go on", "Keep", "Leave it"}[r.IntN(4)], Grave: r.IntN(2) == 0, Ready: ready, Page: page}
}

func TestNothingClippedOrOverlappingOnRandomMeetingScreens(t *testing.T) {
	random := newRandom(t)
	forEverySize(t, func(t *testing.T, r *Renderer, size image.Point) {
		for range 100 {
			s := random.meetingScreen()
			checkFrame(t, size, r.Render(s))
			if t.Failed() {
				t.Fatalf("%#v", s)
			}
		}
	})
}

// frames lays out every page of a screen.
func frames(r *Renderer, s func(page int) Screen) (all []*Frame) {
	for page, last := 0, false; !last; page++ {
		f := words(r, s(page))
		all = append(all, f)
		last = f.LastPage()
	}
	return all
}

// targetPages counts on how many pages each target with a prefix is.
func targetPages(frames []*Frame, prefix string) map[string]int {
	pages := map[string]int{}
	for _, f := range frames {
		for _, target := range f.Targets {
			if strings.HasPrefix(target.Name, prefix) && target.Active {
				pages[target.Name+" "+target.Label]++
			}
		}
	}
	return pages
}

func TestEveryContactCanBeTappedOnSomePage(t *testing.T) {
	forEverySize(t, func(t *testing.T, r *Renderer, _ image.Point) {
		for n := range len(eight) + 1 {
			home := Home{Owner: "alice", Link: "x", Contacts: contacts(eight[:n]...), Reserve: &someReserve, Details: true, NewContact: true}
			pages := targetPages(frames(r, func(page int) Screen { home.Page = page; return home }), "contact-")
			for i, name := range eight[:n] {
				if pages[fmt.Sprintf("contact-%d %s", i+1, name)] != 1 {
					t.Errorf("of %d contacts %s can be tapped on %v", n, name, pages)
				}
			}
			if len(pages) != n {
				t.Errorf("%d contacts make targets %v", n, pages)
			}
		}
	})
}

func TestEverySizeCanBeTappedOnSomePage(t *testing.T) {
	forEverySize(t, func(t *testing.T, r *Renderer, _ image.Point) {
		for n := range 10 {
			var list []SizeChoice
			for i := range n {
				list = append(list, choice(fmt.Sprintf("Size %d", i+1), 1<<(16+i), 0))
			}
			pages := targetPages(frames(r, func(page int) Screen {
				return MeetingSize{Peer: eight[5], Known: knownPad(eight[5]), Choices: list, PerDay: 50, Page: page}
			}), "size-")
			for i, c := range list {
				if pages[fmt.Sprintf("size-%d %s", i+1, c.Label)] != 1 {
					t.Errorf("of %d, size %d can be tapped on %v", n, i+1, pages)
				}
			}
			if len(pages) != n {
				t.Errorf("%d choices make targets %v", n, pages)
			}
		}
	})
}

func TestSizesSayWhatTheyGive(t *testing.T) {
	forEverySize(t, func(t *testing.T, r *Renderer, _ image.Point) {
		f := r.Render(MeetingSize{Peer: "bob", Choices: choices(), PerDay: 50})
		for _, want := range []string{"In an hour", "192 MiB, 38 years", "690,000", "takes 1 hour", "Messages each way; years at 50 a day"} {
			if !strings.Contains(strings.Join(f.Text, "\n"), want) {
				t.Errorf("%q is not told: %q", want, f.Text)
			}
		}
		if f.Pages != 1 {
			t.Errorf("four sizes stand on %d pages", f.Pages)
		}
	})
}

// TestTheWidestNamesFitWhereTheyAreTypedAndChosen is for names that cannot be broken
// at a space.
func TestTheWidestNamesFitWhereTheyAreTypedAndChosen(t *testing.T) {
	forEverySize(t, func(t *testing.T, r *Renderer, size image.Point) {
		for _, name := range wideNames {
			f := r.Render(Settings{Title: "Remove whom?", Note: "With " + name + " there is an unfinished pad only.", Items: []Setting{{"contact-1", name, "", true}, {"contact-2", "bob", "", true}}})
			checkFrame(t, size, f)
			if !strings.Contains(strings.Join(f.Text, ""), name) {
				t.Errorf("%q is not told: %q", name, f.Text)
			}
			checkFrame(t, size, r.Render(Keyboard{Title: "Whose device is this?", Text: name, Problem: "No more letters fit."}))
			for _, n := range []int{0, 1, len(eight)} {
				checkFrame(t, size, r.Render(Home{Owner: name, Link: "x", Contacts: contacts(eight[:n]...), NewContact: true, Details: true, Settings: true}))
			}
		}
	})
}

// Whoever looks for a letter sees on which button it is.
func TestTheKeyboardSaysWhatIsOnItsOtherPages(t *testing.T) {
	forEverySize(t, func(t *testing.T, r *Renderer, size image.Point) {
		keyboard := func(page int) Screen { return Keyboard{Title: "Whose device is this?", Text: "x", Page: page} }
		all := frames(r, keyboard)
		keys := func(f *Frame) (labels string) {
			for _, target := range f.Targets {
				if strings.HasPrefix(target.Name, "key-") {
					labels += target.Label
				}
			}
			return labels
		}
		for page, f := range all {
			checkFrame(t, size, r.Render(keyboard(page)))
			for name, to := range map[string]int{"prev": page - 1, "next": page + 1} {
				button, _ := f.target(name)
				if to < 0 || to == len(all) {
					continue
				}
				ends := strings.Split(button.Label, "–")
				if there := keys(all[to]); len(ends) != 2 || !strings.HasPrefix(there, ends[0]) || !strings.Contains(there, ends[1]) {
					t.Errorf("%s of page %d is called %q, and leads to %q", name, page, button.Label, there)
				}
			}
		}
	})
}

func TestEveryFactIsOnSomePage(t *testing.T) {
	forEverySize(t, func(t *testing.T, r *Renderer, _ image.Point) {
		var names, values strings.Builder
		for _, f := range frames(r, func(page int) Screen {
			return Certificate{Contact: "bob", Facts: facts(), Action: "in-use", Label: "Does it show paired?", More: true, Page: page}
		}) {
			for _, b := range f.boxes {
				switch {
				case b.ink == colMuted:
					names.WriteString(b.text + " ")
				case b.ink == colInk:
					values.WriteString(b.text + " ")
				}
			}
		}
		for _, fact := range facts() {
			if !strings.Contains(names.String(), fact.Name) || !strings.Contains(values.String(), fact.Value) {
				t.Errorf("%s: %s is not told", fact.Name, fact.Value)
			}
		}
	})
}

func TestWordsAreReadInOrderAndAnsweredEvenly(t *testing.T) {
	forEverySize(t, func(t *testing.T, r *Renderer, _ image.Point) {
		for _, ready := range []bool{false, true} {
			f := r.Render(MeetingWords{Peer: eight[5], Words: [4]string{"velvet", "mushroom", "abandon", "zoo"}, Ready: ready})
			text := strings.Join(f.Text, " ")
			if !strings.Contains(text, "1 velvet 2 mushroom 3 abandon 4 zoo") || !strings.Contains(text, "one plain cable, in sight") {
				t.Errorf("the screen says %q", text)
			}
			if !strings.Contains(strings.ReplaceAll(text, " ", ""), eight[5]) {
				t.Errorf("the screen does not say with whom to compare: %q", text)
			}
			a, b := f.Targets[0], f.Targets[1]
			wider := a.Rect.Dx() - b.Rect.Dx()
			if wider < -1 || wider > 1 || f.Image.RGBAAt(a.Rect.Min.X+8, a.Rect.Min.Y+8) != f.Image.RGBAAt(b.Rect.Min.X+8, b.Rect.Min.Y+8) {
				t.Errorf("%s stands out against %s", a.Name, b.Name)
			}
		}
	})
}

// TestNoButtonMovesWhenAnotherComesAlive holds that a finger on its way finds
// what it aimed at.
func TestNoButtonMovesWhenAnotherComesAlive(t *testing.T) {
	longQuestion := strings.Repeat("Is that so? ", 90)
	forEverySize(t, func(t *testing.T, r *Renderer, _ image.Point) {
		for name, screen := range map[string]func(page int, ready bool) Screen{
			"question":     func(_ int, ready bool) Screen { return Ask{Title: "t", Text: "x", Yes: "Yes", No: "No", Ready: ready} },
			"meeting-size": func(_ int, ready bool) Screen { return MeetingConfirm{Peer: "bob", PerDay: 50, Ready: ready} },
			"long question": func(page int, ready bool) Screen {
				return Ask{Title: "t", Text: longQuestion, Yes: "Throw away", No: "Go on", Ready: ready, Page: page}
			},
			"certificate": func(page int, _ bool) Screen {
				return Certificate{Contact: "bob", Facts: facts(), Action: "discard", Label: "Discard", More: true, Page: page}
			},
		} {
			first := r.Render(screen(0, false))
			for page := range first.Pages {
				for _, ready := range []bool{false, true} {
					f := r.Render(screen(page, ready))
					for i, target := range f.Targets {
						if target.Rect != first.Targets[i].Rect {
							t.Errorf("%s: %s moves from %v to %v", name, target.Name, first.Targets[i].Rect, target.Rect)
						}
					}
				}
			}
		}
	})
}

// TestMeetingScreensThatDoNotTurnPagesHaveOne is for those whose callers give
// names and numbers only, however wide.
func TestMeetingScreensThatDoNotTurnPagesHaveOne(t *testing.T) {
	const most = 1<<63 - 1
	full := Reserve{Ready: 999 << 30, Capacity: 999 << 30, Messages: most, Wait: 40 * time.Hour, Filling: true, Demo: true}
	forEverySize(t, func(t *testing.T, r *Renderer, size image.Point) {
		screens := []Screen{NewContact{Laptop: true, Reserve: full}}
		for _, name := range wideNames {
			for _, yes := range []bool{false, true} {
				screens = append(screens, Paired{Peer: name, Bytes: 999 << 30, Messages: most, InUse: yes, Demo: true},
					MeetingWords{Peer: name, Words: [4]string{"mushroom", "mmmmmmmm", "wwwwwwww", "zoo"}, Ready: yes},
					MeetingConfirm{Peer: name, Choice: SizeChoice{Bytes: 999 << 30, Messages: most, Years: 1e12, Wait: 40 * time.Hour}, PerDay: 1000, Ready: yes})
			}
		}
		for _, s := range screens {
			f := r.Render(s)
			checkFrame(t, size, f)
			bottom := 0
			for _, b := range f.boxes[:len(f.boxes)-len(f.Targets)] {
				if !inTarget(f, b.rect) {
					bottom = max(bottom, b.rect.Max.Y)
				}
			}
			if f.Pages != 1 || bottom > f.Targets[0].Rect.Min.Y {
				t.Errorf("%#v: %d pages, down to %d", s, f.Pages, bottom)
			}
		}
	})
}

func inTarget(f *Frame, r image.Rectangle) bool {
	return slices.ContainsFunc(f.Targets, func(t Target) bool { return r.In(t.Rect) })
}

func TestMeetingQuestionsAreDeadUntilReady(t *testing.T) {
	r := renderer(t, Sizes()[0])
	long := strings.Repeat("Is that so? ", 90)
	for _, c := range []asked{
		{MeetingConfirm{Peer: "bob"}, "cancel", "confirm", "wait a moment"},
		{MeetingConfirm{Peer: "bob", Ready: true}, "cancel confirm", "", ""},
		{MeetingConfirm{Peer: "bob", Known: long}, "cancel next", "prev confirm", "read all pages"},
		{MeetingWords{Peer: "bob"}, "", "different same", "wait a moment"},
		{MeetingWords{Peer: "bob", Ready: true}, "different same", "", ""},
		{Ask{Text: "x", Yes: "Yes", No: "No"}, "no", "yes", "wait a moment"},
		{Ask{Text: "x", Yes: "Yes", No: "No", Ready: true}, "no yes", "", ""},
		{Ask{Text: long, Yes: "Yes", No: "No"}, "no next", "prev yes", "read all pages"},
		{Ask{Text: long, Yes: "Yes", No: "No", Page: 999}, "no prev", "next yes", "wait a moment"},
		{NewContact{}, "cancel", "", ""},
		{NewContact{Problem: "x", Retry: true}, "cancel retry", "", "No pad can be made now."},
		{Progress{Title: "x", Stop: true}, "stop", "", ""},
		{Progress{Title: "x", Stop: true, Cancellable: true}, "cancel stop", "", ""},
		{Paired{Peer: "bob"}, "certificate ok", "", ""},
		{Certificate{Contact: "bob"}, "ok", "", ""},
		{Certificate{Contact: "bob", Action: "in-use", Label: "Yes", More: true}, "ok more in-use", "", "Older pad"},
		{Home{Owner: "alice", NewContact: true}, "log new-contact", "", ""},
		{Home{Owner: "alice", Contacts: contacts("bob")}, "log", "", ""},
		{Home{Owner: "alice", Contacts: contacts("bob"), Details: true}, "contact-1 log", "", ""},
		{Home{Owner: "alice", NewContact: true, Settings: true}, "log new-contact settings", "", ""},
		{Home{Owner: "alice", Settings: true}, "log settings", "", ""},
		{Settings{Items: []Setting{{Name: "erase", Label: "Erase everything", Grave: true}}}, "erase ok", "", "Settings"},
	} {
		c.check(t, r)
	}
}

func TestHomeSaysWhatTheReserveIsGoodFor(t *testing.T) {
	r := renderer(t, Sizes()[1])
	for _, c := range []struct {
		reserve *Reserve
		want    []string
	}{
		{nil, nil},
		{&fullReserve, []string{"Ready for a meeting", "256 MiB of 256 MiB", "About 930,000 messages each way, made in 2 minutes"}},
		{&someReserve, []string{"About 140,000 messages each way, made in 1 minute; filling"}},
		{&Reserve{Capacity: mebi, Filling: true}, []string{"Nothing for a pad yet; filling"}},
		{&Reserve{Capacity: mebi, Problem: "The noise source is not there."}, []string{"Nothing for a pad yet", "The noise source is not there."}},
		{&Reserve{Capacity: mebi, Messages: 9, Demo: true}, []string{"About 9 messages each way", "Demo randomness: to try things out, not for secrets"}},
	} {
		text := r.Render(Home{Owner: "alice", Reserve: c.reserve}).Text
		for _, want := range c.want {
			if !slices.Contains(text, want) {
				t.Errorf("%+v: %q is not in %q", c.reserve, want, text)
			}
		}
		if c.reserve == nil && slices.Contains(text, "Ready for a meeting") {
			t.Errorf("without a reserve home says %q", text)
		}
	}
}

func TestLengthsOfTimeInWords(t *testing.T) {
	for got, want := range map[string]string{
		yearsText(0):                 "0 days",
		yearsText(1.0 / 365):         "1 day",
		yearsText(59.5 / 365):        "59 days",
		yearsText(61.0 / 365):        "2 months",
		yearsText(1.5):               "18 months",
		yearsText(2):                 "2 years",
		yearsText(38.4):              "38 years",
		yearsText(1234):              "1,200 years",
		yearsText(1e300):             "1.0 quadrillion years",
		waitText(0):                  "1 second",
		waitText(30 * time.Second):   "30 seconds",
		waitText(time.Minute):        "1 minute",
		waitText(128 * time.Second):  "2 minutes",
		waitText(55 * time.Minute):   "1 hour",
		waitText(100 * time.Minute):  "100 minutes",
		waitText(8*time.Hour + 1000): "8 hours",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Before its first noise a device has no reservoir that could be so and so full.
func TestNothingIsOutOfNothing(t *testing.T) {
	f := renderer(t, Sizes()[2]).Render(Home{Owner: "alice", Reserve: &Reserve{}})
	if text := strings.Join(f.Text, "\n"); strings.Contains(text, "of 0 bytes") || !strings.Contains(text, "Nothing for a pad yet") {
		t.Errorf("home says %q", text)
	}
}
