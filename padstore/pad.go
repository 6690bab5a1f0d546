package padstore

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

// sliceSize is the most that one step of idle work overwrites, in bytes, so
// that a question never waits long for it.
const sliceSize = 64 << 10

// noteTime is how long a pad that rests keeps the note that its last message
// may not have arrived.
const noteTime = 2 * time.Second

// pad is one pad on disk. Its lock covers every read and change of it.
type pad struct {
	latch   *latch
	contact string
	number  int64

	mu      sync.Mutex
	meta    *metadata // as it is on disk
	slots   *durable.Slots
	encoder encoder // of what goes there
	file    durable.File
	record  func(Entry) // into the device log
	damaged error       // why this pad serves nothing
	// Messages that a stop may have swallowed, as found when it was opened.
	unfinished []Unfinished
	changed    time.Time
	lossTold   bool // the log has it that some of the pad cannot be read
}

// Reasons inside the package; callers see ErrNotVerified and ErrAlreadyOpened.
var (
	errRefused = errors.New("refused")
	errBurned  = errors.New("lies in burned lane")
	// errDiscarded is why a pad that is being discarded serves nothing.
	errDiscarded = errors.New("discarded")
)

func (p *pad) public() Pad {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.meta
	perText := m.suite.SegmentSizeOfText(100, m.bucket)
	sendTotal, receiveTotal := m.usable(m.send)-m.base(), m.usable(m.receive)-m.base()
	sendLeft := max(0, m.usable(m.send)-m.cursor)
	receiveLeft := max(0, m.usable(m.receive)-m.maximum)
	return Pad{
		Contact: p.contact, Number: p.publicNumber(), PadID: m.padID, Suite: m.suite, Bucket: m.bucket,
		Source: m.source, Demo: m.source == demoSource, State: m.state, Fault: p.damaged != nil,
		SendLeft: sendLeft, SendTotal: max(0, sendTotal), SendMessages: sendLeft / perText,
		ReceiveLeft: receiveLeft, ReceiveTotal: max(0, receiveTotal), ReceiveMessages: receiveLeft / perText,
	}
}

// publicNumber is unique on this device, also for a damaged pad that has none:
// a contact has one such pad at most.
func (p *pad) publicNumber() string {
	if p.number == 0 {
		return "0-" + p.contact
	}
	return strconv.FormatInt(p.number, 10)
}

// now is a copy of the pad's state.
func (p *pad) now() metadata {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *p.meta
}

func (p *pad) broken() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.damaged != nil
}

// room says what sealing text would cost.
func (p *pad) room(text string) (Cost, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.damaged != nil {
		return Cost{}, ErrFault
	}
	m := p.meta
	cost := m.suite.SegmentSizeOfText(len(text), m.bucket)
	left := m.usable(m.send) - m.cursor - cost
	if left < 0 {
		return Cost{}, ErrDepleted
	}
	return Cost{Contact: p.contact, Cost: cost, Left: left}, nil
}

// seal burns a segment and answers the package made with it.
func (p *pad) seal(text string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.damaged != nil {
		return nil, ErrFault
	}
	key, err := p.key(p.meta.send)
	if err != nil {
		return nil, err
	}
	defer key.Wipe()
	plain := p.meta.suite.Encode(text, p.meta.bucket)
	defer clear(plain)
	for {
		s := span{p.meta.cursor, p.meta.cursor + p.meta.suite.SegmentSize(len(plain))}
		if s.to > p.meta.usable(p.meta.send) {
			return nil, ErrDepleted
		}
		lane, destroyed, _ := p.read(p.meta.send, s)
		if n := len(destroyed); n > 0 {
			clear(lane)
			if err := p.passOver(destroyed[n-1].to); err != nil {
				return nil, err
			}
			continue
		}
		segment := seal.NewSegment(lane)
		pkg, err := p.meta.suite.Seal(key, p.meta.send.offset(s.from), segment, plain)
		segment.Wipe()
		if err != nil {
			return nil, err
		}
		if err := p.burnSent(s); err != nil {
			return nil, err
		}
		return pkg, nil
	}
}

// passOver burns size bytes at the cursor, of which the last are destroyed, and
// what is destroyed right behind them: of a dead block of the card not a segment
// at a time, with an entry in the log for each.
func (p *pad) passOver(size int64) error {
	past := span{p.meta.cursor, p.meta.cursor + size}
	for end, on := p.meta.usable(p.meta.send), true; on && past.to < end; {
		ahead := span{past.to, min(end, past.to+sliceSize)}
		b, destroyed, lost := p.read(p.meta.send, ahead)
		clear(b)
		if outage(lost, sliceSize) {
			p.record(Entry{Kind: KindFault, Contact: p.contact, Text: "this pad serves nothing until the next start: " + errOutage.Error()})
			return p.fault(errOutage)
		}
		if on = len(destroyed) > 0 && destroyed[0].from == 0; on {
			past.to += destroyed[0].to
			on = destroyed[0].to == ahead.len()
		}
	}
	if err := p.burnSent(past); err != nil {
		return err
	}
	p.record(Entry{Kind: KindDestroyed, Contact: p.contact,
		Text: fmt.Sprintf("%d bytes of the pad were already destroyed and are passed over", past.len())})
	return nil
}

// burnSent burns s at the cursor.
func (p *pad) burnSent(s span) error {
	next := *p.meta
	next.cursor, next.segment, next.segmentSent, next.slice = s.to, s, true, span{}
	return p.commit(&next, next.send, s)
}

// verify opens pkg without changing anything. The caller wipes the plaintext.
func (p *pad) verify(pkg []byte) (plain []byte, s span, err error) {
	if errors.Is(p.damaged, errDiscarded) {
		return nil, span{}, errRefused
	}
	if p.damaged != nil {
		return nil, span{}, ErrFault
	}
	m := p.meta
	s, err = p.segmentOf(pkg)
	if err != nil {
		return nil, s, err
	}
	lane, destroyed, lost := p.read(m.receive, s)
	segment := seal.NewSegment(lane)
	defer segment.Wipe()
	switch {
	case len(lost) > 0:
		return nil, s, p.unreadable(s)
	case len(destroyed) == 1 && destroyed[0] == (span{0, s.len()}):
		return nil, s, errBurned
	case len(destroyed) > 0:
		return nil, s, errRefused
	}
	key, err := p.key(m.receive)
	if err != nil {
		return nil, s, err
	}
	defer key.Wipe()
	plain, err = m.suite.Open(key, segment, pkg)
	if err != nil {
		return nil, s, errRefused
	}
	return plain, s, nil
}

// unreadable is why a package is not opened some of whose segment s the card
// cannot read. It is neither opened before nor forged, for all that is known:
// gone with its sector, unless nothing around can be read either.
func (p *pad) unreadable(s span) error {
	end := p.meta.usable(p.meta.receive)
	around := span{from: max(p.meta.base(), min(s.from, end-sliceSize))}
	around.to = min(end, around.from+sliceSize)
	b, _, lost := p.read(p.meta.receive, around)
	clear(b)
	if outage(lost, around.len()) {
		return ErrFault
	}
	if !p.lossTold { // once, since whoever reaches the relay can bring such packages
		p.lossTold = true
		p.record(Entry{Kind: KindFault, Contact: p.contact,
			Text: "the card cannot read some of this pad: a message that needs it cannot be opened, and has to be sent again"})
	}
	return ErrUnreadable
}

// segmentOf says which lane bytes pkg claims, and refuses it unread unless all
// of them can still serve.
func (p *pad) segmentOf(pkg []byte) (span, error) {
	m := p.meta
	n, err := m.suite.PlainSize(len(pkg), m.bucket)
	if err != nil {
		return span{}, errRefused
	}
	index, err := seal.Index(pkg)
	if err != nil {
		return span{}, errRefused
	}
	s := span{from: m.receive.position(index)}
	s.to = s.from + m.suite.SegmentSize(n)
	if s.from < m.base() || s.to > m.usable(m.receive) {
		return s, errRefused
	}
	if m.suite == seal.Unconditional && s.from%seal.CellSize != 0 {
		return s, errRefused
	}
	below := span{s.from, min(s.to, m.maximum)}
	used := slices.Collect(m.gaps.without(below))
	if len(used) == 1 && used[0] == s {
		return s, errBurned
	}
	if !below.empty() && len(used) > 0 {
		return s, errRefused
	}
	return s, nil
}

// open verifies pkg again, burns its segment, and answers its plaintext.
func (p *pad) open(pkg []byte) (plain []byte, skip bool, err error) {
	plain, s, err := p.verify(pkg)
	if err != nil {
		return nil, false, err
	}
	next := *p.meta
	skip = s.from > next.maximum
	if skip {
		next.gaps = next.gaps.add(span{next.maximum, s.from})
	}
	next.gaps = next.gaps.cut(s)
	next.maximum = max(next.maximum, s.to)
	next.segment, next.segmentSent, next.slice = s, false, span{}
	closed := next.limitGaps()
	first := next.state == Prepared // that the contact sealed with it shows that they have it, too
	if first {
		next.state = InUse
	}
	err = p.commit(&next, next.receive, s)
	if err == nil && first {
		err = p.commit(&next, next.receive, span{}) // in the other slot
	}
	if err != nil {
		clear(plain)
		return nil, false, err
	}
	if skip {
		p.record(Entry{Kind: KindSkip, Contact: p.contact,
			Text: "messages before the one just opened have not arrived"})
	}
	if closed > 0 {
		p.record(Entry{Kind: KindClosed, Contact: p.contact,
			Text: fmt.Sprintf("%d bytes of pad for messages that never came are given up", closed)})
	}
	return plain, skip, nil
}

// limitGaps closes the oldest gaps until the rest fits, and returns the bytes.
func (m *metadata) limitGaps() (closed int64) {
	over := max(0, len(m.gaps)-maxGaps)
	for _, oldest := range m.gaps[:over] {
		if m.closing.empty() {
			m.closing.from = oldest.from
		}
		m.closing.to = oldest.to
		closed += oldest.len()
	}
	m.gaps = m.gaps[over:]
	return closed
}

// settle clears the note that the last message may be unfinished.
func (p *pad) settle() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.damaged != nil || p.meta.segment.empty() && p.meta.slice.empty() {
		return nil
	}
	next := *p.meta
	next.segment, next.segmentSent, next.slice = span{}, false, span{}
	return p.commit(&next, next.receive, span{})
}

// work does one step of what can wait, and says whether more is waiting.
func (p *pad) work() (more bool, err error) {
	p.mu.Lock()
	if p.damaged == nil && !p.meta.closing.empty() {
		defer p.mu.Unlock()
		next := *p.meta
		next.slice = span{next.closing.from, min(next.closing.to, next.closing.from+sliceSize)}
		next.closing.from = next.slice.to
		if next.closing.empty() {
			next.closing = span{}
		}
		return !next.closing.empty(), p.commit(&next, next.receive, next.slice)
	}
	resting := time.Since(p.changed) >= noteTime
	p.mu.Unlock()
	if resting {
		return false, p.settle()
	}
	return false, nil
}
