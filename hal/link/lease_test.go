package link

import (
	"bytes"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"
)

// third is the network of the device 10.77.3.1.
func third() network {
	return network{netip.MustParseAddr("10.77.3.1"), netip.MustParseAddr("10.77.3.2")}
}

// asks is a packet of a laptop.
func asks(kind dhcpv4.MessageType, changes ...dhcpv4.Modifier) *dhcpv4.DHCPv4 {
	q := &dhcpv4.DHCPv4{
		OpCode:        dhcpv4.OpcodeBootRequest,
		HWType:        iana.HWTypeEthernet,
		TransactionID: dhcpv4.TransactionID{1, 2, 3, 4},
		ClientHWAddr:  net.HardwareAddr{2, 0, 0, 0, 0, 9},
		Options:       dhcpv4.OptionsFromList(dhcpv4.OptMessageType(kind)),
	}
	for _, change := range changes {
		change(q)
	}
	return q
}

func wants(a string) dhcpv4.Modifier {
	return dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(net.ParseIP(a)))
}

func of(server string) dhcpv4.Modifier {
	return dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.ParseIP(server)))
}

func has(a string) dhcpv4.Modifier { return dhcpv4.WithClientIP(net.ParseIP(a)) }

// RFC 2131, section 4.3: each way in which a client asks.
func TestLeases(t *testing.T) {
	const offer, ack, nak, silence = dhcpv4.MessageTypeOffer, dhcpv4.MessageTypeAck, dhcpv4.MessageTypeNak, dhcpv4.MessageTypeNone
	for _, test := range []struct {
		name  string
		query *dhcpv4.DHCPv4
		kind  dhcpv4.MessageType
		to    string
		lease bool
	}{
		{"discover", asks(dhcpv4.MessageTypeDiscover), offer, "255.255.255.255", true},
		{"discover, wishing another address", asks(dhcpv4.MessageTypeDiscover, wants("192.168.1.9")), offer, "255.255.255.255", true},
		{"select", asks(dhcpv4.MessageTypeRequest, of("10.77.3.1"), wants("10.77.3.2")), ack, "255.255.255.255", true},
		{"select another server", asks(dhcpv4.MessageTypeRequest, of("192.168.1.1"), wants("10.77.3.2")), silence, "", false},
		{"select with a bad server", asks(dhcpv4.MessageTypeRequest, dhcpv4.WithGeneric(dhcpv4.OptionServerIdentifier, []byte{10}), wants("10.77.3.2")), silence, "", false},
		{"select what was not offered", asks(dhcpv4.MessageTypeRequest, of("10.77.3.1"), wants("10.77.3.3")), nak, "255.255.255.255", false},
		{"start again", asks(dhcpv4.MessageTypeRequest, wants("10.77.3.2")), ack, "255.255.255.255", true},
		{"start again from another network", asks(dhcpv4.MessageTypeRequest, wants("10.77.4.2")), nak, "255.255.255.255", false},
		{"start again as the device", asks(dhcpv4.MessageTypeRequest, wants("10.77.3.1")), nak, "255.255.255.255", false},
		{"request nothing", asks(dhcpv4.MessageTypeRequest), nak, "255.255.255.255", false},
		{"renew", asks(dhcpv4.MessageTypeRequest, has("10.77.3.2")), ack, "10.77.3.2", true},
		{"discover with an address", asks(dhcpv4.MessageTypeDiscover, has("10.77.3.2")), offer, "255.255.255.255", true},
		{"renew, and want another address", asks(dhcpv4.MessageTypeRequest, has("10.77.3.2"), wants("10.77.3.3")), nak, "255.255.255.255", false},
		{"renew another network's", asks(dhcpv4.MessageTypeRequest, has("192.168.1.9")), nak, "255.255.255.255", false},
		{"inform", asks(dhcpv4.MessageTypeInform, has("10.77.3.2")), ack, "10.77.3.2", false},
		{"inform from another network", asks(dhcpv4.MessageTypeInform, has("192.168.1.9")), silence, "", false},
		{"inform from the device itself", asks(dhcpv4.MessageTypeInform, has("10.77.3.1")), silence, "", false},
		{"inform to everybody", asks(dhcpv4.MessageTypeInform, has("255.255.255.255")), silence, "", false},
		{"release", asks(dhcpv4.MessageTypeRelease, has("10.77.3.2"), of("10.77.3.1")), silence, "", false},
		{"decline", asks(dhcpv4.MessageTypeDecline, wants("10.77.3.2"), of("10.77.3.1")), silence, "", false},
		{"no type", asks(dhcpv4.MessageTypeNone), silence, "", false},
		{"a reply", asks(dhcpv4.MessageTypeDiscover, func(q *dhcpv4.DHCPv4) { q.OpCode = dhcpv4.OpcodeBootReply }), silence, "", false},
		{"relayed", asks(dhcpv4.MessageTypeDiscover, dhcpv4.WithGatewayIP(net.IP{10, 77, 3, 9})), silence, "", false},
		{"over a hop", asks(dhcpv4.MessageTypeDiscover, func(q *dhcpv4.DHCPv4) { q.HopCount = 1 }), silence, "", false},
		{"not Ethernet", asks(dhcpv4.MessageTypeDiscover, dhcpv4.WithHWType(iana.HWTypeInfiniband)), silence, "", false},
		{"a long hardware address", asks(dhcpv4.MessageTypeDiscover, dhcpv4.WithHwAddr(make(net.HardwareAddr, 16))), silence, "", false},
	} {
		answer, to := answerLease(test.query.ToBytes(), third())
		if test.kind == silence {
			if answer != nil {
				t.Errorf("%s: answered with %x", test.name, answer)
			}
			continue
		}
		r, err := dhcpv4.FromBytes(answer)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if r.MessageType() != test.kind || to.String() != test.to || (r.YourIPAddr.String() == "10.77.3.2") != test.lease {
			t.Errorf("%s: to %v: %s", test.name, to, r.Summary())
		}
		checkReply(t, test.name, test.query, r, test.lease)
	}
}

// checkReply holds an answer to RFC 2131, table 3, and to what we leave out.
func checkReply(t *testing.T, name string, q, r *dhcpv4.DHCPv4, lease bool) {
	t.Helper()
	if r.OpCode != dhcpv4.OpcodeBootReply || r.TransactionID != q.TransactionID || !bytes.Equal(r.ClientHWAddr, q.ClientHWAddr) {
		t.Errorf("%s: no answer to the question: %s", name, r.Summary())
	}
	client := netip.IPv4Unspecified() // but for what acknowledges an address in use
	if r.MessageType() == dhcpv4.MessageTypeAck && q.ClientIPAddr != nil {
		client = addrOf(q.ClientIPAddr)
	}
	if addrOf(r.ClientIPAddr) != client {
		t.Errorf("%s: the client's address is %v, want %v", name, r.ClientIPAddr, client)
	}
	want := []uint8{53, 54}
	if r.MessageType() != dhcpv4.MessageTypeNak {
		want = append(want, 1)
	}
	if lease {
		want = append(want, 51)
	}
	if id := q.Options.Get(dhcpv4.OptionClientIdentifier); len(id) > 0 {
		want = append(want, 61)
	}
	for code, value := range r.Options {
		if !slices.Contains(want, code) || len(value) == 0 {
			t.Errorf("%s: option %d: %x", name, code, value)
		}
	}
	if len(r.Options) != len(want) {
		t.Errorf("%s: options %v, want %v", name, r.Options, want)
	}
}

// A client finds its identifier in the answer, unless that would be an empty
// option, or more than one.
func TestTheClientsIdentifierComesBack(t *testing.T) {
	for n := range 600 {
		q := asks(dhcpv4.MessageTypeDiscover, dhcpv4.WithGeneric(dhcpv4.OptionClientIdentifier, bytes.Repeat([]byte{7}, n)))
		answer, _ := answerLease(q.ToBytes(), third())
		r, err := dhcpv4.FromBytes(answer)
		if err != nil {
			t.Fatal(err)
		}
		want := n
		if n > 255 {
			want = 0
		}
		if id, there := r.Options[61]; len(id) != want || there != (want > 0) {
			t.Errorf("an identifier of %d bytes comes back as %x", n, id)
		}
	}
}

// Every packet with one byte changed or left out is answered well or not at
// all.
func TestDamagedPackets(t *testing.T) {
	whole := asks(dhcpv4.MessageTypeRequest, of("10.77.3.1"), wants("10.77.3.2"),
		dhcpv4.WithGeneric(dhcpv4.OptionClientIdentifier, []byte("a laptop"))).ToBytes()
	const nameAndFile, cookie = 44, 236 // between them are the two that nobody reads
	for at := range whole {
		checkAnswer(t, whole[:at])
		if at >= nameAndFile && at < cookie {
			continue
		}
		damaged := slices.Clone(whole)
		for b := range 256 {
			damaged[at] = byte(b)
			checkAnswer(t, damaged)
		}
	}
}

// checkAnswer fails the test if what comes back is not silence and not an
// answer to the laptop or to everybody.
func checkAnswer(t *testing.T, packet []byte) {
	t.Helper()
	answer, to := answerLease(packet, third())
	if answer == nil {
		return
	}
	r, err := dhcpv4.FromBytes(answer)
	if err != nil || len(answer) > dhcpMax {
		t.Fatalf("%x is answered with %x: %v", packet, answer, err)
	}
	if to != broadcast() && to != third().laptop {
		t.Fatalf("%x is answered to %v", packet, to)
	}
	if your := addrOf(r.YourIPAddr); !your.IsUnspecified() && your != third().laptop {
		t.Fatalf("%x gets %v", packet, your)
	}
	for code, value := range r.Options {
		if len(value) == 0 || code == 3 || code == 6 {
			t.Fatalf("%x is answered with option %d", packet, code)
		}
	}
}

func FuzzLease(f *testing.F) {
	f.Add(asks(dhcpv4.MessageTypeDiscover).ToBytes())
	f.Add(asks(dhcpv4.MessageTypeRequest, of("10.77.3.1"), wants("10.77.3.2")).ToBytes())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, packet []byte) { checkAnswer(t, packet) })
}

// garbage makes packets of which many nearly are good ones.
func garbage(r *rand.Rand, good []byte) []byte {
	p := slices.Clone(good)
	for range 1 + r.IntN(4) {
		switch r.IntN(4) {
		case 0:
			p[r.IntN(len(p))] = byte(r.Uint32())
		case 1:
			p = p[:1+r.IntN(len(p))]
		case 2:
			p = slices.Insert(p, r.IntN(len(p)), byte(r.Uint32()))
		case 3:
			p = append(p, bytes.Repeat([]byte{byte(r.Uint32())}, r.IntN(300))...)
		}
	}
	return p[:min(len(p), 1400)]
}
