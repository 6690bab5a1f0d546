package device_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"onetimechat/firmware/entropy"
	"onetimechat/firmware/entropy/entropytest"
	"onetimechat/hal/noise"
	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
)

// board is where noise sources are plugged in.
type board struct {
	mu     sync.Mutex
	came   []noise.Source
	hidden error // why there may be others
}

func (b *board) plug(name string, seed uint64) *entropytest.Source {
	s := entropytest.New(noise.Description{Name: name, SampleBits: 8, Credit: noise.MaxCredit}, entropytest.Bytes(seed))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.came = append(b.came, s)
	return s
}

func (b *board) hide(why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hidden = why
}

func (b *board) find() ([]noise.Source, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	came := b.came
	b.came = nil
	return came, b.hidden
}

// startBoard switches on a device that finds its noise on a board.
func startBoard(t *testing.T, b *board) *meeter {
	t.Helper()
	m := &meeter{sockets: &sockets{wire: &wire{}}}
	well := entropy.NewWell()
	t.Cleanup(func() { well.Close() })
	m.rig = startRig(t, durabletest.New(1), "alice", func(c *config) {
		c.Noise, c.FindNoise, c.Reservoir, c.Ports = well, b.find, reservoir, m.sockets
	})
	return m
}

// madeOf is what the newest n bytes of the reservoir are made of. It takes them.
func (m *meeter) madeOf(n int) string {
	m.t.Helper()
	lots, err := m.store.Reservoir().Take(make([]byte, n))
	if err != nil {
		m.t.Fatal(err)
	}
	var made []string
	for _, l := range lots {
		var names []string
		for _, o := range l.Origins {
			names = append(names, o.Name)
		}
		made = append(made, fmt.Sprintf("%d of %s", l.Bytes, strings.Join(names, " and ")))
	}
	return strings.Join(made, ", ")
}

// A source that is plugged in while others are drawn from joins them: all that
// is laid up from then on is made of both, and nothing before.
func TestASourceThatIsPluggedInLaterJoins(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &board{}
		b.plug("first", 1).Slow(1000)
		m := startBoard(t, b)
		time.Sleep(20 * time.Second)
		before := int(m.ready())
		b.plug("second", 2)
		time.Sleep(20 * time.Second)
		after := int(m.ready())
		m.tap("new-contact")
		m.tap("noise")
		m.wantText("first", "second")
		if made := m.madeOf(after); before == 0 || !strings.HasSuffix(made, " of first and second") || strings.Count(made, ",") != 1 {
			t.Errorf("%d bytes before, then %s", before, made)
		}
	})
}

// So does one that comes while the reservoir is full, or while there is none at all.
func TestASourceThatIsPluggedInIsFoundWheneverItComes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &board{}
		m := startBoard(t, b)
		time.Sleep(time.Minute)
		m.wantScreen("home")
		m.tap("new-contact")
		m.wantText("This device has no noise source. Plug one in.")
		b.plug("first", 1)
		time.Sleep(time.Minute)
		m.wantScreen("new-contact")
		if n := m.ready(); n != reservoir || strings.Contains(m.text(), "no noise source") {
			t.Errorf("%d bytes are ready, and the screen says %q", n, m.text())
		}
		b.plug("second", 2)
		time.Sleep(time.Minute)
		m.tap("noise")
		m.wantText("first", "second")
		m.tap("ok")
		m.tap("cancel")
		if made := m.madeOf(32); made != "32 of first" {
			t.Errorf("what was there before is made of %s", made)
		}
	})
}

// A source that is plugged in where another has failed does not stand in for it.
func TestASourceThatIsPluggedInStandsInForNoOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &board{}
		first := b.plug("first", 1)
		first.Fail(noise.ErrMissing)
		m := startBoard(t, b)
		time.Sleep(time.Minute)
		m.wantText("No more randomness is made", "is not there", "Plug it in again, and choose Try again under New contact; or switch the device off and on to go on without it.")
		m.tap("new-contact")
		if text := m.allText(); !strings.Contains(text, "and choose Try again; or") || strings.Contains(text, "under New contact") {
			t.Errorf("New contact says of the button below: %q", text)
		}
		m.tap("cancel")
		b.plug("second", 2)
		time.Sleep(time.Minute)
		m.wantText("No more randomness is made")
		if n := m.ready(); n != 0 {
			t.Errorf("%d bytes are ready", n)
		}
		first.Heal()
		b.plug("third", 3) // which has it try again
		time.Sleep(time.Minute)
		if made := m.madeOf(32); made != "32 of first and second and third" {
			t.Errorf("it is made of %s", made)
		}
	})
}

// More sources than a pad can tell of do not stop the others; which of them is left
// out, and why, is said.
func TestSourcesBeyondTheMostAreLeftOut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &board{}
		var names []string
		for i := range padstore.MaxOrigins + 1 {
			names = append(names, fmt.Sprintf("source %d", i+1))
			b.plug(names[i], uint64(i+1))
		}
		m := startBoard(t, b)
		time.Sleep(time.Minute)
		if n := m.ready(); n != reservoir {
			t.Errorf("%d bytes are ready, and home says %q", n, m.text())
		}
		b.plug("the tenth", 99)
		time.Sleep(time.Minute)
		m.tap("new-contact")
		m.tap("noise")
		text := m.allText()
		for _, name := range append(names, "the tenth not used: a pad is made of 8 sources at most", "source 9 not used") {
			if !strings.Contains(text, name) {
				t.Errorf("%q is not in %q", name, text)
			}
		}
		m.tap("ok")
		m.tap("cancel")
		if logged := m.logged(padstore.KindNoise); logged != 2 {
			t.Errorf("%d entries in the log", logged)
		}
		if made := m.madeOf(32); made != "32 of "+strings.Join(names[:padstore.MaxOrigins], " and ") {
			t.Errorf("it is made of %s", made)
		}
	})
}

// What is plugged in and cannot be looked at is said where the sources are shown,
// and in the log, once; the sources that were found go on.
func TestASourceThatCannotBeLookedAtIsSaid(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &board{}
		b.plug("first", 1)
		b.hide(fmt.Errorf("what is at ttyACM0 cannot be told: %w", noise.ErrDenied))
		m := startBoard(t, b)
		time.Sleep(time.Hour)
		if n, logged := m.ready(), m.logged(padstore.KindNoise); n != reservoir || logged != 1 {
			t.Errorf("%d bytes are ready, %d entries in the log", n, logged)
		}
		m.tap("new-contact")
		m.tap("noise")
		m.wantText("Not found", "ttyACM0", "may not be opened")
		m.tap("ok")
		b.hide(nil)
		time.Sleep(time.Minute)
		m.tap("noise")
		if text := m.text(); strings.Contains(text, "Not found") {
			t.Errorf("the screen still says %q", text)
		}
	})
	bubble(t, func(t *testing.T) { // and where there is no other
		b := &board{hidden: noise.ErrDenied}
		m := startBoard(t, b)
		m.tap("new-contact")
		m.wantText("no noise source", "a source may be missing here", "may not be opened")
	})
}

// Sources that come in the first seconds are in all that is made.
func TestSourcesThatComeAtTheStartAreInTheFirstPiece(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := &board{}
		b.plug("first", 1)
		m := startBoard(t, b)
		time.Sleep(time.Second)
		b.plug("second", 2)
		time.Sleep(time.Minute)
		if made := m.madeOf(int(m.ready())); strings.Contains(made, ",") || !strings.HasSuffix(made, " of first and second") {
			t.Errorf("it is made of %s", made)
		}
	})
}

// A reservoir that can tell of no further change of its sources is no fault: it
// waits, says so, and goes on when some was used.
func TestSourcesThatChangeTooOftenWaitForAMeeting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disk := durabletest.New(1)
		store := storeOf(t, disk, "alice")
		if err := store.Reservoir().Resize(reservoir); err != nil {
			t.Fatal(err)
		}
		for i := range 16 {
			b := make([]byte, 512)
			if _, err := padtest.Stream(t.Name()).Read(b); err != nil {
				t.Fatal(err)
			}
			if err := store.Reservoir().Add(b, []padstore.Origin{{Name: "noise", Credit: i}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		m := startMeeter(t, disk, "alice", &wire{})
		time.Sleep(time.Minute)
		if n, logged := m.ready(), m.logged(padstore.KindNoise); n != 16*512 || logged != 1 {
			t.Errorf("%d bytes are ready, %d entries in the log", n, logged)
		}
		if text := m.text(); strings.Contains(text, "No more randomness") || strings.Contains(text, "filling") {
			t.Errorf("home says %q", text)
		}
		for range 3 { // a meeting that uses nothing changes nothing, and is no news
			m.tap("new-contact")
			m.tap("cancel")
			time.Sleep(time.Minute)
		}
		if logged := m.logged(padstore.KindNoise); logged != 1 {
			t.Errorf("%d entries in the log", logged)
		}
		m.madeOf(1024) // as a meeting does
		m.tap("new-contact")
		m.tap("cancel")
		time.Sleep(time.Minute)
		if n := m.ready(); n != reservoir {
			t.Errorf("%d bytes are ready after some was used", n)
		}
	})
}

// All that the noise wants to be remembered, the store keeps: else no noise is drawn.
func TestTheStoreKeepsAllBeginningsOfNoise(t *testing.T) {
	store, err := padstore.Open(durabletest.New(1), "alice")
	if err != nil {
		t.Fatal(err)
	}
	longest := slices.Repeat([]byte{1}, entropy.MaxStart)
	if err := store.KeepNoiseStarts(slices.Repeat([][]byte{longest}, entropy.MaxStarts)); err != nil {
		t.Error(err)
	}
}
