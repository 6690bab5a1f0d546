package main

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

// rounds is how often the durable figures and their limit take turns.
const (
	rounds   = 5
	messages = 200 // of each round
)

// onDisk seals and opens texts of 100 bytes durably, beside a bare loop of
// 4 KiB writes, each synced, on the same disk.
func onDisk(dir string) ([]figure, error) {
	return durably(dir, "", asItIs)
}

// onSlowDisk does the same where a sync takes a millisecond more, for both.
func onSlowDisk(dir string) ([]figure, error) {
	return durably(dir, "-slow", slow)
}

// under makes the disk that a device has of a folder.
type under func(durable.Disk) durable.Disk

func asItIs(disk durable.Disk) durable.Disk { return disk }

func durably(dir, suffix string, made under) (list []figure, err error) {
	alice, bob, err := twoStores(dir, made)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, alice.Close(), bob.Close()) }()
	bare, err := newBareLoop(dir, made)
	if err != nil {
		return nil, err
	}
	var limits, seals, opens []float64
	text := string(make([]byte, textSize))
	for range rounds {
		packages := make([][]byte, 0, messages)
		limits = append(limits, perSecondOf(bare.write, &err))
		seals = append(seals, perSecondOf(func() error {
			s, err := alice.Seal("bob", text)
			packages = append(packages, s.Package)
			return err
		}, &err))
		next := 0
		opens = append(opens, perSecondOf(func() error {
			_, err := bob.Unseal("alice", packages[next])
			next++
			return err
		}, &err))
		if err != nil {
			return nil, err
		}
	}
	limit := median(limits)
	for _, of := range []struct {
		name  string
		rates []float64
	}{{"durable-seal", seals}, {"durable-open", opens}} {
		f := figure{Name: of.name + suffix, Value: median(of.rates), Unit: "/s"}.against(limit)
		list = append(list, f.goal("≥ 0.7 of the limit", f.Ratio >= 0.7))
	}
	return list, nil
}

// perSecondOf does f messages times and returns the rate.
func perSecondOf(f func() error, failed *error) float64 {
	begin := time.Now()
	for range messages {
		if err := f(); err != nil {
			*failed = err
			return 0
		}
	}
	return messages / time.Since(begin).Seconds()
}

// bareLoop writes 4 KiB at a time into a file that is already full, and syncs.
type bareLoop struct {
	file durable.File
	page []byte
	next int64
}

func newBareLoop(dir string, made under) (*bareLoop, error) {
	folder, err := durable.OpenFolder(filepath.Join(dir, "bare"))
	if err != nil {
		return nil, err
	}
	file, err := made(folder).Create("file")
	if err != nil {
		return nil, err
	}
	b := &bareLoop{file: file, page: make([]byte, 4096)}
	for i := range int64(messages) {
		if _, err := file.WriteAt(b.page, i*4096); err != nil {
			return nil, err
		}
	}
	return b, file.Sync()
}

func (b *bareLoop) write() error {
	b.next = (b.next + 1) % messages
	if _, err := b.file.WriteAt(b.page, b.next*4096); err != nil {
		return err
	}
	return b.file.Sync()
}

// twoStores makes alice's and bob's stores with a pad for the whole run.
func twoStores(dir string, made under) (alice, bob *padstore.Store, err error) {
	urandom, err := os.Open("/dev/urandom")
	if err != nil {
		return nil, nil, err
	}
	defer urandom.Close()
	source, err := durable.OpenFolder(filepath.Join(dir, "pads"))
	if err != nil {
		return nil, nil, err
	}
	g := padstore.Generation{A: "alice", B: "bob", Bytes: 4 << 20, Suite: seal.Unconditional, Bucket: seal.DefaultBucket, Source: "urandom"}
	if err := padstore.Generate(source, g, urandom, func(int64) {}); err != nil {
		return nil, nil, err
	}
	stores := [2]*padstore.Store{}
	for i, owner := range []string{"alice", "bob"} {
		folder, err := durable.OpenFolder(filepath.Join(dir, owner))
		if err != nil {
			return nil, nil, err
		}
		if stores[i], err = padstore.Open(made(folder), owner); err != nil {
			return nil, nil, err
		}
		if _, err := stores[i].Import(source, "bench", nil); err != nil {
			return nil, nil, err
		}
	}
	return stores[0], stores[1], nil
}
