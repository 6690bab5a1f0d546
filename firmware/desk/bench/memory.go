package main

import (
	"bytes"
	"image"
	"testing"

	"onetimechat/padstore/seal"
)

// inMemory seals and opens a package of 1 MiB, beside a copy of as many bytes.
func inMemory() ([]figure, error) {
	const suite = seal.Unconditional
	n := suite.MaxPlain() / seal.DefaultBucket * seal.DefaultBucket
	lane := bytes.Repeat([]byte("not a real pad, only bytes to xor"), int(suite.SegmentSize(n))/33+1)[:suite.SegmentSize(n)]
	key, err := seal.NewHashKey([]byte("sixteen bytes in"))
	if err != nil {
		return nil, err
	}
	plain := make([]byte, n)
	pkg, err := suite.Seal(key, 0, seal.NewSegment(bytes.Clone(lane)), plain)
	if err != nil {
		return nil, err
	}
	segment := seal.NewSegment(lane)
	copied := make([]byte, n)
	limit := perSecond(n, func() { copy(copied, plain) })
	var failed error
	sealed := perSecond(n, func() {
		if _, err := suite.Seal(key, 0, segment, plain); err != nil {
			failed = err
		}
	})
	opened := perSecond(n, func() {
		if _, err := suite.Open(key, segment, pkg); err != nil {
			failed = err
		}
	})
	return []figure{
		figure{Name: "seal-1MiB", Value: sealed, Unit: "GB/s"}.against(limit).goal("≥ 1 GB/s a core", sealed >= 1),
		figure{Name: "open-1MiB", Value: opened, Unit: "GB/s"}.against(limit).goal("≥ 1 GB/s a core", opened >= 1),
	}, failed
}

// perSecond runs f again and again and returns GB/s for n bytes each.
func perSecond(n int, f func()) float64 { return float64(n) / seconds(f) / 1e9 }

// seconds runs f again and again and returns how long once takes.
func seconds(f func()) float64 {
	r := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			f()
		}
	})
	return r.T.Seconds() / float64(r.N)
}

// drawing is how long the slowest of all screens takes to draw, beside filling the
// picture.
func drawing() ([]figure, error) {
	drawn, err := measuredBy("^TestDrawFigure$", "./display")
	if err != nil {
		return nil, err
	}
	picture := image.NewRGBA(image.Rect(0, 0, 480, 320))
	f := drawn[0].against(1e3 * seconds(func() { clear(picture.Pix) }))
	return []figure{f.goal("< 10 ms", f.Value < 10)}, nil
}
