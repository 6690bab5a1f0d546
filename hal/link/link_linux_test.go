package link

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"
)

// pad is a pad device whose link is on a cable to a laptop.
type pad struct {
	*Link
	requests net.Listener
	ups      chan bool
}

// openPad makes a pad device and opens its link. The laptop need not be there.
func openPad(t *testing.T, opts Opts) *pad {
	t.Helper()
	p := &pad{ups: make(chan bool, 100)}
	opts.Changed = func(up bool) { p.ups <- up }
	if opts.Net == 0 {
		opts.Net = 3
	}
	var err error
	if p.Link, err = New(&opts); err != nil {
		t.Fatal(err)
	}
	p.open(t)
	t.Cleanup(func() {
		if err := p.Halt(); err != nil {
			t.Error(err)
		}
		if left := sockets(t); len(left) > 0 {
			t.Errorf("left open: %q", left)
		}
	})
	return p
}

func (p *pad) open(t *testing.T) {
	t.Helper()
	var err error
	if p.requests, err = p.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// turns waits for the link to say that it is up, or down.
func (p *pad) turns(t *testing.T, up bool) {
	t.Helper()
	select {
	case got := <-p.ups:
		if got != up || p.Up() != up {
			t.Fatalf("told %v, Up is %v, want %v", got, p.Up(), up)
		}
	case <-time.After(patience):
		t.Fatalf("never told that up is %v", up)
	}
}

// onCable is a pad device and a laptop with a cable between them.
func onCable(t *testing.T, name string) (*pad, *laptop) {
	t.Helper()
	noWait(t)
	l := newLaptop(t)
	l.plug(name)
	p := openPad(t, Opts{Port: Ethernet, Roots: Roots{Sys: sysWith(t, name)}})
	p.turns(t, true)
	return p, l
}

func TestALaptopFindsTheDeviceByItself(t *testing.T) {
	p, l := onCable(t, "pad0")
	lease := l.ask()
	for name, m := range map[string]*dhcpv4.DHCPv4{"offer": lease.Offer, "ack": lease.ACK} {
		if m.YourIPAddr.String() != "10.77.3.2" || m.SubnetMask().String() != "ffffff00" || m.ServerIdentifier().String() != "10.77.3.1" {
			t.Errorf("the %s is %s", name, m.Summary())
		}
		for code, value := range m.Options {
			if len(value) == 0 || !slices.Contains([]uint8{1, 51, 53, 54, 61}, code) {
				t.Errorf("the %s has option %d: %x", name, code, value)
			}
		}
	}
	l.take(lease)
	l.reaches(p, netip.MustParseAddr(p.Address()))
	var local netip.Addr
	until(t, "a link-local address", func() bool {
		s, err := look("pad0")
		local = s.local
		return err == nil && local.IsValid()
	})
	want := []netip.Addr{netip.MustParseAddr(p.Address()), local}
	until(t, "both addresses by name", func() bool {
		return slices.Equal(l.resolve(mdnsGroup4(), dnsmessage.TypeA), want)
	})
	if got := l.resolve(mdnsGroup6(), dnsmessage.TypeALL); !slices.Equal(got, want) {
		t.Errorf("by IPv6 the name is %v, want %v", got, want)
	}
	l.reaches(p, l.zone(local))
	if p.requests.Addr().String() != "10.77.3.1:9051" {
		t.Errorf("the listener says it is at %v", p.requests.Addr())
	}
}

// At a meeting the laptop's addresses are gone, and so is all that listens.
func TestCloseLeavesNothing(t *testing.T) {
	p, l := onCable(t, "pad0")
	l.take(l.ask())
	for range 10 {
		l.reaches(p, netip.MustParseAddr(p.Address()))
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		p.turns(t, false)
		if _, err := p.requests.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept after Close: %v", err)
		}
		if left := sockets(t); len(left) > 0 {
			t.Errorf("left open: %q", left)
		}
		addrs, err := interfaceOf(t, "pad0").Addrs()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range addrs {
			if prefix := netip.MustParsePrefix(a.String()); !prefix.Addr().IsLinkLocalUnicast() {
				t.Errorf("left at the interface: %v", a)
			}
		}
		if err := p.Close(); err != nil {
			t.Error("closing twice: ", err)
		}
		p.open(t)
		p.turns(t, true)
	}
}

func TestOpenTwiceIsRefused(t *testing.T) {
	p, l := onCable(t, "pad0")
	if _, err := p.Open(t.Context()); err == nil {
		t.Error("it opened twice")
	}
	if err := p.OfferUSB(t.Context()); err == nil {
		t.Error("it offered USB while open")
	}
	l.take(l.ask())
	l.reaches(p, netip.MustParseAddr(p.Address()))
}

func TestTheCableComesAndGoes(t *testing.T) {
	p, l := onCable(t, "pad0")
	l.take(l.ask())
	for range 3 {
		l.setUp(false)
		p.turns(t, false)
		l.setUp(true)
		p.turns(t, true)
	}
	l.take(l.ask())
	l.reaches(p, netip.MustParseAddr(p.Address()))
}

// An adapter that is pulled and plugged again is another interface to the
// kernel; the listener outlives it.
func TestTheAdapterComesAndGoes(t *testing.T) {
	noWait(t)
	sys := t.TempDir()
	for _, name := range []string{"pad0", "pad1"} {
		put(t, sys+"/class/net/"+name+"/type", "1")
		put(t, sys+"/class/net/"+name+"/device/uevent", "")
	}
	p := openPad(t, Opts{Port: Ethernet, Roots: Roots{Sys: sys}})
	if p.Up() {
		t.Error("up without an adapter")
	}
	for _, name := range []string{"pad0", "pad0", "pad0"} {
		l := newLaptop(t)
		unplug := l.plug(name)
		p.turns(t, true)
		l.take(l.ask())
		l.reaches(p, netip.MustParseAddr(p.Address()))
		if c, err := l.dial(netip.AddrPortFrom(third().device, RPCPort)); err != nil { // which nobody accepts
			t.Error(err)
		} else {
			defer c.Close()
		}
		unplug()
		p.turns(t, false)
	}
}

// It may do so between two looks.
func TestAnotherInterfaceOfTheSameName(t *testing.T) {
	noWait(t)
	p, err := New(&Opts{Port: Ethernet, Net: 3, Roots: Roots{Sys: sysWith(t, "pad0")}})
	if err != nil {
		t.Fatal(err)
	}
	on := &pad{Link: p, requests: newListener(&net.TCPAddr{})}
	k := &keeper{link: p, find: p.finder(), requests: on.requests.(*listener)}
	for range 2 {
		l := newLaptop(t)
		unplug := l.plug("pad0")
		if err := k.look(t.Context()); err != nil {
			t.Fatal(err)
		}
		l.take(l.ask())
		l.reaches(on, third().device)
		unplug()
	}
	if err := k.end(); err != nil {
		t.Error(err)
	}
}

// The kernel first makes sure that nobody else has the address.
func TestTheLinkLocalAddressMayComeLate(t *testing.T) {
	put(t, "/proc/sys/net/ipv6/conf/default/accept_dad", "1")
	defer noWait(t)
	l := newLaptop(t)
	l.plug("pad0")
	if err := setUp(interfaceOf(t, "pad0").Index); err != nil {
		t.Fatal(err)
	}
	until(t, "an address that may not be used yet", func() bool {
		s, err := look("pad0")
		return err == nil && s.local.IsValid()
	})
	p := openPad(t, Opts{Port: Ethernet, Roots: Roots{Sys: sysWith(t, "pad0")}})
	p.turns(t, true)
	l.take(l.ask())
	addrs := l.resolve(mdnsGroup4(), dnsmessage.TypeALL)
	if len(addrs) != 1 || addrs[0].String() != "10.77.3.1" {
		t.Errorf("at first the name is %v", addrs)
	}
	until(t, "the link-local address by name", func() bool {
		addrs = l.resolve(mdnsGroup6(), dnsmessage.TypeALL)
		return len(addrs) == 2
	})
	l.reaches(p, l.zone(addrs[1]))
}

// inUse is a link to a laptop whose address is taken by another listener.
func inUse(t *testing.T) (*Link, net.Listener) {
	t.Helper()
	noWait(t)
	newLaptop(t).plug("pad0")
	other, err := net.Listen("tcp", ":9051")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	p, err := New(&Opts{Port: Ethernet, Net: 3, Roots: Roots{Sys: sysWith(t, "pad0")}})
	if err != nil {
		t.Fatal(err)
	}
	return p, other
}

// What cannot be opened leaves nothing behind, and is told.
func TestAnAddressInUse(t *testing.T) {
	p, other := inUse(t)
	if _, err := p.Open(t.Context()); err == nil {
		t.Fatal("it opened")
	}
	if left := sockets(t); len(left) != 1 {
		t.Errorf("left open: %q", left)
	}
	addrs, err := interfaceOf(t, "pad0").Addrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if !netip.MustParsePrefix(a.String()).Addr().IsLinkLocalUnicast() {
			t.Errorf("left at the interface: %v", a)
		}
	}
	other.Close()
	if _, err := p.Open(t.Context()); err != nil {
		t.Errorf("after that: %v", err)
	}
	if err := p.Halt(); err != nil {
		t.Error(err)
	}
}

// An interface that stays of no use ends the listener, with the reason.
func TestTroubleThatStaysIsTold(t *testing.T) {
	p, other := inUse(t)
	k := &keeper{link: p, find: p.finder(), requests: newListener(other.Addr())}
	k.mind(t.Context())
	if k.trouble.IsZero() {
		t.Fatal("an address in use is no trouble")
	}
	select {
	case <-k.requests.done:
		t.Error("it gave up at once")
	default:
	}
	k.trouble = k.trouble.Add(-2 * giveUp)
	k.mind(t.Context())
	if c, err := k.requests.Accept(); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("Accept: %v, %v", c, err)
	}
	other.Close()
	k.mind(t.Context())
	if !k.trouble.IsZero() || k.session == nil {
		t.Error("trouble that passed is still there")
	}
	if err := k.end(); err != nil {
		t.Error(err)
	}
}

// A kernel that cannot be told to keep the interface apart gets no link there.
func TestWhatCannotBeIsolatedIsNotOpened(t *testing.T) {
	noWait(t)
	l := newLaptop(t)
	l.plug("pad0")
	p, err := New(&Opts{Port: Ethernet, Net: 3, Roots: Roots{Sys: sysWith(t, "pad0"), Proc: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Open(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open: %v", err)
	}
	if left := sockets(t); len(left) > 0 || hasAddress(t, "pad0") {
		t.Errorf("left open: %q", left)
	}
	if err := p.Halt(); err != nil {
		t.Error(err)
	}
}

func TestAwaitUnplugged(t *testing.T) {
	p, l := onCable(t, "pad0")
	l.ready()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.AwaitUnplugged(ctx, "pad0"); !errors.Is(err, context.Canceled) {
		t.Errorf("with the cable in: %v", err)
	}
	out := make(chan error, 1)
	go func() { out <- p.AwaitUnplugged(t.Context(), "pad0") }()
	l.setUp(false)
	if err := <-out; err != nil {
		t.Error(err)
	}
	if err := p.AwaitUnplugged(t.Context(), "no such"); err != nil {
		t.Errorf("without the interface: %v", err)
	}
}

// RFC 6762, section 11: only who is on the cable is answered.
func TestOnlyNeighboursAreTold(t *testing.T) {
	s := &session{network: third()}
	for from, want := range map[string]string{
		"10.77.3.2:5353":     "224.0.0.251:5353",
		"10.77.3.2:40000":    "10.77.3.2:40000",
		"[fe80::9%2]:40000":  "[fe80::9%2]:40000",
		"10.77.4.2:5353":     "",
		"192.168.1.9:40000":  "",
		"[2001:db8::9]:5353": "",
	} {
		answer, to := s.named(mdnsGroup4())(queryOf(t, question(askA)), netip.MustParseAddrPort(from))
		if (answer != nil) != (want != "") || answer != nil && to.String() != want {
			t.Errorf("%s is told %x, to %v", from, answer, to)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, opts := range []Opts{{Port: USB}, {Port: USB, Net: 255}, {Port: USB, Net: -1}, {Net: 3}, {Port: Either + 1, Net: 3}, {Port: -1, Net: 3}} {
		if _, err := New(&opts); err == nil {
			t.Errorf("%+v is accepted", opts)
		}
	}
}
