package padstore

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"onetimechat/padstore/seal"
)

// widest is metadata with as much in them as there can be: a pad of 2^48 bytes
// with 100 gaps whose ranges have all their digits.
func widest(t testing.TB, owner, contact string, suite seal.Suite) *metadata {
	t.Helper()
	m := &metadata{
		owner: owner, contact: contact, nBytes: 1 << 48, split: 1 << 47, source: strings.Repeat("\x01", maxSource),
		suite: suite, padID: strings.Repeat("f", 64), state: Prepared, number: 1<<63 - 1,
	}
	direction := 1
	if owner > contact {
		direction = -1
	}
	m.name = fileName(owner, contact, m.number, false)
	m.store = storeName(m.name)
	if suite == seal.Unconditional {
		m.bucket, m.keySums = seal.MaxBucket, [2]string{strings.Repeat("a", 16), strings.Repeat("b", 16)}
	}
	if err := m.layOut(direction); err != nil {
		t.Fatal(err)
	}
	const cell = seal.CellSize
	end := m.usable(m.receive) / cell * cell
	for k := range int64(maxGaps) {
		from := end - 2*(maxGaps-k)*cell
		m.gaps = append(m.gaps, span{from, from + cell})
	}
	m.maximum, m.cursor = end, m.usable(m.send)/cell*cell
	m.closing = span{m.gaps[0].from - 9*cell, m.gaps[0].from}
	m.slice = span{m.closing.from - 9*cell, m.closing.from}
	m.segment, m.segmentSent = span{m.cursor - 9*cell, m.cursor}, true
	return m
}

func TestTheWidestMetadataFitTheirSlot(t *testing.T) {
	longest := strings.Repeat("a", 31)
	for _, suite := range []seal.Suite{seal.Paper, seal.Unconditional} {
		for _, ids := range [][2]string{{longest + "x", longest + "y"}, {longest + "y", longest + "x"}} {
			m := widest(t, ids[0], ids[1], suite)
			text := m.encode()
			if len(text) > slotSize-128 {
				t.Errorf("%v: %d bytes", suite, len(text))
			}
			back, err := decode(text, m.owner)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(back, m) {
				t.Errorf("%v: came back as\n%+v, not\n%+v", suite, back, m)
			}
		}
	}
}

// Metadata count in whichever order their fields stand, as they once did in another.
func TestMetadataWithFieldsInAnotherOrderAreRead(t *testing.T) {
	m := widest(t, "alice", "bob", seal.Unconditional)
	m.source, m.gaps = "random", m.gaps[97:]
	const before = `{"uid":"alice","rid":"bob","store_filename":"alice.bob.9223372036854775807.random.store","metadata_filename":"alice.bob.9223372036854775807.random.metadata","n_bytes":281474976710656,"rservice":"random","split_index":140737488355328,"direction":1,"encrypt_index":140737488355328,"decrypt_log":"281474976710639-140737488355423,140737488355407-140737488355391,140737488355375-140737488355359,140737488355343-140737488355327,","decrypt_max":140737488355327,"n_eles":22,"checksum":"d5efbcabaa4f3ec5a04e1c049a3cfda94aa6f853e2beef8f89a46908decca241","suite":"unconditional","bucket":4096,"pad_id":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","state":"prepared","number":9223372036854775807,"key_sum":"aaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbb","burning":{"segment":"140737488355184-140737488355328","slice":"140737488358815-140737488358671"},"closing":"140737488358671-140737488358527","origin":""}`
	for _, text := range []string{before, before + "\n"} {
		if got, err := decode([]byte(text), "alice"); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestAFlippedByteOfTheMetadataIsFound(t *testing.T) {
	m := widest(t, "alice", "bob", seal.Unconditional)
	m.source, m.gaps = "random", m.gaps[97:]
	text := m.encode()
	for i := range text {
		for bit := range 8 {
			broken := []byte(string(text))
			broken[i] ^= 1 << bit
			got, err := decode(broken, "alice")
			if err == nil && !reflect.DeepEqual(got, m) {
				t.Fatalf("bit %d of byte %d: %q", bit, i, broken[max(0, i-10):min(len(text), i+10)])
			}
		}
	}
}

// The 2015 program opened replays again: its log may come in any order, and overlap.
func TestALogOfReplaysIsReadWhole(t *testing.T) {
	forward, backward := lanes(2000, 1000)
	for text, want := range map[string]spans{
		"":                              nil,
		"10-20,":                        {{10, 20}},
		"10-20,30-40,":                  {{10, 20}, {30, 40}},
		"30-40,10-20,20-30,":            {{10, 40}},
		"10-20,15-30,":                  {{10, 30}},
		"10-30,15-20,":                  {{10, 30}},
		"10-20,15-30,25-40,50-60,5-12,": {{5, 40}, {50, 60}},
		"10-10,":                        nil,
	} {
		if got, err := forward.parseLog(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is read as %v, %v", text, got, err)
		}
	}
	if got, err := backward.parseLog("1999-1900,1950-1800,"); err != nil || !slices.Equal(got, spans{{0, 199}}) {
		t.Errorf("backwards: %v, %v", got, err)
	}
}

func TestSpansKeepWhatTheyShould(t *testing.T) {
	// Every pair of a list and a stretch on a small lane, beside a slow twin.
	const size = 7
	for set := range 1 << size {
		var list spans
		for p := range int64(size) {
			if set>>p&1 == 1 {
				list = list.add(span{p, p + 1})
			}
		}
		for from := range int64(size) {
			for to := from; to <= size; to++ {
				s := span{from, to}
				mask := 1<<to - 1<<from
				before := slices.Clone(list)
				for name, c := range map[string]struct {
					got  spans
					want int
				}{
					"add": {list.add(s), set | mask}, "cut": {list.cut(s), set &^ mask}, "without": {slices.Collect(list.without(s)), mask &^ set},
				} {
					if got, ok := setOf(c.got); got != c.want || !ok {
						t.Fatalf("%v %s %v = %v", list, name, s, c.got)
					}
				}
				if !slices.Equal(list, before) { // others have it, too
					t.Fatalf("%v became %v with %v", before, list, s)
				}
			}
		}
	}
}

// setOf is what a list holds; ok tells whether it is in order, with nothing
// empty and no neighbours left apart.
func setOf(list spans) (set int, ok bool) {
	ok = true
	for i, s := range list {
		ok = ok && !s.empty() && (i == 0 || list[i-1].to < s.from)
		set |= 1<<s.to - 1<<s.from
	}
	return set, ok
}

func TestALanesPositionsAndOffsetsAreInverse(t *testing.T) {
	forward, backward := lanes(257, 128)
	for _, l := range []lane{forward, backward} {
		for p := range l.size {
			if got := l.position(l.offset(p)); got != p {
				t.Errorf("%d came back as %d", p, got)
			}
		}
		for from := range l.size + 1 {
			for to := from; to <= l.size; to++ {
				s := span{from, to}
				if got, err := l.parse(l.text(s)); err != nil || got != s {
					t.Fatalf("%v came back as %v, %v", s, got, err)
				}
			}
		}
	}
	if forward.offset(forward.size-1)+1 != backward.offset(backward.size-1) {
		t.Error("the lanes do not meet at the split")
	}
}

func TestReverse(t *testing.T) {
	for n := range 70 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i)
		}
		reverse(b)
		for i := range b {
			if b[i] != byte(n-1-i) {
				t.Fatalf("%d bytes: %v", n, b)
			}
		}
	}
}

// FuzzMetadata: nothing that is read as metadata makes decode fall over, and
// what it takes says the same once it is written.
func FuzzMetadata(f *testing.F) {
	for _, suite := range []seal.Suite{seal.Paper, seal.Unconditional} {
		for _, ids := range [][2]string{{"alice", "bob"}, {"bob", "alice"}} {
			m := widest(f, ids[0], ids[1], suite)
			m.source = "random"
			text := m.encode()
			f.Add(text, ids[0])
			// As the 2015 program writes it: its checksum is not ours.
			var fields map[string]any
			if err := json.Unmarshal(text, &fields); err != nil {
				f.Fatal(err)
			}
			fields["checksum"] = 1
			text, err := json.Marshal(fields)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text, ids[0])
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, owner string) {
		m, err := decode(text, owner)
		if err != nil {
			return
		}
		again := m.encode()
		back, err := decode(again, owner)
		if err != nil {
			t.Fatalf("what was written does not read: %v\n%s", err, again)
		}
		if !reflect.DeepEqual(back, m) {
			t.Fatalf("%+v came back as\n%+v", m, back)
		}
	})
}
