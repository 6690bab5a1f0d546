package main

import (
	"sync"
	"sync/atomic"
	"time"

	"onetimechat/padstore/durable"
)

// slowFlush is how long the cache of a slow disk takes to empty.
const slowFlush = time.Millisecond

// slowed is a disk with a cache in front of it that takes a while to empty. It
// empties once at a time, and then of all that was written before it began, to
// whatever file: so do disks whose flush is the slow part of a sync.
type slowed struct {
	durable.Disk
	flush   time.Duration
	written atomic.Int64 // writes so far

	emptying sync.Mutex
	flushed  int64 // of them, what has left the cache
}

func slow(disk durable.Disk) *slowed { return &slowed{Disk: disk, flush: slowFlush} }

// empty waits until all that was written so far has left the cache.
func (d *slowed) empty() {
	upTo := d.written.Load()
	d.emptying.Lock()
	defer d.emptying.Unlock()
	if d.flushed >= upTo {
		return
	}
	upTo = d.written.Load()
	time.Sleep(d.flush)
	d.flushed = upTo
}

func (d *slowed) Open(name string) (durable.File, error) {
	f, err := d.Disk.Open(name)
	return &slowedFile{f, d}, err
}

func (d *slowed) Create(name string) (durable.File, error) {
	f, err := d.Disk.Create(name)
	return &slowedFile{f, d}, err
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
}

func (f *slowedFile) WriteAt(p []byte, off int64) (int, error) {
	defer f.disk.written.Add(1)
	return f.File.WriteAt(p, off)
}

func (f *slowedFile) Sync() error {
	err := f.File.Sync()
	f.disk.empty()
	return err
}
