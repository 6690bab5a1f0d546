package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"onetimechat/padstore/seal"
)

// refusal is one vector of testdata/refused.json: everything about it is
// sound but for the one thing that its name says, and its kind is what the
// first check to meet that thing must answer. Those of kind "opened" come so
// close that a check too strict would refuse them.
type refusal struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`
	Suite   string   `json:"suite"`
	Bucket  int      `json:"bucket"`
	Key     hexBytes `json:"hash_key_hex,omitempty"`
	Segment hexBytes `json:"segment_hex"`
	Package hexBytes `json:"package_hex"`
	Text    string   `json:"text,omitempty"`
}

type refusals struct {
	About   string    `json:"about"`
	Kinds   []string  `json:"kinds"`
	Vectors []refusal `json:"vectors"`
}

var kinds = map[string]error{
	"opened":       nil,
	"bucket":       seal.ErrBucket,
	"size":         seal.ErrSize,
	"hash key":     seal.ErrHashKey,
	"index":        seal.ErrIndex,
	"destroyed":    seal.ErrDestroyed,
	"not verified": seal.ErrNotVerified,
	"frame":        seal.ErrFrame,
	"kind":         seal.ErrKind,
	"text":         seal.ErrText,
}

// receive is all that a receiver does with a package.
func (v refusal) receive(t *testing.T) (text string, err error) {
	s, err := seal.ParseSuite(v.Suite)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PlainSize(len(v.Package), v.Bucket); err != nil {
		return "", err
	}
	var key seal.HashKey
	if s == seal.Unconditional {
		if key, err = seal.NewHashKey(v.Key); err != nil {
			return "", err
		}
	}
	plain, err := s.Open(key, seal.NewSegment(v.Segment), v.Package)
	if err != nil {
		if plain != nil {
			t.Error("plain bytes came with an error")
		}
		return "", err
	}
	return s.Decode(plain, v.Bucket)
}

func TestRefusedVectorsComeFromTheSlowReference(t *testing.T) {
	made := refusals{
		About: "Packages refused, one reason each; made by the slow reference in reference_test.go.",
		Kinds: []string{"opened: not refused", "bucket: no such bucket", "size: a length that cannot be", "hash key: unusable", "index: not where a segment begins",
			"destroyed: the segment was burned", "not verified: forged", "frame: no sound frame", "kind: a kind of frame that is not text", "text: not UTF-8"},
		Vectors: slices.Concat(refusedUnconditional(), refusedPaper()),
	}
	checkFile(t, "testdata/refused.json", made)
}

func TestEveryFailureIsRefusedForItsOwnReason(t *testing.T) {
	var file refusals
	readVectors(t, "testdata/refused.json", &file)
	seen := map[string]bool{}
	for _, v := range file.Vectors {
		t.Run(v.Suite+" "+v.Name, func(t *testing.T) {
			want, known := kinds[v.Kind]
			if !known {
				t.Fatalf("unknown kind %q", v.Kind)
			}
			seen[v.Kind] = true
			key, segment, pkg := bytes.Clone(v.Key), bytes.Clone(v.Segment), bytes.Clone(v.Package)
			text, err := v.receive(t)
			if !errors.Is(err, want) || want != nil && err == nil {
				t.Errorf("answered %v, want %v", err, want)
			}
			if text != v.Text {
				t.Errorf("text %q, want %q", text, v.Text)
			}
			if !bytes.Equal(key, v.Key) || !bytes.Equal(segment, v.Segment) || !bytes.Equal(pkg, v.Package) {
				t.Error("opening changed its input")
			}
		})
	}
	for kind := range kinds {
		if !seen[kind] {
			t.Errorf("no vector of kind %q", kind)
		}
	}
}

// A frame that Encode cannot have made on a pad with this bucket is no text, whoever
// asks: packages of such lengths are refused before.
func TestFramesOfAnotherBucketAreNotSound(t *testing.T) {
	for n := range 200 {
		frame := zeros(n)
		copy(frame, "\x01noon")
		if n > 5 {
			frame[n-1] = 0x80
		}
		text, err := seal.Unconditional.Decode(frame, 32)
		if sound := n > 0 && n%32 == 0; sound != (err == nil) || !sound && !errors.Is(err, seal.ErrFrame) {
			t.Errorf("%d bytes: %q, %v", n, text, err)
		}
	}
}

const note = "meet me at the old bridge at noon" // two buckets of 32

// forge is a package in the making: its parts can be made wrong before and
// after it is sealed.
type forge struct {
	suite   seal.Suite
	bucket  int
	key     []byte
	index   int64
	segment []byte // of the right length when it is nil
	plain   []byte
	lane    padLane
}

// vector seals f soundly but for what before did, and then damages it.
func (f forge) vector(kind, name string, before func(*forge), after func(*refusal)) refusal {
	f.lane = padLane{madePad([]byte("refused"), 1024), true}
	f.key, f.index = f.lane.key(), 32
	f.plain = slowFrame(1, note, 32)
	f.bucket = 32
	if f.suite == seal.Paper {
		f.key, f.index, f.plain, f.bucket = nil, 33, []byte(note), 0
	}
	if before != nil {
		before(&f)
	}
	if f.segment == nil {
		f.segment = f.lane.read(f.index/16*16, f.suite.SegmentSize(len(f.plain)))
	}
	v := refusal{Name: name, Kind: kind, Suite: f.suite.String(), Bucket: f.bucket, Key: f.key, Segment: f.segment}
	v.Package = slowSeal(f.suite, f.key, f.index, f.segment, f.plain)
	if kind == "opened" {
		v.Text = note
	}
	if after != nil {
		after(&v)
	}
	return v
}

// flip flips bits of the package's byte at, which counts from the end if it
// is negative.
func flip(at int, mask byte) func(*refusal) {
	return func(v *refusal) {
		if at < 0 {
			at += len(v.Package)
		}
		v.Package[at] ^= mask
	}
}

func cut(n int) func(*refusal) { return func(v *refusal) { v.Package = v.Package[:n] } }

func plain(b []byte) func(*forge)       { return func(f *forge) { f.plain = b } }
func plainText(s string) func(*forge)   { return func(f *forge) { f.plain = []byte(s) } }
func framed(body string) func(*forge)   { return plain(slowFrame(1, body, 32)) }
func withIndex(at int64) func(*forge)   { return func(f *forge) { f.index = at } }
func withBucket(n int) func(*forge)     { return func(f *forge) { f.bucket = n } }
func withKey(cell []byte) func(*forge)  { return func(f *forge) { f.key = cell } }
func replaced(v *refusal, tail ...byte) { copy(v.Package[len(v.Package)-len(tail):], tail) }

// filled overwrites segment bytes before sealing.
func filled(from, to int, with byte) func(*forge) {
	return func(f *forge) {
		f.segment = f.lane.read(f.index/16*16, f.suite.SegmentSize(len(f.plain)))
		for i := from; i < to; i++ {
			f.segment[i] = with
		}
	}
}

func zeros(n int) []byte { return make([]byte, n) }

func padded(s string, n int) []byte { return append([]byte(s), zeros(n-len(s))...) }

var notUTF8 = []struct{ name, text string }{
	{"a lone continuation byte", "noon\x80"},
	{"a byte that is never UTF-8", "\xffnoon"},
	{"an overlong zero", "\xc0\x80"},
	{"half a surrogate pair", "\xed\xa0\x80"},
	{"a code point beyond the last", "\xf4\x90\x80\x80"},
	{"a character cut short", "caf\xc3"},
}

func refusedUnconditional() (list []refusal) {
	f := forge{suite: seal.Unconditional}
	add := func(kind, name string, before func(*forge), after func(*refusal)) {
		list = append(list, f.vector(kind, name, before, after))
	}
	add("opened", "honest", nil, nil)
	add("opened", "index of a cell read downwards", withIndex(47), nil)
	add("opened", "largest index", func(f *forge) { f.segment = f.lane.read(32, 80); f.index = seal.MaxIndex }, nil)
	add("opened", "key differs in bits that clamping drops", nil, func(v *refusal) { v.Key[3] ^= 0xf0; v.Key[4] ^= 3 })
	add("opened", "16 equal bytes across a cell's border", filled(8, 24, 0), nil)
	add("opened", "15 equal bytes in a cell", filled(16, 31, 0), nil)

	add("bucket", "bucket 0", withBucket(0), nil)
	add("bucket", "bucket that is no whole cell", withBucket(24), nil)
	add("bucket", "bucket below 0", withBucket(-32), nil)
	add("bucket", "bucket above the largest", withBucket(seal.MaxBucket+16), nil)

	add("size", "empty package", nil, cut(0))
	add("size", "half an index", nil, cut(3))
	add("size", "an index and nothing else", nil, cut(6))
	add("size", "no frame between index and tag", plain(nil), nil)
	add("size", "one byte short", nil, cut(6+64+15))
	add("size", "tag cut to half", nil, cut(6+64+8))
	add("size", "no tag", nil, cut(6+64))
	add("size", "one byte long", nil, func(v *refusal) { v.Package = append(v.Package, 0) })
	add("size", "frame that is no whole cell", plain(padded("\x01noon\x80", 40)), nil)
	add("size", "frame of another bucket", plain(padded("\x01noon\x80", 48)), nil)
	add("size", "segment a cell short", nil, func(v *refusal) { v.Segment = v.Segment[:64] })
	add("size", "segment a cell long", nil, func(v *refusal) { v.Segment = append(bytes.Clone(v.Segment), v.Segment[:16]...) })

	add("hash key", "key of zeros", withKey(zeros(16)), nil)
	add("hash key", "key that clamping makes 0", withKey([]byte{0, 0, 0, 0xf0, 3, 0, 0, 0xf0, 3, 0, 0, 0xf0, 3, 0, 0, 0xf0}), nil)
	add("hash key", "key a byte short", nil, func(v *refusal) { v.Key = v.Key[:15] })
	add("hash key", "no key", nil, func(v *refusal) { v.Key = nil })

	for _, at := range []int64{1, 8, 14} {
		add("index", fmt.Sprintf("index %d bytes into a cell", at), withIndex(32+at), nil)
	}

	add("destroyed", "mask of zeros", filled(0, 16, 0), nil)
	add("destroyed", "mask of equal bytes", filled(0, 16, 0x5a), nil)
	add("destroyed", "text cell of zeros", filled(32, 48, 0), nil)
	add("destroyed", "last cell of ones", filled(64, 80, 0xff), nil)
	add("destroyed", "whole segment of zeros", filled(0, 80, 0), nil)

	for at, name := range []string{"first", "second", "third", "fourth", "fifth", "sixth"} {
		add("not verified", name+" byte of the index flipped", nil, flip(at, 0x10))
	}
	add("not verified", "first byte of the text flipped", nil, flip(6, 1))
	add("not verified", "text flipped in the middle", nil, flip(6+32, 0x80))
	add("not verified", "last byte of the text flipped", nil, flip(6+63, 1))
	add("not verified", "first byte of the tag flipped", nil, flip(-16, 1))
	add("not verified", "last byte of the tag flipped", nil, flip(-1, 0x80))
	add("not verified", "tag of zeros", nil, func(v *refusal) { replaced(v, zeros(16)...) })
	add("not verified", "tag that is the bare mask", nil, func(v *refusal) { replaced(v, v.Segment[:16]...) })
	add("not verified", "tag without its mask", nil, func(v *refusal) {
		replaced(v, slowPoly1305(v.Key, zeros(16), v.Package[:6+64])...)
	})
	add("not verified", "tag without the index", nil, func(v *refusal) {
		replaced(v, slowPoly1305(v.Key, v.Segment[:16], v.Package[6:6+64])...)
	})
	add("not verified", "last bucket cut out", nil, func(v *refusal) {
		v.Package, v.Segment = slices.Concat(v.Package[:6+32], v.Package[6+64:]), v.Segment[:48]
	})
	add("not verified", "bucket of zeros put in", nil, func(v *refusal) {
		v.Package = slices.Concat(v.Package[:6+64], zeros(32), v.Package[6+64:])
		v.Segment = padLane{madePad([]byte("refused"), 1024), true}.read(32, 112)
	})
	add("not verified", "two cells of the text swapped", nil, func(v *refusal) {
		v.Package = slices.Concat(v.Package[:6], v.Package[6+16:6+32], v.Package[6:6+16], v.Package[6+32:])
	})
	add("not verified", "segment of the next cell", nil, func(v *refusal) {
		v.Segment = padLane{madePad([]byte("refused"), 1024), true}.read(48, 80)
	})
	add("not verified", "segment read in the wrong direction", nil, func(v *refusal) {
		v.Segment = bytes.Clone(v.Segment)
		slices.Reverse(v.Segment)
	})
	add("not verified", "key of the other lane", nil, func(v *refusal) {
		v.Key = padLane{madePad([]byte("refused"), 1024), false}.key()
	})
	add("not verified", "lowest bit of the key flipped", nil, func(v *refusal) { v.Key[0] ^= 1 })

	add("frame", "all zeros", plain(zeros(64)), nil)
	add("frame", "kind and nothing else", plain(padded("\x01", 32)), nil)
	add("frame", "no 0x80 after the body", plain(padded("\x01noon", 32)), nil)
	add("frame", "body up to the very end", plain([]byte("\x01"+strings.Repeat("n", 31))), nil)
	add("frame", "0x81 in place of 0x80", plain(padded("\x01noon\x81", 32)), nil)
	add("frame", "0x80 in place of the kind", plain(padded("\x80", 32)), nil)
	add("frame", "padding that is not zero", plain(append(padded("\x01noon\x80", 31), 1)), nil)
	add("frame", "a whole bucket too much padding", plain(padded("\x01noon\x80", 64)), nil)
	add("frame", "just a bucket of padding", plain(padded("\x01"+strings.Repeat("n", 30)+"\x80", 64)), nil)

	add("kind", "kind 0", plain(slowFrame(0, note, 32)), nil)
	add("kind", "kind 2", plain(slowFrame(2, note, 32)), nil)
	add("kind", "kind 129", plain(slowFrame(129, note, 32)), nil)
	add("kind", "kind 255", plain(slowFrame(255, note, 32)), nil)
	for _, bad := range notUTF8 {
		add("text", bad.name, framed(bad.text), nil)
	}
	return list
}

func refusedPaper() (list []refusal) {
	const n = len(note)
	f := forge{suite: seal.Paper}
	add := func(kind, name string, before func(*forge), after func(*refusal)) {
		list = append(list, f.vector(kind, name, before, after))
	}
	add("opened", "honest", nil, nil)
	add("opened", "largest index", func(f *forge) { f.segment = f.lane.read(32, 2*int64(n)+48); f.index = seal.MaxIndex }, nil)
	add("opened", "15 zeros in a row", filled(5, 20, 0), nil)
	add("opened", "15 equal bytes in a row", filled(17, 32, 0xff), nil)

	add("bucket", "a bucket at all", withBucket(32), nil)
	add("size", "empty package", nil, cut(0))
	add("size", "an index and nothing else", nil, cut(6))
	add("size", "one byte short of no text", plain(nil), cut(6+31))
	add("size", "segment a byte short", nil, func(v *refusal) { v.Segment = v.Segment[1:] })
	add("size", "segment a byte long", nil, func(v *refusal) { v.Segment = append(bytes.Clone(v.Segment), 7) })

	add("destroyed", "16 zeros in the text's part", filled(5, 21, 0), nil)
	add("destroyed", "16 zeros across two parts", filled(n-7, n+9, 0), nil)
	add("destroyed", "16 equal bytes that are not zeros", filled(17, 33, 0xff), nil)
	add("destroyed", "the HMAC key of zeros", filled(2*n+32, 2*n+48, 0), nil)
	add("destroyed", "whole segment of zeros", filled(0, 2*n+48, 0), nil)

	for at, name := range []string{"first", "second", "third", "fourth", "fifth", "sixth"} {
		add("not verified", name+" byte of the index flipped", nil, flip(at, 1))
	}
	add("not verified", "first byte of the text flipped", nil, flip(6, 1))
	add("not verified", "last byte of the text flipped", nil, flip(6+n-1, 1))
	add("not verified", "first byte of the HMAC flipped", nil, flip(-32, 1))
	add("not verified", "last byte of the HMAC flipped", nil, flip(-1, 0x80))
	add("not verified", "HMAC without the index, as the report has it", nil, func(v *refusal) {
		c := slowXOR(v.Segment[:n], []byte(note))
		replaced(v, slowXOR(v.Segment[2*n:2*n+32], slowHMAC(v.Segment[2*n+32:], c))...)
	})
	add("not verified", "last byte cut off", nil, func(v *refusal) {
		v.Package, v.Segment = v.Package[:len(v.Package)-1], v.Segment[:2*(n-1)+48]
	})
	add("not verified", "segment a byte further", nil, func(v *refusal) {
		v.Segment = padLane{madePad([]byte("refused"), 1024), true}.read(33, int64(2*n+48))
	})
	for _, bad := range notUTF8 {
		add("text", bad.name, plainText(bad.text), nil)
	}
	return list
}
