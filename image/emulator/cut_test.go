//go:build linux

package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"testing"
	"time"

	"onetimechat/display"
	"onetimechat/hostlink"
	"onetimechat/image/emulator"
	"onetimechat/padstore"
)

// cuts is how often the power of each of two devices is cut while it seals, and how
// often while it opens.
const cuts = 5

// Sealing and opening in turn, with the power cut at any moment after the tap
// that approves, and each restart the next cut's start: no pad serves twice, the
// store always opens, and nothing that the laptop has is lost.
//
// The other end of the conversation is bob's real store, on this computer: it
// opens what alice's device has sealed once, and never a second message with the
// same pad.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	var seals, opens [2]moments
	t.Run("of two devices", func(t *testing.T) { // side by side: each takes minutes
		for i := range seals {
			t.Run(fmt.Sprint("device ", i+1), func(t *testing.T) {
				t.Parallel()
				seals[i].what, opens[i].what = "sealing", "opening"
				cutPower(t, &seals[i], &opens[i])
			})
		}
	})
	tell(t, seals)
	tell(t, opens)
}

func cutPower(t *testing.T, seals, opens *moments) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	alice, bob := paired(t)
	c := &cutter{t: t, card: alice, owner: "alice", peer: "bob", rng: rand.New(rand.NewPCG(seed, 1)), left: -1}
	storeB := opened(t, unpack(t, bob.Path()), "bob")
	for i := range cuts + 1 {
		c.sealing(i, storeB, seals)
		c.opening(i, storeB, opens)
	}
}

// cutter cuts a device's power again and again.
type cutter struct {
	t           *testing.T
	card        *emulator.Card
	owner, peer string
	rng         *rand.Rand
	left        int64 // bytes of pad that can be left to send at most; -1: any
	last        *received
	*device
	status hostlink.Status
}

// received is the last message that was to be opened.
type received struct {
	hostlink.Incoming
	text string
	read bool // the laptop has it
}

// moments are when the power is cut while the device does one thing.
type moments struct {
	what    string
	window  time.Duration // in which cuts fall; 0: it is yet to be measured
	parts   []int         // of the window, shuffled: one for each cut that is to come
	answers int           // that came before the cut
}

// on switches the device on, and takes away what it says of the last stop.
// noted tells that there was something.
// log is where QEMU notes what is written; may be empty.
func (c *cutter) on(log string) (noted bool) {
	c.t.Helper()
	c.device = start(c.t, emulator.Options{Card: c.card, Laptop: anyPort, Log: log})
	c.status = c.answers()
	if pads := c.status.Pads; len(pads) != 1 || pads[0].State != "in use" || pads[0].Forgeries != 0 {
		c.t.Fatalf("after a cut the device says %+v", c.status)
	}
	if c.status.Screen == "warning" {
		c.titled(display.Warning{})
		c.tapsLike(display.Warning{}, "ok")
		return true
	}
	if c.status.Screen != "home" {
		c.t.Fatalf("after a cut the screen is %s", c.status.Screen)
	}
	return false
}

// cutSoon cuts the power at a random moment from now on, or when done is
// closed, the first time, to see how long that takes.
func (c *cutter) cutSoon(m *moments, done <-chan struct{}) {
	c.t.Helper()
	begin := time.Now()
	after := patience
	m.follow()
	if m.window > 0 {
		part := int64(m.window) / cuts
		after = time.Duration(int64(m.parts[0])*part + c.rng.Int64N(part))
		m.parts = m.parts[1:]
	}
	select {
	case <-time.After(after):
	case <-done:
	}
	if m.window == 0 {
		// A third of it is after the answer. Cuts fall into all parts of it, so that
		// some are before the answer and some after.
		m.window = time.Since(begin) * 3 / 2
		m.parts = c.rng.Perm(cuts)
		c.t.Logf("cuts while %s fall in the %.2f s after the tap", m.what, m.window.Seconds())
	} else {
		// Also after the answer, as long as the window lasts.
		time.Sleep(time.Until(begin.Add(after)))
	}
	c.cut()
	<-done
}

// follow moves the window after an answer that comes later than it did, or sooner,
// as on a computer that does other things too.
func (m *moments) follow() {
	switch cut := cuts - len(m.parts); {
	case m.window == 0 || cut == 0:
	case m.answers == 1:
		m.window = m.window * 3 / 2
	case m.answers == cut+1:
		m.window = m.window * 2 / 3
	}
}

// starts switches the device on after the last cut, and has a look at what that
// has left.
func (c *cutter) starts() {
	c.t.Helper()
	noted := c.on("")
	if left := c.status.Pads[0].SendLeft; c.left >= 0 && left > c.left {
		c.t.Fatalf("%d bytes are left to send, more than %d before", left, c.left)
	}
	if c.last != nil {
		c.again(noted)
		c.last = nil
	}
}

// sealing has the device seal the i-th message, with a cut.
func (c *cutter) sealing(i int, peer *padstore.Store, m *moments) {
	c.t.Helper()
	c.starts()
	text := fmt.Sprintf("Message %d, sealed under a shaky plug.", i)
	c.left = c.status.Pads[0].SendLeft
	var sealed []hostlink.Sealed
	var err error
	done := c.calls(func(ctx context.Context, client *hostlink.Client) {
		sealed, err = client.Package(ctx, hostlink.PackageRequest{ID: fmt.Sprint("seal-", i), From: c.owner, To: []string{c.peer}, Text: text})
	})
	c.approveSend(text)
	c.cutSoon(m, done)
	if err != nil {
		c.unreachable(err)
		return
	}
	m.answers++
	c.left -= costOf(text)
	if sealed[0].Err != "" {
		c.t.Fatal(sealed[0].Err)
	}
	if got, err := peer.Unseal(c.owner, sealed[0].Package); err != nil || got.Text != text {
		c.t.Fatalf("%s opens %q, %v; sealed was %q", c.peer, got.Text, err, text)
	}
}

// opening has the device open the i-th message, with a cut.
func (c *cutter) opening(i int, peer *padstore.Store, m *moments) {
	c.t.Helper()
	c.starts()
	text := fmt.Sprintf("Message %d, opened under a shaky plug.", i)
	sealed, err := peer.Seal(c.owner, text)
	if err != nil {
		c.t.Fatal(err)
	}
	c.last = &received{Incoming: hostlink.Incoming{From: c.peer, Package: sealed.Package}, text: text}
	var texts []hostlink.Opened
	done := c.calls(func(ctx context.Context, client *hostlink.Client) {
		texts, err = client.Unpackage(ctx, hostlink.UnpackageRequest{ID: fmt.Sprint("open-", i), To: c.owner, Packages: []hostlink.Incoming{c.last.Incoming}})
	})
	c.approveOpen(text)
	c.cutSoon(m, done)
	if c.last.read = err == nil; !c.last.read {
		c.unreachable(err)
		return
	}
	m.answers++
	if texts[0] != (hostlink.Opened{Text: text}) {
		c.t.Fatalf("opened is %+v", texts[0])
	}
}

func (c *cutter) approveSend(text string) {
	c.t.Helper()
	left := c.answers().Pads[0].SendLeft - costOf(text)
	c.touch(c.sees(display.ApproveSend{Text: text, Costs: []display.Cost{{Contact: c.peer, Cost: costOf(text), Left: left}}, Ready: true}), "approve")
}

func (c *cutter) approveOpen(text string) {
	c.t.Helper()
	c.touch(c.sees(display.ApproveOpen{From: []display.From{{Contact: c.peer, Count: 1}}, Cost: costOf(text), Ready: true}), "to-laptop")
}

// again tries what was opened when the power was cut. It opens once at most: if
// the laptop has the text, never again; if it is burned and the laptop has it
// not, the device has said so at its start; and otherwise it opens now.
func (c *cutter) again(noted bool) {
	c.t.Helper()
	var texts []hostlink.Opened
	var err error
	done := c.calls(func(ctx context.Context, client *hostlink.Client) {
		texts, err = client.Unpackage(ctx, hostlink.UnpackageRequest{To: c.owner, Packages: []hostlink.Incoming{c.last.Incoming}})
	})
	question := display.ApproveOpen{From: []display.From{{Contact: c.peer, Count: 1}}, Cost: costOf(c.last.text)}
	asks := c.renderer.Render(question)
	question.Ready = true // as it is half a second later, which may be before anybody looks
	asked := c.renderer.Render(question)
	answered := false
	c.wait("an answer, or a question", func(got *image.RGBA) bool {
		select {
		case <-done:
			answered = true
		default:
		}
		return answered || eitherOn(got, area, asks, asked)
	})
	if !answered {
		if c.last.read {
			c.t.Fatal("what the laptop has read is to be opened again")
		}
		c.approveOpen(c.last.text)
		<-done
		if err != nil || texts[0] != (hostlink.Opened{Text: c.last.text}) {
			c.t.Fatalf("opened after the cut is %+v, %v", texts, err)
		}
		return
	}
	if err != nil || texts[0].Err != hostlink.AlreadyOpened {
		c.t.Fatalf("asked again the device answers %+v, %v", texts, err)
	}
	if !c.last.read && !noted {
		c.t.Error("a message is lost, and the device has not said so at its start")
	}
}

// calls has the laptop ask, until the link breaks.
func (c *cutter) calls(ask func(ctx context.Context, client *hostlink.Client)) (done chan struct{}) {
	c.t.Helper()
	client, err := hostlink.NewClient(c.Link())
	if err != nil {
		c.t.Fatal(err)
	}
	done = make(chan struct{})
	go func() {
		defer close(done)
		ask(c.t.Context(), client)
	}()
	return done
}

// unreachable checks that an answer is missing because of the cut.
func (c *cutter) unreachable(err error) {
	c.t.Helper()
	if !errors.Is(err, hostlink.ErrUnreachable) && !errors.Is(err, hostlink.ErrProtocol) {
		c.t.Fatalf("the device answers %v", err)
	}
}

// tell says how the cuts fell. All on one side would be a test of nothing.
func tell(t *testing.T, all [2]moments) {
	t.Helper()
	after, of := 0, cuts*len(all)
	for _, m := range all {
		after += max(0, m.answers-1) // the first answer came without a cut
	}
	t.Logf("%d cuts while %s, %d of them after the answer", of, all[0].what, after)
	if after == 0 || after == of {
		t.Errorf("all cuts while %s fell on one side of the answer", all[0].what)
	}
}
