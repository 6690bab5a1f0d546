package device_test

import (
	"bytes"
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/firmware/entropy"
	"onetimechat/firmware/entropy/entropytest"
	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
)

// reservoir is what the rigs lay up, in bytes.
const reservoir = 64 << 10

// wire is a meeting cable between two rigs.
type wire struct {
	mu    sync.Mutex
	other chan net.Conn // where whoever came first waits
}

func (w *wire) find(ctx context.Context) (net.Conn, error) {
	w.mu.Lock()
	if w.other != nil {
		here, there := net.Pipe()
		w.other <- there
		w.other = nil
		w.mu.Unlock()
		return here, nil
	}
	other := make(chan net.Conn, 1)
	w.other = other
	w.mu.Unlock()
	select {
	case conn := <-other:
		return conn, nil
	case <-ctx.Done():
		w.mu.Lock()
		defer w.mu.Unlock()
		w.other = nil
		return nil, ctx.Err()
	}
}

// sockets are a rig's ports: a wire, and a link that notes what becomes of it.
type sockets struct {
	*wire
	mu    sync.Mutex
	noted []string
	conn  net.Conn // of the last meeting

	// What a test puts in the way of the next meetings; may be nil.
	instead func(ctx context.Context) (net.Conn, error) // of looking for the other rig
	through func(conn net.Conn) net.Conn                // what this end hears by
}

// cut pulls the cable.
func (s *sockets) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn.Close()
}

func (s *sockets) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noted = append(s.noted, what)
}

func (s *sockets) CloseLink() error { s.note("link closed"); return nil }

func (s *sockets) OpenLink(context.Context) error { s.note("link open"); return nil }

func (s *sockets) Find(ctx context.Context) (net.Conn, error) {
	find := s.find
	if s.instead != nil {
		find = s.instead
	}
	conn, err := find(ctx)
	if err == nil && s.through != nil {
		conn = s.through(conn)
	}
	if err == nil {
		s.note("met")
		s.mu.Lock()
		defer s.mu.Unlock()
		s.conn = conn
	}
	return conn, err
}

// meeter is a rig that can meet another one.
type meeter struct {
	*rig
	sockets *sockets
	noise   *entropytest.Source
}

// startMeeter switches on a device with noise and a socket for the wire.
func startMeeter(t *testing.T, disk *durabletest.Disk, owner string, w *wire) *meeter {
	t.Helper()
	return startMeeterOf(t, disk, owner, w, entropytest.Good(uint64(len(owner))))
}

// startMeeterOf switches on one with just this source.
func startMeeterOf(t *testing.T, disk *durabletest.Disk, owner string, w *wire, source *entropytest.Source) *meeter {
	t.Helper()
	m := &meeter{sockets: &sockets{wire: w}, noise: source}
	well := entropy.NewWell(m.noise)
	t.Cleanup(func() { well.Close() })
	m.rig = startRig(t, disk, owner, func(c *config) {
		c.Noise, c.Reservoir, c.Ports = well, reservoir, m.sockets
	})
	return m
}

func newPair(t *testing.T) (alice, bob *meeter) {
	t.Helper()
	w := &wire{}
	return startMeeter(t, durabletest.New(1), "alice", w), startMeeter(t, durabletest.New(2), "bob", w)
}

// newSlowPair is one whose noise makes 437 bytes of pad a second: so the
// reservoirs are full after some minutes.
func newSlowPair(t *testing.T) (alice, bob *meeter) {
	t.Helper()
	w := &wire{}
	start := func(disk *durabletest.Disk, owner string) *meeter {
		source := entropytest.Good(uint64(len(owner)))
		source.Slow(1000)
		return startMeeterOf(t, disk, owner, w, source)
	}
	alice, bob = start(durabletest.New(1), "alice"), start(durabletest.New(2), "bob")
	time.Sleep(10 * time.Minute)
	return alice, bob
}

// saw tells whether the glass ever showed a text.
func (m *meeter) saw(text string) bool {
	synctest.Wait()
	m.glass.mu.Lock()
	defer m.glass.mu.Unlock()
	return strings.Contains(strings.Join(m.glass.text, " "), text)
}

// words are the four words on the glass.
func (m *meeter) words() []string {
	m.t.Helper()
	m.wantScreen("meeting-words")
	var words []string
	for _, text := range m.glass.now().Text {
		if w := strings.ToLower(text); w == text && !strings.ContainsAny(w, " .,:") && len(w) >= 3 && len(w) <= 8 {
			words = append(words, w)
		}
	}
	return words
}

// upToWords has two devices meet until both show their words.
func upToWords(alice, bob *meeter) {
	for _, m := range []*meeter{alice, bob} {
		m.t.Helper()
		m.wantScreen("home")
		m.tap("new-contact")
	}
	alice.wantScreen("meeting-size")
	bob.wantScreen("meeting-size")
	alice.tap("size-1")
	bob.approve("confirm")
	synctest.Wait()
}

// upToFilling has two slow devices meet until both fill a pad, for some minutes.
func upToFilling(alice, bob *meeter) {
	for _, m := range []*meeter{alice, bob} {
		m.t.Helper()
		m.tap("new-contact")
	}
	alice.wantScreen("meeting-size")
	alice.tap("size-2") // in 5 minutes
	bob.approve("confirm")
	time.Sleep(20 * time.Second)
	alice.wantScreen("progress")
	bob.wantScreen("progress")
}

// pairUp has two devices make a pad, by taps alone.
func pairUp(alice, bob *meeter) {
	upToWords(alice, bob)
	alice.approve("same")
	bob.approve("same")
	for _, m := range []*meeter{alice, bob} {
		m.wantScreen("paired")
		m.tap("ok")
		m.wantScreen("home")
	}
}

func TestTwoDevicesMakeAPadByTapsAndTalk(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := newPair(t)
		alice.wantScreen("home")
		alice.wantText("64 KiB of 64 KiB")
		upToWords(alice, bob)
		if a, b := alice.words(), bob.words(); len(a) != 4 || !slices.Equal(a, b) {
			t.Fatalf("the words are %q and %q", a, b)
		}
		alice.approve("same")
		bob.approve("same")
		for _, m := range []*meeter{alice, bob} {
			m.wantScreen("paired")
			m.tap("certificate")
			m.wantScreen("certificate")
			m.tap("ok")
			m.wantScreen("paired")
			m.tap("ok")
			m.wantScreen("home")
			if got := m.sockets.noted; !slices.Equal(got, []string{"link closed", "met", "link open"}) {
				t.Errorf("%s's ports: %q", m.store.Owner(), got)
			}
			if p := m.store.Pads(); len(p) != 1 || p[0].State != padstore.InUse {
				t.Fatalf("%s has the pads %+v", m.store.Owner(), p)
			}
		}
		wantChat(alice, bob)
	})
}

// wantChat has bob read what alice's device seals with their new pad.
func wantChat(alice, bob *meeter) {
	alice.t.Helper()
	sealing := send(alice.t.Context(), alice.rig, "", "we have met", "bob")
	alice.approve("approve")
	s := <-sealing
	if s.err != nil {
		alice.t.Fatal(s.err)
	}
	if got := read(alice.t, bob.store, "alice", s.sealed[0].Package); got != "we have met" {
		alice.t.Errorf("bob reads %q", got)
	}
}

// How many messages a pad has room for is told with what each of them takes on it, also
// where the other device has chosen that.
func TestTheMessagesOfAPadAreCountedAsItSealsThem(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := newPair(t)
		alice.wantScreen("home")
		alice.hears(func(b []byte) {
			copy(b, bytes.Replace(b, []byte(`"propose":64512,"bucket":32,`), []byte(`"propose":64512,"bucket":96,`), 1))
		})
		alice.tap("new-contact")
		bob.tap("new-contact")
		bob.wantScreen("meeting-size")
		bob.tap("size-1")
		alice.wantText("About 150 messages each way")
	})
}

func TestAFreshPadTakesOverAndTheOldOneStillOpens(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := newPair(t)
		pairUp(alice, bob)
		late := from(t, bob.store, "alice", "sealed with the old pad")
		time.Sleep(time.Hour) // the reservoirs fill again
		pairUp(alice, bob)
		if got := read(t, alice.store, "bob", late.Package); got != "sealed with the old pad" {
			t.Errorf("alice reads %q", got)
		}
		if got := read(t, alice.store, "bob", from(t, bob.store, "alice", "with the fresh one").Package); got != "with the fresh one" {
			t.Errorf("alice reads %q", got)
		}
		// Home shows one bob; his pads are read one after the other.
		alice.tap("contact-1")
		alice.wantScreen("certificate")
		alice.wantText("in use")
		alice.tap("more")
		alice.wantText("retired")
		alice.tap("discard")
		alice.wantScreen("question")
		alice.approve("yes")
		synctest.Wait()
		if pads := alice.store.Pads(); len(pads) != 1 || pads[0].State != padstore.InUse {
			t.Errorf("after discarding the old pad there are %+v", pads)
		}
	})
}

func TestEveryWayOutOfAMeeting(t *testing.T) {
	for _, c := range []struct {
		name   string
		do     func(alice, bob *meeter)
		alice  string // what her screen says afterwards, "" for home
		bob    string
		padsOf int
	}{
		{"alice cancels while nobody is there", func(alice, _ *meeter) {
			alice.tap("new-contact")
			alice.wantScreen("new-contact")
			alice.tap("cancel")
		}, "", "", 0},
		{"nobody comes", func(alice, _ *meeter) {
			alice.tap("new-contact")
			alice.wantScreen("new-contact")
			time.Sleep(time.Hour)
		}, "No other device was found", "", 0},
		{"bob cancels at the sizes", func(alice, bob *meeter) {
			alice.tap("new-contact")
			bob.tap("new-contact")
			bob.wantScreen("meeting-size")
			bob.tap("cancel")
		}, "cancelled", "", 0},
		{"bob does not want alice's size", func(alice, bob *meeter) {
			alice.tap("new-contact")
			bob.tap("new-contact")
			alice.wantScreen("meeting-size")
			alice.tap("size-1")
			bob.wantScreen("meeting-size")
			bob.tap("cancel")
		}, "cancelled", "", 0},
		{"alice does not wait for bob's answer", func(alice, bob *meeter) {
			alice.tap("new-contact")
			bob.tap("new-contact")
			alice.wantScreen("meeting-size")
			alice.tap("size-1")
			alice.wantScreen("busy")
			alice.tap("cancel")
		}, "", "cancelled", 0},
		{"the words differ for bob", func(alice, bob *meeter) {
			upToWords(alice, bob)
			alice.approve("same")
			bob.approve("different")
		}, "thrown away on both devices", "thrown away on both devices", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				alice, bob := newPair(t)
				alice.wantScreen("home")
				bob.wantScreen("home")
				c.do(alice, bob)
				for _, end := range []struct {
					m    *meeter
					says string
				}{{alice, c.alice}, {bob, c.bob}} {
					if end.says != "" {
						end.m.wantScreen("warning")
						end.m.wantText(end.says)
						end.m.tap("ok")
					}
					end.m.wantScreen("home")
					if n := len(end.m.store.Pads()); n != c.padsOf {
						t.Errorf("%s has %d pads", end.m.store.Owner(), n)
					}
				}
				// The next meeting goes well.
				time.Sleep(time.Hour)
				pairUp(alice, bob)
			})
		})
	}
}

func TestFillingCanBeStoppedOrThrownAway(t *testing.T) {
	for _, how := range []string{"stop", "cancel"} {
		t.Run(how, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				alice, bob := newSlowPair(t)
				upToFilling(alice, bob)
				if how == "stop" {
					alice.tap("stop")
					alice.wantScreen("question")
					alice.tap("no") // a stray tap
					time.Sleep(time.Minute)
					alice.wantScreen("progress")
					alice.tap("stop")
					alice.approve("yes")
					synctest.Wait()
					alice.approve("same")
					bob.approve("same")
					alice.wantScreen("paired")
					bob.wantScreen("paired")
					if p := alice.store.Pads()[0]; p.SendTotal < reservoir/2 {
						t.Errorf("the pad has only %d bytes each way", p.SendTotal)
					}
					return
				}
				alice.tap("cancel")
				alice.wantScreen("question")
				alice.tap("no") // a stray tap
				time.Sleep(time.Minute)
				alice.wantScreen("progress")
				alice.tap("cancel")
				alice.approve("yes")
				synctest.Wait()
				alice.wantScreen("home")
				bob.wantText("cancelled")
				for _, m := range []*meeter{alice, bob} {
					if !m.saw("Overwriting what was filled.") {
						t.Errorf("%s was not told why nothing went on", m.store.Owner())
					}
				}
				if alice.store.Draft() != nil || bob.store.Draft() != nil {
					t.Error("a draft is left")
				}
			})
		})
	}
}

// A pad that is filled overnight shows nobody's name to whoever passes by, until
// there is something to ask.
func TestAFillingThatNobodyWatchesHidesNames(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := newSlowPair(t)
		alice.tap("settings")
		alice.tap("idle")
		alice.wantText("after 30 seconds")
		alice.tap("ok")
		upToFilling(alice, bob)
		time.Sleep(31 * time.Second)
		alice.wantScreen("idle")
		before := alice.text()
		if strings.Contains(before, "bob") || !strings.Contains(before, "Making a pad: ") {
			t.Errorf("the idle screen says %q", before)
		}
		time.Sleep(time.Minute)
		if after := alice.text(); alice.screen() != "idle" || after == before {
			t.Errorf("a minute later it says %q", after)
		}
		bob.wantScreen("progress") // whose owner wants no idle screen
		alice.tap("wake")
		alice.wantScreen("progress")
		time.Sleep(10 * time.Minute)
		alice.approve("same")
		bob.approve("same")
		alice.wantScreen("paired")
	})
}

func TestTheLaptopHasNoPartInAMeeting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := newPair(t)
		pairUp(alice, bob)
		asking := send(t.Context(), alice.rig, "", "a question comes first", "bob")
		alice.wantScreen("approve-send")
		alice.tap("deny")
		<-asking
		alice.tap("new-contact")
		alice.wantScreen("new-contact")
		ctx, cancel := context.WithCancel(t.Context())
		waiting := send(ctx, alice.rig, "", "must wait", "bob")
		alice.wantScreen("new-contact")
		cancel() // the laptop is unplugged
		<-waiting
		alice.tap("cancel")
		alice.wantScreen("home")
	})
}

// upToKept has the cable pulled out while a pad is filled.
func upToKept(alice, bob *meeter) {
	alice.t.Helper()
	upToFilling(alice, bob)
	alice.sockets.cut()
	for _, m := range []*meeter{alice, bob} {
		m.wantScreen("warning")
		m.wantText("is kept")
		m.wantText(map[string]string{"alice": "with bob", "bob": "with alice"}[m.store.Owner()])
		m.tap("ok")
		m.wantScreen("home")
	}
}

// What a night has filled is not thrown away by one tap.
func TestABrokenOffPadIsGoneOnWithOrKnowinglyThrownAway(t *testing.T) {
	for _, how := range []string{"go on", "begin anew", "stop"} {
		t.Run(how, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				alice, bob := newSlowPair(t)
				upToKept(alice, bob)
				for _, m := range []*meeter{alice, bob} {
					m.tap("new-contact")
				}
				time.Sleep(time.Minute) // the reservoirs are empty
				alice.wantScreen("meeting-size")
				alice.wantText("Go on")
				if how == "go on" {
					alice.tap("size-1")
					bob.wantText("Goes on with what was filled before.")
					bob.approve("confirm")
					time.Sleep(10 * time.Minute)
					alice.approve("same")
					bob.approve("same")
					alice.wantScreen("paired")
					return
				}
				alice.tap("size-2") // now
				alice.wantScreen("question")
				alice.wantText("thrown away")
				if how == "stop" {
					alice.tap("no")
					alice.wantScreen("home")
					if alice.store.Draft() == nil || bob.store.Draft() == nil {
						t.Error("the draft is gone")
					}
					return
				}
				alice.approve("yes")
				bob.approve("confirm")
				bob.approve("yes")
				time.Sleep(time.Hour)
				if !alice.saw("Overwriting what was filled.") {
					t.Error("alice was not told why nothing went on")
				}
				alice.wantScreen("meeting-words")
			})
		})
	}
}

// Where the other device has nothing to go on with any more, no owner is sent back to
// it to do so.
func TestWhatOneDeviceAloneHasKeptIsSaidSo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := newPair(t)
		upToWords(alice, bob)
		alice.approve("same")
		alice.tap("cancel") // she does not wait for bob, whose device throws the pad away
		bob.wantText("cancelled")
		bob.tap("ok")
		time.Sleep(time.Hour)
		alice.tap("new-contact")
		bob.tap("new-contact")
		alice.wantScreen("meeting-size")
		alice.tap("size-1")
		alice.wantScreen("question")
		if text := alice.allText(); !strings.Contains(text, "thrown away") || !strings.Contains(text, "only if bob’s device has it, too") {
			t.Errorf("alice reads %q", text)
		}
		alice.approve("yes")
		bob.approve("confirm")
		time.Sleep(time.Minute)
		alice.approve("same")
		bob.approve("same")
		alice.wantScreen("paired")
	})
}
