package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// budget is a number of things that may be in use at once.
type budget struct{ left atomic.Int64 }

func (b *budget) take(n int64) bool {
	if b.left.Add(-n) >= 0 {
		return true
	}
	b.left.Add(n)
	return false
}

func (b *budget) give(n int64) { b.left.Add(n) }

var errBudget = errors.New("too much at once")

// budgetReader takes what it reads from a budget: senders are charged for what
// they sent, not for what they announced.
type budgetReader struct {
	io.Reader
	budget *budget
	taken  int64
}

func (r *budgetReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if !r.budget.take(int64(n)) {
		return 0, errBudget
	}
	r.taken += int64(n)
	return n, err
}

func (r *budgetReader) giveBack() { r.budget.give(r.taken) }

// spareConns is how many connections above the limit are told that it is
// reached. Those beyond it are closed without a word.
const spareConns = 64

// countedListener keeps the number of open connections within limit.
type countedListener struct {
	net.Listener
	limit int64
	open  atomic.Int64
}

func (l *countedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		n := l.open.Add(1)
		counted := &countedConn{Conn: conn, crowded: n > l.limit}
		counted.closed = sync.OnceFunc(func() { l.open.Add(-1) })
		if n <= l.limit+spareConns {
			return counted, nil
		}
		counted.Close()
	}
}

type countedConn struct {
	net.Conn
	crowded bool // accepted above the limit: to be refused politely
	closed  func()
}

func (c *countedConn) Close() error {
	defer c.closed()
	return c.Conn.Close()
}

type crowdedKey struct{}

// markCrowded lets the handler know which connections are above the limit.
func markCrowded(ctx context.Context, conn net.Conn) context.Context {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if counted, ok := conn.(*countedConn); ok && counted.crowded {
		return context.WithValue(ctx, crowdedKey{}, true)
	}
	return ctx
}

func crowded(ctx context.Context) bool { return ctx.Value(crowdedKey{}) != nil }
