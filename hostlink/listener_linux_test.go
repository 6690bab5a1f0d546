package hostlink

import (
	"net"
	"net/http"
	"syscall"
	"testing"
)

// A pulled cable ends no connection by itself: the kernel has to ask whether the other
// end is there, at both ends, and to give up before long.
func TestBothEndsNoticeAPeerThatIsGone(t *testing.T) {
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := AtMost(1, plain)
	defer listener.Close()
	dial := newClient(t, plain.Addr().String()).http.Transport.(*http.Transport).DialContext
	here, err := dial(t.Context(), "tcp", plain.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	there, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	for end, conn := range map[string]net.Conn{"client": here, "device": there.(*countedConn).Conn} {
		raw, err := conn.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		err = raw.Control(func(fd uintptr) {
			option := func(level, name int) int {
				value, err := syscall.GetsockoptInt(int(fd), level, name)
				if err != nil {
					t.Error(err)
				}
				return value
			}
			asks := option(syscall.SOL_SOCKET, syscall.SO_KEEPALIVE) != 0
			seconds := option(syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE) +
				option(syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL)*option(syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT)
			if !asks || seconds > 20 {
				t.Errorf("the %s asks %v, and gives up after %d s", end, asks, seconds)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
