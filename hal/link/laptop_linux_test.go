package link

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4/nclient4"
	"golang.org/x/net/dns/dnsmessage"
)

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
