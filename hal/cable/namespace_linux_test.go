package cable

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const inside = "CABLE_TEST_IN_ITS_NAMESPACE"

// eachInItsNamespace runs the calling test again for each scene, in a process
// with a network of its own that the kernel takes away with the process.
func eachInItsNamespace(t *testing.T, scenes map[string]func(*testing.T)) {
	t.Helper()
	if os.Getenv(inside) != "" {
		for name, scene := range scenes {
			t.Run(name, func(t *testing.T) {
				addressesTakeTime(t, false)
				scene(t)
			})
		}
		return
	}
	t.Parallel()
	outcomes := map[string]chan outcome{}
	for name := range scenes {
		c := make(chan outcome, 1)
		go func() { c <- apart(t.Context(), t.Name(), name) }()
		outcomes[name] = c
	}
	for name, c := range outcomes {
		t.Run(name, func(t *testing.T) {
			switch o := <-c; {
			case o.err != nil && o.out == "":
				t.Skipf("NOT TESTED: NO CABLE CAN BE LAID HERE. The kernel gives this user no network namespace: %v", o.err)
			case strings.Contains(o.out, "--- SKIP"):
				t.Skipf("NOT TESTED: %s", o.out)
			case o.err != nil || !strings.Contains(o.out, "    --- PASS: "+t.Name()+" "):
				t.Errorf("%v\n%s", o.err, o.out)
			}
		})
	}
}

type outcome struct {
	out string
	err error
}

// apart runs one scene of a test in a network namespace, as root or as a user
// who is root in there. No output means that there is none.
func apart(ctx context.Context, test, scene string) outcome {
	o := again(ctx, test, scene, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET})
	if o.err == nil || o.out != "" {
		return o
	}
	self := func(id int) []syscall.SysProcIDMap { return []syscall.SysProcIDMap{{HostID: id, Size: 1}} }
	return again(ctx, test, scene, &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: self(os.Getuid()),
		GidMappings: self(os.Getgid()),
	})
}

func again(ctx context.Context, test, scene string, attr *syscall.SysProcAttr) outcome {
	only := "-test.run=^" + test + "$/^" + strings.ReplaceAll(scene, " ", "_") + "$"
	cmd := exec.CommandContext(ctx, "/proc/self/exe", only, "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), inside+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = attr
	out, err := cmd.CombinedOutput()
	return outcome{string(out), err}
}

// addressesTakeTime says whether new addresses wait until the kernel has seen
// that nobody else has them, as they do on a device; most tests save the two
// seconds.
func addressesTakeTime(t *testing.T, do bool) {
	t.Helper()
	value := "0"
	if do {
		value = "1"
	}
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/default/accept_dad", []byte(value), 0); err != nil {
		t.Logf("tests of cables are slower here: %v", err)
	}
}

// layCable makes two Ethernet interfaces that are the ends of one cable. They
// are down, as they are on a device that has just started.
func layCable(t *testing.T, a, b string) {
	t.Helper()
	// struct ifinfomsg, struct rtattr: rtnetlink(7). VETH_INFO_PEER is 1.
	ends := append(make([]byte, unix.SizeofIfInfomsg), attribute(unix.IFLA_IFNAME, cstring(b))...)
	kind := append(attribute(unix.IFLA_INFO_KIND, cstring("veth")), attribute(unix.IFLA_INFO_DATA, attribute(1, ends))...)
	name := append(make([]byte, unix.SizeofIfInfomsg), attribute(unix.IFLA_IFNAME, cstring(a))...)
	err := route(t, unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, append(name, attribute(unix.IFLA_LINKINFO, kind)...))
	if err != nil {
		t.Skipf("NO CABLE CAN BE LAID HERE: the kernel makes no veth: %v", err)
	}
}

// cutCable takes both ends of a cable away, as when an adapter is unplugged.
func cutCable(t *testing.T, a string) {
	t.Helper()
	err := route(t, unix.RTM_DELLINK, 0, append(make([]byte, unix.SizeofIfInfomsg), attribute(unix.IFLA_IFNAME, cstring(a))...))
	if err != nil {
		t.Fatal(err)
	}
}

// addAddress gives an interface one more address, which works at once.
func addAddress(t *testing.T, name string, a netip.Addr) {
	t.Helper()
	port, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	// struct ifaddrmsg: rtnetlink(7).
	body := []byte{unix.AF_INET6, 64, unix.IFA_F_NODAD, 0}
	body = binary.NativeEndian.AppendUint32(body, uint32(port.Index))
	body = append(body, attribute(unix.IFA_ADDRESS, a.AsSlice())...)
	if err := route(t, unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, body); err != nil {
		t.Fatal(err)
	}
}

func cstring(s string) []byte { return append([]byte(s), 0) }

func attribute(kind uint16, value []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(unix.SizeofRtAttr+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return append(b, make([]byte, -len(b)&3)...)
}

// route sends one request to the kernel, and returns what it answers.
func route(t *testing.T, request, flags uint16, body []byte) error {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	b := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	b = binary.NativeEndian.AppendUint16(b, request)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_ACK|flags)
	b = append(b, make([]byte, 8)...) // sequence number, port
	if err := unix.Sendto(fd, append(b, body...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil || n < unix.SizeofNlMsghdr+4 {
		t.Fatalf("%d bytes of answer, %v", n, err)
	}
	if code := int32(binary.NativeEndian.Uint32(answer[unix.SizeofNlMsghdr:])); code != 0 {
		return syscall.Errno(-code)
	}
	return nil
}
