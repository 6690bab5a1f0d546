//go:build linux

package emulator_test

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"onetimechat/hostlink"
	"onetimechat/image/emulator"
)

// answers waits until the device answers over the link, and returns its status.
func (d *device) answers() hostlink.Status {
	d.t.Helper()
	client, err := hostlink.NewClient(d.Link())
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	for begin := time.Now(); ; {
		// A try before the link is up would be tried again by QEMU, but late. Later ones
		// have more time: on a busy computer an answer takes that.
		try, cancel := context.WithTimeout(ctx, max(200*time.Millisecond, time.Since(begin)/20))
		status, err := client.Status(try, time.Now())
		cancel()
		if err == nil {
			return status
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			d.t.Fatalf("the link does not answer: %v", err)
		}
	}
}

// A stranger at the link's cable: what the device says of itself to the bare
// wire, and which doors are open there.
func TestTheLinkHasOneDoor(t *testing.T) {
	t.Parallel()
	card := flash(t, smallCard, map[string]string{"owner": "alice", "reservoir": "1 MiB"})
	d := start(t, emulator.Options{Card: card})
	end, frames, err := emulator.Wire()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.PlugCable("laptop", end); err != nil {
		t.Fatal(err)
	}
	s := &stranger{t: t, frames: frames, in: make(chan []byte, 1<<10)}
	go s.listen()
	defer func() {
		d.cut()
		for range s.in { // until it has seen that
		}
		if err := frames.Close(); err != nil {
			t.Error(err)
		}
	}()
	s.getLease()
	d.took("a lease")
	s.findDevice()
	begin := time.Now()
	ports := somePorts(t)
	open := s.scan(ports)
	t.Logf("%d ports scanned in %.1f s", len(ports), time.Since(begin).Seconds())
	if !slices.Equal(open, []uint16{hostlink.Port}) {
		t.Errorf("open ports: %v", open)
	}
}

// somePorts are all well-known ports and those around ours, and some of the
// rest: package link's tests try all of them, without an emulator.
func somePorts(t *testing.T) []uint16 {
	const seed = 4
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var ports []uint16
	for p := 1; p < 1<<16; p++ {
		if p < 1024 || p > 9000 && p < 9100 || rng.IntN(64) == 0 {
			ports = append(ports, uint16(p))
		}
	}
	return ports
}

// stranger is somebody at the other end of a cable, with a packet generator.
type stranger struct {
	t      *testing.T
	frames *emulator.Frames
	in     chan []byte // Ethernet frames
	device net.HardwareAddr
}

var (
	strangerMAC = net.HardwareAddr{2, 0x77, 9, 9, 9, 9}
	strangerIP  = net.IPv4(10, 77, 1, 2).To4()
	deviceIP    = net.IPv4(10, 77, 1, 1).To4()
)

func (s *stranger) listen() {
	defer close(s.in)
	for {
		frame, err := s.frames.Read()
		if err != nil {
			return // unplugged
		}
		s.in <- frame
	}
}

// ask sends a frame, again every while, until answered likes what comes back.
func (s *stranger) ask(frame []byte, answered func([]byte) bool) {
	s.t.Helper()
	again := time.NewTicker(500 * time.Millisecond)
	defer again.Stop()
	limit := time.After(patience)
	for {
		if err := s.frames.Write(frame); err != nil {
			s.t.Fatal(err)
		}
		for waiting := true; waiting; {
			select {
			case got, open := <-s.in:
				if !open {
					s.t.Fatal(io.ErrUnexpectedEOF)
				}
				if answered(got) {
					return
				}
			case <-again.C:
				waiting = false
			case <-limit:
				s.t.Fatal("no answer on the cable")
			}
		}
	}
}

// Ethernet's types, and IP's protocols.
const (
	typeIP  = 0x0800
	typeARP = 0x0806

	protoTCP = 6
	protoUDP = 17
)

func ethernet(to net.HardwareAddr, kind uint16, payload []byte) []byte {
	b := slices.Concat[[]byte](to, strangerMAC)
	return append(binary.BigEndian.AppendUint16(b, kind), payload...)
}

// ip is an IPv4 packet (RFC 791).
func ip(from, to net.IP, proto byte, payload []byte) []byte {
	b := []byte{0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, proto, 0, 0}
	b = append(append(b, from.To4()...), to.To4()...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)+len(payload)))
	binary.BigEndian.PutUint16(b[10:], sum(b))
	return append(b, payload...)
}

// sum is the Internet checksum (RFC 1071).
func sum(b []byte) uint16 {
	total := uint32(0)
	for i := 0; i+1 < len(b); i += 2 {
		total += uint32(b[i])<<8 | uint32(b[i+1])
	}
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}
	return ^uint16(total)
}

// getLease asks for an address as laptops do, and checks what is offered.
func (s *stranger) getLease() {
	s.t.Helper()
	discover, err := dhcpv4.NewDiscovery(strangerMAC)
	if err != nil {
		s.t.Fatal(err)
	}
	text := discover.ToBytes()
	udp := binary.BigEndian.AppendUint16([]byte{0, 68, 0, 67}, uint16(8+len(text)))
	udp = append(append(udp, 0, 0), text...) // no checksum
	packet := ip(net.IPv4zero, net.IPv4bcast, protoUDP, udp)
	s.ask(ethernet(net.HardwareAddr{255, 255, 255, 255, 255, 255}, typeIP, packet), func(frame []byte) bool {
		if len(frame) < 42 || frame[23] != protoUDP || binary.BigEndian.Uint16(frame[36:]) != 68 {
			return false
		}
		offer, err := dhcpv4.FromBytes(frame[42:])
		if err != nil {
			s.t.Fatal(err)
		}
		if !offer.YourIPAddr.Equal(strangerIP) || len(offer.Router()) > 0 || len(offer.DNS()) > 0 {
			s.t.Errorf("the lease is %s", offer.Summary())
		}
		return true
	})
}

// findDevice asks who has the device's address (RFC 826).
func (s *stranger) findDevice() {
	s.t.Helper()
	arp := slices.Concat[[]byte]([]byte{0, 1, 8, 0, 6, 4, 0, 1}, strangerMAC, strangerIP, make([]byte, 6), deviceIP)
	s.ask(ethernet(net.HardwareAddr{255, 255, 255, 255, 255, 255}, typeARP, arp), func(frame []byte) bool {
		if len(frame) < 42 || binary.BigEndian.Uint16(frame[12:]) != typeARP || frame[21] != 2 {
			return false
		}
		s.device = slices.Clone(frame[22:28])
		return true
	})
}

// scan knocks at TCP ports, and returns those that open. Each must answer, with
// yes or no.
func (s *stranger) scan(ports []uint16) (open []uint16) {
	s.t.Helper()
	said := map[uint16]bool{} // whether it opens
	// Few at a time: what the emulated cable has no room for is lost.
	for some := range slices.Chunk(ports, 32) {
		for limit := time.Now().Add(patience); len(some) > 0; {
			if time.Now().After(limit) {
				s.t.Fatalf("ports %v do not answer", some)
			}
			// Linux forgets in seconds a neighbour who does not answer for its address,
			// as the stranger does not, and hears of it again when it asks.
			s.findDevice()
			for _, p := range some {
				s.knock(p)
			}
			some = s.hear(some, said)
		}
	}
	for p, yes := range said {
		if yes {
			open = append(open, p)
		}
	}
	return open
}

// hear notes what comes back, until all have answered or no more comes, and
// returns who has not answered.
func (s *stranger) hear(ports []uint16, said map[uint16]bool) (silent []uint16) {
	s.t.Helper()
	silent = slices.Clone(ports)
	quiet := time.NewTimer(time.Second)
	defer quiet.Stop()
	for len(silent) > 0 {
		select {
		case frame, plugged := <-s.in:
			if !plugged {
				s.t.Fatal(io.ErrUnexpectedEOF)
			}
			port, opens, ok := verdict(frame)
			if !ok {
				continue
			}
			said[port] = said[port] || opens
			silent = slices.DeleteFunc(silent, func(p uint16) bool { return p == port })
			quiet.Reset(time.Second)
		case <-quiet.C:
			return silent
		}
	}
	return nil
}

func (s *stranger) knock(port uint16) {
	if err := s.frames.Write(s.syn(port)); err != nil {
		s.t.Fatal(err)
	}
}

// syn asks for a connection (RFC 9293).
func (s *stranger) syn(port uint16) []byte {
	tcp := binary.BigEndian.AppendUint16(nil, 40000)
	tcp = binary.BigEndian.AppendUint16(tcp, port)
	tcp = append(tcp, 1, 2, 3, 4, 0, 0, 0, 0, 5<<4, 0x02, 0x10, 0, 0, 0, 0, 0)
	pseudo := slices.Concat[[]byte](strangerIP, deviceIP, []byte{0, protoTCP, 0, byte(len(tcp))}, tcp)
	binary.BigEndian.PutUint16(tcp[16:], sum(pseudo))
	return ethernet(s.device, typeIP, ip(strangerIP, deviceIP, protoTCP, tcp))
}

// verdict reads the answer to a knock.
func verdict(frame []byte) (port uint16, opens, ok bool) {
	if len(frame) < 54 || binary.BigEndian.Uint16(frame[12:]) != typeIP || frame[23] != protoTCP {
		return 0, false, false
	}
	const synAck, rst = 0x12, 0x04
	port = binary.BigEndian.Uint16(frame[34:])
	return port, frame[47]&synAck == synAck, frame[47]&(synAck|rst) != 0
}
