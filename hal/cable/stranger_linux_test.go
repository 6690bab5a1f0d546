package cable

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// bare opens one end of a cable, for a test that calls and listens there as it
// likes.
func bare(t *testing.T, ctx context.Context, name string) *end {
	t.Helper()
	for {
		e, err := openEnd(ctx, name)
		if err == nil {
			t.Cleanup(e.close)
			return e
		}
		select {
		case <-time.After(10 * time.Millisecond): // until the kernel lets the address be used
		case <-ctx.Done():
			t.Fatal(err)
		}
	}
}

// shout calls out what is given, from an address.
func shout(t *testing.T, e *end, from netip.Addr, b []byte) {
	t.Helper()
	conn, err := net.DialUDP("udp6", net.UDPAddrFromAddrPort(netip.AddrPortFrom(e.zoned(from), 0)),
		net.UDPAddrFromAddrPort(netip.AddrPortFrom(e.zoned(everybody), announcePort)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
}

// Whatever else is heard is as nothing: had one of these counted as a device,
// there would be two, and an error.
func garbage(t *testing.T) {
	layCable(t, "v0", "v1")
	layCable(t, "w0", "w1")
	ctx := within(t)
	a := find(ctx, on(5, "v0", "w0"))
	e := bare(t, ctx, "v1")
	heard, from, err := e.hear()
	if err != nil {
		t.Fatal(err)
	}
	routed, second := netip.MustParseAddr("2001:db8::9"), netip.MustParseAddr("fe80::99")
	addAddress(t, "v1", routed)
	addAddress(t, "v1", second)
	sound := announcement{TieBreaker{7}, 1}.bytes()
	shout(t, e, routed, sound) // not from this link
	for n := range sound {
		shout(t, e, second, sound[:n])
	}
	shout(t, e, second, append(slices.Clone(sound), 0))
	shout(t, e, second, announcement{TieBreaker{7}, 0}.bytes())
	shout(t, e, second, []byte(strings.Repeat("x", 60000)))
	shout(t, e, second, heard.bytes()) // as a mirror
	if !from.IsValid() || heard.tie != (TieBreaker{5}) {
		t.Errorf("alice calls %v from %v", heard, from)
	}
	e.close()
	b := find(ctx, on(1, "w1"))
	meetOnCable(t, <-a, <-b)
}

// Only who was heard, and is alone, is let in.
func strangers(t *testing.T) {
	layCable(t, "v0", "v1")
	ctx := within(t)
	a := find(ctx, on(5, "v0"))
	e := bare(t, ctx, "v1")
	heard, from, err := e.hear()
	if err != nil {
		t.Fatal(err)
	}
	alice := netip.AddrPortFrom(from, heard.port).String()
	ours := net.TCPAddrFromAddrPort(netip.AddrPortFrom(e.addr, 0))
	second := netip.MustParseAddr("fe80::99")
	addAddress(t, "v1", second)
	stranger := net.TCPAddrFromAddrPort(netip.AddrPortFrom(e.zoned(second), 0))

	turnedAway := func(who string, from *net.TCPAddr) {
		t.Helper()
		if conn, err := dial(ctx, from, alice); !errors.Is(err, errNotTaken) {
			t.Errorf("%s: %v, %v", who, conn, err)
		}
	}
	turnedAway("who is not heard yet", ours)
	turnedAway("who is not heard yet", stranger)
	every := time.NewTicker(announceTime)
	defer every.Stop()
	first := time.Now()
	for ; ctx.Err() == nil; <-every.C {
		if err := e.announce(TieBreaker{1}); err != nil {
			t.Fatal(err)
		}
		turnedAway("who was never heard", stranger)
		conn, err := dial(ctx, ours, alice)
		if errors.Is(err, errNotTaken) {
			continue
		}
		if time.Since(first) < settleTime {
			t.Error("who was heard is taken at once: another one may be there")
		}
		meetOnCableAfter(t, e, <-a, found{conn, err})
		return
	}
	t.Error("who was heard is never taken")
}

// meetOnCableAfter is meetOnCable once the test's own end is closed.
func meetOnCableAfter(t *testing.T, e *end, a, b found) {
	t.Helper()
	e.close()
	meetOnCable(t, a, b)
}

// A device that is not taken dials again, until it is greeted.
func dialsAgain(t *testing.T) {
	layCable(t, "v0", "v1")
	ctx := within(t)
	a := find(ctx, on(5, "v0"))
	e := bare(t, ctx, "v1")
	heard, from, err := e.hear()
	if err != nil {
		t.Fatal(err)
	}
	first := time.Now()
	for range 3 { // a greater tie-breaker listens
		if err := e.announce(TieBreaker{9}); err != nil {
			t.Fatal(err)
		}
		conn, err := e.listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if time.Since(first) < settleTime {
			t.Error("who was heard is dialled at once: another one may be there")
		}
	}
	ours := net.TCPAddrFromAddrPort(netip.AddrPortFrom(e.addr, 0))
	if conn, err := dial(ctx, ours, netip.AddrPortFrom(from, heard.port).String()); !errors.Is(err, errNotTaken) {
		t.Errorf("whoever should listen dialled, and has %v, %v", conn, err)
	}
	if err := e.announce(TieBreaker{9}); err != nil {
		t.Fatal(err)
	}
	conn, err := e.listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := greet(conn); err != nil {
		t.Fatal(err)
	}
	meetOnCableAfter(t, e, <-a, found{conn: conn})
}
