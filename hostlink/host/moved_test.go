package host_test

import (
	"fmt"
	"slices"
	"testing"

	"onetimechat/hostlink"
	"onetimechat/hostlink/host"
)

// A relay that got another address, https instead of http, say, still has what was
// read there before: that is no replay. One that comes later is.
func TestAnotherAddressOfARelayRaisesNoAlarm(t *testing.T) {
	d, r, place := newDevice("bob", "alice"), newRelay(), newShelf(1)
	const old = 2 * hostlink.MaxBatch
	for i := range old {
		r.bring("bob", "alice", fmt.Sprint(i))
	}
	receive(t, start(t, "bob", d, r, place))
	r.messages[3].Contents = "bmV3" // "new", which nobody has read
	h, err := host.New(host.Config{User: "bob", Device: d, Relay: r, RelayAddress: "https://relay.example", Place: place})
	if err != nil {
		t.Fatal(err)
	}
	d.answer = answers(map[string]hostlink.Refusal{"new": hostlink.Busy})
	first, one := receive(t, h)
	d.answer = nil
	r.bring("bob", "alice", "0") // a replay
	second, two := receive(t, h)
	all := slices.Concat(first.outcomes(), second.outcomes())
	if !slices.Equal(all, []host.Outcome{host.Opened, host.Reopened}) || one.Elsewhere+two.Elsewhere != old-1 {
		t.Errorf("%d and %d already opened, arrived %v", one.Elsewhere, two.Elsewhere, all)
	}
}
