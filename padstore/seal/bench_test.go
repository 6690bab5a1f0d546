package seal_test

import (
	"testing"

	"onetimechat/padstore/seal"
)

// sizes of plain bytes to measure: a usual text, and the largest package.
func benchSizes(s seal.Suite) map[string]int {
	return map[string]int{"100B": s.PlainSizeOfText(100, seal.DefaultBucket), "1MiB": s.MaxPlain()}
}

func benchmark(b *testing.B, run func(s seal.Suite, key seal.HashKey, seg seal.Segment, plain, pkg []byte) error) {
	for _, s := range suites {
		for name, n := range benchSizes(s) {
			b.Run(s.String()+"/"+name, func(b *testing.B) {
				pad := madePad([]byte("bench"), int(s.SegmentSize(n)))
				key, err := seal.NewHashKey(pad[:16])
				if err != nil {
					b.Fatal(err)
				}
				seg, plain := seal.NewSegment(pad), make([]byte, n)
				pkg, err := s.Seal(key, 16, seg, plain)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(n))
				b.ReportAllocs()
				for b.Loop() {
					if err := run(s, key, seg, plain, pkg); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	benchmark(b, func(s seal.Suite, key seal.HashKey, seg seal.Segment, plain, _ []byte) error {
		_, err := s.Seal(key, 16, seg, plain)
		return err
	})
}

func BenchmarkOpen(b *testing.B) {
	benchmark(b, func(s seal.Suite, key seal.HashKey, seg seal.Segment, _, pkg []byte) error {
		_, err := s.Open(key, seg, pkg)
		return err
	})
}

func BenchmarkDestroyed(b *testing.B) {
	lane := madePad([]byte("bench"), 1<<20)
	for _, s := range suites {
		b.Run(s.String(), func(b *testing.B) {
			b.SetBytes(int64(len(lane)))
			for b.Loop() {
				for from, to := range s.Destroyed(lane) {
					b.Fatal(from, to)
				}
			}
		})
	}
}

// BenchmarkCopy is the limit to hold the others against.
func BenchmarkCopy(b *testing.B) {
	src := make([]byte, 1<<20)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		dst := make([]byte, len(src))
		copy(dst, src)
	}
}
