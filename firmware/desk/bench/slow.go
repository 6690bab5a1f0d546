package main

import (
	"sync"
	"sync/atomic"
	"time"

	"onetimechat/padstore/durable"
)

// slowFlush is how long the cache of a slow disk takes to empty, at least.
const slowFlush = time.Millisecond

// cardRate is how much a good card takes and gives, in bytes a second.
const cardRate = 40e6

// slowed is a disk with a cache in front of it, which is emptied all the while, and
// takes a moment to be empty for sure. That is waited for once at a time, and then
// for all that was written before, to whatever file: so do disks whose flush is the
// slow part of a sync.
type slowed struct {
	durable.Disk
	flush time.Duration
	rate  float64 // bytes a second that it takes, and gives; 0: as many as come

	mu      sync.Mutex
	written int64     // writes so far
	empties time.Time // when the last of them will have left the cache

	emptying sync.Mutex
	flushed  int64 // of them, what has left the cache
}

func slow(disk durable.Disk) durable.Disk { return &slowed{Disk: disk, flush: slowFlush} }

func slowCard(disk durable.Disk) durable.Disk {
	return &slowed{Disk: disk, flush: slowFlush, rate: cardRate}
}

// wrote notes a write.
func (d *slowed) wrote(bytes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.written++
	if d.rate == 0 {
		return
	}
	if now := time.Now(); d.empties.Before(now) {
		d.empties = now
	}
	d.empties = d.empties.Add(time.Duration(float64(bytes) / d.rate * float64(time.Second)))
}

// cached is how many writes there were, and when they will have left the cache.
func (d *slowed) cached() (written int64, empties time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.written, d.empties
}

// empty waits until all that was written so far has left the cache.
func (d *slowed) empty() {
	upTo, _ := d.cached()
	d.emptying.Lock()
	defer d.emptying.Unlock()
	if d.flushed >= upTo {
		return
	}
	upTo, empties := d.cached()
	time.Sleep(max(0, time.Until(empties)) + d.flush)
	d.flushed = upTo
}

func (d *slowed) Open(name string) (durable.File, error) {
	f, err := d.Disk.Open(name)
	return &slowedFile{File: f, disk: d}, err
}

func (d *slowed) Create(name string) (durable.File, error) {
	f, err := d.Disk.Create(name)
	return &slowedFile{File: f, disk: d}, err
}

func (d *slowed) SyncFiles(files ...durable.File) error {
	inner := make([]durable.File, len(files))
	for i, f := range files {
		inner[i] = f.(*slowedFile).File
	}
	err := d.Disk.SyncFiles(inner...)
	d.empty()
	return err
}

type slowedFile struct {
	durable.File
	disk *slowed
	cold atomic.Bool // nothing of it is in memory, for all that is known
}

// Forget has all reads from then on be the disk's, which reads what it has forgotten
// once.
func (f *slowedFile) Forget() error {
	f.cold.Store(true)
	return f.File.Forget()
}

func (f *slowedFile) ReadAt(p []byte, off int64) (int, error) {
	if f.cold.Load() && f.disk.rate > 0 {
		time.Sleep(time.Duration(float64(len(p)) / f.disk.rate * float64(time.Second)))
	}
	return f.File.ReadAt(p, off)
}

func (f *slowedFile) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(p, off)
	f.disk.wrote(n)
	return n, err
}

func (f *slowedFile) Sync() error {
	err := f.File.Sync()
	f.disk.empty()
	return err
}
