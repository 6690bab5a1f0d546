package hostlink

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// stub is a Device whose answers a test writes. What a test does not write is
// not expected to be called, and panics.
type stub struct {
	pack    func(context.Context, PackageRequest) ([]Sealed, error)
	unpack  func(context.Context, UnpackageRequest) ([]Opened, error)
	byID    func(method, id string)
	status  func(time.Time) Status
	log     func(context.Context) ([]LogEntry, error)
	report  func(context.Context) (string, error)
	next    func(owner, server string) (int64, bool, error)
	saveRef func(owner, server string, ref int64) error
}

func (d stub) Package(ctx context.Context, r PackageRequest) ([]Sealed, error) { return d.pack(ctx, r) }
func (d stub) Unpackage(ctx context.Context, r UnpackageRequest) ([]Opened, error) {
	return d.unpack(ctx, r)
}
func (d stub) Acknowledge(id string)                             { d.byID("acknowledge", id) }
func (d stub) Cancel(id string)                                  { d.byID("cancel", id) }
func (d stub) Status(told time.Time) Status                      { return d.status(told) }
func (d stub) Log(ctx context.Context) ([]LogEntry, error)       { return d.log(ctx) }
func (d stub) SelfTest(ctx context.Context) (string, error)      { return d.report(ctx) }
func (d stub) NextRef(owner, server string) (int64, bool, error) { return d.next(owner, server) }
func (d stub) SaveNextRef(owner, server string, ref int64) error {
	return d.saveRef(owner, server, ref)
}

// echo is a stub that seals a text by copying it, and opens it likewise.
func echo() stub {
	return stub{
		pack: func(_ context.Context, r PackageRequest) ([]Sealed, error) {
			var out []Sealed
			for _, to := range r.To {
				out = append(out, Sealed{To: to, Package: []byte("for " + to + ": " + r.Text), Pad: "3"})
			}
			return out, nil
		},
		unpack: func(_ context.Context, r UnpackageRequest) ([]Opened, error) {
			var out []Opened
			for _, in := range r.Packages {
				out = append(out, Opened{Text: string(in.Package)})
			}
			return out, nil
		},
		byID:    func(string, string) {},
		status:  func(time.Time) Status { return Status{Owner: "alice", Screen: "home"} },
		log:     func(context.Context) ([]LogEntry, error) { return nil, nil },
		report:  func(context.Context) (string, error) { return "Noise: passed", nil },
		next:    func(string, string) (int64, bool, error) { return 0, false, nil },
		saveRef: func(string, string, int64) error { return nil },
	}
}

// serve puts dev on a loopback port until the test ends.
func serve(t *testing.T, dev Device) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	run(t, dev, ln)
	return ln.Addr().String()
}

// run serves ln until the returned function, or the test, ends it.
func run(t *testing.T, dev Device, ln net.Listener) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- NewServer(dev, Options{Names: []string{"localhost"}}).Serve(ctx, ln) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// wire is a listener without a network, for tests in which time is not real.
type wire struct {
	conns  chan net.Conn
	closed chan struct{}
	close  func()
}

func newWire() *wire {
	w := &wire{conns: make(chan net.Conn), closed: make(chan struct{})}
	w.close = sync.OnceFunc(func() { close(w.closed) })
	return w
}

const wireHost = "10.55.0.1:9051"

func (w *wire) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 55, 0, 1), Port: 9051} }
func (w *wire) Close() error   { w.close(); return nil }

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wire) dial(t *testing.T) net.Conn {
	t.Helper()
	near, far := net.Pipe()
	w.conns <- wireConn{far, w.Addr()}
	t.Cleanup(func() { near.Close() })
	return near
}

type wireConn struct {
	net.Conn
	local net.Addr
}

func (c wireConn) LocalAddr() net.Addr { return c.local }

// post is a whole request as the 2015 client would send it.
func post(host, body string) string {
	return "POST /runrpc HTTP/1.1\r\nHost: " + host + "\r\nConnection: keep-alive\r\nAccept-Encoding: gzip, deflate\r\n" +
		"Accept: */*\r\nUser-Agent: python-requests/2.7.0\r\nContent-Type: application/json\r\n" +
		"Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// send writes a raw request while reading, and returns all that comes back.
func send(t *testing.T, conn net.Conn, raw string) string {
	t.Helper()
	go io.WriteString(conn, raw)
	answer, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, io.ErrClosedPipe) && !strings.Contains(err.Error(), "reset") {
		t.Fatal(err)
	}
	return string(answer)
}

func statusOf(answer string) string {
	line, _, _ := strings.Cut(answer, "\r\n")
	_, status, _ := strings.Cut(line, " ")
	return status
}

func bodyOf(answer string) string {
	_, body, _ := strings.Cut(answer, "\r\n\r\n")
	return body
}

var _ http.Handler = (*Server)(nil)
