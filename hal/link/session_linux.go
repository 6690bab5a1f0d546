package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// session is the link on one interface, from its address to its sockets.
type session struct {
	device
	network
	requests *listener
	done     chan struct{} // closed when the session ends
	closers  []io.Closer
	work     sync.WaitGroup

	v6    net.Listener // requests at the link-local address; nil without one
	mu    sync.Mutex
	local netip.Addr // the link-local address, as long as v6 is there
}

// prefix is the device's address with its network.
func (s *session) prefix() netip.Prefix { return netip.PrefixFrom(s.network.device, networkBits) }

// openSession shuts an interface off, gives it the address, and opens the
// sockets there, in this order.
func openSession(ctx context.Context, r Roots, d device, n network, requests *listener) (*session, error) {
	s := &session{device: d, network: n, requests: requests, done: make(chan struct{})}
	err := isolate(r, d.name)
	if err == nil {
		err = setUp(d.index)
	}
	if err == nil {
		err = addAddress(d.index, s.prefix())
	}
	if err == nil {
		err = s.open(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the link on %s: %w", d.name, err), s.close())
	}
	return s, nil
}

func (s *session) open(ctx context.Context) error {
	tcp, err := s.listen(ctx, s.network.device)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, tcp)
	s.work.Go(func() { s.requests.feed(tcp, s.done) })
	for _, service := range []struct {
		listen func(context.Context) (*net.UDPConn, error)
		most   int // bytes of a packet
		answer answerer
	}{
		{s.listenDHCP, dhcpMax, s.lease},
		{s.listenMDNS4, mdnsMax, s.named(mdnsGroup4())},
		{s.listenMDNS6, mdnsMax, s.named(s.zoned(mdnsGroup6()))},
	} {
		conn, err := service.listen(ctx)
		if err != nil {
			return err
		}
		s.closers = append(s.closers, conn)
		s.work.Go(func() { serve(conn, service.most, service.answer) })
	}
	return nil
}

// close takes everything away, the address too, and waits for what is at work.
func (s *session) close() error {
	close(s.done)
	var errs []error
	if s.v6 != nil {
		errs = append(errs, s.v6.Close())
	}
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	s.work.Wait()
	errs = append(errs, dropAddress(s.index, s.prefix()))
	return errors.Join(errs...)
}

// follow listens at the interface's link-local address. The kernel makes that
// when the cable is in, and lets it be used when nobody else turned out to
// have it (RFC 4862, section 5.4), of which it tells; before, following is
// without effect.
func (s *session) follow(ctx context.Context, local netip.Addr) error {
	if local == s.localAddr() {
		return nil
	}
	if s.v6 != nil {
		if err := s.v6.Close(); err != nil {
			return err
		}
		s.v6 = nil
	}
	s.hold(netip.Addr{})
	if !local.IsValid() {
		return nil
	}
	tcp, err := s.listen(ctx, s.zoned(local))
	if errors.Is(err, unix.EADDRNOTAVAIL) {
		return nil
	}
	if err != nil {
		return err
	}
	s.v6 = tcp
	s.hold(local)
	s.work.Go(func() { s.requests.feed(tcp, s.done) })
	return nil
}

func (s *session) hold(local netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.local = local
}

func (s *session) localAddr() netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.local
}

// answerer answers a packet; nil is no answer.
type answerer func(packet []byte, from netip.AddrPort) (answer []byte, to netip.AddrPort)

// sendTime is how long an answer may wait for room on the cable.
const sendTime = time.Second

// serve answers packets, one after the other, until conn is closed.
func serve(conn *net.UDPConn, most int, answer answerer) {
	b := make([]byte, most)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(pause) // the interface may be down for a while
			continue
		}
		a, to := answer(b[:n], from)
		if a == nil || conn.SetWriteDeadline(time.Now().Add(sendTime)) != nil {
			continue
		}
		// An answer that is lost is asked for again.
		_, _ = conn.WriteToUDPAddrPort(a, to)
	}
}

// lease answers DHCP.
func (s *session) lease(packet []byte, _ netip.AddrPort) ([]byte, netip.AddrPort) {
	answer, to := answerLease(packet, s.network)
	return answer, netip.AddrPortFrom(to, 68)
}

// named answers mDNS by a group. Only neighbours are answered (RFC 6762,
// section 11).
func (s *session) named(group netip.Addr) answerer {
	r := newResponder(s.network.device, s.localAddr)
	return func(packet []byte, from netip.AddrPort) ([]byte, netip.AddrPort) {
		if a := from.Addr(); !s.holds(a) && !(a.Is6() && a.IsLinkLocalUnicast()) {
			return nil, netip.AddrPort{}
		}
		answer, alone := r.answer(packet, from.Port(), time.Now())
		if alone {
			return answer, from
		}
		return answer, netip.AddrPortFrom(group, mdnsPort)
	}
}
