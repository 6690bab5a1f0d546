package host

import (
	"context"
	"time"
)

const (
	// pollTime is how long the relay is asked to wait for a message.
	pollTime = 50 * time.Second
	// pollPause is the least time between two polls, for relays that do not
	// know how to wait.
	pollPause = time.Second
	// A question that the owner did not answer is asked again, later and
	// later, or when Receive is called.
	firstAgain = 5 * time.Second
	lastAgain  = 5 * time.Minute
)

// Follow receives whenever something comes, until ctx ends or show fails. It
// tells state how each pass went; an error is tried again with growing pauses.
func (h *Host) Follow(ctx context.Context, show Show, state func(Report, error)) error {
	var failed error
	guarded := func(a Arrival) error {
		failed = show(a)
		return failed
	}
	again, broken := firstAgain, firstWait
	vain := 0              // short passes in a row that brought nothing but what anybody can send
	open, told := 0, false // what waited for the owner last time, and whether more was told of since
	for {
		began := time.Now()
		report, err := h.Receive(ctx, guarded)
		if failed != nil {
			return failed
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		state(report, err)
		switch {
		case err != nil:
			err = sleep(ctx, broken)
			broken = min(2*broken, lastWait)
		case report.Stopped != "":
			fooled := told && report.open <= open // by nothing, or by what anybody can send
			open = report.open
			if fooled || report.more { // which is no news
				err = sleep(ctx, again)
			} else {
				told, err = h.waitForNews(ctx, report.next, again)
			}
			again, broken = min(2*again, lastAgain), firstWait
		default:
			_, err = h.waitForNews(ctx, report.next, 0)
			open, told = 0, false
			again, broken = firstAgain, firstWait
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if err := sleep(ctx, broken); err != nil {
				return err
			}
		}
		if vain++; report.used > 0 || time.Since(began) >= pollPause {
			vain = 0
		} else if vain > 1 && sleep(ctx, pollPause) != nil {
			return ctx.Err()
		}
	}
}

// waitForNews returns when there is a message at next or behind it, or when
// the time is over, if there is one: then nothing else ends it, because an owner
// who is away is not to be asked sooner for a relay that hangs up.
func (h *Host) waitForNews(ctx context.Context, next int64, atMost time.Duration) (news bool, err error) {
	if atMost > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, atMost)
		defer cancel()
	}
	pause := pollPause
	for {
		began := time.Now()
		batch, err := h.cfg.Relay.Messages(ctx, h.cfg.User, next, 1, pollTime)
		switch {
		case ctx.Err() != nil:
			return false, nil
		case err != nil && atMost == 0:
			return false, err
		case err != nil:
			pause = min(2*pause, lastWait)
		case len(batch.Messages) > 0:
			return true, nil
		case time.Since(began) >= pollPause && atMost == 0:
			return false, nil // let a mailbox that went back be noticed
		default:
			pause = pollPause
		}
		if sleep(ctx, pause) != nil {
			return false, nil
		}
	}
}
