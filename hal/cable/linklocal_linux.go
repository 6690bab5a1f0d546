package cable

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// announceTime lies between two announcements, and between two dials.
	announceTime = 200 * time.Millisecond
	// settleTime lies between hearing a device and connecting to it: five
	// announcements of whoever else may be there.
	settleTime = time.Second
	// forgetTime is how long a device is there after it was last heard.
	forgetTime = 3 * time.Second
	// maxInterfaces is more than a Raspberry Pi has sockets.
	maxInterfaces = 8
)

// LinkLocal is a cable between two devices: Ethernet, or USB that looks like
// it. They need nothing on it but IPv6 link-local addresses, which Linux makes
// by itself.
type LinkLocal struct {
	tie        TieBreaker
	interfaces func() ([]string, error)
}

// NewLinkLocal makes a cable of whatever interfaces names at the time, such
// as Wired. It is asked again and again, as an adapter may be plugged in late.
// The tie-breaker comes from noise and must be the device's own.
func NewLinkLocal(tie TieBreaker, interfaces func() ([]string, error)) *LinkLocal {
	return &LinkLocal{tie, interfaces}
}

// Find returns a connection to the only other device that is heard on one of
// the interfaces. ErrSeveral and ErrVersion end it at once; otherwise it waits
// until ctx ends, and the error then matches ctx's and says what was in the
// way, if anything was. Interfaces that are down are set up, and stay so:
// whether a cable is still in shows only then.
func (l *LinkLocal) Find(ctx context.Context) (net.Conn, error) {
	searching, cancel := context.WithCancel(ctx)
	s := &search{
		tie:   l.tie,
		ends:  map[string]*end{},
		news:  make(chan news),
		calls: make(chan call),
		dials: make(chan call),
	}
	defer func() {
		cancel()
		for _, e := range s.ends {
			e.close()
		}
		s.work.Wait()
	}()
	return s.run(searching, l.interfaces)
}

// search is one Find. Its goroutines only read and dial; what they bring is
// judged by run, in one place and one after the other.
type search struct {
	tie     TieBreaker
	ends    map[string]*end // by interface
	peer    *peer           // the device that is heard, nil while there is none
	dialing bool
	trouble error // the last one
	work    sync.WaitGroup

	news  chan news
	calls chan call // connections that came
	dials chan call // connections that were dialled
}

// peer is another device. It may be at the other end of two cables.
type peer struct {
	tie          TieBreaker
	since, heard time.Time
	at           map[*end]netip.AddrPort
}

// news is what an end heard, or why it hears nothing more.
type news struct {
	end  *end
	from netip.Addr
	announcement
	err error
}

// call is a connection at an end, or why there is none.
type call struct {
	end  *end
	conn net.Conn
	err  error
}

func (s *search) run(ctx context.Context, interfaces func() ([]string, error)) (net.Conn, error) {
	beat := time.NewTicker(announceTime)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no other device was found: %w", errors.Join(ctx.Err(), s.trouble))
		case <-beat.C:
			s.beat(ctx, interfaces)
		case n := <-s.news:
			if err := s.hear(n); err != nil {
				return nil, err
			}
		case c := <-s.calls:
			if s.take(c) {
				return c.conn, nil
			}
		case c := <-s.dials:
			if c.err == nil {
				return c.conn, nil
			}
			s.dialing, s.trouble = false, c.err
		}
	}
}

// beat opens what can be opened, calls out, and dials if it is time.
func (s *search) beat(ctx context.Context, interfaces func() ([]string, error)) {
	names, err := interfaces()
	if err != nil {
		s.trouble = err
	}
	names = names[:min(len(names), maxInterfaces)]
	for name, e := range s.ends {
		if !slices.Contains(names, name) {
			s.drop(e, nil)
		}
	}
	for _, name := range names {
		if s.ends[name] == nil {
			s.open(ctx, name)
		}
	}
	for _, e := range s.ends {
		if err := e.announce(s.tie); err != nil {
			s.drop(e, err)
		}
	}
	if s.peer != nil && time.Since(s.peer.heard) > forgetTime {
		s.peer = nil
	}
	if s.settled() && !s.listens() && !s.dialing {
		s.dial(ctx)
	}
}

// open opens an interface and begins to hear and to accept there.
func (s *search) open(ctx context.Context, name string) {
	e, err := openEnd(ctx, name)
	if err != nil {
		s.trouble = err
		return
	}
	s.ends[name] = e
	s.work.Go(func() {
		for {
			a, from, err := e.hear()
			select {
			case s.news <- news{e, from, a, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	})
	s.work.Go(func() {
		for {
			conn, err := e.listener.Accept()
			if !send(ctx, s.calls, call{e, conn, err}) || err != nil {
				return
			}
		}
	})
}

// send hands c over, or closes it when ctx has ended.
func send(ctx context.Context, to chan<- call, c call) bool {
	select {
	case to <- c:
		return true
	case <-ctx.Done():
		if c.conn != nil {
			c.conn.Close()
		}
		return false
	}
}

// drop closes an end. If its interface is still there, or comes again, it is
// opened anew.
func (s *search) drop(e *end, why error) {
	e.close()
	if s.ends[e.name] != e {
		return // dropped before
	}
	delete(s.ends, e.name)
	if why != nil {
		s.trouble = fmt.Errorf("%s: %w", e.name, why)
	}
	if s.peer != nil {
		delete(s.peer.at, e)
	}
}

// hear notes who is there. The error ends the search.
func (s *search) hear(n news) error {
	if errors.Is(n.err, ErrVersion) {
		return n.err
	}
	if n.err != nil {
		s.drop(n.end, n.err)
		return nil
	}
	if n.tie == s.tie || s.ends[n.end.name] != n.end {
		return nil // this very device, or an end that was dropped
	}
	now := time.Now()
	if s.peer != nil && s.peer.tie != n.tie {
		// A device that looks again, as its owner began anew, has another
		// tie-breaker at the same address.
		if s.peer.at[n.end].Addr() != n.from {
			return ErrSeveral
		}
		s.peer = nil
	}
	if s.peer == nil {
		s.peer = &peer{tie: n.tie, since: now, at: map[*end]netip.AddrPort{}}
	}
	s.peer.heard = now
	s.peer.at[n.end] = netip.AddrPortFrom(n.from, n.port)
	return nil
}

// settled says whether the peer may be connected to.
func (s *search) settled() bool {
	return s.peer != nil && time.Since(s.peer.since) >= settleTime
}

// listens says which of the two this device does.
func (s *search) listens() bool { return bytes.Compare(s.tie[:], s.peer.tie[:]) > 0 }

// take says whether the connection is the peer's, and greets it; any other is
// closed. The peer may be too early, and then dials again.
func (s *search) take(c call) bool {
	if c.err != nil {
		s.drop(c.end, c.err)
		return false
	}
	from := c.end.zoned(addrPort(c.conn.RemoteAddr()).Addr())
	if s.settled() && s.listens() && linkLocal(from) && s.peer.at[c.end].Addr() == from && greet(c.conn) == nil {
		return true
	}
	c.conn.Close()
	return false
}

// dial dials the peer at one of the ends where it is heard.
func (s *search) dial(ctx context.Context) {
	for e, to := range s.peer.at {
		s.dialing = true
		s.work.Go(func() {
			conn, err := dial(ctx, net.TCPAddrFromAddrPort(netip.AddrPortFrom(e.addr, 0)), to.String())
			send(ctx, s.dials, call{e, conn, err})
		})
		return
	}
}
