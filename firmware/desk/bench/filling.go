package main

import (
	"context"
	"errors"
	"os"
	"time"

	"onetimechat/firmware/entropy"
	"onetimechat/hal/noise"
	"onetimechat/padstore"
	"onetimechat/padstore/durable"
)

// fillPiece is what a device with fast noise lays up at a time, in bytes.
const fillPiece = 256 << 10

// filling has noise tested, extracted and laid up in a reservoir, a small one
// and a large one: a byte costs the same in both.
func filling() ([]figure, error) {
	small, err := fillRate(smallPad)
	if err != nil {
		return nil, err
	}
	large, err := fillRate(largePad)
	if err != nil {
		return nil, err
	}
	f := figure{Name: "fill-1GiB", Value: large, Unit: "MB/s"}.against(small)
	return []figure{f.goal("the same rate as 64 MiB", f.Ratio >= 0.9)}, nil
}

// fillRate fills a reservoir of so many bytes and answers how many MB a second
// it took.
func fillRate(bytes int64) (rate float64, err error) {
	dir, err := os.MkdirTemp("out", "bench-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	folder, err := durable.OpenFolder(dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	store, err := padstore.Open(folder, "alice")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := store.Reservoir().Resize(bytes); err != nil {
		return 0, err
	}
	well := entropy.NewWell(&scattered{x: 1})
	defer func() { err = errors.Join(err, well.Close()) }()
	piece := make([]byte, fillPiece)
	made := []padstore.Origin{{Name: "scattered", Credit: int(noise.MaxCredit), Demo: true}}
	begin := time.Now()
	for at := int64(0); at < bytes; at += fillPiece {
		if err := well.Draw(context.Background(), piece); err != nil {
			return 0, err
		}
		if err := store.Reservoir().Add(piece, made); err != nil {
			return 0, err
		}
	}
	return float64(bytes) / time.Since(begin).Seconds() / 1e6, nil
}

// scattered is a source that costs nearly nothing, and is no noise: see scatter.
type scattered struct{ x uint64 }

func (s *scattered) Describe() noise.Description {
	return noise.Description{Name: "scattered", SampleBits: 8, Credit: noise.MaxCredit, Demo: true}
}

func (s *scattered) Read(ctx context.Context, p []byte) error {
	s.x = scatter(p, s.x)
	return ctx.Err()
}

func (s *scattered) Close() error { return nil }
