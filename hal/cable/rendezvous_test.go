package cable

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// found is what a Find came back with.
type found struct {
	conn net.Conn
	err  error
}

type finder interface {
	Find(ctx context.Context) (net.Conn, error)
}

// find starts a Find.
func find(ctx context.Context, f finder) <-chan found {
	c := make(chan found, 1)
	go func() {
		conn, err := f.Find(ctx)
		c <- found{conn, err}
	}()
	return c
}

// theyMeet fails the test unless a and b are the two ends of one connection,
// on which nothing was said yet. It closes them.
func theyMeet(t *testing.T, a, b found) {
	t.Helper()
	if a.err != nil || b.err != nil {
		t.Fatalf("alice: %v; bob: %v", a.err, b.err)
	}
	defer a.conn.Close()
	defer b.conn.Close()
	if a.conn.LocalAddr().String() != b.conn.RemoteAddr().String() || a.conn.RemoteAddr().String() != b.conn.LocalAddr().String() {
		t.Fatalf("alice has %v to %v, bob has %v to %v", a.conn.LocalAddr(), a.conn.RemoteAddr(), b.conn.LocalAddr(), b.conn.RemoteAddr())
	}
	if toItself(a.conn) {
		t.Fatalf("%v leads back to itself", a.conn.LocalAddr())
	}
	var sending sync.WaitGroup
	for _, end := range []struct {
		from, to net.Conn
		says     string
	}{{a.conn, b.conn, "this is alice"}, {b.conn, a.conn, "this is bob"}} {
		sending.Go(func() {
			if _, err := io.WriteString(end.from, end.says); err != nil {
				t.Error(err)
			}
		})
		heard := make([]byte, len(end.says))
		end.to.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(end.to, heard); err != nil || string(heard) != end.says {
			t.Errorf("heard %q, %v in place of %q", heard, err, end.says)
		}
	}
	sending.Wait()
}

// freeAddress is a loopback address where nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l := listenAt(t, "127.0.0.1:0")
	defer l.Close()
	return l.Addr().String()
}

func listenAt(t *testing.T, addr string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func TestTwoThatStartTogetherMeet(t *testing.T) {
	ctx, addr := within(t), freeAddress(t)
	alice, bob := NewRendezvous(addr), NewRendezvous(addr)
	for range 300 {
		a, b := find(ctx, alice), find(ctx, bob)
		theyMeet(t, <-a, <-b)
		listenAt(t, addr).Close() // and nobody listens any more
	}
}

func TestTheFirstWaitsForTheSecond(t *testing.T) {
	ctx := within(t)
	for _, host := range []string{"127.0.0.1", "::1", "localhost"} {
		_, port, err := net.SplitHostPort(freeAddress(t))
		if err != nil {
			t.Fatal(err)
		}
		addr := net.JoinHostPort(host, port)
		a := find(ctx, NewRendezvous(addr))
		untilListening(t, addr)
		b := find(ctx, NewRendezvous(addr))
		theyMeet(t, <-a, <-b)
	}
}

// untilListening returns when addr is taken by a listener.
func untilListening(t *testing.T, addr string) {
	t.Helper()
	for ctx := within(t); ctx.Err() == nil; {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return
		}
		l.Close()
	}
	t.Fatalf("nobody listens at %s", addr)
}

// A third that dials one that has just taken another is not taken, and goes
// on; a fourth meets it. Who meets whom is theirs to settle.
func TestNobodyMeetsTwo(t *testing.T) {
	ctx, addr := within(t), freeAddress(t)
	for range 60 {
		all := make(chan found)
		for range 4 {
			c := find(ctx, NewRendezvous(addr))
			go func() { all <- <-c }()
		}
		open := map[string]found{} // by this end's address and the other's
		for range 4 {
			f := <-all
			if f.err != nil {
				t.Fatal(f.err)
			}
			here, there := f.conn.LocalAddr().String(), f.conn.RemoteAddr().String()
			if other, ok := open[there+here]; ok {
				delete(open, there+here)
				theyMeet(t, other, f)
				continue
			}
			open[here+there] = f
		}
		for ends := range open {
			t.Errorf("nobody is at the other end of %s", ends)
		}
	}
}

func TestAThirdWaitsOn(t *testing.T) {
	ctx, addr := within(t), freeAddress(t)
	a, b := find(ctx, NewRendezvous(addr)), find(ctx, NewRendezvous(addr))
	waiting, leave := context.WithCancel(ctx)
	theyMeet(t, <-a, <-b)
	c := find(waiting, NewRendezvous(addr))
	untilListening(t, addr)
	leave()
	if f := <-c; !errors.Is(f.err, context.Canceled) {
		t.Errorf("the third found %v, %v", f.conn, f.err)
	}
	listenAt(t, addr).Close()
}

// Other programs at the address: one that is silent, one that talks of other
// things, and one that hangs up. When they are gone, the devices meet.
func TestWhoDoesNotGreetIsNoDevice(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{"silent": "", "of other things": "220 mail.example ESMTP", "hangs up": "hang up"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, l := within(t), listenAt(t, "127.0.0.1:0")
			a := find(ctx, NewRendezvous(l.Addr().String()))
			for range 2 { // it comes again, too
				conn, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if says == "hang up" {
					conn.Close()
				} else if _, err := io.WriteString(conn, says); err != nil {
					t.Fatal(err)
				}
			}
			l.Close()
			b := find(ctx, NewRendezvous(l.Addr().String()))
			theyMeet(t, <-a, <-b)
		})
	}
}

// A device whose Find is called twice at once does not find itself.
func TestOneDeviceDoesNotMeetItself(t *testing.T) {
	ctx, addr := within(t), freeAddress(t)
	alice := NewRendezvous(addr)
	first, second := find(ctx, alice), find(ctx, alice)
	untilListening(t, addr)
	bob := find(ctx, NewRendezvous(addr))
	var met found
	select {
	case met = <-first:
		first = second
	case met = <-second:
	}
	theyMeet(t, met, <-bob)
	bob = find(ctx, NewRendezvous(addr))
	theyMeet(t, <-first, <-bob)
}

// A kernel can connect a socket to itself; that is no other device.
func TestASocketThatDialledItselfIsNoDevice(t *testing.T) {
	addr, err := net.ResolveTCPAddr("tcp", freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.DialTCP("tcp", addr, addr)
	if err != nil {
		t.Skipf("THIS KERNEL CONNECTS NO SOCKET TO ITSELF, so nothing was tested: %v", err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, greeting); err != nil {
		t.Fatal(err)
	}
	if err := awaitGreeting(within(t), conn); err == nil {
		t.Error("the device greets itself and is content")
	}
}

func TestFindEndsWithItsContext(t *testing.T) {
	held := listenAt(t, "127.0.0.1:0") // accepts nothing: a dial waits for a greeting
	defer held.Close()
	for name, addr := range map[string]string{"listening": freeAddress(t), "dialling": held.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			a := find(ctx, NewRendezvous(addr))
			if name == "listening" {
				untilListening(t, addr)
			} else if conn, err := held.Accept(); err != nil {
				t.Fatal(err)
			} else {
				defer conn.Close()
			}
			cancel()
			if f := <-a; !errors.Is(f.err, context.Canceled) {
				t.Errorf("it found %v, %v", f.conn, f.err)
			}
			if name == "listening" {
				listenAt(t, addr).Close()
			}
		})
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if f := <-find(over, NewRendezvous(freeAddress(t))); !errors.Is(f.err, context.Canceled) {
		t.Errorf("after the end it found %v, %v", f.conn, f.err)
	}
}

func TestMeetingsAreOnLoopback(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:9053", "127.3.2.1:1", "[::1]:65535", "localhost:9053", "[::ffff:127.0.0.1]:9053"} {
		if err := CheckAddress(addr); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
	for _, addr := range []string{
		"", "9053", ":9053", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:http",
		"0.0.0.0:9053", "[::]:9053", "192.168.1.2:9053", "8.8.8.8:9053", "[fe80::1%eth0]:9053", "[::1%lo]:9053", "128.0.0.1:9053", "[::ffff:8.8.8.8]:9053",
		"otc.example:9053", "localhost.example:9053", "LOCALHOST.:9053", "127.1:9053", "::1:9053",
	} {
		if CheckAddress(addr) == nil {
			t.Errorf("%q is accepted", addr)
		}
		if f := <-find(t.Context(), NewRendezvous(addr)); f.err == nil || f.conn != nil {
			t.Errorf("at %q it found %v", addr, f.conn)
		}
	}
}
