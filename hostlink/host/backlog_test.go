package host_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/hostlink"
	"onetimechat/hostlink/host"
	"onetimechat/hostlink/mailbox"
)

// A device that cannot answer now is left in peace for longer and longer, also
// when more packages wait than one fetch holds.
func TestALongMailboxDoesNotHurryTheDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, r := newDevice("bob", "alice"), newRelay()
		for i := range 3 * hostlink.MaxBatch {
			r.bring("bob", "alice", fmt.Sprint(i))
		}
		passes := 0
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		d.answer = func(hostlink.Incoming) hostlink.Refusal { return hostlink.Busy }
		h := start(t, "bob", d, r, newShelf(1))
		_ = h.Follow(ctx, func(host.Arrival) error { return nil }, func(host.Report, error) {
			if passes++; passes > 100 {
				cancel()
			}
		})
		// 5, 10, 20 … seconds between them.
		if passes < 4 || passes > 9 {
			t.Errorf("asked in %d passes within 10 minutes", passes)
		}
	})
}

// One package that cannot be opened, behind it more than a mailbox remembers
// out of order: the rest waits, and nobody is asked without end.
func TestABacklogBehindAnUnopenedPackageDoesNotSpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, r := newDevice("bob", "alice"), newRelay()
		for i := range 1200 {
			r.bring("bob", "alice", fmt.Sprint(i))
		}
		d.answer = func(in hostlink.Incoming) hostlink.Refusal {
			if string(in.Package) == "0" {
				return hostlink.DeviceFault
			}
			return ""
		}
		passes := 0
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		h := start(t, "bob", d, r, newShelf(1))
		_ = h.Follow(ctx, func(host.Arrival) error { return nil }, func(host.Report, error) {
			if passes++; passes > 100 {
				cancel()
			}
		})
		if passes > 60 {
			t.Errorf("%d passes within 10 minutes", passes)
		}
	})
}

// teaser is a relay that tells whoever waits of one more message than it has.
type teaser struct{ *relay }

func (r teaser) Messages(ctx context.Context, recipient string, start int64, max int, wait time.Duration) (mailbox.Batch, error) {
	if b, err := r.relay.Messages(ctx, recipient, start, max, 0); wait == 0 || len(b.Messages) > 0 {
		return b, err
	}
	return mailbox.Batch{Messages: []mailbox.Message{{Ref: start, RecipientUID: recipient}}, Complete: true}, nil
}

// An empty mailbox is looked into once a minute or so: the relay says when something comes.
func TestAnEmptyMailboxIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		passes := 0
		h := start(t, "bob", newDevice("bob", "alice"), newRelay(), newShelf(1))
		_ = h.Follow(ctx, func(host.Arrival) error { return nil }, func(host.Report, error) { passes++ })
		if passes > 14 {
			t.Errorf("%d passes in 10 minutes", passes)
		}
	})
}

func TestARelayThatTeasesIsAskedOnceASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		passes := 0
		h := start(t, "bob", newDevice("bob", "alice"), teaser{newRelay()}, newShelf(1))
		_ = h.Follow(ctx, func(host.Arrival) error { return nil }, func(host.Report, error) {
			if passes++; passes > 100 {
				cancel()
			}
		})
		if passes < 50 || passes > 70 {
			t.Errorf("%d passes in a minute", passes)
		}
	})
}

// cutter is a relay behind a proxy that lets no request wait longer than it likes.
type cutter struct {
	*relay
	patience time.Duration
	cut      *atomic.Int64
}

func (r cutter) Messages(ctx context.Context, recipient string, start int64, max int, wait time.Duration) (mailbox.Batch, error) {
	b, err := r.relay.Messages(ctx, recipient, start, max, min(wait, r.patience))
	if err == nil && len(b.Messages) == 0 && wait > r.patience {
		err = &mailbox.BusyError{Code: 504}
		r.cut.Add(1)
	}
	return b, err
}

// forger is a relay that has something new for whoever waits.
type forger struct{ *relay }

func (r forger) Messages(ctx context.Context, recipient string, start int64, max int, wait time.Duration) (mailbox.Batch, error) {
	if wait > 0 {
		r.bring(recipient, "alice", "forged")
	}
	return r.relay.Messages(ctx, recipient, start, max, 0)
}

// An owner who is away is asked later and later, however long polls end, and soon
// when something new comes.
func TestAnOwnerWhoIsAwayIsAskedLaterAndLater(t *testing.T) {
	var cut atomic.Int64
	for name, c := range map[string]struct {
		behind func(*relay) host.Relay
		soon   time.Duration
	}{
		"no proxy":              {func(r *relay) host.Relay { return r }, time.Second},
		"a hasty proxy":         {func(r *relay) host.Relay { return cutter{r, 30 * time.Second, &cut} }, time.Minute},
		"a proxy without polls": {func(r *relay) host.Relay { return cutter{r, 0, &cut} }, time.Minute},
		"a relay that teases":   {func(r *relay) host.Relay { return teaser{r} }, 5 * time.Minute},
		"a relay that forges":   {func(r *relay) host.Relay { return forger{r} }, 5 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			d, r := newDevice("bob", "alice"), newRelay()
			d.answer = func(hostlink.Incoming) hostlink.Refusal { return hostlink.TimedOut }
			r.bring("bob", "alice", "hello")
			h := start(t, "bob", d, c.behind(r), newShelf(1))
			ctx, cancel := context.WithCancel(t.Context())
			var following sync.WaitGroup
			following.Go(func() {
				_ = h.Follow(ctx, func(host.Arrival) error { return nil }, func(host.Report, error) {})
			})
			asked := func() int { d.mu.Lock(); defer d.mu.Unlock(); return d.asked }
			time.Sleep(20 * time.Minute)
			// 5, 10, 20 … seconds between them, and 5 minutes at last.
			before := asked()
			if before < 8 || before > 11 {
				t.Errorf("%s: asked %d times in 20 minutes", name, before)
			}
			// The relay is asked later and later too, and begun with anew after each question.
			if polls := cut.Swap(0); polls > 90 {
				t.Errorf("%s: %d polls are cut in 20 minutes", name, polls)
			}
			r.bring("bob", "alice", "news")
			time.Sleep(c.soon + time.Second)
			if asked() == before {
				t.Errorf("%s: not asked about news", name)
			}
			cancel()
			following.Wait()
		})
	}
}
