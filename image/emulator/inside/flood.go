//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"

	"onetimechat/hostlink"
)

// garbageFile says how many malformed packets a device gets, and the seed that
// decides which.
const garbageFile = "/garbage"

// floodAndAsk sends garbage, half of it and then the rest, weighs the board
// before, between and afterwards, and then asks everything that a laptop asks.
func floodAndAsk(name string, device netip.Addr, order string) error {
	var packets int
	var seed uint64
	if _, err := fmt.Sscan(order, &packets, &seed); err != nil {
		return err
	}
	f, err := newFlood(name, device, rand.New(rand.NewPCG(seed, 0)))
	if err != nil {
		return err
	}
	defer unix.Close(f.wire)
	if err := weigh(); err != nil {
		return err
	}
	for range 2 {
		if err := f.send(packets / 2); err != nil {
			return err
		}
		if err := weigh(); err != nil {
			return err
		}
	}
	fmt.Printf("%sflooded with %d packets, %d connections\n", mark, packets, f.talks)
	if err := askStatus(device); err != nil {
		return err
	}
	if _, err := getLease(name); err != nil {
		return err
	}
	return f.askName()
}

// weigh tells what the device's processes hold and what Linux has left, in KiB,
// and how many frames have come to the device by the cable.
func weigh() error {
	held := 0
	programs, err := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range programs {
		program, _ := os.Readlink(link)
		if program != "/pad" {
			continue
		}
		n, err := resident(filepath.Dir(link))
		if err != nil {
			return err
		}
		held += n
	}
	free, freeErr := number("/proc/meminfo", "MemAvailable:")
	came, cameErr := received()
	fmt.Printf("%sweight: held %d free %d came %d\n", mark, held, free, came)
	return errors.Join(err, freeErr, cameErr)
}

// received counts the frames at the device's end (proc_pid_net(5)).
func received() (frames int, err error) {
	text, err := os.ReadFile("/proc/1/net/dev")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "usb0:")
	var size int
	_, err = fmt.Sscan(rest, &size, &frames)
	return frames, err
}

// flood is a source of garbage.
type flood struct {
	rng        *rand.Rand
	device     netip.Addr
	wire       int // a socket for whole frames
	mac        net.HardwareAddr
	here       net.HardwareAddr
	dhcp, mdns []byte // sound messages
	talks      int    // connections
}

func newFlood(name string, device netip.Addr, rng *rand.Rand) (*flood, error) {
	cable, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	f := &flood{rng: rng, device: device, here: cable.HardwareAddr}
	// The device's address is in the list of neighbours by now (arp(7)).
	text, err := os.ReadFile("/proc/self/net/arp")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		if field := strings.Fields(line); len(field) > 3 && field[0] == device.String() {
			f.mac, err = net.ParseMAC(field[3])
		}
	}
	if err != nil || f.mac == nil {
		return nil, errors.Join(errors.New("the device's address is not known"), err)
	}
	request, err := dhcpv4.New(dhcpv4.WithHwAddr(f.here), dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(device.AsSlice())), dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(f.laptop().AsSlice())))
	if err != nil {
		return nil, err
	}
	f.dhcp = request.ToBytes()
	if f.mdns, err = nameQuery(); err != nil {
		return nil, err
	}
	if f.wire, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, err
	}
	return f, unix.Bind(f.wire, &unix.SockaddrLinklayer{Ifindex: cable.Index})
}

// laptop is the address beside the device's.
func (f *flood) laptop() netip.Addr { return f.device.Next() }

// oneTalksIn is how few packets go over a connection of their own: those take
// time.
const oneTalksIn = 500

// send sends so many packets of garbage.
func (f *flood) send(packets int) error {
	for n := range packets {
		if n%oneTalksIn == 0 {
			if err := f.talk(); err != nil {
				return err
			}
			continue
		}
		// Full for a moment is no failure: the next one waits.
		if _, err := unix.Write(f.wire, f.packet()); err != nil && !errors.Is(err, unix.ENOBUFS) {
			return err
		}
	}
	return nil
}

// talk says garbage where HTTP belongs, and hangs up at once or when the device
// does.
func (f *flood) talk() error {
	conn, err := net.DialTimeout("tcp", netip.AddrPortFrom(f.device, hostlink.Port).String(), 5*time.Second)
	if err != nil {
		return nil // the device has too many: as it should
	}
	defer conn.Close()
	f.talks++
	const body = `{"method":"package","args":["alice","bob","hi"],"kwargs":{}}`
	call := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %v\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", hostlink.Path, conn.RemoteAddr(), len(body), body)
	if err := conn.SetDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		return err
	}
	if _, err := conn.Write(garbage(f.rng, []byte(call))); err == nil {
		_, _ = io.Copy(io.Discard, conn) // its end may be anything
	}
	return nil
}

// packet is a frame of garbage: at one of the doors, or at Linux's own layers.
func (f *flood) packet() []byte {
	r := f.rng
	from := uint16(1024 + r.IntN(60_000))
	everybody, device, laptop := netip.AddrFrom4([4]byte{255, 255, 255, 255}), f.device, f.laptop()
	group := netip.AddrFrom4([4]byte{224, 0, 0, 251})
	switch r.IntN(8) {
	case 0, 1:
		return f.ethernet(ip(unix.IPPROTO_UDP, laptop, everybody, udp(68, 67, garbage(r, f.dhcp))))
	case 2, 3:
		return f.ethernet(ip(unix.IPPROTO_UDP, laptop, group, udp([]uint16{mdnsPort, from}[r.IntN(2)], mdnsPort, garbage(r, f.mdns))))
	case 4: // of no connection, or half of one
		return f.ethernet(ip(unix.IPPROTO_TCP, laptop, device, f.tcp(from, byte(r.Uint32()), make([]byte, r.IntN(64)))))
	case 5: // options and lengths that lie, under a sum that is right
		segment := f.tcp(from, 0x02, make([]byte, r.IntN(40)))
		for range 1 + r.IntN(4) {
			segment[4+r.IntN(len(segment)-4)] = byte(r.Uint32())
		}
		return f.ethernet(ip(unix.IPPROTO_TCP, laptop, device, f.summed(segment)))
	}
	const head = 12 // that it arrives
	frame := f.ethernet(ip(unix.IPPROTO_UDP, laptop, device, udp(from, mdnsPort, f.mdns)))
	spoiled := garbage(r, frame[head:])
	return append(frame[:head:head], append(spoiled, 0, 0)...) // at least a header
}

// garbage is a message that was spoiled.
func garbage(r *rand.Rand, sound []byte) []byte {
	p := slices.Clone(sound)
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

func (f *flood) ethernet(packet []byte) []byte {
	frame := slices.Concat[[]byte](f.mac, f.here)
	return append(binary.BigEndian.AppendUint16(frame, unix.ETH_P_IP), packet...)
}

// ip is an IPv4 packet (RFC 791).
func ip(protocol byte, from, to netip.Addr, payload []byte) []byte {
	b := []byte{0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocol, 0, 0}
	b = append(append(b, from.AsSlice()...), to.AsSlice()...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)+len(payload)))
	binary.BigEndian.PutUint16(b[10:], sum(b))
	return append(b, payload...)
}

// udp is a datagram (RFC 768), without a checksum.
func udp(from, to uint16, text []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, from)
	b = binary.BigEndian.AppendUint16(b, to)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(text)))
	return append(append(b, 0, 0), text...)
}

// tcp is a segment (RFC 9293) at the link.
func (f *flood) tcp(from uint16, flags byte, text []byte) []byte {
	const words, window = 5, 0x1000
	b := binary.BigEndian.AppendUint16(nil, from)
	b = binary.BigEndian.AppendUint16(b, hostlink.Port)
	b = binary.BigEndian.AppendUint64(b, f.rng.Uint64()) // sequence and acknowledgement
	b = binary.BigEndian.AppendUint16(append(b, words<<4, flags), window)
	return f.summed(append(append(b, 0, 0, 0, 0), text...))
}

// summed puts in a segment's checksum.
func (f *flood) summed(segment []byte) []byte {
	clear(segment[16:18])
	pseudo := slices.Concat(f.laptop().AsSlice(), f.device.AsSlice(), []byte{0, unix.IPPROTO_TCP}, binary.BigEndian.AppendUint16(nil, uint16(len(segment))), segment)
	binary.BigEndian.PutUint16(segment[16:], sum(pseudo))
	return segment
}

// sum is the Internet checksum (RFC 1071).
func sum(b []byte) uint16 {
	total := uint32(0)
	for i, v := range b {
		total += uint32(v) << (8 * (1 - i%2))
	}
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}
	return ^uint16(total)
}

// mdnsPort is mDNS's (RFC 6762).
const mdnsPort = 5353

// nameQuery asks for the device by its name.
func nameQuery() ([]byte, error) {
	name, err := dnsmessage.NewName("otc-pad.local.")
	if err != nil {
		return nil, err
	}
	m := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}}
	return m.Pack()
}

// askName asks the device for its address until it is answered.
func (f *flood) askName() error {
	conn, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	b := make([]byte, 1500)
	for {
		if _, err := conn.WriteToUDPAddrPort(f.mdns, netip.AddrPortFrom(f.device, mdnsPort)); err != nil {
			return err
		}
		if err := conn.SetReadDeadline(time.Now().Add(5 * look)); err != nil {
			return err
		}
		n, _, err := conn.ReadFromUDPAddrPort(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		var m dnsmessage.Message
		if err == nil {
			err = m.Unpack(b[:n])
		}
		if err != nil {
			return err
		}
		for _, answer := range m.Answers {
			if a, ok := answer.Body.(*dnsmessage.AResource); ok {
				fmt.Printf("%sname at %v\n", mark, netip.AddrFrom4(a.A))
			}
		}
		return nil
	}
}
