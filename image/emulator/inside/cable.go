//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/sys/unix"
)

// moveIn takes an interface into a new network namespace, and this thread with
// it: a packet to an address of the same namespace would never take the cable.
func moveIn(name string) error {
	cable, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	// A socket stays in the namespace that it was made in.
	outside, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(outside)
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	room, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer room.Close()
	// struct nlmsghdr, ifinfomsg, and the attribute IFLA_NET_NS_FD (rtnetlink(7)).
	le := binary.LittleEndian
	b := le.AppendUint32(nil, unix.SizeofNlMsghdr+unix.SizeofIfInfomsg+unix.SizeofRtAttr+4)
	b = le.AppendUint16(b, unix.RTM_NEWLINK)
	b = le.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	b = append(b, make([]byte, 8+4)...)
	b = le.AppendUint32(b, uint32(cable.Index))
	b = append(b, make([]byte, 8)...)
	b = le.AppendUint16(b, unix.SizeofRtAttr+4)
	b = le.AppendUint16(b, unix.IFLA_NET_NS_FD)
	b = le.AppendUint32(b, uint32(room.Fd()))
	if err := unix.Sendto(outside, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	answer := make([]byte, os.Getpagesize())
	n, _, err := unix.Recvfrom(outside, answer, 0)
	if err != nil {
		return err
	}
	if n < unix.SizeofNlMsghdr+4 {
		return errors.New("the kernel's answer is too short")
	}
	if code := int32(le.Uint32(answer[unix.SizeofNlMsghdr:])); code != 0 {
		return fmt.Errorf("moving %s: %w", name, unix.Errno(-code))
	}
	return nil
}

// getLease sets the interface up, has the device give it an address, takes
// that, and returns the device's.
func getLease(name string) (device netip.Addr, err error) {
	if err := control(name, unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP); return nil }); err != nil {
		return device, err
	}
	cable, err := net.InterfaceByName(name)
	if err != nil {
		return device, err
	}
	discover, err := dhcpv4.NewDiscovery(cable.HardwareAddr, dhcpv4.WithBroadcast(true))
	if err != nil {
		return device, err
	}
	offer, err := exchange(name, discover, dhcpv4.MessageTypeOffer)
	if err != nil {
		return device, err
	}
	request, err := dhcpv4.NewRequestFromOffer(offer, dhcpv4.WithBroadcast(true))
	if err != nil {
		return device, err
	}
	ack, err := exchange(name, request, dhcpv4.MessageTypeAck)
	if err != nil {
		return device, err
	}
	fmt.Printf("%slease %v of %v, type %v, router %v, DNS %v\n", mark, ack.YourIPAddr, ack.ServerIdentifier(), ack.MessageType(), ack.Router(), ack.DNS())
	device, _ = netip.AddrFromSlice(ack.ServerIdentifier().To4())
	if err := control(name, unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr(ack.YourIPAddr.To4()) }); err != nil {
		return device, err
	}
	return device, control(name, unix.SIOCSIFNETMASK, func(r *unix.Ifreq) error { return r.SetInet4Addr(net.IP(ack.SubnetMask()).To4()) })
}

// silent is after how many packets without an answer, half a second each, the laptop
// tells of its cable.
const silent = 40

// tellOfCable tells how a cable is from which no answer comes: whether there is a
// carrier, and what both ends have counted (netdevice(7), proc_pid_net(5)).
func tellOfCable(name string) {
	cable, err := net.InterfaceByName(name)
	fmt.Printf("%sno answer: %+v, %v\n", mark, cable, err)
	for _, process := range []string{"self", "1"} {
		text, err := os.ReadFile("/proc/" + process + "/net/dev")
		fmt.Printf("%scounted by %s: %v\n", mark, process, err)
		for line := range strings.Lines(string(text)) {
			fmt.Print(mark + line)
		}
	}
}

// control makes one of the calls of netdevice(7).
func control(name string, call uint, set func(*unix.Ifreq) error) error {
	request, err := unix.NewIfreq(name)
	if err == nil {
		err = set(request)
	}
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.IoctlIfreq(fd, call, request)
}

// exchange sends a DHCP packet to everybody on the cable, again and again until
// it is answered as it should be; a late answer to an earlier one is not that.
func exchange(name string, packet *dhcpv4.DHCPv4, want dhcpv4.MessageType) (*dhcpv4.DHCPv4, error) {
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		controlled := c.Control(func(fd uintptr) {
			err = errors.Join(unix.BindToDevice(int(fd), name), unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_BROADCAST, 1))
		})
		return errors.Join(controlled, err)
	}}
	conn, err := config.ListenPacket(context.Background(), "udp4", ":68")
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	everybody := &net.UDPAddr{IP: net.IPv4bcast, Port: 67}
	b := make([]byte, 1500)
	for try := 1; ; try++ {
		if try%silent == 0 {
			tellOfCable(name)
		}
		if _, err := conn.WriteTo(packet.ToBytes(), everybody); err != nil && !errors.Is(err, unix.ENETUNREACH) && !errors.Is(err, unix.ENETDOWN) {
			return nil, err
		}
		if err := conn.SetReadDeadline(time.Now().Add(5 * look)); err != nil {
			return nil, err
		}
		n, _, err := conn.ReadFrom(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if answer, err := dhcpv4.FromBytes(b[:n]); err == nil && answer.TransactionID == packet.TransactionID && answer.MessageType() == want {
			return answer, nil
		}
	}
}
