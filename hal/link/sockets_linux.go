package link

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// device is an interface whose sockets are bound to it: they hear what comes in
// there, and nothing else, whatever address it is for.
type device struct {
	name  string
	index int
}

// zoned is an IPv6 address on this interface. The zone is a number, as names
// are looked up in a list that can be a minute old.
func (d device) zoned(a netip.Addr) netip.Addr { return a.WithZone(strconv.Itoa(d.index)) }

// config binds sockets to the interface, and sets what more they need.
func (d device) config(more func(fd int) error) *net.ListenConfig {
	c := &net.ListenConfig{Control: func(_, _ string, socket syscall.RawConn) error {
		var inner error
		err := socket.Control(func(fd uintptr) {
			inner = unix.SetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE, d.name)
			if inner == nil && more != nil {
				inner = more(int(fd))
			}
		})
		return errors.Join(err, inner)
	}}
	c.SetMultipathTCP(false) // it could go on over other interfaces
	return c
}

// listen takes TCP connections at an address of the interface.
func (d device) listen(ctx context.Context, a netip.Addr) (net.Listener, error) {
	return d.config(nil).Listen(ctx, "tcp", netip.AddrPortFrom(a, RPCPort).String())
}

// listenDHCP hears what clients without an address send to everybody.
func (d device) listenDHCP(ctx context.Context) (*net.UDPConn, error) {
	return packets(d.config(nil).ListenPacket(ctx, "udp4", "0.0.0.0:67"))
}

// listenMDNS4 hears the group, and sends to it on this interface only, and no
// farther than the cable (RFC 6762, section 11).
func (d device) listenMDNS4(ctx context.Context) (*net.UDPConn, error) {
	group := &unix.IPMreqn{Multiaddr: mdnsGroup4().As4(), Ifindex: int32(d.index)}
	return packets(d.config(func(fd int) error {
		return errors.Join(
			unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, group),
			unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &unix.IPMreqn{Ifindex: int32(d.index)}),
			unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, 255),
			unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TTL, 255),
			unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, 0),
		)
	}).ListenPacket(ctx, "udp4", "0.0.0.0:5353"))
}

// listenMDNS6 is the same for IPv6.
func (d device) listenMDNS6(ctx context.Context) (*net.UDPConn, error) {
	group := &unix.IPv6Mreq{Multiaddr: mdnsGroup6().As16(), Interface: uint32(d.index)}
	return packets(d.config(func(fd int) error {
		return errors.Join(
			unix.SetsockoptIPv6Mreq(fd, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP, group),
			unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, d.index),
			unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, 255),
			unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, 255),
			unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, 0),
		)
	}).ListenPacket(ctx, "udp6", "[::]:5353"))
}

// packets is what ListenPacket returns for UDP.
func packets(c net.PacketConn, err error) (*net.UDPConn, error) {
	if err != nil {
		return nil, err
	}
	udp, ok := c.(*net.UDPConn)
	if !ok {
		return nil, errors.Join(errors.New("not a UDP socket"), c.Close())
	}
	return udp, nil
}
