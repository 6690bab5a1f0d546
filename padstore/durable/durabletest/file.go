package durabletest

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"onetimechat/padstore/durable"
)

type inode struct {
	data       content // as the running program sees it
	safe       content // as the last Sync left it
	pending    []write
	apart      bool             // safe and pending do not make data any more
	unreadable map[stretch]bool // until it is written whole
}

// stretch is [from, to) of a file.
type stretch struct{ from, to int64 }

// write writes, but no part of a stretch that cannot be read: the rest would have
// to be read for it, be it behind the file's end, as ext4 has it.
func (n *inode) write(w write) error {
	end := w.off + int64(len(w.data))
	for s := range n.unreadable {
		if w.cut || s.to <= w.off || end <= s.from {
			continue
		}
		if w.off > s.from || end < s.to {
			return fmt.Errorf("what is at %d cannot be read: %w", s.from, ErrInjected)
		}
		delete(n.unreadable, s)
	}
	n.data = w.to(n.data)
	n.pending = append(n.pending, w)
	return nil
}

type write struct {
	off  int64
	data []byte
	cut  bool // the file was shortened to off
}

// to is c after the write.
func (w write) to(c content) content {
	if w.cut {
		return c.cut(w.off)
	}
	return c.with(w.data, w.off)
}

type file struct {
	disk  *Disk
	name  string
	inode *inode
}

// do runs one operation of a file that is still the disk's.
func (f *file) do(op string, act func(n *inode) error) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.begin(op, f.name); err != nil {
		return err
	}
	return act(f.inode)
}

func (f *file) ReadAt(p []byte, off int64) (n int, err error) {
	err = f.do("read", func(node *inode) error {
		for s := range node.unreadable {
			if s.from < off+int64(len(p)) && off < min(s.to, node.data.size) {
				return fmt.Errorf("read %s at %d: %w", f.name, s.from, ErrInjected)
			}
		}
		if n = node.data.readAt(p, off); n < len(p) {
			return io.EOF
		}
		return nil
	})
	return n, err
}

func (f *file) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.change("write", func(d *Disk) (w write, err error) {
		fits := int64(len(p))
		switch {
		case d.ops == d.fullAt:
			fits /= 2
		case d.room < ample: // else nothing needs to be counted
			fits = min(fits, max(0, f.inode.data.size+d.left()-off))
		}
		if fits < int64(len(p)) { // whole sectors, as everywhere
			fits = max(0, (off+fits)/durable.SectorSize*durable.SectorSize-off)
		}
		if n = int(fits); n < len(p) {
			err = fmt.Errorf("write %s: %w", f.name, durable.ErrFull)
		}
		return write{off: off, data: slices.Clone(p[:n])}, err
	})
	if err != nil && !errors.Is(err, durable.ErrFull) {
		return 0, err
	}
	return n, err
}

func (f *file) Truncate(size int64) error {
	return f.change("truncate", func(*Disk) (write, error) { return write{off: size, cut: true}, nil })
}

// change changes the file by the write that make makes. What a power cut meets
// may have reached the disk, a write in part.
func (f *file) change(op string, make func(*Disk) (write, error)) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	begun := f.disk.begin(op, f.name)
	if begun != nil && !errors.Is(begun, errCutNow) {
		return begun
	}
	w, err := make(f.disk)
	if w.cut || len(w.data) > 0 {
		err = errors.Join(err, f.inode.write(w))
	}
	return errors.Join(begun, err)
}

func (f *file) Size() (size int64, err error) {
	err = f.do("size", func(n *inode) error {
		size = n.data.size
		return nil
	})
	return size, err
}

func (f *file) Sync() error {
	err := f.do("sync", func(n *inode) error {
		if f.disk.worn {
			return nil
		}
		if n.apart {
			for _, w := range n.pending {
				n.safe = w.to(n.safe)
			}
		} else {
			n.safe = n.data
		}
		n.pending = nil
		return nil
	})
	if errors.Is(err, ErrInjected) {
		// As Linux does: the pages count as clean, and may never be written.
		f.disk.mu.Lock()
		defer f.disk.mu.Unlock()
		f.inode.apart = f.inode.apart || len(f.inode.pending) > 0
		f.inode.pending = nil
	}
	return err
}

// Forget is free: it matters only on a disk that is worn out.
func (f *file) Forget() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.worn {
		f.inode.data, f.inode.pending = f.inode.safe, nil
	}
	return nil
}

// Close is free: closing promises nothing.
func (f *file) Close() error { return nil }
