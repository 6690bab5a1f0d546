package link

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	askA   = dnsmessage.TypeA
	askV6  = dnsmessage.TypeAAAA
	askAll = dnsmessage.TypeALL
)

func v6() netip.Addr { return netip.MustParseAddr("fe80::7") }

func responderOf() *responder { return newResponder(third().device, v6) }

// question is one for the device's name, to be answered to everybody.
func question(kind dnsmessage.Type) dnsmessage.Question {
	return dnsmessage.Question{Name: dnsmessage.MustNewName(Name + "."), Type: kind, Class: dnsmessage.ClassINET}
}

func packed(t testing.TB, m dnsmessage.Message) []byte {
	t.Helper()
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func queryOf(t testing.TB, asked ...dnsmessage.Question) []byte {
	t.Helper()
	return packed(t, dnsmessage.Message{Header: dnsmessage.Header{ID: 77}, Questions: asked})
}

// told is what an answer says: addresses asked for, and others.
func told(t *testing.T, answer []byte) (asked, more []string, m dnsmessage.Message) {
	t.Helper()
	if answer == nil {
		return nil, nil, m
	}
	if err := m.Unpack(answer); err != nil {
		t.Fatal(err)
	}
	read := func(from []dnsmessage.Resource) (all []string) {
		for _, r := range from {
			if r.Header.Name.String() != Name+"." {
				t.Errorf("an answer for %v", r.Header.Name)
			}
			switch b := r.Body.(type) {
			case *dnsmessage.AResource:
				all = append(all, netip.AddrFrom4(b.A).String())
			case *dnsmessage.AAAAResource:
				all = append(all, netip.AddrFrom16(b.AAAA).String())
			default:
				t.Errorf("a record %v", r)
			}
		}
		return all
	}
	return read(m.Answers), read(m.Additionals), m
}

func TestWhatTheNameAnswers(t *testing.T) {
	other := question(askA)
	other.Name = dnsmessage.MustNewName("other.local.")
	chaos := question(askA)
	chaos.Class = dnsmessage.ClassCHAOS
	any := question(askA)
	any.Class = dnsmessage.ClassANY
	loud := question(askA)
	loud.Name = dnsmessage.MustNewName("OTC-PAD.Local.")
	for _, test := range []struct {
		name        string
		asked       []dnsmessage.Question
		want, extra []string
	}{
		{"IPv4", []dnsmessage.Question{question(askA)}, []string{"10.77.3.1"}, []string{"fe80::7"}},
		{"IPv6", []dnsmessage.Question{question(askV6)}, []string{"fe80::7"}, []string{"10.77.3.1"}},
		{"both", []dnsmessage.Question{question(askA), question(askV6)}, []string{"10.77.3.1", "fe80::7"}, nil},
		{"all", []dnsmessage.Question{question(askAll)}, []string{"10.77.3.1", "fe80::7"}, nil},
		{"any class", []dnsmessage.Question{any}, []string{"10.77.3.1"}, []string{"fe80::7"}},
		{"another name first", []dnsmessage.Question{other, question(askA)}, []string{"10.77.3.1"}, []string{"fe80::7"}},
		{"another name", []dnsmessage.Question{other}, nil, nil},
		{"another class", []dnsmessage.Question{chaos}, nil, nil},
		{"another type", []dnsmessage.Question{question(dnsmessage.TypeTXT)}, nil, nil},
		{"no question", nil, nil, nil},
		{"as many questions as are read", slices.Repeat([]dnsmessage.Question{question(askA)}, maxQuestions), []string{"10.77.3.1"}, []string{"fe80::7"}},
		{"too many questions", slices.Repeat([]dnsmessage.Question{question(askA)}, maxQuestions+1), nil, nil},
	} {
		answer, alone := responderOf().answer(queryOf(t, test.asked...), mdnsPort, time.Now())
		got, more, m := told(t, answer)
		if !slices.Equal(got, test.want) || !slices.Equal(more, test.extra) || alone && answer != nil {
			t.Errorf("%s: told %q and %q, want %q and %q", test.name, got, more, test.want, test.extra)
		}
		if answer != nil && (m.ID != 0 || !m.Response || !m.Authoritative || len(m.Questions) != 0) {
			t.Errorf("%s: the answer's head is %+v", test.name, m.Header)
		}
		for _, a := range append(m.Answers, m.Additionals...) {
			if a.Header.Class != dnsmessage.ClassINET|topBit || a.Header.TTL != nameTTL {
				t.Errorf("%s: the record's head is %+v", test.name, a.Header)
			}
		}
	}
	answer, _ := responderOf().answer(queryOf(t, loud), mdnsPort, time.Now())
	if m := (dnsmessage.Message{}); m.Unpack(answer) != nil || len(m.Answers) != 1 {
		t.Errorf("in capitals the name is %x", answer)
	}
}

// RFC 6762, sections 5.4 and 6.7: who wants the answer for itself gets it so.
func TestAnswersToOneself(t *testing.T) {
	personal := question(askA)
	personal.Class |= topBit
	r, now := responderOf(), time.Now()
	for range 3 { // as often as asked
		answer, alone := r.answer(queryOf(t, personal), mdnsPort, now)
		if got, _, m := told(t, answer); !alone || len(got) != 1 || m.Answers[0].Header.Class != dnsmessage.ClassINET|topBit {
			t.Errorf("told %q, alone %v", got, alone)
		}
		answer, alone = r.answer(queryOf(t, question(askA)), 40000, now)
		got, _, m := told(t, answer)
		if !alone || len(got) != 1 || m.ID != 77 || len(m.Questions) != 1 || m.Questions[0] != question(askA) ||
			m.Answers[0].Header.Class != dnsmessage.ClassINET || m.Answers[0].Header.TTL != legacyTTL {
			t.Errorf("a client without mDNS is told %+v, alone %v", m, alone)
		}
	}
	answer, alone := r.answer(queryOf(t, personal, question(askV6)), mdnsPort, now)
	if answer == nil || alone {
		t.Error("what one of two questions wants for everybody is not for everybody")
	}
}

// Section 6: the same is told to everybody once in a second.
func TestAFloodOfQueries(t *testing.T) {
	r, now := responderOf(), time.Now()
	answers := 0
	for i := range 1000 {
		kind := []dnsmessage.Type{askA, askV6}[i%2]
		if answer, _ := r.answer(queryOf(t, question(kind)), mdnsPort, now.Add(time.Duration(i)*3*time.Millisecond)); answer != nil {
			answers++
		}
	}
	if answers != 6 { // 3 s, two kinds
		t.Errorf("%d answers to everybody in 3 s", answers)
	}
}

// Section 7.1: what the asker knows is not told again, unless it is soon to be
// forgotten, or wrong.
func TestWhatIsKnownIsNotTold(t *testing.T) {
	name := dnsmessage.MustNewName(Name + ".")
	for _, test := range []struct {
		known string
		ttl   uint32
		want  []string
	}{
		{"10.77.3.1", 120, []string{"fe80::7"}},
		{"10.77.3.1", 60, []string{"fe80::7"}},
		{"10.77.3.1", 59, []string{"10.77.3.1", "fe80::7"}},
		{"10.77.4.1", 120, []string{"10.77.3.1", "fe80::7"}},
		{"fe80::7", 120, []string{"10.77.3.1"}},
	} {
		known := record(name, netip.MustParseAddr(test.known))
		known.Header.Class, known.Header.TTL = dnsmessage.ClassINET, test.ttl
		m := dnsmessage.Message{Questions: []dnsmessage.Question{question(askAll)}, Answers: []dnsmessage.Resource{known}}
		answer, _ := responderOf().answer(packed(t, m), mdnsPort, time.Now())
		if got, _, _ := told(t, answer); !slices.Equal(got, test.want) {
			t.Errorf("knowing %s for %d s: told %q, want %q", test.known, test.ttl, got, test.want)
		}
	}
}

func TestWithoutALinkLocalAddress(t *testing.T) {
	r := newResponder(third().device, func() netip.Addr { return netip.Addr{} })
	answer, _ := r.answer(queryOf(t, question(askAll)), mdnsPort, time.Now())
	if got, more, _ := told(t, answer); len(got) != 1 || len(more) != 0 {
		t.Errorf("told %q and %q", got, more)
	}
	if answer, _ := r.answer(queryOf(t, question(askV6)), mdnsPort, time.Now()); answer != nil {
		t.Errorf("answered with %x", answer)
	}
}

func TestWhatIsNoQuery(t *testing.T) {
	for name, head := range map[string]dnsmessage.Header{
		"a response":      {Response: true},
		"another opcode":  {OpCode: 1},
		"an error":        {RCode: dnsmessage.RCodeNameError},
		"both and a flag": {Response: true, OpCode: 2, Authoritative: true},
	} {
		m := dnsmessage.Message{Header: head, Questions: []dnsmessage.Question{question(askA)}}
		if answer, _ := responderOf().answer(packed(t, m), mdnsPort, time.Now()); answer != nil {
			t.Errorf("%s is answered with %x", name, answer)
		}
	}
}

// Every query with one byte changed or left out is answered well or not at all.
func TestDamagedQueries(t *testing.T) {
	known := record(dnsmessage.MustNewName(Name+"."), v6())
	known.Header.Class, known.Header.TTL = dnsmessage.ClassINET, 120
	whole := packed(t, dnsmessage.Message{Questions: []dnsmessage.Question{question(askA), question(askV6)}, Answers: []dnsmessage.Resource{known}})
	for at := range whole {
		checkNamed(t, whole[:at], mdnsPort)
		damaged := slices.Clone(whole)
		for b := range 256 {
			damaged[at] = byte(b)
			checkNamed(t, damaged, mdnsPort)
		}
	}
}

// checkNamed fails the test if what comes back is neither silence nor our
// addresses, or is much more than what was asked.
func checkNamed(t *testing.T, packet []byte, port uint16) {
	t.Helper()
	answer, _ := responderOf().answer(packet, port, time.Now())
	if answer == nil {
		return
	}
	var m dnsmessage.Message
	if err := m.Unpack(answer); err != nil || len(answer) > len(packet)+100 {
		t.Fatalf("%x is answered with %x: %v", packet, answer, err)
	}
	for _, a := range append(m.Answers, m.Additionals...) {
		switch b := a.Body.(type) {
		case *dnsmessage.AResource:
			if netip.AddrFrom4(b.A) == third().device {
				continue
			}
		case *dnsmessage.AAAAResource:
			if netip.AddrFrom16(b.AAAA) == v6() {
				continue
			}
		}
		t.Fatalf("%x is answered with %v", packet, a)
	}
}

func FuzzName(f *testing.F) {
	f.Add(queryOf(f, question(askA)), uint16(mdnsPort))
	f.Add(queryOf(f, question(askAll), question(askV6)), uint16(40000))
	f.Add([]byte{}, uint16(0))
	f.Fuzz(checkNamed)
}
