package padstore

import (
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"

	"onetimechat/padstore/prefixsum"
)

// encoder writes the metadata of one pad, again and again. Each message does,
// and with many gaps they are long: so they are written straight into the memory
// of those before, of decrypt_log only what has changed, and what changes with
// each message stands behind it.
type encoder struct {
	text []byte
	log  usedLog
	sum  prefixsum.Sum
}

// encode is the metadata as they stand on disk: fields, in JSON. They are good
// until the next call.
func (e *encoder) encode(m *metadata) []byte {
	o := object(e.text[:0])
	o.open()
	o.text("uid", m.owner)
	o.text("rid", m.contact)
	o.text("store_filename", m.store)
	o.text("metadata_filename", m.name)
	o.number("n_bytes", m.nBytes)
	o.text("rservice", m.source)
	o.number("split_index", m.split)
	o.number("direction", m.send.direction())
	o.plain("decrypt_log", e.log.update(m))
	o.number("encrypt_index", m.send.offset(m.cursor))
	o.number("decrypt_max", m.decryptMax())
	o.number("n_eles", m.elements())
	o.plain("checksum", nil)
	sumAt := len(o) - 1
	o.text("suite", m.suite.String())
	o.number("bucket", int64(m.bucket))
	o.text("pad_id", m.padID)
	o.text("state", string(m.state))
	o.number("number", m.number)
	o.text("key_sum", m.keySum())
	o.name("burning")
	o.open()
	o.stretch("segment", m.segmentLane(), m.segment)
	o.stretch("slice", m.receive, m.slice)
	o.close()
	o.stretch("closing", m.receive, m.closing)
	o.text("origin", m.origin)
	if m.peer != "" {
		o.text("peer", m.peer)
	}
	o.close()
	sum := e.sum.Of(o, nil)
	e.text = slices.Insert(o, sumAt, hex.AppendEncode(nil, sum[:])...)
	return e.text
}

// encode is for metadata that are written once.
func (m *metadata) encode() []byte { return new(encoder).encode(m) }

func (m *metadata) decryptMax() int64 {
	if m.maximum == m.base() {
		return m.receive.offset(0)
	}
	return m.receive.offset(m.maximum)
}

// elements is how many fields there are.
func (m *metadata) elements() int64 {
	n := reflect.TypeFor[fields]().NumField()
	if m.peer == "" {
		n-- // the field is left out, as before there were meetings
	}
	return int64(n)
}

func (m *metadata) keySum() string {
	if m.keySums[0] == "" {
		return ""
	}
	return m.keySums[0] + " " + m.keySums[1]
}

func (m *metadata) segmentLane() lane {
	if m.segmentSent {
		return m.send
	}
	return m.receive
}

// usedLog is a pad's decrypt_log: what of its receive lane is used, as parseLog reads it.
type usedLog struct {
	text []byte
	gaps spans
	ends []int // of what is before each gap, in text
}

// update has the log tell of m. What is before the gaps that it begins with already
// keeps its text.
func (g *usedLog) update(m *metadata) []byte {
	n := 0
	for n < min(len(g.gaps), len(m.gaps)) && g.gaps[n] == m.gaps[n] {
		n++
	}
	g.gaps, g.ends, g.text = append(g.gaps[:n], m.gaps[n:]...), g.ends[:n], g.text[:0]
	from := m.base()
	if n > 0 {
		from, g.text = g.gaps[n-1].to, g.text[:g.ends[n-1]]
	}
	for _, gap := range g.gaps[n:] {
		g.add(m.receive, span{from, gap.from})
		g.ends, from = append(g.ends, len(g.text)), gap.to
	}
	g.add(m.receive, span{from, m.maximum})
	return g.text
}

func (g *usedLog) add(l lane, used span) {
	if !used.empty() {
		g.text = append(l.appendText(g.text, used), ',')
	}
}

// object is JSON in the making, as encoding/json would write it.
type object []byte

func (o *object) open()  { *o = append(*o, '{') }
func (o *object) close() { *o = append(*o, '}') }

// name begins a member, whose value is to follow.
func (o *object) name(name string) {
	if at := *o; at[len(at)-1] != '{' {
		*o = append(at, ',')
	}
	*o = append(append(append(*o, '"'), name...), `":`...)
}

func (o *object) number(name string, value int64) {
	o.name(name)
	*o = strconv.AppendInt(*o, value, 10)
}

func (o *object) text(name, value string) {
	if isPlain(value) {
		o.plain(name, []byte(value))
		return
	}
	o.name(name)
	quoted, _ := json.Marshal(value) // of a string nothing can go wrong
	*o = append(*o, quoted...)
}

// plain writes a text that isPlain.
func (o *object) plain(name string, value []byte) {
	o.name(name)
	*o = append(append(append(*o, '"'), value...), '"')
}

// stretch writes a range, none as an empty text.
func (o *object) stretch(name string, l lane, s span) {
	o.name(name)
	*o = append(*o, '"')
	if !s.empty() {
		*o = l.appendText(*o, s)
	}
	*o = append(*o, '"')
}

// isPlain says that a text stands in JSON as it is.
func isPlain(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ' || c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}
