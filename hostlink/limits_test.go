package hostlink

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// drip writes a byte a second until the other end hangs up.
func drip(conn net.Conn) {
	for {
		if _, err := io.WriteString(conn, "x"); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

func TestSlowSendersAreCutOff(t *testing.T) {
	for name, c := range map[string]struct {
		raw   string // sent at once; the rest drips
		limit time.Duration
	}{
		"nothing":         {"", headerTime},
		"dripping header": {"POST /runrpc HTTP/1.1\r\nX: ", headerTime},
		"dripping body":   {strings.Replace(post(wireHost, "{}"), "Length: 2", "Length: 1000", 1), bodyTime},
		"dripping body, refused": {
			strings.Replace(post("evil.example", "{}"), "Length: 2", "Length: 1000", 1), 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire()
				stop := run(t, stub{}, w)
				start := time.Now()
				conn := w.dial(t)
				var sender sync.WaitGroup
				sender.Go(func() {
					io.WriteString(conn, c.raw)
					drip(conn)
				})
				io.Copy(io.Discard, conn)
				// Go's own server lingers half a second.
				if took := time.Since(start); took > c.limit+time.Second {
					t.Errorf("cut off after %v, want %v", took, c.limit)
				}
				stop()
				sender.Wait()
			})
		})
	}
}

func TestBigBodiesAreRefusedUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		defer run(t, stub{}, w)()
		conn := w.dial(t)
		head, _, _ := strings.Cut(post(wireHost, strings.Repeat(" ", MaxBody+1)), "\r\n\r\n")
		if answer := send(t, conn, head+"\r\n\r\n"); !strings.HasPrefix(statusOf(answer), "413") {
			t.Errorf("%q, want 413", answer)
		}
	})
}

func TestBodyOfFullSizeIsRead(t *testing.T) {
	address := serve(t, echo())
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	answer := send(t, conn, post(address, good+strings.Repeat(" ", MaxBody-len(good))))
	if !strings.Contains(answer, `"owner":"alice"`) {
		t.Errorf("%.200q", answer)
	}
}

// waiting is a device that answers package when told to, or when its context
// ends.
func waiting() (dev stub, asked, ended chan string, answer chan bool) {
	asked, ended, answer = make(chan string, 100), make(chan string, 100), make(chan bool)
	dev = echo()
	dev.pack = func(ctx context.Context, r PackageRequest) ([]Sealed, error) {
		asked <- r.Text
		select {
		case <-ctx.Done():
			ended <- r.Text
			return nil, Withdrawn
		case <-answer:
			return echo().Package(ctx, r)
		}
	}
	return dev, asked, ended, answer
}

func pack(text string) string {
	return `{"method": "package", "args": ["alice", "bob", "` + text + `"], "kwargs": {}}`
}

func TestAnAnswerMayWaitForItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		dev, asked, _, answer := waiting()
		defer run(t, dev, w)()
		go func() {
			<-asked
			time.Sleep(time.Hour)
			answer <- true
		}()
		got := send(t, w.dial(t), post(wireHost, pack("hello")))
		if !strings.Contains(got, `"success":true`) {
			t.Errorf("%q", got)
		}
	})
}

func TestAClientThatGoesAwayEndsItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		dev, asked, ended, _ := waiting()
		defer run(t, dev, w)()
		conn := w.dial(t)
		io.WriteString(conn, post(wireHost, pack("one")))
		<-asked
		conn.Close()
		if got := <-ended; got != "one" {
			t.Errorf("%q ended", got)
		}
	})
}

func TestSlowReadersAreCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		dev := echo()
		dev.pack = func(_ context.Context, r PackageRequest) ([]Sealed, error) {
			return []Sealed{{To: "bob", Package: make([]byte, MaxPackage)}}, nil
		}
		defer run(t, dev, w)()
		conn := w.dial(t)
		io.WriteString(conn, post(wireHost, pack("x")))
		time.Sleep(answerTime + time.Second)
		if n, _ := io.Copy(io.Discard, conn); n > 64<<10 {
			t.Errorf("read %d bytes late", n)
		}
	})
}

func TestOnlyAHandfulOfConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		dev, asked, _, _ := waiting()
		defer run(t, dev, w)()
		var open []net.Conn
		for range maxConnections {
			conn := w.dial(t)
			io.WriteString(conn, post(wireHost, pack("x")))
			<-asked
			open = append(open, conn)
		}
		start := time.Now()
		for range 3 * maxConnections {
			if _, err := w.dial(t).Read(make([]byte, 1)); err == nil {
				t.Fatal("one connection too many is answered")
			}
		}
		if time.Since(start) != 0 {
			t.Error("a connection too many is not closed at once")
		}
		open[3].Close()
		synctest.Wait()
		if answer := send(t, w.dial(t), post(wireHost, good)); statusOf(answer) != "200 OK" {
			t.Errorf("%q after one was closed", answer)
		}
	})
}

func TestAConnectionCarriesOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		dev := echo()
		calls := 0
		dev.status = func(time.Time) Status { calls++; return Status{Owner: "alice"} }
		stop := run(t, dev, w)
		answer := send(t, w.dial(t), post(wireHost, good)+post(wireHost, good))
		stop()
		if calls != 1 || strings.Count(answer, "HTTP/1.1 ") != 1 || !strings.Contains(answer, "Connection: close") {
			t.Errorf("%d calls, answer %q", calls, answer)
		}
	})
}

func TestStoppingWithdrawsAndAnswersWhatIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		dev, asked, ended, _ := waiting()
		stop := run(t, dev, w)
		conn := w.dial(t)
		go io.WriteString(conn, post(wireHost, pack("one")))
		<-asked
		stopped := make(chan struct{})
		go func() { stop(); close(stopped) }()
		<-ended
		line, _ := bufio.NewReader(conn).ReadString('\n')
		if !strings.Contains(line, "200") {
			t.Errorf("%q", line)
		}
		conn.Close()
		<-stopped
	})
}

func TestStoppingDoesNotWaitForADeviceThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire()
		release, asked := make(chan bool), make(chan bool)
		dev := echo()
		dev.pack = func(context.Context, PackageRequest) ([]Sealed, error) {
			close(asked)
			<-release
			return nil, Busy
		}
		stop := run(t, dev, w)
		io.WriteString(w.dial(t), post(wireHost, pack("one")))
		<-asked
		start := time.Now()
		stop()
		if took := time.Since(start); took > 2*stopTime {
			t.Errorf("took %v", took)
		}
		close(release)
	})
}
