package link

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"
)

// sockaddr is a port at an address of the cable.
func sockaddr(a netip.Addr, zone uint32, port int) unix.Sockaddr {
	if a.Is4() {
		return &unix.SockaddrInet4{Port: port, Addr: a.As4()}
	}
	return &unix.SockaddrInet6{Port: port, ZoneId: zone, Addr: a.As16()}
}

func familyOf(a netip.Addr) int {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// every is all ports; some are those that services usually have, and ours.
func every() []int { return ports(1, 1<<16) }
func some() []int  { return slices.Concat(ports(1, 1024), ports(5350, 5360), ports(9040, 9060)) }

func ports(from, to int) (all []int) {
	for p := from; p < to; p++ {
		all = append(all, p)
	}
	return all
}

// scanTCP lists the ports where a connection is not refused.
func scanTCP(a netip.Addr, zone uint32, ports []int) (open []int, err error) {
	for _, port := range ports {
		fd, err := unix.Socket(familyOf(a), unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		err = unix.Connect(fd, sockaddr(a, zone, port))
		unix.Close(fd)
		switch {
		case err == nil:
			open = append(open, port)
		case !errors.Is(err, unix.ECONNREFUSED):
			return nil, fmt.Errorf("port %d: %w", port, err)
		}
	}
	return open, nil
}

// scanUDP lists the ports from which no "port unreachable" comes back.
func scanUDP(a netip.Addr, zone uint32, ports []int) (open []int, err error) {
	for _, port := range ports {
		fd, err := unix.Socket(familyOf(a), unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		refused, err := probe(fd, sockaddr(a, zone, port))
		unix.Close(fd)
		if err != nil {
			return nil, fmt.Errorf("port %d: %w", port, err)
		}
		if !refused {
			open = append(open, port)
		}
	}
	return open, nil
}

// probe sends a datagram, up to 5 times, and waits a little each time.
func probe(fd int, to unix.Sockaddr) (refused bool, err error) {
	if err := unix.Connect(fd, to); err != nil {
		return false, err
	}
	for range 5 {
		if _, err := unix.Write(fd, []byte{0}); err != nil {
			return errors.Is(err, unix.ECONNREFUSED), nil
		}
		if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 20); err != nil && !errors.Is(err, unix.EINTR) {
			return false, err
		}
		_, _, err := unix.Recvfrom(fd, make([]byte, 1), unix.MSG_DONTWAIT)
		if errors.Is(err, unix.ECONNREFUSED) {
			return true, nil
		}
	}
	return false, nil
}

// A laptop finds open what is for it, at either of the device's addresses, and
// nothing else; and the kernel's own list says the same.
func TestAPortScan(t *testing.T) {
	p, l := onCable(t, "pad0")
	l.take(l.ask())
	go func() {
		for {
			c, err := p.requests.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	// Else the kernel says only now and then that a port is unreachable.
	put(t, "/proc/sys/net/ipv4/icmp_ratemask", "0")
	put(t, "/proc/sys/net/ipv6/icmp/ratemask", "255")
	var local netip.Addr
	until(t, "the link-local listener", func() bool {
		s, err := look("pad0")
		local = s.local
		return err == nil && len(sockets(t)) == 5
	})
	var zone uint32
	l.do(func() error {
		i, err := net.InterfaceByName(l.name)
		if err == nil {
			zone = uint32(i.Index)
		}
		return err
	})
	for _, scan := range []struct {
		name  string
		at    netip.Addr
		scan  func(netip.Addr, uint32, []int) ([]int, error)
		ports []int
		want  []int
	}{
		{"TCP", third().device, scanTCP, every(), []int{9051}},
		{"TCP", local, scanTCP, some(), []int{9051}},
		{"UDP", third().device, scanUDP, some(), []int{67, 5353}},
		{"UDP", local, scanUDP, some(), []int{5353}},
	} {
		var open []int
		l.do(func() (err error) { open, err = scan.scan(scan.at, zone, scan.ports); return err })
		if !slices.Equal(open, scan.want) {
			t.Errorf("open at %v: %s %v, want %v", scan.at, scan.name, open, scan.want)
		}
	}
	listed := strings.Join(sockets(t), "\n")
	for _, want := range []string{"tcp 01034D0A:235B", "tcp6 000080FE00000000", "udp 00000000:0043", "udp 00000000:14E9", "udp6 00000000000000000000000000000000:14E9"} {
		if !strings.Contains(listed, want) {
			t.Errorf("no socket %s in\n%s", want, listed)
		}
	}
	if n := len(sockets(t)); n != 5 {
		t.Errorf("%d sockets are open:\n%s", n, listed)
	}
}

// Who is on another interface of the device reaches nothing of the link, though
// it asks at the link's own address; and neither side reaches the other's
// network through the device.
func TestAStrangerOnAnotherInterface(t *testing.T) {
	put(t, "/proc/sys/net/ipv4/ip_forward", "1") // as if something had switched it on
	put(t, "/proc/sys/net/ipv6/conf/all/forwarding", "1")
	p, l := onCable(t, "pad0")
	l.take(l.ask())
	stranger := newLaptop(t)
	stranger.plug("other")
	there := interfaceOf(t, "other")
	if err := errors.Join(setUp(there.Index), addAddress(there.Index, netip.MustParsePrefix("10.88.0.1/24"))); err != nil {
		t.Fatal(err)
	}
	stranger.ready()
	stranger.do(func() error {
		i, err := net.InterfaceByName(stranger.name)
		if err != nil {
			return err
		}
		return errors.Join(addAddress(i.Index, netip.MustParsePrefix("10.88.0.2/24")),
			route(i.Index, netip.MustParsePrefix("10.77.3.0/24"), netip.MustParseAddr("10.88.0.1")))
	})
	l.do(func() error {
		i, err := net.InterfaceByName(l.name)
		if err != nil {
			return err
		}
		return route(i.Index, netip.MustParsePrefix("10.88.0.0/24"), netip.MustParseAddr("10.77.3.1"))
	})

	heard := stranger.hears(t, []netip.AddrPort{
		netip.AddrPortFrom(broadcast(), 67),
		netip.MustParseAddrPort("10.77.3.1:67"),
		netip.MustParseAddrPort("10.77.3.1:5353"),
		netip.MustParseAddrPort("10.88.0.1:5353"),
		netip.AddrPortFrom(mdnsGroup4(), mdnsPort),
	})
	if len(heard) > 0 {
		t.Errorf("the stranger is answered with %q", heard)
	}
	for _, at := range []string{"10.77.3.1:9051", "10.88.0.1:9051"} {
		if c, err := stranger.dial(netip.MustParseAddrPort(at)); !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("the stranger at %s: %v, %v", at, c, err)
		}
	}
	forwards(t, l, stranger, netip.MustParseAddrPort("10.88.0.2:7000"))
	forwards(t, stranger, l, netip.MustParseAddrPort("10.77.3.2:7000"))
	l.reaches(p, netip.MustParseAddr(p.Address()))
}

// route has a machine reach a network by way of the pad device.
func route(index int, to netip.Prefix, by netip.Addr) error {
	// struct rtmsg: family, lengths, TOS, table, protocol, scope, type, flags.
	b := []byte{unix.AF_INET, byte(to.Bits()), 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST, 0, 0, 0, 0}
	b = attribute(b, unix.RTA_DST, to.Addr().AsSlice())
	b = attribute(b, unix.RTA_GATEWAY, by.AsSlice())
	b = attribute(b, unix.RTA_OIF, []byte{byte(index), 0, 0, 0})
	return request{unix.RTM_NEWROUTE, unix.NLM_F_CREATE | unix.NLM_F_EXCL, b}.do()
}

// hears sends good queries of both kinds to each address, and returns what
// comes back. That nothing does is known when a packet to the machine's own
// neighbour, sent after them, was refused.
func (l *laptop) hears(t *testing.T, at []netip.AddrPort) (heard []string) {
	t.Helper()
	var c *net.UDPConn
	l.do(func() (err error) {
		i, err := net.InterfaceByName(l.name)
		if err != nil {
			return err
		}
		c, err = packets(device{l.name, i.Index}.config(nil).ListenPacket(t.Context(), "udp4", "0.0.0.0:68"))
		return err
	})
	defer c.Close()
	for _, to := range at {
		for _, packet := range [][]byte{asks(dhcpv4.MessageTypeDiscover).ToBytes(), queryOf(t, question(askAll))} {
			// To a port where nobody listens, the second one may fail for the first.
			if _, err := c.WriteToUDPAddrPort(packet, to); err != nil && !errors.Is(err, unix.ECONNREFUSED) {
				t.Fatal(to, err)
			}
		}
	}
	l.do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		refused, err := probe(fd, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{10, 88, 0, 1}})
		if !refused {
			return errors.Join(errors.New("the probe was not refused"), err)
		}
		return err
	})
	b := make([]byte, mdnsMax)
	for c.SetReadDeadline(time.Now().Add(200*time.Millisecond)) == nil {
		n, from, err := c.ReadFromUDPAddrPort(b)
		if err != nil {
			return heard
		}
		heard = append(heard, fmt.Sprintf("%v: %x", from, b[:n]))
	}
	return heard
}

// forwards fails the test if a packet from one machine comes to the other
// through the pad device.
func forwards(t *testing.T, from, to *laptop, at netip.AddrPort) {
	t.Helper()
	var ear, mouth net.Conn
	var listening *net.UDPConn
	to.do(func() (err error) {
		listening, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
		return err
	})
	defer listening.Close()
	from.do(func() (err error) { mouth, err = net.Dial("udp4", at.String()); return err })
	defer mouth.Close()
	// The same by way of itself shows that the ear hears.
	to.do(func() (err error) { ear, err = net.Dial("udp4", at.String()); return err })
	defer ear.Close()
	for range 5 {
		if _, err := io.WriteString(mouth, "through"); err != nil && !errors.Is(err, unix.EHOSTUNREACH) && !errors.Is(err, unix.ENETUNREACH) {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(ear, "here"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	for listening.SetReadDeadline(time.Now().Add(200*time.Millisecond)) == nil {
		n, _, err := listening.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		if string(b[:n]) == "through" {
			t.Errorf("%s was reached by %s through the device", to.name, from.name)
			return
		}
	}
}

// Malformed packets, and connections that are dropped at once, do no harm.
func TestGarbage(t *testing.T) {
	p, l := onCable(t, "pad0")
	l.take(l.ask())
	seed := uint64(time.Now().UnixNano())
	t.Log("seed ", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	dhcp := asks(dhcpv4.MessageTypeRequest, of("10.77.3.1"), wants("10.77.3.2")).ToBytes()
	mdns := queryOf(t, question(askAll), question(dnsmessage.TypePTR))
	var c *net.UDPConn
	l.do(func() (err error) { c, err = net.ListenUDP("udp4", nil); return err })
	defer c.Close()
	const packetsEach = 10_000
	for i := range packetsEach {
		if i%100 == 0 {
			until(t, "all that was sent read", func() bool { waiting, _ := queues(t); return waiting == 0 })
		}
		for _, to := range []struct {
			good []byte
			at   netip.AddrPort
		}{{dhcp, netip.AddrPortFrom(third().device, 67)}, {mdns, netip.AddrPortFrom(third().device, mdnsPort)}} {
			if _, err := c.WriteToUDPAddrPort(garbage(r, to.good), to.at); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, dropped := queues(t); dropped > 0 {
		t.Errorf("%d packets were dropped unread", dropped)
	}
	l.take(l.ask())
	if got := l.resolve(mdnsGroup4(), askAll); len(got) != 2 {
		t.Errorf("after garbage the name is %v", got)
	}
	l.reaches(p, third().device)
}

// queues tells how many bytes wait to be read at all IPv4 sockets for packets,
// and how many packets found no room there.
func queues(t *testing.T) (waiting, dropped int) {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/net/udp")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		fields := strings.Fields(line)
		var out, in, drops int
		if _, err := fmt.Sscanf(fields[4]+" "+fields[len(fields)-1], "%x:%x %d", &out, &in, &drops); err != nil {
			t.Fatal(line, err)
		}
		waiting, dropped = waiting+in, dropped+drops
	}
	return waiting, dropped
}

// Nothing is left at work after the end.
func TestNothingIsLeftAtWork(t *testing.T) {
	noWait(t)
	l := newLaptop(t)
	l.plug("pad0")
	before := runtime.NumGoroutine()
	for range 5 {
		p, err := New(&Opts{Port: Ethernet, Net: 3, Roots: Roots{Sys: sysWith(t, "pad0")}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.Halt(); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "as few goroutines as before", func() bool { return runtime.NumGoroutine() <= before })
}
