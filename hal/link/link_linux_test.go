package link

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/nclient4"
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

// ready waits until both ends can send: the kernel opens their queues a moment
// after the cable is in.
func (l *laptop) ready() {
	l.t.Helper()
	until(l.t, "both ends of the cable up", func() bool {
		var here, there state
		l.do(func() (err error) { here, err = look(l.name); return err })
		there, err := look(strings.TrimPrefix(l.name, "lap-"))
		return err == nil && here.settled && there.settled
	})
}

// ask gets a lease as a laptop does.
func (l *laptop) ask() *nclient4.Lease {
	l.t.Helper()
	l.ready()
	var c *nclient4.Client
	l.do(func() (err error) { c, err = nclient4.New(l.name, nclient4.WithTimeout(patience)); return err })
	defer c.Close()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	lease, err := c.Request(ctx)
	if err != nil {
		l.t.Fatal("no lease: ", err)
	}
	return lease
}

// take gives the laptop the address of a lease.
func (l *laptop) take(lease *nclient4.Lease) {
	l.t.Helper()
	a, _ := netip.AddrFromSlice(lease.ACK.YourIPAddr.To4())
	bits, _ := lease.ACK.SubnetMask().Size()
	l.do(func() error {
		i, err := net.InterfaceByName(l.name)
		if err != nil {
			return err
		}
		return addAddress(i.Index, netip.PrefixFrom(a, bits))
	})
}

// zone is the laptop's interface, as a zone.
func (l *laptop) zone(a netip.Addr) netip.Addr {
	l.t.Helper()
	var i *net.Interface
	l.do(func() (err error) { i, err = net.InterfaceByName(l.name); return err })
	return device{index: i.Index}.zoned(a)
}

func (l *laptop) dial(to netip.AddrPort) (conn net.Conn, err error) {
	err = l.try(func() (err error) {
		conn, err = net.DialTimeout("tcp", to.String(), patience)
		return err
	})
	return conn, err
}

// reaches fails the test unless the laptop's request at the address comes in.
func (l *laptop) reaches(p *pad, at netip.Addr) {
	l.t.Helper()
	echoed := make(chan error, 1)
	go func() {
		c, err := p.requests.Accept()
		if err == nil {
			_, err = io.CopyN(c, c, 5)
			err = errors.Join(err, c.Close())
		}
		echoed <- err
	}()
	c, err := l.dial(netip.AddrPortFrom(at, RPCPort))
	if err != nil {
		l.t.Fatal(err)
	}
	defer c.Close()
	b := make([]byte, 5)
	_, err = io.WriteString(c, "hello")
	if err == nil {
		_, err = io.ReadFull(c, b)
	}
	if err = errors.Join(err, <-echoed); err != nil || string(b) != "hello" {
		l.t.Fatalf("heard %q, %v", b, err)
	}
}

// resolve asks everybody on the cable for the device's name, and returns the
// addresses in the answer.
func (l *laptop) resolve(group netip.Addr, kind dnsmessage.Type) (addrs []netip.Addr) {
	l.t.Helper()
	query := dnsmessage.Message{Questions: []dnsmessage.Question{{
		Name: dnsmessage.MustNewName("OTC-Pad.local."), Type: kind, Class: dnsmessage.ClassINET | topBit,
	}}}
	packet, err := query.Pack()
	if err != nil {
		l.t.Fatal(err)
	}
	answer := l.exchange(group, packet)
	var m dnsmessage.Message
	if err := m.Unpack(answer); err != nil {
		l.t.Fatal(err)
	}
	for _, a := range append(m.Answers, m.Additionals...) {
		switch b := a.Body.(type) {
		case *dnsmessage.AResource:
			addrs = append(addrs, netip.AddrFrom4(b.A))
		case *dnsmessage.AAAAResource:
			addrs = append(addrs, netip.AddrFrom16(b.AAAA))
		}
	}
	return addrs
}

// exchange sends a packet to the group and returns what comes back.
func (l *laptop) exchange(group netip.Addr, packet []byte) []byte {
	l.t.Helper()
	l.ready()
	var c net.PacketConn
	to, family := netip.AddrPortFrom(group, mdnsPort), "udp4"
	if group.Is6() {
		to, family = netip.AddrPortFrom(l.zone(group), mdnsPort), "udp6"
	}
	l.do(func() (err error) {
		i, err := net.InterfaceByName(l.name)
		if err != nil {
			return err
		}
		c, err = device{l.name, i.Index}.config(nil).ListenPacket(l.t.Context(), family, ":0")
		return err
	})
	defer c.Close()
	b := make([]byte, mdnsMax)
	n := 0
	until(l.t, "an answer", func() bool {
		_, err := c.WriteTo(packet, net.UDPAddrFromAddrPort(to))
		if err = errors.Join(err, c.SetReadDeadline(time.Now().Add(100*time.Millisecond))); err != nil {
			l.t.Fatal(err)
		}
		n, _, err = c.ReadFrom(b)
		return err == nil
	})
	return b[:n]
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
		unplug()
		p.turns(t, false)
	}
}

// The kernel first makes sure that nobody else has the address.
func TestTheLinkLocalAddressMayComeLate(t *testing.T) {
	put(t, "/proc/sys/net/ipv6/conf/default/accept_dad", "1")
	defer noWait(t)
	l := newLaptop(t)
	l.plug("pad0")
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

// What cannot be opened leaves nothing behind, and is told.
func TestAnAddressInUse(t *testing.T) {
	noWait(t)
	l := newLaptop(t)
	l.plug("pad0")
	other, err := net.Listen("tcp", ":9051")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	p, err := New(&Opts{Port: Ethernet, Net: 3, Roots: Roots{Sys: sysWith(t, "pad0")}})
	if err != nil {
		t.Fatal(err)
	}
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
	noWait(t)
	l := newLaptop(t)
	l.plug("pad0")
	other, err := net.Listen("tcp", ":9051")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	p, err := New(&Opts{Port: Ethernet, Net: 3, Roots: Roots{Sys: sysWith(t, "pad0")}})
	if err != nil {
		t.Fatal(err)
	}
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
