package seal_test

import (
	"bytes"
	"errors"
	"testing"
	"unicode/utf8"

	"onetimechat/padstore/seal"
)

func fuzzSuite(paper bool) seal.Suite {
	if paper {
		return seal.Paper
	}
	return seal.Unconditional
}

// FuzzOpen: what opens is what the slow reference would have sealed; nothing
// else opens, and nothing panics.
func FuzzOpen(f *testing.F) {
	var file refusals
	readVectors(f, "testdata/refused.json", &file)
	for _, v := range file.Vectors {
		f.Add(v.Suite == "paper", []byte(v.Key), []byte(v.Segment), []byte(v.Package))
	}
	f.Fuzz(func(t *testing.T, paper bool, cell, pad, pkg []byte) {
		s := fuzzSuite(paper)
		key, keyErr := seal.NewHashKey(cell)
		plain, err := s.Open(key, seal.NewSegment(pad), pkg)
		if err != nil {
			if plain != nil {
				t.Error("plain bytes came with an error")
			}
			if s.PackageSize(0) <= len(pkg) && errors.Is(err, seal.ErrNotVerified) {
				mend(t, s, key, cell, pad, pkg)
			}
			return
		}
		if !paper && keyErr != nil {
			t.Error("opened without a key")
		}
		index, err := seal.Index(pkg)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(slowSeal(s, cell, index, pad, plain), pkg) {
			t.Error("opened what the slow reference would not have sealed")
		}
	})
}

// mend seals anew what did not verify: now it must.
func mend(t *testing.T, s seal.Suite, key seal.HashKey, cell, pad, pkg []byte) {
	index, err := seal.Index(pkg)
	if err != nil {
		t.Fatal(err)
	}
	plain := pkg[seal.IndexSize : seal.IndexSize+len(pkg)-s.PackageSize(0)]
	mended := slowSeal(s, cell, index, pad, plain)
	if opened, err := s.Open(key, seal.NewSegment(pad), mended); err != nil || !bytes.Equal(opened, plain) {
		t.Errorf("does not open, though the slow reference sealed it: %v", err)
	}
}

// FuzzDecode: what decodes is exactly what Encode makes of the text.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{"", "hello", "naïve café", "\x80", "30 bytes fill a bucket exactly"} {
		f.Add(slowFrame(1, body, 32), 32, false)
		f.Add(slowFrame(2, body, 16), 16, false)
		f.Add([]byte(body), 0, true)
	}
	f.Fuzz(func(t *testing.T, plain []byte, bucket int, paper bool) {
		s := fuzzSuite(paper)
		text, err := s.Decode(plain, bucket)
		if err != nil {
			if text != "" {
				t.Error("text came with an error")
			}
			return
		}
		if !utf8.ValidString(text) || !bytes.Equal(s.Encode(text, bucket), plain) {
			t.Errorf("%x decodes to %q, which encodes to %x", plain, text, s.Encode(text, bucket))
		}
	})
}

// FuzzPlainSize: a size has at most one plain size, PackageSize's inverse.
func FuzzPlainSize(f *testing.F) {
	for _, size := range []int{-1, 0, 22, 38, 54, seal.MaxPackage, seal.MaxPackage + 1, 1<<63 - 1, -1 << 63} {
		for _, bucket := range []int{0, 16, 32, -1 << 63} {
			f.Add(size, bucket, bucket == 0)
		}
	}
	f.Fuzz(func(t *testing.T, size, bucket int, paper bool) {
		s := fuzzSuite(paper)
		n, err := s.PlainSize(size, bucket)
		if err != nil {
			if n != 0 {
				t.Error("a size came with an error")
			}
			return
		}
		if n < 0 || n > s.MaxPlain() || s.PackageSize(n) != size || size > seal.MaxPackage || s.SegmentSize(n) > s.MaxSegment() {
			t.Errorf("a package of %d holds %d", size, n)
		}
		if !paper && (n == 0 || n%bucket != 0) {
			t.Errorf("%d bytes are no multiple of the bucket %d", n, bucket)
		}
	})
}
