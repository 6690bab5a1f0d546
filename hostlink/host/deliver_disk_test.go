package host_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/hostlink/host"
	"onetimechat/padstore/durable"
)

// fullShelf is a Place whose disk cannot be used for a while.
type fullShelf struct {
	*shelf
	full atomic.Bool
}

func (s *fullShelf) Disk() (durable.Disk, func(), error) {
	if s.full.Load() {
		return nil, nil, errors.New("no space left on device")
	}
	return s.shelf.Disk()
}

// What waits goes out once the laptop's disk can be used again.
func TestDeliveringOutlivesTroubleWithTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, r, place := newDevice("alice", "bob"), newRelay(), &fullShelf{shelf: newShelf(1)}
		h := start(t, "alice", d, r, place)
		if _, err := h.Send(t.Context(), []string{"bob"}, "hello"); err != nil {
			t.Fatal(err)
		}
		place.full.Store(true)
		ctx, cancel := context.WithCancel(t.Context())
		var troubles int
		var last error
		ended := make(chan error, 1)
		go func() {
			ended <- h.KeepDelivering(ctx, func(d host.Delivery) {}, func(err error) {
				if last = err; err != nil {
					troubles++
				}
			})
		}()
		time.Sleep(10 * time.Minute)
		place.full.Store(false)
		time.Sleep(10 * time.Minute)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) || troubles < 2 || troubles > 20 {
			t.Errorf("ends with %v after %d troubles", err, troubles)
		}
		if last != nil {
			t.Errorf("in the end it still tells of %v", last)
		}
		if got := r.contents("bob"); len(got) != 1 {
			t.Errorf("delivered %d packages", len(got))
		}
	})
}
