package link

import (
	"errors"
	"net"
	"sync"
	"time"
)

// listener is where requests come in, whatever interface and address they come
// by. It outlives those.
type listener struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	end   sync.Once
	err   error // why it ended; set before done is closed
}

func newListener(addr net.Addr) *listener {
	return &listener{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
}

// Accept implements net.Listener. Its error is net.ErrClosed after Close, else
// what keeps the link from coming up.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.done:
		return nil, &net.OpError{Op: "accept", Net: l.addr.Network(), Addr: l.addr, Err: l.err}
	default:
	}
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return l.Accept()
	}
}

// Close ends Accept. The sockets behind it are the Link's, and end with that.
func (l *listener) Close() error {
	l.fail(net.ErrClosed)
	return nil
}

// Addr is the device's IPv4 address.
func (l *listener) Addr() net.Addr { return l.addr }

func (l *listener) fail(why error) {
	l.end.Do(func() {
		l.err = why
		close(l.done)
	})
}

// pause lies between two tries after an error that may pass, such as no more
// file descriptors.
const pause = 100 * time.Millisecond

// feed accepts on a socket until that is closed, and done too.
func (l *listener) feed(from net.Listener, done <-chan struct{}) {
	for {
		c, err := from.Accept()
		switch {
		case err == nil:
			select {
			case l.conns <- c:
			case <-l.done:
				c.Close()
			case <-done:
				c.Close()
			}
		case errors.Is(err, net.ErrClosed):
			return
		default:
			time.Sleep(pause)
		}
	}
}
