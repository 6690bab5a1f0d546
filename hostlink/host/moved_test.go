package host_test

import (
	"fmt"
	"slices"
	"testing"

	"onetimechat/hostlink"
	"onetimechat/hostlink/host"
)

// withRead is bob's mailbox of so many messages, all of which he has read.
func withRead(t *testing.T, messages int) (*device, *relay, *shelf) {
	t.Helper()
	d, r, place := newDevice("bob", "alice"), newRelay(), newShelf(1)
	for i := range messages {
		r.bring("bob", "alice", fmt.Sprint(i))
	}
	receive(t, start(t, "bob", d, r, place))
	return d, r, place
}

// A relay that got another address, https instead of http, say, still has what was
// read there before: that is no replay. One that comes later is.
func TestAnotherAddressOfARelayRaisesNoAlarm(t *testing.T) {
	const old = 2 * hostlink.MaxBatch
	d, r, place := withRead(t, old)
	r.messages[3].Contents = "bmV3" // "new", which nobody has read
	process := func() *host.Host {
		h, err := host.New(host.Config{User: "bob", Device: d, Relay: r, RelayAddress: "https://relay.example", Place: place})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	d.answer = answers(map[string]hostlink.Refusal{"new": hostlink.Busy})
	first, one := receive(t, process())
	d.answer = nil
	r.bring("bob", "alice", "0") // a replay
	second, two := receive(t, process())
	all := slices.Concat(first.outcomes(), second.outcomes())
	if !slices.Equal(all, []host.Outcome{host.Opened, host.Reopened}) || one.Elsewhere+two.Elsewhere != old-1 {
		t.Errorf("%d and %d already opened, arrived %v", one.Elsewhere, two.Elsewhere, all)
	}
}

// Nor is what a relay still has that was put back from a copy, and lacks the last
// messages: its mailbox is read again from the beginning, which takes several fetches,
// and may take several processes, of which each is cut short.
func TestARelayThatIsPutBackFromACopyRaisesNoAlarm(t *testing.T) {
	const old = 3 * hostlink.MaxBatch
	d, r, place := withRead(t, old)
	r.messages = r.messages[:old-5]
	r.messages[3].Contents = "bmV3" // "new", which nobody has read
	d.answer = answers(map[string]hostlink.Refusal{"new": hostlink.TimedOut})
	first, one := receive(t, start(t, "bob", d, r, place))
	d.answer = nil
	r.bring("bob", "alice", "0") // a replay
	second, two := receive(t, start(t, "bob", d, r, place))
	all := slices.Concat(first.outcomes(), second.outcomes())
	if !one.Reset || !slices.Equal(all, []host.Outcome{host.Opened, host.Reopened}) || one.Elsewhere+two.Elsewhere != old-6 {
		t.Errorf("%d and %d already opened, arrived %v", one.Elsewhere, two.Elsewhere, all)
	}
}
