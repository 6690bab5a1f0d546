package cable

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// announcePort is where announcements are heard, by UDP.
const announcePort = 9053

// everybody is all nodes on the link (RFC 4291, section 2.7.1). Each of them
// is a member already, and no switch or adapter filters it away.
var everybody = netip.IPv6LinkLocalAllNodes()

// end is one interface, as far as it is open: three sockets, all bound to it.
type end struct {
	name     string
	index    int
	addr     netip.Addr // link-local, its zone the interface's index
	ears     net.PacketConn
	mouth    net.Conn
	listener net.Listener
}

// openEnd sets the interface up, if it is not, and opens sockets at its
// link-local address. That is there some seconds after the cable, when the
// kernel has seen that nobody else has it (RFC 4862, section 5.4): before, it
// is an error.
func openEnd(ctx context.Context, name string) (*end, error) {
	if err := setUp(name); err != nil {
		return nil, fmt.Errorf("setting %s up: %w", name, err)
	}
	port, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	addrs, err := port.Addrs()
	if err != nil {
		return nil, err
	}
	err = fmt.Errorf("%s has no link-local address", name)
	for _, a := range addrs {
		prefix, parseErr := netip.ParsePrefix(a.String())
		if parseErr != nil || !linkLocal(prefix.Addr()) {
			continue
		}
		e := &end{name: name, index: port.Index}
		e.addr = e.zoned(prefix.Addr())
		if err = e.open(ctx); err == nil {
			return e, nil
		}
	}
	return nil, err
}

func linkLocal(a netip.Addr) bool { return a.Is6() && a.IsLinkLocalUnicast() }

// zoned is a on this end's link. The zone is a number, as names are looked up
// in a list that can be a minute old.
func (e *end) zoned(a netip.Addr) netip.Addr { return a.WithZone(strconv.Itoa(e.index)) }

func (e *end) open(ctx context.Context) error {
	config := net.ListenConfig{Control: e.bind}
	config.SetMultipathTCP(false) // it could go on over other interfaces
	dialer := net.Dialer{Control: e.bind, LocalAddr: net.UDPAddrFromAddrPort(netip.AddrPortFrom(e.addr, 0))}
	var err, earsErr, mouthErr error
	e.listener, err = config.Listen(ctx, "tcp6", netip.AddrPortFrom(e.addr, 0).String())
	e.ears, earsErr = config.ListenPacket(ctx, "udp6", netip.AddrPortFrom(netip.IPv6Unspecified(), announcePort).String())
	e.mouth, mouthErr = dialer.DialContext(ctx, "udp6", netip.AddrPortFrom(e.zoned(everybody), announcePort).String())
	if err := errors.Join(err, earsErr, mouthErr); err != nil {
		e.close()
		return err
	}
	return nil
}

// bind keeps a socket to this interface.
func (e *end) bind(_, _ string, socket syscall.RawConn) error {
	var bindErr error
	err := socket.Control(func(fd uintptr) {
		bindErr = unix.SetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE, e.name)
	})
	return errors.Join(err, bindErr)
}

func (e *end) close() {
	if e.listener != nil {
		e.listener.Close()
	}
	if e.ears != nil {
		e.ears.Close()
	}
	if e.mouth != nil {
		e.mouth.Close()
	}
}

// announce calls out once.
func (e *end) announce(tie TieBreaker) error {
	port := addrPort(e.listener.Addr()).Port()
	_, err := e.mouth.Write(announcement{tie, port}.bytes())
	return err
}

// hear returns the next announcement that comes from a neighbour, or what is
// one but for its version (ErrVersion). Anything else is passed over.
func (e *end) hear() (a announcement, from netip.Addr, err error) {
	var b [announceBytes + 1]byte // a longer one shows
	for {
		n, sender, err := e.ears.ReadFrom(b[:])
		if err != nil {
			return announcement{}, netip.Addr{}, err
		}
		from := e.zoned(addrPort(sender).Addr())
		if !linkLocal(from) {
			continue
		}
		if a, err := parse(b[:n]); !errors.Is(err, errMalformed) {
			return a, from, err
		}
	}
}

// addrPort is the address of a TCP or UDP socket.
func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.AddrPort()
	case *net.UDPAddr:
		return a.AddrPort()
	}
	return netip.AddrPort{}
}

// setUp sets an interface up, as `ip link set NAME up` does.
func setUp(name string) error {
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, request); err != nil {
		return err
	}
	flags := request.Uint16()
	if flags&unix.IFF_UP != 0 {
		return nil
	}
	request.SetUint16(flags | unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}
