package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"onetimechat/padstore/seal"
)

var suites = []seal.Suite{seal.Paper, seal.Unconditional}

// someBuckets are buckets to try a suite with.
func someBuckets(s seal.Suite) []int {
	if s == seal.Paper {
		return []int{0}
	}
	return []int{16, 32, 48, 256, 4096}
}

func TestEveryTextLengthComesBack(t *testing.T) {
	pad := madePad([]byte("round trip"), 8192)
	key, err := seal.NewHashKey(pad[:16])
	if err != nil {
		t.Fatal(err)
	}
	letters := strings.Repeat("abcdefghijklmnopqrstuvwxyz\x00\u0080", 100)
	for _, s := range suites {
		for _, bucket := range someBuckets(s) {
			for n := range 2001 {
				text := strings.ToValidUTF8(letters[:n], "?")
				plain := s.Encode(text, bucket)
				if len(plain) != s.PlainSizeOfText(len(text), bucket) {
					t.Fatalf("%v, bucket %d: %d bytes became %d", s, bucket, n, len(plain))
				}
				segment := seal.NewSegment(pad[16 : 16+s.SegmentSize(len(plain))])
				pkg, err := s.Seal(key, 16, segment, plain)
				if err != nil || len(pkg) != s.PackageSize(len(plain)) {
					t.Fatalf("%v, bucket %d: %d bytes sealed as %d: %v", s, bucket, n, len(pkg), err)
				}
				if size, err := s.PlainSize(len(pkg), bucket); err != nil || size != len(plain) {
					t.Fatalf("%v, bucket %d: plain size %d (%v), want %d", s, bucket, size, err, len(plain))
				}
				opened, err := s.Open(key, segment, pkg)
				if err != nil || !bytes.Equal(opened, plain) {
					t.Fatalf("%v, bucket %d: %d bytes do not open: %v", s, bucket, n, err)
				}
				if got, err := s.Decode(opened, bucket); err != nil || got != text {
					t.Fatalf("%v, bucket %d: %q came back as %q: %v", s, bucket, text, got, err)
				}
			}
		}
	}
}

func TestFrameLengthShowsTheBucketOnly(t *testing.T) {
	for n := range 200 {
		want := 32
		for want < n+2 {
			want += 32
		}
		if got := len(seal.Unconditional.Encode(strings.Repeat("a", n), 32)); got != want {
			t.Errorf("%d bytes of text became %d, want %d", n, got, want)
		}
	}
}

func TestOnlyPossiblePackageSizesHaveAPlainSize(t *testing.T) {
	for _, s := range suites {
		for _, bucket := range someBuckets(s) {
			possible := map[int]int{}
			for n := 0; s.PackageSize(n) <= seal.MaxPackage; n += max(1, bucket) {
				possible[s.PackageSize(n)] = n
			}
			if s == seal.Unconditional {
				delete(possible, s.PackageSize(0))
			}
			for size := -100; size < seal.MaxPackage+10_000; size++ {
				want, ok := possible[size]
				got, err := s.PlainSize(size, bucket)
				if ok && (err != nil || got != want) || !ok && (!errors.Is(err, seal.ErrSize) || got != 0) {
					t.Fatalf("%v, bucket %d: a package of %d holds %d (%v), want %d, %v", s, bucket, size, got, err, want, ok)
				}
			}
		}
	}
}

func TestTheLargestPackageSealsAndALargerOneDoesNot(t *testing.T) {
	for _, s := range suites {
		n := s.MaxPlain()
		pad := madePad([]byte("largest"), int(s.MaxSegment())+1024)
		key, err := seal.NewHashKey(pad[:16])
		if err != nil {
			t.Fatal(err)
		}
		plain := bytes.Repeat([]byte{'x'}, n)
		segment := seal.NewSegment(pad[:s.MaxSegment()])
		pkg, err := s.Seal(key, 0, segment, plain)
		if err != nil {
			t.Fatal(err)
		}
		if want := slowSeal(s, pad[:16], 0, pad[:s.MaxSegment()], plain); !bytes.Equal(pkg, want) {
			t.Errorf("%v: the largest package is not what the slow reference makes", s)
		}
		if got, err := s.Open(key, segment, pkg); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%v: the largest package does not open: %v", s, err)
		}
		step := 1
		if s == seal.Unconditional {
			step = seal.CellSize
		}
		larger := seal.NewSegment(pad[:s.SegmentSize(n+step)])
		if _, err := s.Seal(key, 0, larger, make([]byte, n+step)); !errors.Is(err, seal.ErrSize) {
			t.Errorf("%v: a larger one: %v, want ErrSize", s, err)
		}
		if _, err := s.Open(key, larger, make([]byte, s.PackageSize(n+step))); !errors.Is(err, seal.ErrSize) {
			t.Errorf("%v: opening a larger one: %v, want ErrSize", s, err)
		}
	}
}

func TestSealRefusesWhatOpenWould(t *testing.T) {
	pad := madePad([]byte("refuse"), 4096)
	key, err := seal.NewHashKey(pad[:16])
	if err != nil {
		t.Fatal(err)
	}
	sound, frame := seal.NewSegment(pad[:48]), make([]byte, 32)
	destroyed := append(make([]byte, 16), pad[:32]...)
	for _, c := range []struct {
		name  string
		key   seal.HashKey
		index int64
		seg   seal.Segment
		plain []byte
		want  error
	}{
		{"sound", key, 16, sound, frame, nil},
		{"no key", seal.HashKey{}, 16, sound, frame, seal.ErrHashKey},
		{"index below 0", key, -16, sound, frame, seal.ErrIndex},
		{"index too large", key, seal.MaxIndex + 1, sound, frame, seal.ErrIndex},
		{"index in a cell", key, 20, sound, frame, seal.ErrIndex},
		{"no segment", key, 16, seal.Segment{}, frame, seal.ErrSize},
		{"short segment", key, 16, seal.NewSegment(pad[:47]), frame, seal.ErrSize},
		{"no frame", key, 16, seal.NewSegment(pad[:16]), nil, seal.ErrSize},
		{"frame that is no whole cell", key, 16, seal.NewSegment(pad[:49]), make([]byte, 33), seal.ErrSize},
		{"destroyed mask", key, 16, seal.NewSegment(destroyed), frame, seal.ErrDestroyed},
	} {
		pkg, err := seal.Unconditional.Seal(c.key, c.index, c.seg, c.plain)
		if !errors.Is(err, c.want) || (err == nil) != (pkg != nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestNoSuiteServesNothing(t *testing.T) {
	for _, s := range []seal.Suite{0, -1, 3} {
		if _, err := s.Seal(seal.HashKey{}, 0, seal.Segment{}, nil); !errors.Is(err, seal.ErrSuite) {
			t.Errorf("Seal: %v", err)
		}
		if _, err := s.Open(seal.HashKey{}, seal.Segment{}, make([]byte, 100)); !errors.Is(err, seal.ErrSuite) {
			t.Errorf("Open: %v", err)
		}
		if _, err := s.PlainSize(100, 32); !errors.Is(err, seal.ErrSuite) {
			t.Errorf("PlainSize: %v", err)
		}
		if _, err := s.Decode(nil, 32); !errors.Is(err, seal.ErrSuite) {
			t.Errorf("Decode: %v", err)
		}
		for name, size := range map[string]func(){
			"SegmentSize":     func() { s.SegmentSize(1) },
			"PackageSize":     func() { s.PackageSize(1) },
			"MaxPlain":        func() { s.MaxPlain() },
			"MaxSegment":      func() { s.MaxSegment() },
			"PlainSizeOfText": func() { s.PlainSizeOfText(1, 32) },
			"Encode":          func() { s.Encode("a", 32) },
			"Destroyed":       func() { s.Destroyed(nil) },
		} {
			if !panics(size) {
				t.Errorf("%s of %v answers", name, s)
			}
		}
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return
}

func TestSuiteNames(t *testing.T) {
	for _, s := range suites {
		if got, err := seal.ParseSuite(s.String()); err != nil || got != s {
			t.Errorf("%v parses as %v, %v", s, got, err)
		}
	}
	for _, name := range []string{"", "Paper", "unconditional ", "Suite(0)"} {
		if s, err := seal.ParseSuite(name); !errors.Is(err, seal.ErrSuite) || s != 0 {
			t.Errorf("%q parses as %v, %v", name, s, err)
		}
	}
}

func TestBucketsAreWholeCells(t *testing.T) {
	for bucket := -64; bucket < 5000; bucket++ {
		ok := bucket > 0 && bucket%16 == 0 && bucket <= 4096
		if err := seal.CheckBucket(seal.Unconditional, bucket); (err == nil) != ok || !ok && !errors.Is(err, seal.ErrBucket) {
			t.Errorf("unconditional, %d: %v", bucket, err)
		}
		if err := seal.CheckBucket(seal.Paper, bucket); (err == nil) != (bucket == 0) {
			t.Errorf("paper, %d: %v", bucket, err)
		}
	}
}

func TestIndexIsSixBytesLittleEndian(t *testing.T) {
	pkg := []byte{1, 2, 3, 4, 5, 6, 0xff, 0xff}
	if got, err := seal.Index(pkg); err != nil || got != 0x060504030201 {
		t.Errorf("index %#x, %v", got, err)
	}
	if got, err := seal.Index(bytes.Repeat([]byte{0xff}, 6)); err != nil || got != seal.MaxIndex {
		t.Errorf("index %#x, %v", got, err)
	}
	for n := range 6 {
		if _, err := seal.Index(pkg[:n]); !errors.Is(err, seal.ErrSize) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestHashKeyKeepsThe106BitsOfRFC8439(t *testing.T) {
	mask, _ := new(big.Int).SetString("0ffffffc0ffffffc0ffffffc0fffffff", 16)
	kept := 0
	for bit := range 128 {
		_, err := seal.NewHashKey(lowBytes(new(big.Int).Lsh(big.NewInt(1), uint(bit)), 16))
		if ok := mask.Bit(bit) == 1; ok != (err == nil) || !ok && !errors.Is(err, seal.ErrHashKey) {
			t.Errorf("a key of bit %d alone: %v", bit, err)
		}
		if err == nil {
			kept++
		}
	}
	if kept != 106 {
		t.Errorf("%d bits count, want 106", kept)
	}
	for n := range 33 {
		if _, err := seal.NewHashKey(bytes.Repeat([]byte{0x55}, n)); (err == nil) != (n == 16) {
			t.Errorf("a key of %d bytes: %v", n, err)
		}
	}
}

func TestHashKeyIsItsOwnCopy(t *testing.T) {
	pad := madePad([]byte("copy"), 64)
	cell := slices.Clone(pad[:16])
	key, err := seal.NewHashKey(cell)
	if err != nil {
		t.Fatal(err)
	}
	clear(cell)
	pkg, err := seal.Unconditional.Seal(key, 16, seal.NewSegment(pad[16:64]), make([]byte, 32))
	if want := slowSeal(seal.Unconditional, pad[:16], 16, pad[16:64], make([]byte, 32)); err != nil || !bytes.Equal(pkg, want) {
		t.Error("wiping the cell changed the key")
	}
}

func TestForgeryBoundIsExact(t *testing.T) {
	worst := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 87))
	for _, c := range []struct{ n, blocks int64 }{{0, 1}, {10, 1}, {11, 2}, {16, 2}, {26, 2}, {27, 3}, {32, 3}, {64, 5}, {1 << 16, 4097}} {
		want := new(big.Rat).SetFrac(big.NewInt(8*c.blocks), new(big.Int).Lsh(big.NewInt(1), 106))
		if got := seal.ForgeryBound(int(c.n)); got.Cmp(want) != 0 {
			t.Errorf("%d bytes: %v, want %v", c.n, got, want)
		}
	}
	last := new(big.Rat)
	for n := 0; n <= seal.Unconditional.MaxPlain(); n += 16 {
		bound := seal.ForgeryBound(n)
		if bound.Cmp(last) < 0 || bound.Cmp(worst) >= 0 {
			t.Fatalf("%d bytes: %v is not between the last one and 2^-87", n, bound)
		}
		last = bound
		f, _ := bound.Float64()
		if log := seal.ForgeryBoundLog2(n); math.Abs(log-math.Log2(f)) > 1e-9 {
			t.Fatalf("%d bytes: 2^%v is not %v", n, log, bound)
		}
	}
}

// What a text costs, and what a forger can hope for, as the documents say it.
func Example_figures() {
	fmt.Println("text      unconditional: pad  package  forged per try   paper: pad  package")
	for _, text := range []int{0, 30, 31, 100, 1000, seal.MaxText} {
		n := seal.Unconditional.PlainSizeOfText(text, seal.DefaultBucket)
		fmt.Printf("%5d %23d %8d          2^%.1f %12d %8d\n", text,
			seal.Unconditional.SegmentSize(n), seal.Unconditional.PackageSize(n), seal.ForgeryBoundLog2(n),
			seal.Paper.SegmentSize(text), seal.Paper.PackageSize(text))
	}
	worst := seal.ForgeryBound(seal.Unconditional.MaxPlain())
	fmt.Printf("in any case %v/2^%d, less than 2^-87\n", worst.Num(), worst.Denom().BitLen()-1)
	// Output:
	// text      unconditional: pad  package  forged per try   paper: pad  package
	//     0                      48       54          2^-101.4           48       38
	//    30                      48       54          2^-101.4          108       68
	//    31                      80       86          2^-100.7          110       69
	//   100                     144      150          2^-99.8          248      138
	//  1000                    1040     1046          2^-97.0         2048     1038
	// 65536                   65584    65590          2^-91.0       131120    65574
	// in any case 65535/2^103, less than 2^-87
}
