package padstore

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"onetimechat/padstore/seal"
)

var encodingSeed = flag.Uint64("encoding-seed", rand.Uint64(), "of TestMetadataAreWrittenAsJSON")

// TestMetadataAreWrittenAsJSON holds what one encoder writes of a pad, whose
// state changes again and again, against what encoding/json makes of its fields.
func TestMetadataAreWrittenAsJSON(t *testing.T) {
	t.Logf("-encoding-seed %d", *encodingSeed)
	rng := rand.New(rand.NewPCG(*encodingSeed, 0))
	for range 40 {
		m := randomPad(t, rng)
		var e encoder
		for range 150 {
			want := asJSON(t, m)
			for range 1 + rng.IntN(2) {
				if got := e.encode(m); string(got) != string(want) {
					t.Fatalf("written as\n%s, not\n%s", got, want)
				}
			}
			change(m, rng)
		}
	}
}

func TestATextThatIsPlainStandsInJSONAsItIs(t *testing.T) {
	for c := range 256 {
		text := string([]byte{'a', byte(c), '~'})
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		if isPlain(text) && string(quoted) != `"`+text+`"` {
			t.Errorf("%q is %s", text, quoted)
		}
	}
}

// asJSON is the metadata by way of fields.
func asJSON(t *testing.T, m *metadata) []byte {
	t.Helper()
	f := fields{
		UID: m.owner, RID: m.contact, StoreFilename: m.store, MetadataFilename: m.name,
		NBytes: m.nBytes, RService: m.source, SplitIndex: m.split, Direction: -1,
		EncryptIndex: m.send.offset(m.cursor), DecryptMax: m.receive.offset(m.maximum),
		NEles: reflect.TypeFor[fields]().NumField(),
		Suite: m.suite.String(), Bucket: m.bucket, PadID: m.padID, State: m.state,
		Number: m.number, Origin: m.origin, Peer: m.peer,
	}
	if m.peer == "" {
		f.NEles--
	}
	if m.maximum == m.base() {
		f.DecryptMax = m.receive.offset(0)
	}
	if m.send.forward {
		f.Direction = 1
	}
	for s := range m.used() {
		f.DecryptLog += m.receive.text(s) + ","
	}
	if m.keySums[0] != "" {
		f.KeySum = m.keySums[0] + " " + m.keySums[1]
	}
	if !m.segment.empty() {
		f.Burning.Segment = m.segmentLane().text(m.segment)
	}
	if !m.slice.empty() {
		f.Burning.Slice = m.receive.text(m.slice)
	}
	if !m.closing.empty() {
		f.Closing = m.receive.text(m.closing)
	}
	f.Checksum = ""
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	f.Checksum = fmt.Sprintf("%x", sha256.Sum256(text))
	text, err = json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// randomPad is a new pad, some of whose texts need escaping.
func randomPad(t *testing.T, rng *rand.Rand) *metadata {
	t.Helper()
	one := func(of ...string) string { return of[rng.IntN(len(of))] }
	m := &metadata{
		owner: "bob", contact: one("alice", "carol"), nBytes: 32 * (1 + rng.Int64N(1<<43)),
		suite:  []seal.Suite{seal.Paper, seal.Unconditional}[rng.IntN(2)],
		source: one("random", "bcm2835-rng + TrueRNG / hwrng", randomText(rng)), origin: one("", "/media/stick", randomText(rng)),
		padID: one("", "d0", randomText(rng)), peer: one("", strings.Repeat("c0", 16)),
		state: State(one("", string(Prepared), string(InUse), string(Retired), string(Importing))), number: rng.Int64N(1 << 62),
	}
	m.split = m.nBytes / 2
	m.name = fileName(m.owner, m.contact, m.number, rng.IntN(2) == 0)
	m.store = storeName(m.name)
	if m.suite == seal.Unconditional {
		m.bucket, m.keySums = 16*(1+rng.IntN(8)), [2]string{one("0123456789abcdef", "", randomText(rng)), "fedcba9876543210"}
	}
	if err := m.fresh(); err != nil {
		t.Fatal(err)
	}
	return m
}

func randomText(rng *rand.Rand) string {
	pieces := []string{"a", " ", "~", "\"", "\\", "/", "<", ">", "&", "'", "\x00", "\t", "\n", "\x1f", "\x7f", "ü", "\u2028", "\U0001f600", "\xff", "\xe2\x80"}
	var text strings.Builder
	for range rng.IntN(8) {
		text.WriteString(pieces[rng.IntN(len(pieces))])
	}
	return text.String()
}

// change has something happen to a pad.
func change(m *metadata, rng *rand.Rand) {
	stretch := func(size int64) span {
		from := m.base() + rng.Int64N(max(1, size-m.base()))
		return span{from, min(size, from+rng.Int64N(200))}
	}
	m.segment, m.slice, m.segmentSent = span{}, span{}, false
	switch rng.IntN(6) {
	case 0: // a text is sealed
		m.segment, m.segmentSent = span{m.cursor, min(m.send.size, m.cursor+rng.Int64N(200))}, true
		m.cursor = m.segment.to
	case 1: // a late one is opened, or not
		m.segment = stretch(m.maximum)
		m.gaps = m.gaps.cut(m.segment)
	case 2: // a slice is overwritten
		m.slice, m.closing = stretch(m.maximum), stretch(m.maximum)
	default: // one more is opened, perhaps beyond a gap
		at := min(m.receive.size, m.maximum+rng.Int64N(2)*rng.Int64N(200))
		m.gaps = m.gaps.add(span{m.maximum, at})
		m.maximum = min(m.receive.size, at+1+rng.Int64N(200))
		if rng.IntN(60) == 0 {
			m.gaps = m.gaps[len(m.gaps)/2:] // the oldest are closed
		}
	}
}
