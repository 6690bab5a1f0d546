package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
)

// budget is a number of things that may be in use at once. One origin may use
// a share of it, so that a stranger alone cannot use it up.
type budget struct {
	mu    sync.Mutex
	left  int64
	share int64
	used  map[origin]int64
}

// shares is into how many parts a budget is cut.
const shares = 16

func newBudget(size int64) *budget {
	return &budget{left: size, share: max(1, size/shares), used: make(map[origin]int64)}
}

func (b *budget) take(from origin, n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > b.left || from.IsValid() && b.used[from]+n > b.share {
		return false
	}
	b.left -= n
	if from.IsValid() && n > 0 {
		b.used[from] += n
	}
	return true
}

func (b *budget) give(from origin, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
	if !from.IsValid() {
		return
	}
	if b.used[from] -= n; b.used[from] <= 0 {
		delete(b.used, from)
	}
}

func (b *budget) remaining() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.left
}

var errBudget = errors.New("too much at once")

// freeBytes of a form or an answer are charged to nobody: short messages pass
// also while long ones have used up the budget. The number of connections
// bounds them.
const freeBytes = 4 << 10

// loan is what one request has of a budget of bytes.
type loan struct {
	budget      *budget
	from        origin
	size, taken int64
}

// grow makes room for n bytes more.
func (l *loan) grow(n int64) bool {
	due := max(0, l.size+n-freeBytes) - l.taken
	if !l.budget.take(l.from, due) {
		return false
	}
	l.size += n
	l.taken += due
	return true
}

func (l *loan) giveBack() { l.budget.give(l.from, l.taken) }

// loanReader borrows what it reads: senders are charged for what they sent,
// not for what they announced.
type loanReader struct {
	io.Reader
	loan
}

func (r *loanReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if !r.grow(int64(n)) {
		return 0, errBudget
	}
	return n, err
}

// spareConns is how many connections above the limit are told that it is
// reached. Those beyond it are closed without a word.
const spareConns = 64

// countedListener keeps the number of open connections within limits.
type countedListener struct {
	net.Listener
	conns, spare *budget
}

func newCountedListener(listener net.Listener, limit int) *countedListener {
	return &countedListener{Listener: listener, conns: newBudget(int64(limit)), spare: newBudget(spareConns)}
}

func (l *countedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := addressOrigin(conn.RemoteAddr().String())
		for _, of := range []*budget{l.conns, l.spare} {
			if of.take(from, 1) {
				closed := sync.OnceFunc(func() { of.give(from, 1) })
				return &countedConn{Conn: conn, crowded: of == l.spare, closed: closed}, nil
			}
		}
		conn.Close()
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
