package relay

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"onetimechat/hostlink/mailbox"
)

// waitForPolls waits until n requests wait for recipient.
func (r *running) waitForPolls(t testing.TB, recipient string, n int) {
	t.Helper()
	for t.Context().Err() == nil {
		r.bells.mu.Lock()
		at := r.bells.byName[recipient]
		waiting := at != nil && at.waiting == n
		r.bells.mu.Unlock()
		if waiting {
			return
		}
		runtime.Gosched()
	}
}

func TestEveryoneWhoWaitsIsWoken(t *testing.T) {
	r := start(t, Config{})
	const waiting = 50
	var group sync.WaitGroup
	for range waiting {
		group.Go(func() {
			batch, err := r.client.Messages(t.Context(), "bob", 0, 0, time.Minute)
			if err != nil || len(batch.Messages) != 1 || batch.Messages[0].Contents != "wake" {
				t.Errorf("%v, %v", batch, err)
			}
		})
	}
	r.waitForPolls(t, "bob", waiting)
	r.mustSend(t, "carol", "not for bob", "")
	r.waitForPolls(t, "bob", waiting)
	r.mustSend(t, "bob", "wake", "")
	group.Wait()
	if len(r.bells.byName) != 0 {
		t.Errorf("%d bells are left", len(r.bells.byName))
	}
}

func TestWaitingForALaterRefSleepsOn(t *testing.T) {
	r := start(t, Config{})
	first := r.mustSend(t, "bob", "one", "")
	got := make(chan mailbox.Batch, 1)
	go func() {
		batch, err := r.client.Messages(t.Context(), "bob", first+2, 0, time.Minute)
		if err != nil {
			t.Error(err)
		}
		got <- batch
	}()
	r.waitForPolls(t, "bob", 1)
	r.mustSend(t, "bob", "two", "")
	r.waitForPolls(t, "bob", 1)
	last := r.mustSend(t, "bob", "three", "")
	if batch := <-got; len(batch.Messages) != 1 || batch.Messages[0].Ref != last {
		t.Errorf("got %v, want ref %d", batch, last)
	}
}

func TestWaitEndsWithAnEmptyAnswer(t *testing.T) {
	r := start(t, Config{})
	batch, err := r.client.Messages(t.Context(), "bob", 0, 0, time.Millisecond) // rounded up to a second
	if err != nil || len(batch.Messages) != 0 || !batch.Complete {
		t.Errorf("%v, %v", batch, err)
	}
}

func TestAClientThatGoesAwayIsForgotten(t *testing.T) {
	r := start(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := r.client.Messages(ctx, "bob", 0, 0, time.Minute)
		done <- err
	}()
	r.waitForPolls(t, "bob", 1)
	cancel()
	if err := <-done; err != context.Canceled {
		t.Errorf("the client got %v", err)
	}
	for r.polls.remaining() != int64(r.cfg.MaxPolls) {
		runtime.Gosched()
	}
}
