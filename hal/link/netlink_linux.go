package link

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// request is a message to the kernel's networking (rtnetlink(7)), which answers
// with an error or with none.
type request struct {
	kind  uint16 // RTM_…
	flags uint16 // NLM_F_…, beside the two that every request has
	body  []byte // the fixed part, then attributes
}

// attribute appends a routing attribute (struct rtattr), padded to 4 bytes.
func attribute(to []byte, kind uint16, value []byte) []byte {
	to = binary.NativeEndian.AppendUint16(to, uint16(unix.SizeofRtAttr+len(value)))
	to = binary.NativeEndian.AppendUint16(to, kind)
	to = append(to, value...)
	return append(to, make([]byte, -len(value)&3)...)
}

// bytes is the request with its header (struct nlmsghdr).
func (r request) bytes() []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(r.body)))
	b = binary.NativeEndian.AppendUint16(b, r.kind)
	b = binary.NativeEndian.AppendUint16(b, r.flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	b = binary.NativeEndian.AppendUint32(b, 1) // the only one on its socket
	b = binary.NativeEndian.AppendUint32(b, 0)
	return append(b, r.body...)
}

// do sends the request and waits for the kernel's word on it, a unix.Errno.
func (r request) do() error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, r.bytes(), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	answer := make([]byte, os.Getpagesize())
	n, _, err := unix.Recvfrom(fd, answer, 0)
	if err != nil {
		return err
	}
	return verdict(answer[:n])
}

// verdict reads struct nlmsgerr: 0, or a negative error number.
func verdict(answer []byte) error {
	if len(answer) < unix.SizeofNlMsghdr+4 || binary.NativeEndian.Uint16(answer[4:]) != unix.NLMSG_ERROR {
		return errors.New("the kernel's answer is not understood")
	}
	if code := int32(binary.NativeEndian.Uint32(answer[unix.SizeofNlMsghdr:])); code != 0 {
		return unix.Errno(-code)
	}
	return nil
}

// setUp sets an interface up, as `ip link set up` does.
func setUp(index int) error { return setFlags(index, unix.IFF_UP) }

// setDown sets it down. It keeps its IPv4 address.
func setDown(index int) error { return setFlags(index, 0) }

// setFlags sets whether an interface is up: IFF_UP or 0.
func setFlags(index int, flags uint32) error {
	// struct ifinfomsg: family, padding, type, index, flags, change.
	b := make([]byte, 4, unix.SizeofIfInfomsg)
	b = binary.NativeEndian.AppendUint32(b, uint32(index))
	b = binary.NativeEndian.AppendUint32(b, flags)
	b = binary.NativeEndian.AppendUint32(b, unix.IFF_UP)
	return request{kind: unix.RTM_NEWLINK, body: b}.do()
}

// addAddress gives an interface an IPv4 address. It may have it already.
func addAddress(index int, a netip.Prefix) error {
	return request{unix.RTM_NEWADDR, unix.NLM_F_CREATE | unix.NLM_F_REPLACE, addressBody(index, a)}.do()
}

// dropAddress takes it away. It may be gone already, or the interface may.
func dropAddress(index int, a netip.Prefix) error {
	err := request{kind: unix.RTM_DELADDR, body: addressBody(index, a)}.do()
	if errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return err
}

// addressBody is struct ifaddrmsg and the address.
func addressBody(index int, a netip.Prefix) []byte {
	b := []byte{unix.AF_INET, byte(a.Bits()), 0, unix.RT_SCOPE_UNIVERSE}
	b = binary.NativeEndian.AppendUint32(b, uint32(index))
	b = attribute(b, unix.IFA_LOCAL, a.Addr().AsSlice())
	return attribute(b, unix.IFA_ADDRESS, a.Addr().AsSlice())
}

// watch returns a socket on which the kernel tells of every change of an
// interface, its carrier, and IPv6 addresses. Close ends a Read.
func watch() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	groups := &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.RTMGRP_LINK | unix.RTMGRP_IPV6_IFADDR}
	if err := unix.Bind(fd, groups); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), "netlink"), nil
}

// state is what an interface is at one time.
type state struct {
	index   int
	carrier bool       // somebody is at the other end of the cable
	settled bool       // and the kernel knows so: before, it drops what is sent
	local   netip.Addr // IPv6 link-local, without zone; the zero Addr if it has none
}

// Operational states of linux/if.h, which are those of RFC 2863.
const (
	operUnknown = 0
	operUp      = 6
)

// errNoInterface: there is none of that name.
var errNoInterface = errors.New("no such network interface")

// look reads the state of an interface, as of now: package net remembers names.
func look(name string) (state, error) {
	table, err := syscall.NetlinkRIB(unix.RTM_GETLINK, unix.AF_UNSPEC)
	if err != nil {
		return state{}, err
	}
	messages, err := syscall.ParseNetlinkMessage(table)
	if err != nil {
		return state{}, err
	}
	for _, m := range messages {
		attributes, err := syscall.ParseNetlinkRouteAttr(&m)
		if m.Header.Type != unix.RTM_NEWLINK || err != nil {
			continue
		}
		s := state{index: int(binary.NativeEndian.Uint32(m.Data[4:]))} // of struct ifinfomsg
		flags := binary.NativeEndian.Uint32(m.Data[8:])
		called, operstate := "", byte(operUnknown)
		for _, a := range attributes {
			switch a.Attr.Type {
			case unix.IFLA_IFNAME:
				called = strings.TrimRight(string(a.Value), "\x00")
			case unix.IFLA_OPERSTATE:
				operstate = a.Value[0]
			}
		}
		if called != name {
			continue
		}
		s.settled = operstate == operUp
		// Drivers without a notion of carrier stay at unknown (the kernel's
		// Documentation/networking/operstates.rst).
		s.carrier = s.settled || operstate == operUnknown && flags&unix.IFF_UP != 0 && flags&unix.IFF_LOWER_UP != 0
		s.local, err = linkLocal(s.index)
		return s, err
	}
	return state{}, errNoInterface
}

// linkLocal is an interface's first IPv6 link-local address.
func linkLocal(index int) (netip.Addr, error) {
	addrs, err := (&net.Interface{Index: index}).Addrs()
	if err != nil {
		return netip.Addr{}, err
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is6() && p.Addr().IsLinkLocalUnicast() {
			return p.Addr(), nil
		}
	}
	return netip.Addr{}, nil
}
