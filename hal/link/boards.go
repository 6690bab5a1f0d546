package link

import "strings"

// Board is a model of Raspberry Pi and its sockets, as the image starts it.
type Board struct {
	Name  string
	Model string // its name in Linux's device tree
	// Auto is the link's port if otc.conf does not say.
	Auto Port
	// Ethernet is whether it has that socket.
	Ethernet bool
	// Host is the USB socket for adapters, sticks and other devices.
	Host Socket
	// Gadget is the USB socket by which it is a laptop's, or another
	// device's, network adapter: USBNone if it has none, and equal to Host if
	// one socket is both, by what is plugged in.
	Gadget Socket
	// Link and Meeting say to its owner what to plug in where.
	Link, Meeting string
}

// Socket is a USB socket.
type Socket string

// The sockets that boards have.
const (
	USBNone  Socket = ""
	USBA     Socket = "USB-A"
	USBC     Socket = "USB-C"
	MicroUSB Socket = "micro-USB"
)

// adapter is what makes Ethernet of a USB socket.
const adapter = "USB-Ethernet adapter"

// Boards is every model that an image is made for. Which sockets a model has,
// and to which of its controllers they lead, is in its product brief and its
// schematics. What each controller is, a host or a device, the board's device tree
// says; the 3A+ has its ID pin at ground, and is a host.
func Boards() []Board {
	const (
		byEthernet = "an Ethernet cable between laptop and board"
		byHub      = "a USB-Ethernet adapter, on a USB hub if a touchscreen is on USB too"
	)
	return []Board{
		{
			Name: "3B", Model: "Raspberry Pi 3 Model B", Auto: Ethernet, Ethernet: true, Host: USBA,
			Link: byEthernet, Meeting: "the same Ethernet socket, without the laptop, or an adapter in a USB-A socket",
		},
		{
			Name: "3B+", Model: "Raspberry Pi 3 Model B+", Auto: Ethernet, Ethernet: true, Host: USBA,
			Link: byEthernet, Meeting: "the same Ethernet socket, without the laptop, or an adapter in a USB-A socket",
		},
		{
			Name: "3A+", Model: "Raspberry Pi 3 Model A+", Auto: Ethernet, Host: USBA,
			Link: byHub, Meeting: "the same adapter, without the laptop, or the USB-A socket",
		},
		{
			Name: "Zero 2 W", Model: "Raspberry Pi Zero 2 W", Auto: Either, Host: MicroUSB, Gadget: MicroUSB,
			Link: "a cable in the micro-USB socket marked USB; with a touchscreen on USB: " + byHub, Meeting: "the same socket or adapter, without the laptop",
		},
		{
			Name: "4B", Model: "Raspberry Pi 4 Model B", Auto: USB, Ethernet: true, Host: USBA, Gadget: USBC,
			Link: "a cable in the USB-C socket, which powers the board too", Meeting: "the Ethernet socket, or a USB-A socket; a power supply in the USB-C socket",
		},
	}
}

// BoardOf finds a board by the model that its device tree names. The boot code
// writes there a name of its own, such as "Raspberry Pi 3 Model B Plus Rev 1.3"
// for "Raspberry Pi 3 Model B+".
func BoardOf(model string) (Board, bool) {
	model, _, _ = strings.Cut(model, " Rev ")
	model = strings.Replace(model, " Plus", "+", 1)
	for _, b := range Boards() {
		if model == b.Model {
			return b, true
		}
	}
	return Board{}, false
}

// Cables lists the ways to connect two boards for a meeting, the best first.
// There is one at least.
func Cables(a, b Board) []string {
	var ways []string
	if a.Ethernet && b.Ethernet {
		ways = append(ways, "an Ethernet cable")
	}
	if w := hostTo(a, b); w != "" {
		ways = append(ways, w)
	}
	if w := hostTo(b, a); w != "" && a.Name != b.Name {
		ways = append(ways, w)
	}
	switch {
	case a.Ethernet && b.Ethernet:
	case a.Ethernet || b.Ethernet:
		lacking := a
		if a.Ethernet {
			lacking = b
		}
		ways = append(ways, "an Ethernet cable, with a "+adapter+" at the "+lacking.Name)
	default:
		ways = append(ways, "an Ethernet cable, with a "+adapter+" at each")
	}
	return ways
}

// hostTo is the USB cable from host to gadget, "" if there is none.
func hostTo(host, gadget Board) string {
	if gadget.Gadget == USBNone {
		return ""
	}
	plug := map[Socket]string{USBC: "C", MicroUSB: "micro-B"}[gadget.Gadget]
	way := "a USB cable from A, in the " + host.Name
	if host.Host != USBA {
		way += " with an OTG adapter"
	}
	if host.Name == gadget.Name {
		return way + ", to " + plug + ", in the other"
	}
	return way + ", to " + plug + ", in the " + gadget.Name
}
