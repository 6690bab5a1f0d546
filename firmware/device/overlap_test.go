package device_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"onetimechat/hostlink"
	"onetimechat/padstore/seal"
)

// Two packages that verify, and need the same pad: a restored copy of a card
// makes such. Whichever is opened first, however the laptop presents them, the
// other one is refused.
func TestOfOverlappingPackagesOneIsOpened(t *testing.T) {
	long := strings.Repeat("long ", 20)
	for _, c := range []struct {
		name  string
		order [3]int // of what is presented: short, next, long
		wants []string
	}{
		{"the long one comes last", [3]int{0, 1, 2}, []string{"short", "next", ""}},
		{"the long one comes first", [3]int{2, 0, 1}, []string{long, "", ""}},
		{"the long one comes between", [3]int{0, 2, 1}, []string{"short", "", "next"}},
	} {
		for _, batch := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, in one batch: %v", c.name, batch), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					disks := cards(t, seal.Unconditional, 64<<10, "alice", "bob")
					alice, bob, restored := start(t, disks["alice"], "alice"), storeOf(t, disks["bob"], "bob"), storeOf(t, disks["bob"].Clone(1), "bob")
					all := []hostlink.Incoming{from(t, bob, "alice", "short"), from(t, bob, "alice", "next"), from(t, restored, "alice", long)}
					left := alice.left()
					var in []hostlink.Incoming
					for _, i := range c.order {
						in = append(in, all[i])
					}
					got := presented(t, alice, in, batch)
					cost := int64(0)
					for i, want := range c.wants {
						refused := got[i].Err == hostlink.AlreadyOpened || got[i].Err == hostlink.DecryptionFailed
						if got[i].Text != want || refused != (want == "") {
							t.Errorf("package %d: %+v, want %q", i, got[i], want)
						}
						if want != "" {
							cost += int64(len(in[i].Package)) - packageHead
						}
					}
					if spent := left[1] - alice.left()[1]; spent != cost {
						t.Errorf("%d bytes of pad are spent, not %d", spent, cost)
					}
				})
			})
		}
	}
}

// presented is what becomes of packages that come in one batch or on a connection
// each, when their owner says yes to all.
func presented(t *testing.T, r *rig, in []hostlink.Incoming, batch bool) (got []hostlink.Opened) {
	t.Helper()
	var answers []<-chan opened
	if batch {
		answers = append(answers, open(t.Context(), r, "", in...))
	} else {
		for _, one := range in {
			answers = append(answers, open(t.Context(), r, "", one))
			synctest.Wait() // they come in this order
		}
	}
	for range in {
		if r.screen() == "approve-open" {
			r.approve("to-laptop")
		}
	}
	for _, answer := range answers {
		got = append(got, (<-answer).opened...)
	}
	return got
}

// packageHead is how much longer a package is than its segment: the index.
const packageHead = 6
