package cable

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

// rendezvousPause lies between two tries.
const rendezvousPause = 25 * time.Millisecond

// Rendezvous is a cable for two devices on one machine: an address on loopback
// that both know. Who comes first listens there and takes one connection, the
// other one dials.
type Rendezvous struct {
	addr string
	turn chan struct{} // has an element while Find is at work: two at once would find each other
}

// CheckAddress refuses an address that is not host:port on loopback, with a
// port that both devices can know: whoever reaches it can join the meeting.
func CheckAddress(addr string) error {
	_, err := loopback(addr)
	return err
}

func loopback(addr string) (netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(addr)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is not host:port, such as 127.0.0.1:9053", addr)
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil || port == 0 {
		return netip.AddrPort{}, fmt.Errorf("%q has no port from 1 to 65535, such as 127.0.0.1:9053", addr)
	}
	if host == "localhost" {
		host = "127.0.0.1" // both devices must come to the same one
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || !ip.IsLoopback() || ip.Zone() != "" {
		return netip.AddrPort{}, fmt.Errorf("%q is not loopback, such as 127.0.0.1:9053; whoever reaches it can join the meeting", addr)
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(port)), nil
}

// NewRendezvous makes a cable of an address, as CheckAddress has it.
func NewRendezvous(addr string) *Rendezvous {
	return &Rendezvous{addr: addr, turn: make(chan struct{}, 1)}
}

// Find returns a connection to the other device that is given the same
// address. Without one it waits until ctx ends; the error then matches ctx's
// and says what was in the way, if anything was. It fails at once for an
// address that CheckAddress refuses, or where it may not listen.
func (r *Rendezvous) Find(ctx context.Context) (net.Conn, error) {
	addr, err := loopback(r.addr)
	if err != nil {
		return nil, err
	}
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		var config net.ListenConfig
		l, err := config.Listen(ctx, "tcp", addr.String())
		var conn net.Conn
		var held error // why who listens there is no device to meet
		switch {
		case err == nil:
			conn, err = take(ctx, l)
		case errors.Is(err, syscall.EADDRINUSE):
			conn, err = dial(ctx, nil, addr.String())
			held = err
		case ctx.Err() == nil:
			return nil, fmt.Errorf("meeting at %v: %w", addr, err)
		}
		if err == nil {
			return conn, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no other device came to %v: %w", addr, errors.Join(ctx.Err(), held))
		case <-time.After(rendezvousPause):
		}
	}
}

// take accepts one connection on l, and closes l. Who is still in l's queue
// finds the connection reset, ungreeted.
func take(ctx context.Context, l net.Listener) (net.Conn, error) {
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		l.Close()
		close(closed)
	})
	conn, err := l.Accept()
	if stop() {
		l.Close()
	} else {
		<-closed
	}
	if err != nil {
		return nil, err
	}
	if err := greet(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
