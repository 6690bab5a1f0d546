// Package deskfile takes a file as a noise source, for a pad device at a desk.
//
// New is all there is. Whatever the file is, pads made of it are demo
// randomness: /dev/random is a cipher's output, and of a recording nobody
// knows who else has it; read again at the next start it gives the same bytes
// again. The firmware of a pad device does not contain this package.
//
// What it refuses to do: begin a plain file again at its end, or after any
// failure.
package deskfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"onetimechat/hal/noise"
)

// A device must keep up this rate, after this grace. Plain files are always
// ready.
const (
	lowestRate = 64 << 10 // bytes a second
	grace      = 2 * time.Second
)

// File is a file as a noise source: a device, a pipe, or a plain file, which
// ends.
type File struct {
	path  string
	grace time.Duration
	file  *os.File // nil while it is not open
	plain bool
}

// New returns the file at path as a source. Read opens it.
func New(path string) *File { return &File{path: path, grace: grace} }

// Describe implements noise.Source.
func (f *File) Describe() noise.Description {
	const longest = 48
	name := []byte("file " + filepath.Base(f.path))
	name = name[:min(len(name), longest)]
	for i, c := range name {
		if c < ' ' || c > '~' {
			name[i] = '?'
		}
	}
	return noise.Description{Name: string(name), SampleBits: 8, Credit: noise.MaxCredit, Demo: true}
}

// Read implements noise.Source. A plain file goes on where the last Read
// ended, also after one that failed.
func (f *File) Read(ctx context.Context, p []byte) error {
	err := f.read(ctx, p)
	if err == nil {
		return nil
	}
	clear(p)
	if !f.plain {
		err = errors.Join(err, f.Close())
	}
	return fmt.Errorf("%s: %w", f.path, err)
}

func (f *File) read(ctx context.Context, p []byte) error {
	if ctx.Err() != nil {
		return fmt.Errorf("reading noise: %w", ctx.Err())
	}
	if err := f.open(); err != nil {
		return err
	}
	// Plain files, and devices that never block, know no deadline.
	_ = f.file.SetReadDeadline(time.Now().Add(f.grace + time.Duration(len(p))*time.Second/lowestRate))
	file := f.file
	stop := context.AfterFunc(ctx, func() { _ = file.SetReadDeadline(time.Unix(1, 0)) })
	n, err := io.ReadFull(f.file, p)
	if !stop() {
		return fmt.Errorf("reading noise: %w", ctx.Err())
	}
	return readFault(n, err)
}

func (f *File) open() error {
	if f.file != nil {
		return nil
	}
	if f.plain {
		return fmt.Errorf("%w: it was closed", noise.ErrShort)
	}
	file, err := os.OpenFile(f.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return openFault(err)
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(noise.ErrFailed, err, file.Close())
	}
	f.file, f.plain = file, info.Mode().IsRegular()
	return nil
}

// openFault names why a file could not be opened.
func openFault(err error) error {
	kind := noise.ErrFailed
	switch {
	case errors.Is(err, fs.ErrNotExist):
		kind = noise.ErrMissing
	case errors.Is(err, fs.ErrPermission):
		kind = noise.ErrDenied
	}
	return fmt.Errorf("%w: %w", kind, err)
}

// readFault names why only n bytes were read.
func readFault(n int, err error) error {
	late := errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.EAGAIN)
	switch {
	case err == nil:
		return nil
	case late && n == 0:
		return fmt.Errorf("%w: %w", noise.ErrSilent, err)
	case late:
		return fmt.Errorf("%w: %w", noise.ErrSlow, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: %w", noise.ErrShort, err)
	}
	return fmt.Errorf("%w: %w", noise.ErrFailed, err)
}

// Close implements noise.Source.
func (f *File) Close() error {
	if f.file == nil {
		return nil
	}
	file := f.file
	f.file = nil
	return file.Close()
}
