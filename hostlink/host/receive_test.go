package host_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/hostlink"
	"onetimechat/hostlink/host"
	"onetimechat/hostlink/mailbox"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
)

func receive(t *testing.T, h *host.Host) (shown, host.Report) {
	t.Helper()
	var s shown
	report, err := h.Receive(t.Context(), s.show)
	if err != nil {
		t.Fatal(err)
	}
	return s, report
}

// answers has the owner answer by text.
func answers(by map[string]hostlink.Refusal) func(hostlink.Incoming) hostlink.Refusal {
	return func(in hostlink.Incoming) hostlink.Refusal { return by[string(in.Package)] }
}

func TestTheCursorIsTheLowestRefWithoutAnOutcome(t *testing.T) {
	for _, c := range []struct {
		refusal hostlink.Refusal
		outcome host.Outcome // "" when there is none
	}{
		{"", host.Opened},
		{hostlink.ShownOnDevice, host.OnDevice},
		{hostlink.DecryptionFailed, host.Unverified},
		{hostlink.PadUnreadable, host.Unreadable},
		{hostlink.AlreadyOpened, host.Reopened},
		{hostlink.NoPad, host.Stranger},
		{hostlink.Rejected, host.Denied},
		{hostlink.Busy, ""},
		{hostlink.TimedOut, ""},
		{hostlink.Withdrawn, ""},
		{hostlink.DeviceFault, ""},
	} {
		t.Run(string(c.outcome)+string(c.refusal), func(t *testing.T) {
			d, r := newDevice("bob", "alice"), newRelay()
			h := start(t, "bob", d, r, newShelf(1))
			r.bring("bob", "alice", "first")
			second := r.bring("bob", "alice", "second")
			third := r.bring("bob", "alice", "third")
			d.answer = answers(map[string]hostlink.Refusal{"second": c.refusal})
			got, report := receive(t, h)
			want, cursor, outcomes := []string{"first", "second", "third"}, third+1, []host.Outcome{host.Opened, c.outcome, host.Opened}
			if c.refusal != "" {
				want = []string{"first", "third"}
			}
			if c.outcome == "" {
				cursor, outcomes = second, []host.Outcome{host.Opened, host.Opened}
			}
			if !slices.Equal(got.texts(), want) || !slices.Equal(got.outcomes(), outcomes) {
				t.Errorf("arrived %+v", got)
			}
			if report.Cursor != cursor || d.cursors["bob "+address] != cursor {
				t.Errorf("cursor %d, on the device %d, want %d", report.Cursor, d.cursors["bob "+address], cursor)
			}
			if (report.Stopped != "") != (c.outcome == "") {
				t.Errorf("stopped by %q", report.Stopped)
			}

			// Next time only what has no outcome is asked again.
			d.answer, d.asked = nil, 0
			again, report := receive(t, h)
			wantAgain := 0
			if c.outcome == "" {
				wantAgain = 1
			}
			if len(again.texts()) != wantAgain || d.asked != wantAgain || report.Cursor != third+1 {
				t.Errorf("the second time: %+v, asked %d, cursor %d", again, d.asked, report.Cursor)
			}
		})
	}
}

// Whatever the device answers, and however often the link breaks or the
// process starts anew: every text is shown, once unless an answer was lost,
// nothing below the cursor lacks an outcome, and the device's place never
// passes what has none.
func TestRandomConversations(t *testing.T) {
	refusals := []hostlink.Refusal{
		"", "", "", hostlink.ShownOnDevice, hostlink.Rejected,
		hostlink.Busy, hostlink.TimedOut, hostlink.Withdrawn, hostlink.DeviceFault,
	}
	for range 150 {
		seed := rand.Uint64()
		rng := rand.New(rand.NewPCG(seed, 0))
		synctest.Test(t, func(t *testing.T) {
			m := newModel(t, seed, rng, refusals)
			for range 12 {
				m.step()
			}
			m.finish()
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// model holds a Host to what has come and what was answered.
type model struct {
	t        *testing.T
	rng      *rand.Rand
	place    *shelf
	d        *device
	r        *relay
	h        *host.Host
	from     map[int64]string // refs in the mailbox, with what is in them
	outcomes map[int64]host.Outcome
	times    map[int64]int // shown
	later    map[int64]bool
	broke    bool
}

func newModel(t *testing.T, seed uint64, rng *rand.Rand, refusals []hostlink.Refusal) *model {
	m := &model{
		t: t, rng: rng, place: newShelf(seed), d: newDevice("bob", "alice", "carol"), r: newRelay(),
		from: map[int64]string{}, outcomes: map[int64]host.Outcome{}, times: map[int64]int{}, later: map[int64]bool{},
	}
	m.r.limit = 1 + rng.IntN(5)
	m.d.answer = func(hostlink.Incoming) hostlink.Refusal { return refusals[rng.IntN(len(refusals))] }
	m.d.saved = func(ref int64) {
		if lowest := m.lowest(); ref > lowest {
			t.Errorf("place %d saved, but %d has no outcome", ref, lowest)
		}
	}
	m.h = start(t, "bob", m.d, m.r, m.place)
	return m
}

// lowest is the lowest ref without an outcome.
func (m *model) lowest() int64 {
	lowest := int64(hostlink.MaxRef)
	for ref := range m.from {
		if m.outcomes[ref] == "" {
			lowest = min(lowest, ref)
		}
	}
	return lowest
}

func (m *model) show(a host.Arrival) error {
	if a.Outcome == host.Opened && a.Text != m.from[a.Ref] {
		m.t.Errorf("ref %d shows %q, want %q", a.Ref, a.Text, m.from[a.Ref])
	}
	m.outcomes[a.Ref] = a.Outcome
	m.times[a.Ref]++
	m.later[a.Ref] = a.Outcome == host.Denied
	return nil
}

func (m *model) step() {
	switch m.rng.IntN(8) {
	case 0, 1, 2:
		for range 1 + m.rng.IntN(4) {
			sender := []string{"alice", "carol", "dave"}[m.rng.IntN(3)]
			pkg := fmt.Sprintf("%s %d", sender, len(m.from))
			if m.rng.IntN(6) == 0 {
				pkg = "forged " + pkg
			}
			m.from[m.r.bring("bob", sender, pkg)] = pkg
		}
	case 3:
		m.h = start(m.t, "bob", m.d, m.r, m.place) // a new process
	case 4:
		m.d.breaks, m.broke = 1+m.rng.IntN(4), true
	case 5:
		_, _ = m.h.OpenLater(m.t.Context(), nil, m.show)
		m.check()
	default:
		report, err := m.h.Receive(m.t.Context(), m.show)
		if err == nil && report.Stopped == "" && m.lowest() != hostlink.MaxRef {
			m.t.Errorf("ref %d has no outcome, and nothing was said", m.lowest())
		}
		m.check()
	}
}

func (m *model) check() {
	var want []int64
	for ref, held := range m.later {
		if held {
			want = append(want, ref)
		}
	}
	slices.Sort(want)
	held, err := m.h.Later(m.t.Context())
	var got []int64
	for _, h := range held {
		got = append(got, h.Ref)
	}
	if err != nil || !slices.Equal(got, want) {
		m.t.Errorf("later list %v, want %v, %v", got, want, err)
	}
}

// finish has everything opened, and counts.
func (m *model) finish() {
	m.d.breaks, m.d.answer = 0, nil
	for range 2 { // a text that was lost with its answer may need a second pass
		if _, err := m.h.Receive(m.t.Context(), m.show); err != nil {
			m.t.Error(err)
		}
		if _, err := m.h.OpenLater(m.t.Context(), nil, m.show); err != nil {
			m.t.Error(err)
		}
	}
	for ref, pkg := range m.from {
		times := m.times[ref]
		stranger, forged := strings.Contains(pkg, "dave"), strings.Contains(pkg, "forged")
		switch got := m.outcomes[ref]; {
		case stranger && got == host.Stranger, forged && !stranger && got == host.Unverified:
		case stranger || forged:
			m.t.Errorf("%q: %s", pkg, got)
		case got == host.Opened || got == host.OnDevice:
		case got == host.TextLost && m.broke:
		default:
			m.t.Errorf("%q: %q, shown %d times", pkg, got, times)
		}
	}
}

// The process dies in every disk operation of a receive. The device keeps the
// texts until they are acknowledged, so all of them are shown in the end.
func TestNoStepOfReceivingLosesAText(t *testing.T) {
	for i := range 6 {
		restarted := i%2 > 0 // the device has forgotten the texts
		fate := []durabletest.Unsynced{durabletest.Lost, durabletest.Kept, durabletest.PartlyKept}[i/2]
		for k := 1; ; k++ {
			place, d, r := newShelf(uint64(k)), newDevice("bob", "alice"), newRelay()
			want := []string{"one", "two", "three", "four"}
			for _, text := range want {
				r.bring("bob", "alice", text)
			}
			d.answer = answers(map[string]hostlink.Refusal{"two": hostlink.Rejected})
			var s shown
			place.disk.CutAt(k)
			_, err := start(t, "bob", d, r, place).Receive(t.Context(), s.show)
			if !place.disk.Failed() {
				if err != nil || k < 10 {
					t.Fatalf("%d operations, %v", k, err)
				}
				break
			}
			place.disk.PowerOn(fate)
			if restarted {
				d.restart()
			}
			h := start(t, "bob", d, r, place)
			if _, err := h.Receive(t.Context(), s.show); err != nil {
				t.Fatalf("cut at %d: %v", k, err)
			}
			d.answer = nil
			if _, err := h.OpenLater(t.Context(), nil, s.show); err != nil {
				t.Fatalf("cut at %d: %v", k, err)
			}
			for ref, text := range []string{"one", "two", "three", "four"} {
				seen := slices.Contains(s.texts(), text)
				lost := slices.ContainsFunc(s, func(a host.Arrival) bool {
					return a.Outcome == host.TextLost && a.Ref == r.messages[ref].Ref
				})
				if !seen && (!lost || !restarted) {
					t.Fatalf("cut at %d, unsynced %s, device restarted %v: %q is gone; arrived %+v", k, fate, restarted, text, s)
				}
			}
		}
	}
}

// One disk operation fails and the process lives on: it says so, and what it said it
// keeps outlives a power cut.
func TestAFailingDiskOperationOfAReceiveLosesNothing(t *testing.T) {
	for k := 1; ; k++ {
		place, d, r := newShelf(uint64(k)), newDevice("bob", "alice"), newRelay()
		r.bring("bob", "alice", "denied")
		r.bring("bob", "alice", "opened")
		d.answer = answers(map[string]hostlink.Refusal{"denied": hostlink.Rejected})
		var s shown
		place.disk.FailAt(k)
		_, err := start(t, "bob", d, r, place).Receive(t.Context(), s.show)
		if !place.disk.Failed() {
			break
		}
		if err == nil {
			place.disk.PowerOn(durabletest.Lost)
			r.messages = nil // the relay has let go of them
		}
		h := start(t, "bob", d, r, place)
		if _, err := h.Receive(t.Context(), s.show); err != nil {
			t.Fatalf("operation %d failed: %v", k, err)
		}
		d.answer = nil
		if _, err := h.OpenLater(t.Context(), nil, s.show); err != nil {
			t.Fatalf("operation %d failed: %v", k, err)
		}
		if texts := s.texts(); !slices.Contains(texts, "denied") || !slices.Contains(texts, "opened") {
			t.Errorf("operation %d failed: arrived %+v", k, s)
		}
	}
}

// A damaged inbox says neither where to begin nor what was asked: nothing is asked.
func TestADamagedInboxAsksNothing(t *testing.T) {
	place, d, r := newShelf(1), newDevice("bob", "alice"), newRelay()
	h := start(t, "bob", d, r, place)
	r.bring("bob", "alice", "hello")
	d.answer = answers(map[string]hostlink.Refusal{"hello": hostlink.Rejected})
	receive(t, h)
	place.disk.Put(inboxName(t, place), []byte("{"))
	d.answer, d.asked = nil, 0
	_, err := h.Receive(t.Context(), new(shown).show)
	_, later := h.OpenLater(t.Context(), nil, new(shown).show)
	for _, err := range []error{err, later} {
		if _, ok := errors.AsType[*host.DamagedError](err); !ok || d.asked > 0 {
			t.Errorf("asked %d times, %v", d.asked, err)
		}
	}
}

// leaving is a device whose client ends while its answer is on the way.
type leaving struct {
	*device
	end context.CancelFunc
}

func (d leaving) Unpackage(ctx context.Context, req hostlink.UnpackageRequest) ([]hostlink.Opened, error) {
	_, _ = d.device.Unpackage(ctx, req)
	d.end()
	return nil, &hostlink.UnreachableError{Address: "cable", Sent: true, Err: context.Canceled}
}

// A program that ends while texts are on the way fetches them when it starts again.
func TestATextThatComesTooLateForItsProgramIsFetchedAgain(t *testing.T) {
	place, d, r := newShelf(1), newDevice("bob", "alice"), newRelay()
	r.bring("bob", "alice", "hello")
	ctx, end := context.WithCancel(t.Context())
	if _, err := start(t, "bob", leaving{d, end}, r, place).Receive(ctx, new(shown).show); err == nil {
		t.Fatal("no error")
	}
	if got, _ := receive(t, start(t, "bob", d, r, place)); !slices.Equal(got.texts(), []string{"hello"}) {
		t.Errorf("arrived %+v", got)
	}
}

// pulled is a device whose cable is pulled out before it is asked to open.
type pulled struct{ *device }

func (d pulled) Unpackage(context.Context, hostlink.UnpackageRequest) ([]hostlink.Opened, error) {
	return nil, &hostlink.UnreachableError{Address: "cable", Err: errors.New("no route")}
}

// What a device never saw it has not opened for this host: that it was opened before
// is no lost text.
func TestWhatTheDeviceNeverSawIsNoLostText(t *testing.T) {
	place, d, r := newShelf(1), newDevice("bob", "alice"), newRelay()
	r.bring("bob", "alice", "replayed")
	if _, err := start(t, "bob", pulled{d}, r, place).Receive(t.Context(), new(shown).show); !errors.Is(err, hostlink.ErrUnreachable) {
		t.Fatal(err)
	}
	d.opened["replayed"] = true
	if got, _ := receive(t, start(t, "bob", d, r, place)); slices.Contains(got.outcomes(), host.TextLost) {
		t.Errorf("arrived %+v", got)
	}
}

func TestATextThatCannotBeShownHasNoOutcome(t *testing.T) {
	place, d, r := newShelf(1), newDevice("bob", "alice"), newRelay()
	r.bring("bob", "alice", "hello")
	closed := errors.New("standard output is closed")
	h := start(t, "bob", d, r, place)
	if _, err := h.Receive(t.Context(), func(host.Arrival) error { return closed }); !errors.Is(err, closed) {
		t.Fatal(err)
	}
	if got, _ := receive(t, start(t, "bob", d, r, place)); !slices.Equal(got.texts(), []string{"hello"}) {
		t.Fatalf("arrived %+v", got)
	}
}

func TestALostTextIsFetchedAgainByTheRequestsID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		place, d, r := newShelf(1), newDevice("bob", "alice"), newRelay()
		for i := range 5 {
			r.bring("bob", "alice", fmt.Sprint(i))
		}
		d.breaks = 3
		var s shown
		if _, err := start(t, "bob", d, r, place).Receive(t.Context(), s.show); !errors.Is(err, hostlink.ErrUnreachable) || len(s) > 0 {
			t.Fatal(err, s)
		}
		asked := d.asked
		r.bring("bob", "alice", "5") // more has come: the old request is still asked as it was
		if got, _ := receive(t, start(t, "bob", d, r, place)); fmt.Sprint(got.texts()) != "[0 1 2 3 4 5]" || d.asked != asked+1 {
			t.Fatalf("arrived %+v, asked %d", got, d.asked)
		}
	})
}

// What was asked and never answered is remembered while the relay or the later
// list still has it, and no longer: a device that is pulled out often would
// leave more with every message that the relay deletes.
func TestWhatWasAskedIsForgottenOnceItIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		place, d, r := newShelf(1), newDevice("bob", "alice"), newRelay()
		h := start(t, "bob", d, r, place)
		asked := func() int {
			data, err := durable.ReadFile(place.disk, inboxName(t, place), 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			return strings.Count(string(data), `"digest"`)
		}
		r.bring("bob", "alice", "denied")
		d.answer = answers(map[string]hostlink.Refusal{"denied": hostlink.Rejected})
		receive(t, h)
		d.answer, d.breaks = nil, linkTries
		if _, err := h.OpenLater(t.Context(), nil, new(shown).show); err == nil || asked() != 1 {
			t.Fatalf("%d asked, %v", asked(), err)
		}
		r.bring("bob", "alice", "deleted")
		d.breaks = linkTries
		if _, err := h.Receive(t.Context(), new(shown).show); err == nil || asked() != 2 {
			t.Fatalf("%d asked, %v", asked(), err)
		}
		r.messages = nil
		r.bring("bob", "alice", "next")
		if got, _ := receive(t, h); asked() != 1 || !slices.Equal(got.texts(), []string{"next"}) {
			t.Fatalf("%d asked, arrived %+v", asked(), got)
		}
		var s shown
		if _, err := h.OpenLater(t.Context(), nil, s.show); err != nil || !slices.Equal(s.texts(), []string{"denied"}) || asked() != 0 {
			t.Fatalf("%d asked, arrived %+v, %v", asked(), s, err)
		}
	})
}

// linkTries is how often a request is asked.
const linkTries = 3

func inboxName(t *testing.T, place *shelf) string {
	names, err := place.disk.List()
	if err != nil {
		t.Fatal(err)
	}
	return names[slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(name, "in-") })]
}

func TestATextLostForGoodIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		place, d, r := newShelf(1), newDevice("bob", "alice"), newRelay()
		r.bring("bob", "alice", "hello")
		d.breaks = 3
		if _, err := start(t, "bob", d, r, place).Receive(t.Context(), new(shown).show); err == nil {
			t.Fatal("no error")
		}
		d.restart()
		if got, _ := receive(t, start(t, "bob", d, r, place)); !slices.Equal(got.outcomes(), []host.Outcome{host.TextLost}) {
			t.Fatalf("arrived %+v", got)
		}
	})
}

func TestWhatAnotherHostOpenedIsOneQuietCount(t *testing.T) {
	d, r := newDevice("bob", "alice"), newRelay()
	here, there := start(t, "bob", d, r, newShelf(1)), start(t, "bob", d, r, newShelf(2))
	r.bring("bob", "alice", "begin")
	receive(t, here)
	for i := range 12 {
		r.bring("bob", "alice", fmt.Sprint(i))
	}
	if got, _ := receive(t, there); len(got.texts()) != 12 || len(d.texts) > 0 {
		t.Fatalf("a new host begins at the device's place: %+v", got)
	}
	r.bring("bob", "alice", "0") // a replay
	got, report := receive(t, here)
	if report.Elsewhere != 12 || !slices.Equal(got.outcomes(), []host.Outcome{host.Reopened}) {
		t.Fatalf("%d elsewhere, arrived %+v", report.Elsewhere, got)
	}
	if place := d.cursors["bob "+address]; place != report.Cursor {
		t.Fatalf("place %d, cursor %d", place, report.Cursor)
	}
}

func TestAHostThatLagsDoesNotMoveTheDevicesPlaceBack(t *testing.T) {
	d, r := newDevice("bob", "alice"), newRelay()
	h := start(t, "bob", d, r, newShelf(1))
	r.bring("bob", "alice", "a")
	receive(t, h)
	stuck := r.bring("bob", "alice", "stuck")
	d.cursors["bob "+address] = 1000 // another host
	d.answer = answers(map[string]hostlink.Refusal{"stuck": hostlink.Busy})
	if _, report := receive(t, h); report.Cursor != stuck || d.cursors["bob "+address] != 1000 {
		t.Fatalf("cursor %d, place %d", report.Cursor, d.cursors["bob "+address])
	}
}

// Somebody who plays the relay for a while and invents a huge ref must not
// make this host deaf for ever.
func TestAMailboxThatWentBackIsReadFromItsBeginning(t *testing.T) {
	for _, invented := range []int64{5000, hostlink.MaxRef} {
		d, r := newDevice("bob", "alice"), newRelay()
		h := start(t, "bob", d, r, newShelf(1))
		r.bring("bob", "alice", "a")
		forged := mailbox.Message{Ref: invented, RecipientUID: "bob", SenderUID: "dave", Contents: "AAAA"}
		r.messages = append(r.messages, forged)
		receive(t, h)
		r.messages = r.messages[:1]
		r.bring("bob", "alice", "b")
		got, report := receive(t, h)
		if !report.Reset || !slices.Contains(got.texts(), "b") {
			t.Fatalf("after ref %d: %+v, %+v", invented, report, got)
		}
		if got, report := receive(t, h); report.Reset || len(got) > 0 {
			t.Fatalf("the time after: %+v, %+v", report, got)
		}
	}
}

func TestWhatIsNoPackageNeverReachesTheDevice(t *testing.T) {
	d, r := newDevice("bob", "alice", "bob"), newRelay()
	h := start(t, "bob", d, r, newShelf(1))
	put := func(from, contents string) { r.put("bob", from, contents) }
	put("alice", "not base64!")
	put("alice", "QUI")    // not padded
	put("alice", "QUJ=")   // not canonical
	put("alice", "QU\nI=") // with a newline
	put("alice", "")
	put("", "QUJD")
	put("../../etc", "QUJD")
	put("bob", "QUJD")
	got, _ := receive(t, h)
	var want []host.Outcome
	want = append(want, slices.Repeat([]host.Outcome{host.Unverified}, 5)...)
	want = append(want, slices.Repeat([]host.Outcome{host.Stranger}, 3)...)
	if !slices.Equal(got.outcomes(), want) || d.asked != 0 {
		t.Fatalf("arrived %+v, asked %d", got, d.asked)
	}
}

func TestDuplicatesDoNotSpoilABatch(t *testing.T) {
	d, r := newDevice("bob", "alice"), newRelay()
	h := start(t, "bob", d, r, newShelf(1))
	for _, pkg := range []string{"a", "b", "a", "b", "c"} {
		r.bring("bob", "alice", pkg)
	}
	got, _ := receive(t, h)
	if fmt.Sprint(got.texts()) != "[a b c]" || len(got) != 5 {
		t.Fatalf("arrived %+v", got)
	}
}

// A device may refuse a whole request because of one package in it, such as
// one that overlaps another: then each is asked for itself.
func TestOneBadPackageDoesNotSpoilABatch(t *testing.T) {
	d, r := newDevice("bob", "alice"), newRelay()
	h := start(t, "bob", refusesBatches{d}, r, newShelf(1))
	for _, pkg := range []string{"a", "forged", "b"} {
		r.bring("bob", "alice", pkg)
	}
	got, _ := receive(t, h)
	if fmt.Sprint(got.texts()) != "[a b]" || len(got) != 3 {
		t.Fatalf("arrived %+v", got)
	}
}

// A refusal of a whole request that is for none of its packages alone is for all of
// them, and asked for once; another one is asked for each, and for each once.
func TestARefusalOfAllIsNotAskedAgainForEach(t *testing.T) {
	for refusal, want := range map[hostlink.Refusal]struct {
		outcome host.Outcome
		asked   int
	}{
		hostlink.Rejected:         {host.Denied, 1},
		hostlink.DecryptionFailed: {host.Unverified, 1 + 3},
	} {
		d, r := &refusesAll{device: newDevice("bob", "alice"), refusal: refusal}, newRelay()
		for _, pkg := range []string{"a", "b", "c"} {
			r.bring("bob", "alice", pkg)
		}
		got, _ := receive(t, start(t, "bob", d, r, newShelf(1)))
		if !slices.Equal(got.outcomes(), slices.Repeat([]host.Outcome{want.outcome}, 3)) || d.requests != want.asked {
			t.Errorf("%s: arrived %+v, asked %d times", refusal, got, d.requests)
		}
	}
}

// A device that answers for fewer packages than it was asked for is not believed.
func TestAnAnswerForFewerPackagesIsNone(t *testing.T) {
	d, r := newDevice("bob", "alice"), newRelay()
	r.bring("bob", "alice", "a")
	r.bring("bob", "alice", "b")
	var s shown
	if _, err := start(t, "bob", forgetful{d}, r, newShelf(1)).Receive(t.Context(), s.show); !errors.Is(err, hostlink.ErrProtocol) || len(s) > 0 {
		t.Errorf("arrived %+v, %v", s, err)
	}
}

type forgetful struct{ *device }

func (d forgetful) Unpackage(ctx context.Context, req hostlink.UnpackageRequest) ([]hostlink.Opened, error) {
	req.Packages = req.Packages[1:]
	return d.device.Unpackage(ctx, req)
}

// refusesAll refuses whole requests, however many packages are in them.
type refusesAll struct {
	*device
	refusal  hostlink.Refusal
	requests int
}

func (d *refusesAll) Unpackage(context.Context, hostlink.UnpackageRequest) ([]hostlink.Opened, error) {
	d.requests++
	return nil, d.refusal
}

type refusesBatches struct{ *device }

func (d refusesBatches) Unpackage(ctx context.Context, req hostlink.UnpackageRequest) ([]hostlink.Opened, error) {
	if len(req.Packages) > 1 {
		return nil, hostlink.DecryptionFailed
	}
	return d.device.Unpackage(ctx, req)
}

func TestRequestsStayWithinTheLinksLimits(t *testing.T) {
	d, r := newDevice("bob", "alice"), newRelay()
	counted := &countsRequests{device: d}
	h := start(t, "bob", counted, r, newShelf(1))
	for i := range 20 {
		r.bring("bob", "alice", fmt.Sprint(i)+strings.Repeat("x", 1<<20-10))
	}
	for i := range 130 {
		r.bring("bob", "alice", fmt.Sprint("small", i))
	}
	if got, _ := receive(t, h); len(got.texts()) != 150 {
		t.Fatalf("%d arrived", len(got.texts()))
	}
	if counted.most > hostlink.MaxBatch || counted.bytes > hostlink.MaxBody {
		t.Fatalf("%d packages, %d bytes in one request", counted.most, counted.bytes)
	}
}

type countsRequests struct {
	*device
	most, bytes int
}

func (d *countsRequests) Unpackage(ctx context.Context, req hostlink.UnpackageRequest) ([]hostlink.Opened, error) {
	bytes := 0
	for _, p := range req.Packages {
		bytes += (len(p.Package)+2)/3*4 + len(p.From) + 64
	}
	d.most, d.bytes = max(d.most, len(req.Packages)), max(d.bytes, bytes)
	return d.device.Unpackage(ctx, req)
}

func TestTheLaterListKeepsWhatWasDenied(t *testing.T) {
	place, d, r := newShelf(1), newDevice("bob", "alice"), newRelay()
	ref := r.bring("bob", "alice", "hello")
	d.answer = answers(map[string]hostlink.Refusal{"hello": hostlink.Rejected})
	receive(t, start(t, "bob", d, r, place))
	r.messages = nil // the relay has let go of it

	h := start(t, "bob", d, r, place)
	var s shown
	if _, err := h.OpenLater(t.Context(), []int64{ref + 1}, s.show); !errors.Is(err, host.ErrNoSuchMessage) {
		t.Fatal(err)
	}
	if _, err := h.OpenLater(t.Context(), nil, s.show); err != nil { // denied again
		t.Fatal(err)
	}
	if held, err := h.Later(t.Context()); err != nil || !slices.Equal(held, []host.Held{{Ref: ref, From: "alice"}}) {
		t.Fatal(held, err)
	}
	d.answer = nil
	if _, err := h.OpenLater(t.Context(), []int64{ref}, s.show); err != nil || !slices.Equal(s.texts(), []string{"hello"}) {
		t.Fatalf("%+v, %v", s, err)
	}
	if held, err := h.Later(t.Context()); err != nil || len(held) > 0 {
		t.Fatal(held, err)
	}
}

func TestWhatIsOnTheLaterListIsNotAskedAgainByItself(t *testing.T) {
	d, r := newDevice("bob", "alice"), newRelay()
	h := start(t, "bob", d, r, newShelf(1))
	r.bring("bob", "alice", "denied")
	r.bring("bob", "alice", "opened")
	d.answer = answers(map[string]hostlink.Refusal{"denied": hostlink.Rejected})
	receive(t, h)
	last := r.messages[1]
	r.messages = r.messages[:1]
	asked := d.asked
	got, report := receive(t, h) // from the beginning
	r.messages = append(r.messages, last)
	if !report.Reset || d.asked != asked || !slices.Equal(got.outcomes(), []host.Outcome{host.Denied}) {
		t.Fatalf("asked %d times more, %+v, %+v", d.asked-asked, report, got)
	}
	if held, err := h.Later(t.Context()); err != nil || !slices.Equal(held, []host.Held{{Ref: r.messages[0].Ref, From: "alice"}}) {
		t.Errorf("on the later list: %v, %v", held, err)
	}
}

func TestADeviceThatFailsAfterOpeningLosesATextAloud(t *testing.T) {
	d, r := newDevice("bob", "alice"), newRelay()
	h := start(t, "bob", d, r, newShelf(1))
	r.bring("bob", "alice", "hello")
	d.answer = func(in hostlink.Incoming) hostlink.Refusal {
		d.opened[string(in.Package)] = true
		return hostlink.DeviceFault
	}
	if _, report := receive(t, h); report.Stopped != hostlink.DeviceFault {
		t.Fatalf("%+v", report)
	}
	d.restart()
	if got, _ := receive(t, h); !slices.Equal(got.outcomes(), []host.Outcome{host.TextLost}) {
		t.Fatalf("arrived %+v", got)
	}
}

func TestAStrangersDeviceJudgesNothing(t *testing.T) {
	d, r := newDevice("carol", "alice"), newRelay()
	r.bring("bob", "alice", "hello")
	_, err := start(t, "bob", d, r, newShelf(1)).Receive(t.Context(), new(shown).show)
	if owner, ok := errors.AsType[*host.OwnerError](err); !ok || owner.Owner != "carol" {
		t.Fatal(err)
	}
}

func TestFollowReceivesWhatComesAndOutlivesTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, r := newDevice("bob", "alice"), newRelay()
		h := start(t, "bob", d, r, newShelf(1))
		ctx, cancel := context.WithCancel(t.Context())
		var mu sync.Mutex
		var s shown
		var troubles int
		var done sync.WaitGroup
		done.Go(func() {
			err := h.Follow(ctx, func(a host.Arrival) error {
				mu.Lock()
				defer mu.Unlock()
				return s.show(a)
			}, func(_ host.Report, err error) {
				if err != nil {
					troubles++
				}
			})
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		arrived := func() int { mu.Lock(); defer mu.Unlock(); return len(s) }
		for i, trouble := range []func(bool){
			func(bool) {},
			func(on bool) { r.mu.Lock(); r.down = on; r.mu.Unlock() },
			func(on bool) { d.mu.Lock(); d.unplugged = on; d.mu.Unlock() },
			func(on bool) {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.answer = nil
				if on {
					d.answer = func(hostlink.Incoming) hostlink.Refusal { return hostlink.Busy }
				}
			},
		} {
			trouble(true)
			time.Sleep(3 * time.Minute)
			r.bring("bob", "alice", fmt.Sprint(i))
			time.Sleep(3 * time.Minute)
			trouble(false)
			time.Sleep(6 * time.Minute)
			if arrived() != i+1 {
				t.Errorf("%d arrived after trouble %d", arrived(), i)
			}
		}
		cancel()
		done.Wait()
		if troubles == 0 || troubles > 40 {
			t.Errorf("%d troubles told", troubles)
		}
	})
}

// Whoever plays the relay can send as many packages as they like, and each place in the
// mailbox is written to the card: neither the card nor the eye may tire of it.
func TestWhatAnybodyCanSendWearsOutNoCard(t *testing.T) {
	const most, minutes = 5_000, 10
	for from, pkg := range map[string]string{"mallory": "from nobody", "alice": "forged"} {
		synctest.Test(t, func(t *testing.T) {
			d, r := newDevice("bob", "alice"), newRelay()
			d.answer = func(in hostlink.Incoming) hostlink.Refusal {
				if string(in.Package) == "forged" {
					return hostlink.DecryptionFailed
				}
				return ""
			}
			kept := 0
			d.saved = func(int64) { kept++ }
			h := start(t, "bob", d, r, newShelf(1))
			ctx, cancel := context.WithTimeout(t.Context(), minutes*time.Minute)
			defer cancel()
			arrived := 0
			r.bring("bob", from, pkg)
			err := h.Follow(ctx, func(host.Arrival) error {
				if arrived++; arrived == most {
					cancel()
				}
				r.bring("bob", from, pkg) // and one more comes for each
				return nil
			}, func(host.Report, error) {})
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			if arrived > minutes*60+10 || kept > minutes*6+1 {
				t.Errorf("in %d minutes %d packages are told, and %d places kept", minutes, arrived, kept)
			}
			before := kept
			r.bring("bob", "alice", "hello")
			if _, err := h.Receive(t.Context(), func(host.Arrival) error { return nil }); err != nil || kept != before+1 {
				t.Errorf("%d places are kept for a message, %v", kept-before, err)
			}
		})
	}
}
