package padstore

import (
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"

	"onetimechat/padstore/durable"
)

// latch is a Disk that stops for good at its first failed operation: after a
// failed sync nothing is known about what is on the card, and only opening the
// store again, with its recovery, can tell. Failed reads are left to the
// caller, since recovery reads what may be unreadable.
type latch struct {
	disk   durable.Disk
	reason *atomic.Pointer[error]
	roomy  bool // see spacious
}

func newLatch(disk durable.Disk) *latch {
	return &latch{disk: disk, reason: &atomic.Pointer[error]{}}
}

// spacious is the same latch for files that grow: there a disk without room is
// an answer, too, when a file is made or written. A sync that has no room is a
// failed sync.
func (l *latch) spacious() *latch {
	return &latch{disk: l.disk, reason: l.reason, roomy: true}
}

// check passes err on and latches on it. A file that is or is not there is an
// answer, not a failure.
func (l *latch) check(err error) error {
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
		l.reason.CompareAndSwap(nil, &err)
	}
	return err
}

// grow does one operation that may find the disk full.
func (l *latch) grow(op func() error) error {
	if err := l.err(); err != nil {
		return err
	}
	err := op()
	if l.roomy && errors.Is(err, durable.ErrFull) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return l.check(err)
}

// errWornOut: with such a card every start would use the same pad again.
var errWornOut = errors.New("the card does not keep what is written to it. It is worn out: write a fresh image to another card, and meet again")

// keeps latches unless what was written last to slots is on the card.
func (l *latch) keeps(slots *durable.Slots) error {
	err := slots.Check()
	if errors.Is(err, durable.ErrNotKept) {
		err = errWornOut
	}
	return l.check(err)
}

// err is why the latch fell, nil while it has not.
func (l *latch) err() error {
	if reason := l.reason.Load(); reason != nil {
		return *reason
	}
	return nil
}

// stop has every further operation fail with why, whatever it failed with so
// far.
func (l *latch) stop(why error) { l.reason.Store(&why) }

// run does one operation unless the latch has fallen.
func (l *latch) run(op func() error) error {
	if err := l.err(); err != nil {
		return err
	}
	return l.check(op())
}

func (l *latch) Open(name string) (durable.File, error)   { return l.file(l.disk.Open, name) }
func (l *latch) Create(name string) (durable.File, error) { return l.file(l.disk.Create, name) }

func (l *latch) file(verb func(string) (durable.File, error), name string) (durable.File, error) {
	var file durable.File
	err := l.grow(func() (err error) {
		file, err = verb(name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &latchedFile{latch: l, file: file}, nil
}

func (l *latch) Rename(from, to string) error {
	return l.run(func() error { return l.disk.Rename(from, to) })
}

func (l *latch) Remove(name string) error {
	return l.run(func() error { return l.disk.Remove(name) })
}

func (l *latch) List() (names []string, err error) {
	err = l.run(func() (err error) {
		names, err = l.disk.List()
		return err
	})
	return names, err
}

func (l *latch) Sync() error { return l.run(l.disk.Sync) }

func (l *latch) SyncFiles(files ...durable.File) error {
	inner := make([]durable.File, len(files))
	for i, file := range files {
		inner[i] = file.(*latchedFile).file
	}
	return l.run(func() error { return l.disk.SyncFiles(inner...) })
}

func (l *latch) Free() (bytes int64, err error) {
	err = l.run(func() (err error) {
		bytes, err = l.disk.Free()
		return err
	})
	return bytes, err
}

type latchedFile struct {
	latch *latch
	file  durable.File
}

// with is a file of another latch of the same disk.
func (l *latch) with(file durable.File) durable.File {
	return &latchedFile{latch: l, file: file.(*latchedFile).file}
}

func (f *latchedFile) ReadAt(p []byte, off int64) (int, error) { return f.file.ReadAt(p, off) }

func (f *latchedFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.latch.grow(func() (err error) {
		n, err = f.file.WriteAt(p, off)
		return err
	})
	return n, err
}

func (f *latchedFile) Size() (size int64, err error) {
	err = f.latch.run(func() (err error) {
		size, err = f.file.Size()
		return err
	})
	return size, err
}

func (f *latchedFile) Truncate(size int64) error {
	return f.latch.run(func() error { return f.file.Truncate(size) })
}

func (f *latchedFile) Sync() error { return f.latch.run(f.file.Sync) }

func (f *latchedFile) Forget() error { return f.latch.run(f.file.Forget) }

// Close goes through: a latched store must still be let go of.
func (f *latchedFile) Close() error { return f.file.Close() }
