package hostlink

import (
	"net"
	"sync"
	"time"
)

// AtMost is l with at most n open connections. One too many is closed at once,
// so that it fails rather than waits. A peer that is gone gives up its place.
func AtMost(n int, l net.Listener) net.Listener {
	return &fewConnections{Listener: l, free: make(chan struct{}, n)}
}

type fewConnections struct {
	net.Listener
	free chan struct{}
}

func (l *fewConnections) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.free <- struct{}{}:
			noticeDeadPeer(conn)
			return &countedConn{Conn: conn, closed: sync.OnceFunc(func() { <-l.free })}, nil
		default:
			conn.Close()
		}
	}
}

// countedConn gives its place free when it is closed.
type countedConn struct {
	net.Conn
	closed func()
}

func (c *countedConn) Close() error {
	defer c.closed()
	return c.Conn.Close()
}

// noticeDeadPeer has a pulled cable end the connection in about 20 s, also
// while an answer is waited for.
func noticeDeadPeer(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetKeepAliveConfig(keepAlive())
	}
}

func keepAlive() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 5 * time.Second, Count: 3}
}
