package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// Folder is the real Disk: one folder of the file system, locked against a
// second user of it. It never leaves the folder, whatever names say.
type Folder struct {
	root *os.Root
	lock *os.File
}

// ErrInUse: another program, or another Folder of this one, has the folder.
var ErrInUse = errors.New("in use by another program, which has to end first")

// OpenFolder opens the folder at path for this process alone, making it (for
// this user alone) if it is not there. ErrInUse, if another has it.
func OpenFolder(path string) (*Folder, error) {
	if err := MakeFolder(path); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	lock, err := root.Open(".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	if err := lockFolder(lock); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is %w", path, err), lock.Close(), root.Close())
	}
	return &Folder{root: root, lock: lock}, nil
}

// MakeFolder makes the folder at path, and those above it, for this user alone
// where they are not there. Those it made are durable when it returns.
func MakeFolder(path string) error {
	return makeFolder(path, func(path string) error {
		dir, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(syncFolder(dir), dir.Close())
	})
}

func makeFolder(path string, sync func(path string) error) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := makeFolder(parent, sync); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if info, err := os.Stat(path); err != nil {
		return err
	} else if !info.IsDir() {
		return &os.PathError{Op: "mkdir", Path: path, Err: syscall.ENOTDIR}
	}
	return sync(parent)
}

// Close gives up the lock.
func (f *Folder) Close() error {
	return errors.Join(f.lock.Close(), f.root.Close())
}

// Open opens an existing file.
func (f *Folder) Open(name string) (File, error) {
	return f.openFile(name, os.O_RDWR)
}

// Create makes a new file that only this user can read.
func (f *Folder) Create(name string) (File, error) {
	return f.openFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

func (f *Folder) openFile(name string, flag int) (File, error) {
	file, err := f.root.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, full(err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", name)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return folderFile{file}, nil
}

// Rename renames a file within the folder.
func (f *Folder) Rename(from, to string) error { return f.root.Rename(from, to) }

// Remove removes a file.
func (f *Folder) Remove(name string) error { return f.root.Remove(name) }

// List lists the folder's regular files.
func (f *Folder) List() ([]string, error) {
	entries, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries { // in ascending order
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Sync syncs the folder itself.
func (f *Folder) Sync() error { return syncFolder(f.lock) }

// SyncFiles lets the disk take all files in one go: it has the writes of all of
// them before the first sync waits for any.
func (f *Folder) SyncFiles(files ...File) error {
	for _, file := range files {
		startWriting(file.(folderFile).File)
	}
	errs := make([]error, len(files))
	var others sync.WaitGroup
	for i, file := range files {
		if i == len(files)-1 {
			errs[i] = file.Sync() // here, while the others' threads begin
			break
		}
		others.Go(func() { errs[i] = file.Sync() })
	}
	others.Wait()
	return errors.Join(errs...)
}

// Free is what the file system leaves to this user.
func (f *Folder) Free() (int64, error) { return freeBytes(f.lock) }

// full marks the error of a disk that has no room.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

type folderFile struct{ *os.File }

func (f folderFile) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(p, off)
	return n, full(err)
}

func (f folderFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f folderFile) Sync() error { return syncData(f.File) }

func (f folderFile) Forget() error { return forget(f.File) }
