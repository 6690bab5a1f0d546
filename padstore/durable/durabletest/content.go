package durabletest

import "slices"

// content is what is in a file, in pages that are shared and never changed in
// place: copying a disk at every step of a test costs next to nothing.
type content struct {
	size  int64
	pages []*page // nil is one of zeros
}

const pageSize = 4096

type page [pageSize]byte

func contentOf(data []byte) (c content) {
	return c.with(slices.Clone(data), 0)
}

// with is c after part was written at off. Whole pages of part become pages of the
// file as they are: it must not change any more.
func (c content) with(part []byte, off int64) content {
	end := off + int64(len(part))
	next := content{size: max(c.size, end), pages: slices.Clone(c.pages)}
	for int64(len(next.pages))*pageSize < next.size {
		next.pages = append(next.pages, nil)
	}
	for at := off; at < end; {
		number, within := at/pageSize, at%pageSize
		fresh, n := replaced(next.pages[number], part[at-off:], int(within))
		at += int64(n)
		next.pages[number] = fresh
	}
	return next
}

// replaced is a page with as much of part in it as fits from within on, and how
// much that is. Pages never change, so that there is nothing for the race detector,
// which would take most of a test's time here; even so it sees what copy copies,
// but not whole pages that are assigned.
//
//go:norace
func replaced(old *page, part []byte, within int) (*page, int) {
	if len(part) >= pageSize && within == 0 {
		return (*page)(part), pageSize
	}
	fresh := new(page)
	if old != nil {
		*fresh = *old
	}
	return fresh, copy(fresh[within:], part)
}

// cut is c shortened to size bytes.
func (c content) cut(size int64) content {
	if size >= c.size {
		return c
	}
	next := content{size: size, pages: slices.Clone(c.pages[:(size+pageSize-1)/pageSize])}
	if last := len(next.pages) - 1; size%pageSize != 0 && next.pages[last] != nil {
		shorter := new(page)
		copy(shorter[:], next.pages[last][:size%pageSize])
		next.pages[last] = shorter
	}
	return next
}

// readAt reads as io.ReaderAt does, without its error, and like replaced.
//
//go:norace
func (c content) readAt(p []byte, off int64) (n int) {
	p = p[:max(0, min(int64(len(p)), c.size-off))]
	for n < len(p) {
		number, within := (off+int64(n))/pageSize, (off+int64(n))%pageSize
		part := p[n:min(len(p), n+int(pageSize-within))]
		switch from := c.pages[number]; {
		case from == nil:
			clear(part)
		case len(part) == pageSize:
			*(*page)(part) = *from
		default:
			copy(part, from[within:])
		}
		n += len(part)
	}
	return n
}

func (c content) bytes() []byte {
	data := make([]byte, c.size)
	c.readAt(data, 0)
	return data
}
