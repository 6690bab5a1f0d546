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

// cuts is how often the power of each of two devices is cut.
const cuts = 10

// Sealing and opening, with the power cut at any moment after the tap that
// approves, and each restart the next cut's start: no pad serves twice, the
// store always opens, and nothing that the laptop has is lost.
//
// The other end of each conversation is the contact's real store, on this
// computer: it opens what alice's device has sealed once, and never a second
// message with the same pad.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	alice, bob := paired(t)
	storeA, storeB := unpack(t, alice.Path()), unpack(t, bob.Path())
	t.Run("sealing", func(t *testing.T) {
		t.Parallel()
		c := &cutter{t: t, card: alice, owner: "alice", peer: "bob", rng: rand.New(rand.NewPCG(seed, 1))}
		c.sealing(opened(t, storeB, "bob"))
	})
	t.Run("opening", func(t *testing.T) {
		t.Parallel()
		c := &cutter{t: t, card: bob, owner: "bob", peer: "alice", rng: rand.New(rand.NewPCG(seed, 2))}
		c.opening(opened(t, storeA, "alice"))
	})
}

// cutter cuts a device's power again and again.
type cutter struct {
	t           *testing.T
	card        *emulator.Card
	owner, peer string
	rng         *rand.Rand
	window      time.Duration // in which cuts fall; 0: it is yet to be measured
	moments     []int         // tenths of the window, shuffled: one for each cut that is to come
	*device
	status hostlink.Status
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
func (c *cutter) cutSoon(done <-chan struct{}) {
	c.t.Helper()
	begin := time.Now()
	after := patience
	if c.window > 0 {
		tenth := int64(c.window) / cuts
		after = time.Duration(int64(c.moments[0])*tenth + c.rng.Int64N(tenth))
		c.moments = c.moments[1:]
	}
	select {
	case <-time.After(after):
	case <-done:
	}
	if c.window == 0 {
		// A third of it is after the answer. Cuts fall into all parts of it, so that
		// some are before the answer and some after.
		c.window = time.Since(begin) * 3 / 2
		c.moments = c.rng.Perm(cuts)
		c.t.Logf("cuts fall in the %.2f s after the tap", c.window.Seconds())
	} else {
		// Also after the answer, as long as the window lasts.
		time.Sleep(time.Until(begin.Add(after)))
	}
	c.cut()
	<-done
}

// sealing has alice's device seal.
func (c *cutter) sealing(bob *padstore.Store) {
	answers := 0
	left := int64(-1) // at least burned so far
	for i := range cuts + 1 {
		c.on("")
		pad := c.status.Pads[0]
		if left >= 0 && pad.SendLeft > left {
			c.t.Fatalf("%d bytes are left to send, more than %d before", pad.SendLeft, left)
		}
		text := fmt.Sprintf("Message %d, sealed under a shaky plug.", i)
		left = pad.SendLeft
		var sealed []hostlink.Sealed
		var err error
		done := c.calls(func(ctx context.Context, client *hostlink.Client) {
			sealed, err = client.Package(ctx, hostlink.PackageRequest{ID: fmt.Sprint("seal-", i), From: c.owner, To: []string{c.peer}, Text: text})
		})
		c.approveSend(text)
		c.cutSoon(done)
		if err != nil {
			c.unreachable(err)
			continue
		}
		answers++
		left -= costOf(text)
		if sealed[0].Err != "" {
			c.t.Fatal(sealed[0].Err)
		}
		if got, err := bob.Unseal(c.owner, sealed[0].Package); err != nil || got.Text != text {
			c.t.Fatalf("bob opens %q, %v; sealed was %q", got.Text, err, text)
		}
	}
	c.tell(answers)
}

// opening has bob's device open.
func (c *cutter) opening(alice *padstore.Store) {
	answers := 0
	var last hostlink.Incoming // of the last round
	var lastText string
	read := true // the laptop has the last round's text
	for i := range cuts + 1 {
		noted := c.on("")
		if i > 0 {
			c.again(last, lastText, read, noted)
		}
		lastText = fmt.Sprintf("Message %d, opened under a shaky plug.", i)
		sealed, err := alice.Seal(c.owner, lastText)
		if err != nil {
			c.t.Fatal(err)
		}
		last = hostlink.Incoming{From: c.peer, Package: sealed.Package}
		var texts []hostlink.Opened
		done := c.calls(func(ctx context.Context, client *hostlink.Client) {
			texts, err = client.Unpackage(ctx, hostlink.UnpackageRequest{ID: fmt.Sprint("open-", i), To: c.owner, Packages: []hostlink.Incoming{last}})
		})
		c.approveOpen(lastText)
		c.cutSoon(done)
		if read = err == nil; !read {
			c.unreachable(err)
			continue
		}
		answers++
		if texts[0] != (hostlink.Opened{Text: lastText}) {
			c.t.Fatalf("opened is %+v", texts[0])
		}
	}
	c.tell(answers)
}

func (c *cutter) approveSend(text string) {
	c.t.Helper()
	left := c.answers().Pads[0].SendLeft - costOf(text)
	c.taps(display.ApproveSend{Text: text, Costs: []display.Cost{{Contact: c.peer, Cost: costOf(text), Left: left}}, Ready: true}, "approve")
}

func (c *cutter) approveOpen(text string) {
	c.t.Helper()
	c.taps(display.ApproveOpen{From: []display.From{{Contact: c.peer, Count: 1}}, Cost: costOf(text), Ready: true}, "to-laptop")
}

// again tries what was opened when the power was cut. It opens once at most: if
// the laptop has the text, never again; if it is burned and the laptop has it
// not, the device has said so at its start; and otherwise it opens now.
func (c *cutter) again(last hostlink.Incoming, text string, read, noted bool) {
	c.t.Helper()
	var texts []hostlink.Opened
	var err error
	done := c.calls(func(ctx context.Context, client *hostlink.Client) {
		texts, err = client.Unpackage(ctx, hostlink.UnpackageRequest{To: c.owner, Packages: []hostlink.Incoming{last}})
	})
	asks := c.renderer.Render(display.ApproveOpen{From: []display.From{{Contact: c.peer, Count: 1}}, Cost: costOf(text)})
	answered := false
	c.wait("an answer, or a question", func(got *image.RGBA) bool {
		select {
		case <-done:
			answered = true
		default:
		}
		return answered || emulator.Same(got, area, asks.Image, image.Point{})
	})
	if !answered {
		if read {
			c.t.Fatal("what the laptop has read is to be opened again")
		}
		c.approveOpen(text)
		<-done
		if err != nil || texts[0] != (hostlink.Opened{Text: text}) {
			c.t.Fatalf("opened after the cut is %+v, %v", texts, err)
		}
		return
	}
	if err != nil || texts[0].Err != hostlink.AlreadyOpened {
		c.t.Fatalf("asked again the device answers %+v, %v", texts, err)
	}
	if !read && !noted {
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
func (c *cutter) tell(answers int) {
	c.t.Helper()
	c.t.Logf("%d cuts, %d of them after the answer", cuts, answers-1)
	if answers == cuts+1 || answers == 1 {
		c.t.Errorf("all cuts fell on one side of the answer")
	}
}
