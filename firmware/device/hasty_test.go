package device_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/display"
	"onetimechat/hostlink"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

// witness is a panel that remembers since when each thing has been on it, and which
// pages of it were.
type witness struct {
	*glass
	mu    sync.Mutex
	since map[uint64]time.Time
	read  map[uint64]bool // the last page
}

func (w *witness) Show(f *display.Frame) error {
	w.mu.Lock()
	if _, known := w.since[f.Question]; !known {
		w.since[f.Question] = time.Now()
	}
	w.read[f.Question] = w.read[f.Question] || f.LastPage()
	w.mu.Unlock()
	return w.glass.Show(f)
}

// hasty is an owner who taps whatever comes, as fast as it comes, and whose laptop
// asks and withdraws all the time.
type hasty struct {
	*rig
	panel *witness
	rng   *rand.Rand
	taps  map[string]int // that counted, by target
}

func newHasty(t *testing.T, disk *durabletest.Disk, owner string, rng *rand.Rand) *hasty {
	h := &hasty{panel: &witness{since: map[uint64]time.Time{}, read: map[uint64]bool{}}, rng: rng, taps: map[string]int{}}
	h.rig = startRig(t, disk, owner, func(c *config) {
		h.panel.glass = c.Panel.(*glass)
		c.Panel = h.panel
	})
	return h
}

// asks has the laptop ask something, and perhaps withdraw it.
func (h *hasty) asks(ctx context.Context, peer string, in hostlink.Incoming) {
	ctx, leave := context.WithCancel(ctx)
	switch h.rng.IntN(4) {
	case 0:
		go h.Package(ctx, hostlink.PackageRequest{From: h.store.Owner(), To: []string{peer}, Text: numbered(h.rng.Int())})
	case 1:
		go h.Unpackage(ctx, hostlink.UnpackageRequest{To: h.store.Owner(), Packages: []hostlink.Incoming{in}})
	case 2:
		go h.Log(ctx)
	case 3:
		go h.SelfTest(ctx)
	}
	wait := time.Duration(h.rng.Int64N(int64(90 * time.Second)))
	time.AfterFunc(wait, leave)
}

// passes lets some time pass, mostly about as long as things are dead.
func (h *hasty) passes() {
	most := []time.Duration{100 * time.Millisecond, 600 * time.Millisecond, 600 * time.Millisecond, 3 * time.Second, 20 * time.Second}
	time.Sleep(time.Duration(h.rng.Int64N(int64(most[h.rng.IntN(len(most))]))))
	if h.rng.IntN(2) == 0 {
		synctest.Wait()
	}
}

// touches puts a finger on something, and lifts it there or elsewhere.
func (h *hasty) touches() {
	h.t.Helper()
	f := h.panel.now()
	if len(f.Targets) == 0 {
		return
	}
	p := middle(f.Targets[h.rng.IntN(len(f.Targets))])
	h.passes() // the finger is on its way
	f, pressed := h.panel.now(), time.Now()
	h.Press(p)
	if h.rng.IntN(3) == 0 {
		h.passes()
	}
	target, counts := h.Release(p)
	if !counts {
		return
	}
	h.taps[target]++
	h.panel.mu.Lock()
	defer h.panel.mu.Unlock()
	first := h.panel.since[f.Question]
	switch {
	case target == "next", target == "prev", target == "wake", f.Name == "settings" && target != "ok":
	case pressed.Sub(first) < guard && f.Question > 1:
		h.t.Fatalf("%s on %s counts, which has been there for %v: %q", target, f.Name, pressed.Sub(first), f.Text)
	}
	switch target {
	case "approve", "to-laptop", "read-here", "yes", "confirm", "same":
		if !h.panel.read[f.Question] {
			h.t.Fatalf("%s on %s counts, and not all pages were shown: %q", target, f.Name, f.Text)
		}
	}
}

// Whatever comes when, and however somebody taps: what is tapped has been there for
// half a second, and what is approved was shown whole.
func TestAHastyOwnerTapsWhatWasThere(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	counted := map[string]int{}
	for round, step := uint64(0), 0; step < 1500; round++ {
		bubble(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, round))
			disks := cards(t, seal.Unconditional, 16<<10, "alice", "bob")
			owners := []*hasty{newHasty(t, disks["alice"], "alice", rng), newHasty(t, disks["bob"], "bob", rng)}
			for step < 1500 {
				step++
				i := rng.IntN(2)
				h, peer := owners[i], owners[1-i]
				if h.glass.now().Name == "fault" || peer.glass.now().Name == "fault" {
					break // everything is erased: both begin anew
				}
				if rng.IntN(8) == 0 {
					in := hostlink.Incoming{From: peer.store.Owner()}
					if s, err := peer.store.Seal(h.store.Owner(), "hello"); err == nil {
						in.Package = s.Package
					}
					h.asks(t.Context(), peer.store.Owner(), in)
				}
				h.passes()
				h.touches()
			}
			for _, h := range owners {
				for target, n := range h.taps {
					counted[target] += n
				}
				h.off()
			}
		})
	}
	for _, target := range []string{"approve", "deny", "to-laptop", "read-here", "ok", "yes", "no", "wake"} {
		if counted[target] == 0 {
			t.Errorf("%s was never tapped: %v", target, counted)
		}
	}
}
