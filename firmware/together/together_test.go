package together_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"onetimechat/firmware/together"
)

func TestAllEndWithTheFirstAndTellWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, late := errors.New("first"), errors.New("late")
		fails := make(chan struct{})
		ended := make(chan error, 1)
		go func() {
			ended <- together.Run(t.Context(),
				func(context.Context) error { <-fails; return first },
				func(ctx context.Context) error { <-ctx.Done(); return nil },
				func(ctx context.Context) error { <-ctx.Done(); return late },
			)
		}()
		synctest.Wait()
		if len(ended) > 0 {
			t.Fatal("it has ended, and no part has")
		}
		close(fails)
		if err := <-ended; !errors.Is(err, first) || !errors.Is(err, late) {
			t.Errorf("the parts ended with %v", err)
		}
	})
}

func TestAllEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		wait := func(ctx context.Context) error { <-ctx.Done(); return nil }
		go func() { ended <- together.Run(ctx, wait, wait) }()
		synctest.Wait()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
