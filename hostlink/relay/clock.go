package relay

import "time"

// clock tells how many seconds a relay has run, beginning with what it was
// told. Retention goes by it: a computer's own clock may be set wrong, and one
// that jumps a year ahead must not delete every message at once.
type clock struct {
	now   func() time.Time
	since time.Time
	began int64
}

func startClock(now func() time.Time, began int64) clock {
	return clock{now: now, since: now(), began: began}
}

// seconds never goes back: time.Since goes by the monotonic clock.
func (c clock) seconds() int64 { return c.began + int64(c.now().Sub(c.since)/time.Second) }
