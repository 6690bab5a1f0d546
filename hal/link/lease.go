package link

import (
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"
)

// leaseTime is how long the laptop keeps its address without asking again. It
// asks at every plugging in anyway.
const leaseTime = time.Hour

// broadcast is every machine on the cable.
func broadcast() netip.Addr { return netip.AddrFrom4([4]byte{255, 255, 255, 255}) }

// answerLease answers a DHCP packet (RFC 2131), or returns nil for one that is
// malformed or wants no answer. to is where the answer belongs, at port 68.
//
// There is one laptop on the cable, so there is one address to give, whoever
// asks, and nothing to remember. Router and name server are left out: the
// laptop keeps its own.
func answerLease(packet []byte, n network) (answer []byte, to netip.Addr) {
	q, err := dhcpv4.FromBytes(packet)
	if err != nil || !ofNeighbour(q) {
		return nil, netip.Addr{}
	}
	from := addrOf(q.ClientIPAddr)
	server, named := addrOption(q, dhcpv4.OptionServerIdentifier)
	if named && server != n.device {
		return nil, netip.Addr{} // it talks to somebody else
	}
	switch q.MessageType() {
	case dhcpv4.MessageTypeDiscover:
		return lease(q, dhcpv4.MessageTypeOffer, n), broadcast()
	case dhcpv4.MessageTypeRequest:
		want, asked := addrOption(q, dhcpv4.OptionRequestedIPAddress)
		if !asked {
			want = from // it renews what it has
		}
		switch {
		case want != n.laptop:
			return refusal(q, n), broadcast()
		case from == n.laptop:
			return lease(q, dhcpv4.MessageTypeAck, n), from
		}
		return lease(q, dhcpv4.MessageTypeAck, n), broadcast()
	case dhcpv4.MessageTypeInform:
		if from == n.laptop {
			return reply(q, dhcpv4.MessageTypeAck, n).ToBytes(), from
		}
	}
	return nil, netip.Addr{}
}

// ofNeighbour tells whether a client on this very cable asks, by Ethernet, and
// no relay agent for one elsewhere.
func ofNeighbour(q *dhcpv4.DHCPv4) bool {
	return q.OpCode == dhcpv4.OpcodeBootRequest && q.HWType == iana.HWTypeEthernet && len(q.ClientHWAddr) == 6 &&
		addrOf(q.GatewayIPAddr).IsUnspecified() && q.HopCount == 0
}

// lease gives the laptop its address (RFC 2131, table 3).
func lease(q *dhcpv4.DHCPv4, kind dhcpv4.MessageType, n network) []byte {
	r := reply(q, kind, n)
	r.YourIPAddr = n.laptop.AsSlice()
	r.UpdateOption(dhcpv4.OptIPAddressLeaseTime(leaseTime))
	return r.ToBytes()
}

// refusal has the laptop forget an address of another network, and ask anew.
func refusal(q *dhcpv4.DHCPv4, n network) []byte {
	r := reply(q, dhcpv4.MessageTypeNak, n)
	r.DeleteOption(dhcpv4.OptionSubnetMask)
	r.SetBroadcast()
	return r.ToBytes()
}

// reply is what every answer has. No option is empty: Windows drops answers
// with such.
func reply(q *dhcpv4.DHCPv4, kind dhcpv4.MessageType, n network) *dhcpv4.DHCPv4 {
	r := &dhcpv4.DHCPv4{
		OpCode:        dhcpv4.OpcodeBootReply,
		HWType:        q.HWType,
		TransactionID: q.TransactionID,
		Flags:         q.Flags,
		ClientHWAddr:  q.ClientHWAddr,
		Options: dhcpv4.OptionsFromList(
			dhcpv4.OptMessageType(kind),
			dhcpv4.OptServerIdentifier(n.device.AsSlice()),
			dhcpv4.OptSubnetMask(net.CIDRMask(networkBits, 32)),
		),
	}
	if kind == dhcpv4.MessageTypeAck && addrOf(q.ClientIPAddr) == n.laptop {
		r.ClientIPAddr = q.ClientIPAddr
	}
	// RFC 6842: the client finds its identifier in the answer.
	if id := q.Options.Get(dhcpv4.OptionClientIdentifier); len(id) > 0 && len(id) <= 255 {
		r.UpdateOption(dhcpv4.OptGeneric(dhcpv4.OptionClientIdentifier, id))
	}
	return r
}

// addrOption is an option that holds an address; false if it is not there. One
// of another length is nobody's.
func addrOption(q *dhcpv4.DHCPv4, code dhcpv4.OptionCode) (netip.Addr, bool) {
	b := q.Options.Get(code)
	if b == nil {
		return netip.Addr{}, false
	}
	a, _ := netip.AddrFromSlice(b)
	return a, true
}

func addrOf(ip net.IP) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	return a.Unmap()
}

// dhcpMax is longer than any packet of a client with an Ethernet cable.
const dhcpMax = 1500
