package padstore

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"iter"
	"reflect"
	"slices"
	"strconv"
)

// encoder writes the metadata of one pad, again and again. Each message does,
// and with many gaps they are long: so they are written straight into the memory
// of those before, and of decrypt_log only what has changed.
type encoder struct {
	text []byte
	log  usedLog
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
	o.number("encrypt_index", m.send.offset(m.cursor))
	o.plain("decrypt_log", e.log.update(m.receive, m.used()))
	o.number("decrypt_max", m.decryptMax())
	o.number("n_eles", m.elements())
	o.plain("checksum", nil)
	checksum := len(o) - 1
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
	sum := sha256.Sum256(o)
	e.text = slices.Insert(o, checksum, hex.AppendEncode(nil, sum[:])...)
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

// usedLog is a decrypt_log as parseLog reads it, and the ranges that are in it.
type usedLog struct {
	text   []byte
	ranges []usedRange
}

// usedRange is a range's offsets, and where its text ends.
type usedRange struct {
	from, to int64
	end      int
}

// update has the log tell of used, ascending stretches of l, and nothing else.
// Those that it begins with already keep their text.
func (g *usedLog) update(l lane, used iter.Seq[span]) []byte {
	n := 0
	for s := range used {
		from, to := l.offset(s.from), l.offset(s.to)
		if n == len(g.ranges) || g.ranges[n].from != from || g.ranges[n].to != to {
			g.cut(n)
			g.text = append(l.appendText(g.text, s), ',')
			g.ranges = append(g.ranges, usedRange{from, to, len(g.text)})
		}
		n++
	}
	g.cut(n)
	return g.text
}

// cut leaves the first n ranges.
func (g *usedLog) cut(n int) {
	end := 0
	if n > 0 {
		end = g.ranges[n-1].end
	}
	g.ranges, g.text = g.ranges[:n], g.text[:end]
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
