package device_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/hostlink"
	"onetimechat/padstore"
)

// overlapping is a laptop that has many requests under way, of few ids and few
// texts, and gives them up, cancels and acknowledges as it likes.
type overlapping struct {
	*testing.T
	*rand.Rand
	r        *rig
	incoming []hostlink.Incoming
	sent     []asked[sent]
	opened   []asked[opened]
	give     []context.CancelFunc
}

// asked is a request under way.
type asked[T any] struct {
	id, what string
	answer   <-chan T
}

func (o *overlapping) id() string { return []string{"", "1", "2", "3"}[o.IntN(4)] }

func (o *overlapping) act() {
	ctx, cancel := context.WithCancel(o.Context())
	o.give = append(o.give, cancel)
	id := o.id()
	switch o.IntN(10) {
	case 0, 1, 2:
		text := fmt.Sprint("text ", o.IntN(3))
		o.sent = append(o.sent, asked[sent]{id, text, send(ctx, o.r, id, text, "bob")})
	case 3, 4, 5:
		first := o.IntN(len(o.incoming))
		in := o.incoming[first:min(len(o.incoming), first+1+o.IntN(3))]
		o.opened = append(o.opened, asked[opened]{id: id, answer: open(ctx, o.r, id, in...)})
	case 6:
		o.r.Cancel(id)
	case 7:
		o.r.Acknowledge(id)
	case 8:
		o.give[o.IntN(len(o.give))]()
	case 9:
		time.Sleep(time.Duration(o.IntN(20)) * time.Second)
	}
	if o.IntN(3) > 0 {
		synctest.Wait()
	}
}

// owner answers what is asked, in one way or another, and counts what was approved.
func (o *overlapping) owner(approved map[string]int) {
	text := o.r.text()
	switch o.r.screen() {
	case "approve-send":
		at := strings.Index(text, "text ")
		if o.IntN(3) > 0 {
			approved[text[at:at+len("text 0")]]++
			o.r.approve("approve")
		} else {
			o.r.tap("deny")
		}
	case "approve-open":
		o.r.approve([]string{"to-laptop", "read-here", "deny"}[o.IntN(3)])
	default:
		o.close()
	}
}

// close has done with what is on the glass.
func (o *overlapping) close() {
	name := o.r.screen()
	for _, target := range o.r.glass.now().Targets {
		if name != "home" && target.Active {
			o.r.approve(target.Name)
			return
		}
	}
	time.Sleep(time.Second)
}

// check looks at all answers, and whether 16 of them can be kept again.
func (o *overlapping) check(bob *padstore.Store, approved map[string]int) {
	packages := map[string]string{}
	for _, s := range o.sent {
		got := <-s.answer
		if got.err != nil {
			continue
		}
		packages[string(got.sealed[0].Package)] = s.what
	}
	sealed := map[string]int{}
	for pkg, text := range packages {
		if got := read(o, bob, "alice", []byte(pkg)); got != text {
			o.Errorf("%q is sealed for %q", got, text)
		}
		sealed[text]++
	}
	for text, n := range sealed {
		if n > approved[text] {
			o.Errorf("%q is sealed %d times, approved %d times", text, n, approved[text])
		}
	}
	texts := map[string]string{}
	for i, s := range o.opened {
		for _, got := range (<-s.answer).opened {
			if got.Err != "" {
				continue
			}
			by := s.id
			if by == "" {
				by = fmt.Sprint("request ", i)
			}
			if texts[got.Text] != "" && texts[got.Text] != by {
				o.Errorf("%q is opened for %s and for %s", got.Text, texts[got.Text], by)
			}
			texts[got.Text] = by
		}
	}
	for _, id := range []string{"1", "2", "3"} {
		o.r.Acknowledge(id)
	}
	for i := range 16 {
		answer := send(o.Context(), o.r, fmt.Sprint("last ", i), "text", "bob")
		o.r.wantScreen("approve-send")
		o.r.approve("approve")
		if got := <-answer; got.err != nil {
			o.Error(got.err)
		}
	}
}

// Whatever a laptop has under way at once, a text is sealed as often as its owner
// approved it and for whom it was asked, a package is opened once, and in the end the
// device is as ready as before.
func TestALaptopThatOverlapsRequestsGainsNothing(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for round := range uint64(15) {
		bubble(t, func(t *testing.T) {
			alice, bob := pair(t)
			o := &overlapping{T: t, Rand: rand.New(rand.NewPCG(seed, round)), r: alice}
			for i := range 12 {
				o.incoming = append(o.incoming, from(t, bob, "alice", fmt.Sprint("from bob ", i)))
			}
			approved := map[string]int{}
			for range 120 {
				o.act()
				if o.IntN(2) == 0 {
					o.owner(approved)
				}
			}
			for _, cancel := range o.give {
				cancel()
			}
			synctest.Wait()
			for alice.screen() != "home" {
				o.close()
			}
			o.check(bob, approved)
		})
	}
}
