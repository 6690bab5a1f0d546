package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

// inside is in the environment of the tests' own network.
const inside = "OTC_LINK_TEST_INSIDE"

// TestMain runs the tests once more, in a network of their own: this machine's
// is not touched, and nobody need be root.
func TestMain(m *testing.M) {
	if os.Getenv(inside) != "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread() // Pdeathsig is by thread
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		os.Exit(exit.ExitCode())
	case err != nil:
		fmt.Fprintln(os.Stderr, "the tests cannot have a network of their own:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// laptop is a machine with a network of its own: a thread in another namespace.
type laptop struct {
	t    *testing.T
	ns   int // the namespace
	jobs chan func()
	name string // its end of the cable
}

func newLaptop(t *testing.T) *laptop {
	t.Helper()
	l := &laptop{t: t, jobs: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			l.ns, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		}
		ready <- err
		for job := range l.jobs {
			job()
		}
	}()
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(l.jobs)
		unix.Close(l.ns)
	})
	return l
}

// do runs f there, and fails the test on its error. What f opens stays there.
func (l *laptop) do(f func() error) {
	l.t.Helper()
	if err := l.try(f); err != nil {
		l.t.Fatal(err)
	}
}

func (l *laptop) try(f func() error) error {
	done := make(chan error)
	l.jobs <- func() { done <- f() }
	return <-done
}

// plug connects the laptop to a new interface of the pad device. Unplugging
// takes that away.
func (l *laptop) plug(pad string) (unplug func()) {
	l.t.Helper()
	l.name = "lap-" + pad
	peer := attribute(make([]byte, unix.SizeofIfInfomsg), unix.IFLA_IFNAME, append([]byte(l.name), 0))
	peer = attribute(peer, unix.IFLA_NET_NS_FD, binary.NativeEndian.AppendUint32(nil, uint32(l.ns)))
	const vethPeer = 1 // VETH_INFO_PEER, in linux/veth.h
	info := attribute(nil, unix.IFLA_INFO_KIND, []byte("veth"))
	info = attribute(info, unix.IFLA_INFO_DATA, attribute(nil, vethPeer, peer))
	body := attribute(make([]byte, unix.SizeofIfInfomsg), unix.IFLA_IFNAME, append([]byte(pad), 0))
	body = attribute(body, unix.IFLA_LINKINFO, info)
	err := request{unix.RTM_NEWLINK, unix.NLM_F_CREATE | unix.NLM_F_EXCL, body}.do()
	if err != nil {
		l.t.Fatal("making a cable: ", err)
	}
	l.setUp(true)
	index := interfaceOf(l.t, pad).Index
	gone := false
	unplug = func() {
		if gone {
			return
		}
		gone = true
		b := make([]byte, 4, unix.SizeofIfInfomsg)
		b = binary.NativeEndian.AppendUint32(b, uint32(index))
		if err := (request{kind: unix.RTM_DELLINK, body: append(b, make([]byte, 8)...)}).do(); err != nil {
			l.t.Error("taking the cable away: ", err)
		}
	}
	l.t.Cleanup(unplug)
	return unplug
}

// setUp sets the laptop's end up or down: down is as good as unplugged.
func (l *laptop) setUp(up bool) {
	l.t.Helper()
	l.do(func() error {
		i, err := net.InterfaceByName(l.name)
		if err != nil {
			return err
		}
		// Whether somebody else has its address is of no interest here.
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+l.name+"/accept_dad", []byte("0"), 0); err != nil {
			return err
		}
		b := make([]byte, 4, unix.SizeofIfInfomsg)
		b = binary.NativeEndian.AppendUint32(b, uint32(i.Index))
		flags := uint32(0)
		if up {
			flags = unix.IFF_UP
		}
		b = binary.NativeEndian.AppendUint32(b, flags)
		b = binary.NativeEndian.AppendUint32(b, unix.IFF_UP)
		return request{kind: unix.RTM_NEWLINK, body: b}.do()
	})
}

// interfaceOf is an interface in this, the pad device's, namespace.
func interfaceOf(t *testing.T, name string) *net.Interface {
	t.Helper()
	i, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// sysWith makes a /sys that shows Ethernet sockets of these names.
func sysWith(t *testing.T, names ...string) string {
	t.Helper()
	sys := t.TempDir()
	for _, name := range names {
		put(t, filepath.Join(sys, "class/net", name, "type"), "1\n")
		put(t, filepath.Join(sys, "class/net", name, "device/uevent"), "")
	}
	return sys
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// noWait has interfaces made from now on use their link-local address at once.
func noWait(t *testing.T) {
	t.Helper()
	put(t, "/proc/sys/net/ipv6/conf/all/accept_dad", "0")
	put(t, "/proc/sys/net/ipv6/conf/default/accept_dad", "0")
}

// until waits for what must come true.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !f(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("it did not happen: " + what)
		}
	}
}

// sockets lists what is open in this namespace: protocol, address and port in
// the kernel's hexadecimal.
func sockets(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, protocol := range []string{"tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6", "packet", "icmp", "icmp6"} {
		text, err := os.ReadFile("/proc/thread-self/net/" + protocol)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		for _, line := range lines[1:] {
			fields := strings.Fields(line)
			const listening, unconnected = "0A", "07"
			if strings.HasPrefix(protocol, "tcp") && fields[3] != listening {
				continue
			}
			if strings.HasPrefix(protocol, "udp") && fields[3] != unconnected {
				t.Errorf("a connected socket: %s", line)
			}
			all = append(all, protocol+" "+fields[1])
		}
	}
	return all
}
