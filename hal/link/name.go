package link

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Bounds of what is read of a query; those of a laptop have a question or two.
const (
	mdnsMax      = 9000 // bytes (RFC 6762, section 17)
	maxQuestions = 32
	maxKnown     = 32
)

const (
	mdnsPort = 5353
	// nameTTL is for records that hold an address (RFC 6762, section 10).
	nameTTL = 120
	// legacyTTL is for those who do not know mDNS (section 6.7).
	legacyTTL = 10
	// againTime lies between two answers of the same to everybody (section 6).
	againTime = time.Second
	// topBit of a class asks for an answer to oneself in a question, and
	// tells others to forget what they knew in an answer (sections 5.4, 10.2).
	topBit = 1 << 15
)

// The groups of mDNS (RFC 6762, section 3).
func mdnsGroup4() netip.Addr { return netip.AddrFrom4([4]byte{224, 0, 0, 251}) }
func mdnsGroup6() netip.Addr { return netip.MustParseAddr("ff02::fb") }

// responder answers for one name at one family's socket. Not safe for
// concurrent use.
type responder struct {
	v4   netip.Addr
	v6   func() netip.Addr // the link-local address; the zero Addr while there is none
	told map[dnsmessage.Type]time.Time
}

func newResponder(v4 netip.Addr, v6 func() netip.Addr) *responder {
	return &responder{v4: v4, v6: v6, told: map[dnsmessage.Type]time.Time{}}
}

// query is what of a query matters here.
type query struct {
	dnsmessage.Header
	asked    []dnsmessage.Question // those for the name
	known    map[netip.Addr]bool   // what the asker knows already, and for long enough
	personal bool                  // every asker wants the answer for itself
}

// answer answers an mDNS packet (RFC 6762) that came from the given port, or
// returns nil for one that is malformed, or wants nothing of this device.
// alone is whether the answer goes to the sender only, else to everybody.
func (r *responder) answer(packet []byte, port uint16, now time.Time) (answer []byte, alone bool) {
	q, ok := parseQuery(packet)
	if !ok || len(q.asked) == 0 {
		return nil, false
	}
	legacy := port != mdnsPort
	alone = legacy || q.personal
	m := dnsmessage.Message{Header: dnsmessage.Header{Response: true, Authoritative: true}}
	ttl, class := uint32(nameTTL), dnsmessage.ClassINET|topBit
	if legacy {
		m.ID, m.Questions = q.ID, q.asked
		ttl, class = legacyTTL, dnsmessage.ClassINET
	}
	for _, addr := range []netip.Addr{r.v4, r.v6()} {
		if !addr.IsValid() || q.known[addr] {
			continue
		}
		a := record(q.asked[0].Name, addr)
		a.Header.Class, a.Header.TTL = class, ttl
		kind := a.Header.Type
		switch {
		case !q.wants(kind):
			m.Additionals = append(m.Additionals, a)
		case alone:
			m.Answers = append(m.Answers, a)
		case now.Sub(r.told[kind]) >= againTime:
			r.told[kind] = now
			m.Answers = append(m.Answers, a)
		}
	}
	if len(m.Answers) == 0 {
		return nil, false
	}
	answer, err := m.Pack()
	if err != nil {
		return nil, false
	}
	return answer, alone
}

// record says that the name has the address.
func record(name dnsmessage.Name, addr netip.Addr) dnsmessage.Resource {
	if addr.Is4() {
		return dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: name, Type: dnsmessage.TypeA},
			Body:   &dnsmessage.AResource{A: addr.As4()},
		}
	}
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: name, Type: dnsmessage.TypeAAAA},
		Body:   &dnsmessage.AAAAResource{AAAA: addr.As16()},
	}
}

// wants tells whether a question is for records of this kind.
func (q query) wants(kind dnsmessage.Type) bool {
	for _, a := range q.asked {
		if a.Type == kind || a.Type == dnsmessage.TypeALL {
			return true
		}
	}
	return false
}

// parseQuery reads a packet. It is false for what is no query.
func parseQuery(packet []byte) (query, bool) {
	var p dnsmessage.Parser
	head, err := p.Start(packet)
	if err != nil || head.Response || head.OpCode != 0 || head.RCode != 0 {
		return query{}, false
	}
	q := query{Header: head, known: map[netip.Addr]bool{}, personal: true}
	for range maxQuestions + 1 {
		asked, err := p.Question()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return q, q.readKnown(&p)
		}
		if err != nil {
			return query{}, false
		}
		class := asked.Class &^ topBit
		if isName(asked.Name) && (class == dnsmessage.ClassINET || class == dnsmessage.ClassANY) {
			q.personal = q.personal && asked.Class&topBit != 0
			asked.Class = class
			q.asked = append(q.asked, asked)
		}
	}
	return query{}, false
}

// readKnown notes which addresses of the name the asker knows already (RFC
// 6762, section 7.1). It is false for what is malformed.
func (q *query) readKnown(p *dnsmessage.Parser) bool {
	for range maxKnown {
		head, err := p.AnswerHeader()
		if err != nil {
			return errors.Is(err, dnsmessage.ErrSectionDone)
		}
		ours := isName(head.Name) && head.TTL >= nameTTL/2
		switch {
		case ours && head.Type == dnsmessage.TypeA:
			var a dnsmessage.AResource
			a, err = p.AResource()
			q.known[netip.AddrFrom4(a.A)] = true
		case ours && head.Type == dnsmessage.TypeAAAA:
			var a dnsmessage.AAAAResource
			a, err = p.AAAAResource()
			q.known[netip.AddrFrom16(a.AAAA)] = true
		default:
			err = p.SkipAnswer()
		}
		if err != nil {
			return false
		}
	}
	return true
}

func isName(n dnsmessage.Name) bool { return strings.EqualFold(n.String(), Name+".") }
