package main

import (
	"encoding/binary"
	"io"
	"io/fs"
	"maps"
	"math"
	"slices"
	"sync"

	"onetimechat/padstore/durable"
)

// memoryDisk is a durable.Disk in memory whose syncs cost nothing, for what the
// disk is not to be measured with. A file put there may be of any size: what of
// it was never written is made up whenever it is read.
type memoryDisk struct {
	mu    sync.Mutex
	files map[string]*memoryFile
}

func newMemoryDisk() *memoryDisk { return &memoryDisk{files: map[string]*memoryFile{}} }

// put makes a file of so many bytes that are scattered, and no randomness.
func (d *memoryDisk) put(name string, size int64) *memoryFile {
	f := &memoryFile{size: size, pages: map[int64]*page{}}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[name] = f
	return f
}

// write makes a file of a text.
func (d *memoryDisk) write(name string, text []byte) {
	f := d.put(name, 0)
	_, _ = f.WriteAt(text, 0) // memory takes all
}

func (d *memoryDisk) Open(name string) (durable.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.files[name]; f != nil {
		return f, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (d *memoryDisk) Create(name string) (durable.File, error) {
	if _, err := d.Open(name); err == nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	return d.put(name, 0), nil
}

func (d *memoryDisk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[from]
	if f == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	delete(d.files, from)
	d.files[to] = f
	return nil
}

func (d *memoryDisk) Remove(name string) error {
	if _, err := d.Open(name); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.files, name)
	return nil
}

func (d *memoryDisk) List() ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.files)), nil
}

func (d *memoryDisk) Sync() error                     { return nil }
func (d *memoryDisk) SyncFiles(...durable.File) error { return nil }
func (d *memoryDisk) Free() (int64, error)            { return math.MaxInt64, nil }

const memoryPage = 4096

type page [memoryPage]byte

// memoryFile keeps the pages that were written.
type memoryFile struct {
	mu    sync.Mutex
	size  int64
	pages map[int64]*page
}

func (f *memoryFile) ReadAt(p []byte, off int64) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	whole := len(p)
	p = p[:max(0, min(int64(whole), f.size-off))]
	for n < len(p) {
		at := off + int64(n)
		part := p[n:min(len(p), n+int(memoryPage-at%memoryPage))]
		if written := f.pages[at/memoryPage]; written != nil {
			copy(part, written[at%memoryPage:])
		} else {
			makeUp(part, at)
		}
		n += len(part)
	}
	if n < whole {
		err = io.EOF
	}
	return n, err
}

func (f *memoryFile) WriteAt(p []byte, off int64) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n < len(p) {
		at := off + int64(n)
		written := f.pages[at/memoryPage]
		if written == nil {
			written = new(page)
			if at%memoryPage != 0 || len(p)-n < memoryPage {
				makeUp(written[:], at/memoryPage*memoryPage)
			}
			f.pages[at/memoryPage] = written
		}
		n += copy(written[at%memoryPage:], p[n:])
	}
	f.size = max(f.size, off+int64(n))
	return n, nil
}

// makeUp fills b with the bytes from off on: a mix of the number of each word.
func makeUp(b []byte, off int64) {
	var word [8]byte
	for n := 0; n < len(b); {
		at := uint64(off) + uint64(n)
		x := (at/8 + 1) * 0x9e3779b97f4a7c15
		x = (x ^ x>>32) * 0xd6e8feb86659fd93
		binary.LittleEndian.PutUint64(word[:], x^x>>32)
		n += copy(b[n:], word[at%8:])
	}
}

func (f *memoryFile) Size() (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.size, nil
}

func (f *memoryFile) Truncate(size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.size = min(f.size, size)
	return nil
}

func (f *memoryFile) Sync() error   { return nil }
func (f *memoryFile) Forget() error { return nil }
func (f *memoryFile) Close() error  { return nil }
