// Package link is the pad device's end of the laptop's cable: a network of two,
// on USB or on Ethernet.
//
// Start with Choose, which says what the laptop is plugged into, and New. Open
// brings the link up and returns the listener on which the laptop's requests
// come in; Close takes all of it away again, for a meeting. In between a Link
// keeps itself up (link_linux.go): adapters may come and go, and nothing is
// lost but connections.
//
//   - gadget_linux.go makes the board's USB socket a network adapter of the
//     laptop; boards.go is the table of boards, their sockets and cables.
//   - session_linux.go is one interface with the device's address on it, and
//     the sockets there: requests (TCP 9051), and two small servers that spare
//     the laptop's owner all settings: lease.go gives the laptop its address
//     (DHCP), name.go tells it the device's (mDNS, otc-pad.local).
//   - netlink_linux.go and isolate_linux.go are what is said to the kernel.
//
// What it refuses: to listen on any other interface (each socket is bound to
// the one it is for, and to nothing else), to forward a packet, to tell the
// laptop of a router or a name server, and to take addresses or routes from
// it. It asks nobody anything, keeps no state of who asked, and what is
// malformed is not answered. It does not know what a request says: that is
// package hostlink's.
package link

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
)

const (
	// RPCPort is where requests come in, by TCP.
	RPCPort = 9051
	// Name is what mDNS calls the device.
	Name = "otc-pad.local"
)

// Port is what the laptop is plugged into.
type Port int

// The ports.
const (
	// USB is the socket by which the board is the laptop's network adapter.
	USB Port = iota + 1
	// Ethernet is the socket on the board, else the first adapter on USB.
	Ethernet
	// Either is for boards with one USB socket: an Ethernet adapter that is
	// plugged into it, else the socket itself.
	Either
)

func (p Port) String() string {
	switch p {
	case USB:
		return "USB"
	case Ethernet:
		return "Ethernet"
	case Either:
		return "USB or an Ethernet adapter"
	}
	return "no port"
}

// Choose returns the port that otc.conf wishes, "usb", "ethernet" or "auto". In
// the last case the board says, by the model that its device tree names.
func Choose(wish, model string) (Port, error) {
	switch wish {
	case "usb":
		return USB, nil
	case "ethernet":
		return Ethernet, nil
	case "auto":
		if b, ok := BoardOf(model); ok {
			return b.Auto, nil
		}
		return Either, nil
	}
	return 0, fmt.Errorf("link can be auto, usb or ethernet, not %q", wish)
}

// Roots are the folders where the kernel shows itself; "" is where they are on
// the board.
type Roots struct {
	Proc, Sys, Config string // /proc, /sys, /sys/kernel/config
}

func (r Roots) sysctl(path ...string) string { return under(r.Proc, "/proc", "sys/net", path) }
func (r Roots) class(path ...string) string  { return under(r.Sys, "/sys", "class", path) }
func (r Roots) gadget(path ...string) string {
	return under(r.Config, "/sys/kernel/config", "usb_gadget/otc", path)
}

func under(root, usual, folder string, path []string) string {
	return filepath.Join(append([]string{cmp.Or(root, usual), folder}, path...)...)
}

// Opts says how a Link is to be.
type Opts struct {
	Port   Port
	Net    int    // 1 to 254: the device is 10.77.Net.1, the laptop 10.77.Net.2
	Serial string // of the board, from which the MAC addresses on USB come
	Roots  Roots
	// Changed is told when a laptop is there, and when it is gone: the first
	// time when there is one. It is called from one goroutine, and must
	// return soon; it may ask Up and Address, and call nothing else. May be nil.
	Changed func(up bool)
}

// network is the link's addresses.
type network struct{ device, laptop netip.Addr }

// networkOf is 10.77.n.0/24, from the private block of RFC 1918.
func networkOf(n int) (network, error) {
	if n < 1 || n > 254 {
		return network{}, fmt.Errorf("the link's network is 1 to 254, not %d", n)
	}
	at := func(host byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 77, byte(n), host}) }
	return network{at(1), at(2)}, nil
}

// networkBits is the length of the network's prefix.
const networkBits = 24

// holds tells whether a is one of the network's.
func (n network) holds(a netip.Addr) bool {
	return netip.PrefixFrom(n.device, networkBits).Masked().Contains(a.Unmap())
}

// ErrNoController: the board, as it was started, has no USB socket by which it
// can be a laptop's network adapter.
var ErrNoController = errors.New("this board has no USB socket for a laptop: set link = ethernet in otc.conf")
