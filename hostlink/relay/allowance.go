package relay

import "time"

// What an address spends, in bytes: each message costs its contents and what
// the database needs beside them, and a new mailbox costs much more, because
// their number is limited.
const (
	messageCost = 512
	mailboxCost = 256 << 10
)

// allowance is what each origin may spend within one retention. What it spent
// is forgotten evenly over that time, and at a restart: addresses are never
// written down. It belongs to the writer.
type allowance struct {
	limit     float64
	perSecond float64
	spent     map[origin]spending
}

type spending struct {
	bytes float64
	at    int64 // when it was that much, in seconds of the relay's clock
}

func newAllowance(limit int64, retention time.Duration) *allowance {
	return &allowance{
		limit:     float64(limit),
		perSecond: float64(limit) / max(1, retention.Seconds()),
		spent:     make(map[origin]spending),
	}
}

// owed is what from has spent and that is not forgotten yet.
func (a *allowance) owed(from origin, now int64) float64 {
	s := a.spent[from]
	return max(0, s.bytes-float64(now-s.at)*a.perSecond)
}

func (a *allowance) allows(from origin, cost, now int64) bool {
	return !from.IsValid() || a.owed(from, now)+float64(cost) <= a.limit
}

func (a *allowance) spend(from origin, cost, now int64) {
	if from.IsValid() {
		a.spent[from] = spending{a.owed(from, now) + float64(cost), now}
	}
}

// tidy drops the origins that owe nothing. Those that stay have messages here,
// whose number is limited.
func (a *allowance) tidy(now int64) {
	for from := range a.spent {
		if a.owed(from, now) == 0 {
			delete(a.spent, from)
		}
	}
}

func costOf(size int64, newMailbox bool) int64 {
	cost := size + messageCost
	if newMailbox {
		cost += mailboxCost
	}
	return cost
}
