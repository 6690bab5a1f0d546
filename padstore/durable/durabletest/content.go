package durabletest

import "slices"

// content is what is in a file, in pages that are shared and never changed in
// place: copying a disk at every step of a test costs next to nothing.
type content struct {
	size  int64
	pages [][]byte // nil is a page of zeros
}

const pageSize = 4096

func contentOf(data []byte) (c content) {
	return c.with(data, 0)
}

// with is c after part was written at off.
func (c content) with(part []byte, off int64) content {
	end := off + int64(len(part))
	next := content{size: max(c.size, end), pages: slices.Clone(c.pages)}
	for int64(len(next.pages))*pageSize < next.size {
		next.pages = append(next.pages, nil)
	}
	for at := off; at < end; {
		number := at / pageSize
		page := make([]byte, pageSize)
		copy(page, next.pages[number])
		at += int64(copy(page[at%pageSize:], part[at-off:]))
		next.pages[number] = page
	}
	return next
}

// cut is c shortened to size bytes.
func (c content) cut(size int64) content {
	if size >= c.size {
		return c
	}
	next := content{size: size, pages: slices.Clone(c.pages[:(size+pageSize-1)/pageSize])}
	if last := len(next.pages) - 1; size%pageSize != 0 && next.pages[last] != nil {
		page := make([]byte, pageSize)
		copy(page, next.pages[last][:size%pageSize])
		next.pages[last] = page
	}
	return next
}

// readAt reads as io.ReaderAt does, without its error. Pages never change, so
// that there is nothing for the race detector, which would take most of a
// test's time here.
//
//go:norace
func (c content) readAt(p []byte, off int64) (n int) {
	p = p[:max(0, min(int64(len(p)), c.size-off))]
	for n < len(p) {
		number, within := (off+int64(n))/pageSize, (off+int64(n))%pageSize
		part := p[n:min(len(p), n+int(pageSize-within))]
		if page := c.pages[number]; page != nil {
			copy(part, page[within:])
		} else {
			clear(part)
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
