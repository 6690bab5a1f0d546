package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"onetimechat/firmware/meeting"
	"onetimechat/padstore"
	"onetimechat/padstore/durable"
)

// Sizes of pads made at a meeting, in bytes.
const (
	smallPad   = 64 << 20 // on a card, too
	pad        = 256 << 20
	largePad   = 1 << 30
	spare      = 1 << 20 // of a reservoir: nonces, keys
	laidUp     = 1 << 20 // bytes laid up at a time
	meetings   = 3       // of which the median counts
	benchPiece = 1 << 20 // bytes that the limit writes and sends at a time
)

// meetingFigures has two devices make pads over loopback, their reservoirs
// full, beside the slower of writing what both must write and of sending what
// both must send.
func meetingFigures() ([]figure, error) {
	var rates, limits []float64
	var memory uint64
	for range meetings {
		rate, limit, most, err := besideLimit(pad, asItIs)
		if err != nil {
			return nil, err
		}
		rates, limits, memory = append(rates, rate), append(limits, limit), max(memory, most)
	}
	smallRate, smallLimit, _, err := besideLimit(smallPad, asItIs)
	if err != nil {
		return nil, err
	}
	largeRate, largeLimit, most, err := besideLimit(largePad, asItIs)
	if err != nil {
		return nil, err
	}
	small, large := smallRate/smallLimit, largeRate/largeLimit
	memory = max(memory, most)
	made := figure{Name: "meeting-256MiB", Value: median(rates), Unit: "MB/s"}.against(median(limits))
	scale := figure{Name: "meeting-1GiB", Value: large, Unit: "of its limit"}.against(small)
	held := figure{Name: "meeting-memory", Value: float64(memory) / (1 << 20), Unit: "MiB"}.against(64)
	return []figure{
		made.goal("≥ 0.6 of the limit", made.Ratio >= 0.6),
		scale.goal("the same share as 64 MiB", scale.Ratio >= 0.9),
		held.goal("both devices together < 64 MiB", held.Value < 64),
	}, nil
}

// meetingOnCards has them do so with what both have on a card of its own.
func meetingOnCards() ([]figure, error) {
	rate, limit, _, err := besideLimit(smallPad, slowCard)
	if err != nil {
		return nil, err
	}
	made := figure{Name: "meeting-card", Value: rate, Unit: "MB/s"}.against(limit)
	return []figure{made.goal("≥ 0.6 of the limit", made.Ratio >= 0.6)}, nil
}

// besideLimit is the rate at which a pad of so many bytes is made, beside what
// these disks do with that many: they write little faster than much.
func besideLimit(bytes int64, made under) (rate, limit float64, memory uint64, err error) {
	if limit, err = meetingLimit(bytes, made); err != nil {
		return 0, 0, 0, err
	}
	rate, memory, err = meet(bytes, made)
	return rate, limit, memory, err
}

// meet makes a pad of so many bytes and answers the rate in MB of pad a
// second, and the most memory that the Go runtime held for both devices.
func meet(bytes int64, made under) (rate float64, memory uint64, err error) {
	dir, err := os.MkdirTemp("out", "bench-")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var sides [2]*padstore.Store
	for i, owner := range []string{"alice", "bob"} {
		store, closeStore, err := fullStore(filepath.Join(dir, owner), made, owner, bytes+spare)
		if err != nil {
			return 0, 0, err
		}
		defer func() { err = errors.Join(err, closeStore()) }()
		sides[i] = store
	}
	near, far, err := tcpPair()
	if err != nil {
		return 0, 0, err
	}
	runtime.GC()
	most := watchMemory()
	begin := time.Now()
	ended := make(chan error, 2)
	for i, conn := range []net.Conn{near, far} {
		go func() {
			_, err := meeting.Run(context.Background(), conn, meeting.Config{
				Store: sides[i], Owner: willing(bytes), Wishes: make(chan meeting.Wish),
				Rate:   func() float64 { return 0 },
				Filled: func() (<-chan struct{}, error) { return nil, errors.New("there is no more") },
			})
			ended <- err
		}()
	}
	err = errors.Join(<-ended, <-ended)
	return float64(bytes) / time.Since(begin).Seconds() / 1e6, most(), err
}

// willing is an owner who agrees to everything, and wants so many bytes.
type willing int64

func (w willing) Choose(context.Context, meeting.Offer) (int64, error) { return int64(w), nil }

func (w willing) Confirm(context.Context, meeting.Offer, int64) error { return nil }

func (w willing) Show(meeting.Progress) {}

func (w willing) Wait(string) {}

func (w willing) Discard() {}

func (w willing) Compare(context.Context, string, [4]string) (bool, error) { return true, nil }

// fullStore is a store with a device id and a full reservoir.
func fullStore(dir string, made under, owner string, bytes int64) (*padstore.Store, func() error, error) {
	folder, err := durable.OpenFolder(dir)
	if err != nil {
		return nil, nil, err
	}
	store, err := padstore.Open(made(folder), owner)
	if err != nil {
		return nil, nil, errors.Join(err, folder.Close())
	}
	closeStore := func() error { return errors.Join(store.Close(), folder.Close()) }
	if err := layUp(store, bytes); err != nil {
		return nil, nil, errors.Join(err, closeStore())
	}
	return store, closeStore, nil
}

func layUp(store *padstore.Store, bytes int64) error {
	urandom, err := os.Open("/dev/urandom")
	if err != nil {
		return err
	}
	defer urandom.Close()
	reservoir := store.Reservoir()
	if err := reservoir.Resize(bytes); err != nil {
		return err
	}
	made := []padstore.Origin{{Name: "urandom", Credit: 32, Demo: true}}
	piece := make([]byte, laidUp)
	for at := int64(0); at < bytes; at += laidUp {
		b := piece[:min(laidUp, bytes-at)]
		if _, err := io.ReadFull(urandom, b); err != nil {
			return err
		}
		if err := reservoir.Add(b, made); err != nil {
			return err
		}
	}
	return store.MakeDeviceID()
}

// meetingLimit is how fast this machine can do the slower of what no meeting
// can do without, in MB of pad a second: both devices write a pad, and zeros
// over a full reservoir, synced; both send their contribution.
func meetingLimit(bytes int64, made under) (limit float64, err error) {
	dir, err := os.MkdirTemp("out", "bench-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	files := map[string][]durable.File{}
	for _, owner := range []string{"alice", "bob"} {
		folder, err := durable.OpenFolder(filepath.Join(dir, owner))
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, folder.Close()) }()
		disk := made(folder)
		for _, name := range []string{"reservoir", "pad"} {
			file, err := disk.Create(name)
			if err != nil {
				return 0, err
			}
			defer func() { err = errors.Join(err, file.Close()) }()
			files[name] = append(files[name], file)
		}
	}
	if _, err := writeSynced(files["reservoir"], bytes); err != nil {
		return 0, err
	}
	written, err := writeSynced(slices.Concat(files["reservoir"], files["pad"]), bytes)
	if err != nil {
		return 0, err
	}
	sent, err := sendBoth(bytes)
	if err != nil {
		return 0, err
	}
	return float64(bytes) / max(written, sent).Seconds() / 1e6, nil
}

// writeSynced writes so many bytes to each file, over what it had, and is how long
// that took.
func writeSynced(files []durable.File, bytes int64) (time.Duration, error) {
	piece := slices.Repeat([]byte("written "), benchPiece/8)
	begin := time.Now()
	ended := make(chan error, len(files))
	for _, file := range files {
		go func() {
			for at := int64(0); at < bytes; at += int64(len(piece)) {
				if _, err := file.WriteAt(piece, at); err != nil {
					ended <- err
					return
				}
			}
			ended <- file.Sync()
		}()
	}
	var errs []error
	for range files {
		errs = append(errs, <-ended)
	}
	return time.Since(begin), errors.Join(errs...)
}

// sendBoth sends so many bytes each way over loopback.
func sendBoth(bytes int64) (time.Duration, error) {
	near, far, err := tcpPair()
	if err != nil {
		return 0, err
	}
	defer near.Close()
	defer far.Close()
	piece := make([]byte, benchPiece)
	begin := time.Now()
	ended := make(chan error, 4)
	for _, conn := range []net.Conn{near, far} {
		go func() {
			var err error
			for at := int64(0); at < bytes && err == nil; at += int64(len(piece)) {
				_, err = conn.Write(piece)
			}
			ended <- err
		}()
		go func() {
			_, err := io.CopyN(io.Discard, conn, bytes)
			ended <- err
		}()
	}
	err = errors.Join(<-ended, <-ended, <-ended, <-ended)
	return time.Since(begin), err
}

// tcpPair is both ends of a connection over loopback.
func tcpPair() (near, far net.Conn, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		return nil, nil, err
	}
	far, err = l.Accept()
	return near, far, err
}

// watchMemory looks at the memory that the Go runtime has from the system, and
// returns a function that ends that and answers the most.
func watchMemory() func() uint64 {
	var most atomic.Uint64
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for clock := time.NewTicker(20 * time.Millisecond); ; {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse+m.StackInuse))
			select {
			case <-clock.C:
			case <-stop:
				clock.Stop()
				return
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-ended
		return most.Load()
	}
}
