package cable

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
)

// on is a device that has these interfaces. Its tie-breaker begins with tie.
func on(tie byte, names ...string) *LinkLocal {
	return NewLinkLocal(TieBreaker{tie}, func() ([]string, error) { return names, nil })
}

// meetOnCable is theyMeet, and that the connection is link-local, and that the
// devices left nothing open.
func meetOnCable(t *testing.T, alice, bob found) {
	t.Helper()
	if alice.err != nil || bob.err != nil {
		t.Fatalf("alice: %v; bob: %v", alice.err, bob.err)
	}
	for _, conn := range []net.Conn{alice.conn, bob.conn} {
		if a := addrPort(conn.RemoteAddr()).Addr(); !linkLocal(a) || a.Zone() == "" {
			t.Errorf("%v is not link-local", a)
		}
	}
	theyMeet(t, found{conn: zoneless{alice.conn}}, found{conn: zoneless{bob.conn}})
	nothingIsOpen(t)
}

// zoneless is a connection whose addresses the other end sees alike.
type zoneless struct{ net.Conn }

func (z zoneless) LocalAddr() net.Addr  { return withoutZone(z.Conn.LocalAddr()) }
func (z zoneless) RemoteAddr() net.Addr { return withoutZone(z.Conn.RemoteAddr()) }

func withoutZone(a net.Addr) net.Addr {
	ap := addrPort(a)
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(ap.Addr().WithZone(""), ap.Port()))
}

// nothingIsOpen says that this namespace, in which nothing but this test is,
// has no socket that hears or listens.
func nothingIsOpen(t *testing.T) {
	t.Helper()
	for _, name := range []string{"udp", "udp6", "tcp", "tcp6"} {
		table, err := os.ReadFile("/proc/self/net/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(table)), "\n")[1:] {
			// linux/Documentation/networking/proc_net_tcp.rst; 0A is TCP_LISTEN
			if state := strings.Fields(line)[3]; strings.HasPrefix(name, "udp") || state == "0A" {
				t.Errorf("still open: %s %s", name, line)
			}
		}
	}
}

// TestOnACable plays each of these in a network of its own, with cables that
// the kernel makes, all at once: most of the time nothing happens.
func TestOnACable(t *testing.T) {
	eachInItsNamespace(t, map[string]func(*testing.T){
		"two meet":                               twoMeet,
		"the cable comes late":                   cableComesLate,
		"two cables to one device":               twoCables,
		"several devices":                        severalDevices,
		"the cable leads back":                   cableLeadsBack,
		"what is no announcement is passed over": garbage,
		"only who announced itself is taken":     strangers,
		"who is not taken dials again":           dialsAgain,
		"a device begins anew":                   beginsAnew,
		"who is gone is forgotten":               goneIsForgotten,
		"another version":                        anotherVersion,
		"nobody is there":                        nobodyThere,
		"an address that cannot be had":          noLoopback,
	})
}

func twoMeet(t *testing.T) {
	addressesTakeTime(t, true)
	layCable(t, "v0", "v1")
	ctx := within(t)
	a, b := find(ctx, on(2, "v0")), find(ctx, on(1, "v1"))
	meetOnCable(t, <-a, <-b)
	// And again, now that the interfaces are up; the other one listens.
	a, b = find(ctx, on(1, "v0")), find(ctx, on(2, "v1"))
	meetOnCable(t, <-b, <-a)
}

// counted is a device of which a test can count the rounds of its calls.
func counted(t *testing.T, ctx context.Context, tie byte, names ...string) (l *LinkLocal, rounds func(int)) {
	asked := make(chan struct{})
	l = NewLinkLocal(TieBreaker{tie}, func() ([]string, error) {
		select {
		case asked <- struct{}{}:
		default:
		}
		return names, nil
	})
	return l, func(n int) {
		for range n {
			select {
			case <-asked:
			case <-ctx.Done():
				t.Fatal("what was waited for did not come")
			}
		}
	}
}

// An adapter is plugged in late, out again, and in again.
func cableComesLate(t *testing.T) {
	ctx := within(t)
	alice, rounds := counted(t, ctx, 2, "none", "v0")
	a := find(ctx, alice)
	rounds(2)
	addressesTakeTime(t, true)
	layCable(t, "v0", "v1")
	if err := setUp("v1"); err != nil { // there is no carrier before
		t.Fatal(err)
	}
	for !hearing(t) {
		rounds(1)
	}
	cutCable(t, "v0")
	for hearing(t) {
		rounds(1)
	}
	layCable(t, "v0", "v1")
	b := find(ctx, on(1, "v1"))
	meetOnCable(t, <-a, <-b)
}

// hearing says whether a device in this namespace hears announcements.
func hearing(t *testing.T) bool {
	t.Helper()
	table, err := os.ReadFile("/proc/self/net/udp6")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(table), ":235D ") // 9053
}

// Two cables between the same two devices are no two devices.
func twoCables(t *testing.T) {
	layCable(t, "v0", "v1")
	layCable(t, "w0", "w1")
	ctx := within(t)
	a, b := find(ctx, on(2, "v0", "w0")), find(ctx, on(1, "v1", "w1"))
	meetOnCable(t, <-a, <-b)
}

func severalDevices(t *testing.T) {
	layCable(t, "v0", "v1")
	layCable(t, "w0", "w1")
	ctx := within(t)
	a := find(ctx, on(5, "v0", "w0"))
	waiting, leave := context.WithCancel(ctx)
	b, c := find(waiting, on(1, "v1")), find(waiting, on(9, "w1"))
	if f := <-a; !errors.Is(f.err, ErrSeveral) {
		t.Errorf("alice found %v, %v", f.conn, f.err)
	}
	leave()
	for _, f := range []found{<-b, <-c} {
		if !errors.Is(f.err, context.Canceled) {
			t.Errorf("they found %v, %v", f.conn, f.err)
		}
	}
	nothingIsOpen(t)
}

// A cable that leads back: a device that hears its own calls waits on, and
// meets the other one when that comes.
func cableLeadsBack(t *testing.T) {
	layCable(t, "v0", "v1")
	layCable(t, "w0", "w1")
	ctx := within(t)
	alice, rounds := counted(t, ctx, 2, "v0", "v1", "w0")
	a := find(ctx, alice)
	for !hearing(t) {
		rounds(1)
	}
	rounds(2 * int(settleTime/announceTime))
	b := find(ctx, on(1, "w1"))
	meetOnCable(t, <-a, <-b)
}

// An owner who begins anew has a new tie-breaker, and is still one device.
func beginsAnew(t *testing.T) {
	layCable(t, "v0", "v1")
	ctx := within(t)
	a := find(ctx, on(5, "v0"))
	e := bare(t, ctx, "v1")
	if _, _, err := e.hear(); err != nil { // alice is there
		t.Fatal(err)
	}
	if err := e.announce(TieBreaker{1}); err != nil {
		t.Fatal(err)
	}
	e.close()
	b := find(ctx, on(9, "v1"))
	meetOnCable(t, <-a, <-b)
}

// A device that has gone is forgotten, and another one may come.
func goneIsForgotten(t *testing.T) {
	layCable(t, "v0", "v1")
	layCable(t, "w0", "w1")
	ctx := within(t)
	alice, rounds := counted(t, ctx, 5, "v0", "w0")
	a := find(ctx, alice)
	e := bare(t, ctx, "w1")
	if _, _, err := e.hear(); err != nil {
		t.Fatal(err)
	}
	if err := e.announce(TieBreaker{1}); err != nil {
		t.Fatal(err)
	}
	e.close()
	rounds(int(forgetTime/announceTime) + 2)
	b := find(ctx, on(9, "v1"))
	meetOnCable(t, <-a, <-b)
}

func anotherVersion(t *testing.T) {
	layCable(t, "v0", "v1")
	ctx := within(t)
	a := find(ctx, on(5, "v0"))
	e := bare(t, ctx, "v1")
	if _, _, err := e.hear(); err != nil {
		t.Fatal(err)
	}
	shout(t, e, e.addr, []byte(announceMagic+"\x02"))
	if f := <-a; !errors.Is(f.err, ErrVersion) {
		t.Errorf("alice found %v, %v", f.conn, f.err)
	}
	e.close()
	nothingIsOpen(t)
}

func nobodyThere(t *testing.T) {
	layCable(t, "v0", "v1")
	ctx, cancel := context.WithCancel(within(t))
	alice, rounds := counted(t, ctx, 5, "v0")
	a := find(ctx, alice)
	if err := setUp("v1"); err != nil { // so that there is a carrier
		t.Fatal(err)
	}
	for !hearing(t) {
		rounds(1)
	}
	cancel()
	if f := <-a; !errors.Is(f.err, context.Canceled) {
		t.Errorf("alice found %v, %v", f.conn, f.err)
	}
	nothingIsOpen(t)
}

// Where nobody may listen, waiting does not help, and it is told at once.
func noLoopback(t *testing.T) {
	f := <-find(within(t), NewRendezvous("[::1]:9053")) // loopback is down here
	if f.err == nil || errors.Is(f.err, context.DeadlineExceeded) {
		t.Errorf("it found %v, %v", f.conn, f.err)
	}
}
