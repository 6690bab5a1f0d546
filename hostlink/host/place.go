package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"onetimechat/padstore/durable"
)

// Place is where one user's outbox, inboxes, later list and groups are kept.
type Place interface {
	// Lock waits until nobody else holds the lock of that name, in this
	// process or another. A process that dies gives up its locks.
	Lock(ctx context.Context, name string) (unlock func(), err error)
	// Disk opens the files. It is called under the lock lockState, and done
	// ends the use of them.
	Disk() (disk durable.Disk, done func(), err error)
}

// The locks. One that is held for long comes first, and lockState last.
const (
	lockSending    = "sending"    // a question about sealing is on its way
	lockReceiving  = "receiving"  // packages are being opened
	lockDelivering = "delivering" // the outbox is being delivered
	lockState      = "state"      // files are read and changed
)

const lockPoll = 20 * time.Millisecond

// filesName is where in a Folder the files are; beside it are the locks.
const filesName = "files"

// Folder is the real Place.
type Folder struct{ path string }

// NewFolder makes the folder at path, for this user alone, if it is not there.
func NewFolder(path string) (*Folder, error) {
	if err := durable.MakeFolder(filepath.Join(path, filesName)); err != nil {
		return nil, err
	}
	return &Folder{path: path}, nil
}

// UserFolder is user's Folder below data. The name alone may be something else's
// there: the relay's, on macOS the config file's, on Windows a device's, as "con"
// is. A folder that has it nevertheless, as all had before, is taken over.
func UserFolder(data, user string) (*Folder, error) {
	path, before := filepath.Join(data, "user-"+user), filepath.Join(data, user)
	_, err := os.Stat(path)
	if info, statErr := os.Stat(filepath.Join(before, filesName)); errors.Is(err, fs.ErrNotExist) && statErr == nil && info.IsDir() {
		if err := os.Rename(before, path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return NewFolder(path)
}

// Files is the path of the folder that the files are in.
func (f *Folder) Files() string { return filepath.Join(f.path, filesName) }

// Lock is part of Place.
func (f *Folder) Lock(ctx context.Context, name string) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(f.path, name+".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		ok, err := tryLock(file)
		if ok {
			return func() { file.Close() }, nil // which unlocks
		}
		if err == nil {
			err = sleep(ctx, lockPoll)
		}
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
}

// Disk is part of Place.
func (f *Folder) Disk() (disk durable.Disk, done func(), err error) {
	folder, err := durable.OpenFolder(f.Files())
	if err != nil {
		return nil, nil, err
	}
	return folder, func() { folder.Close() }, nil
}

// maxFile is the most that is read of one file, in bytes: a package for each
// of eight contacts, in base64, and some room.
const maxFile = 16 << 20

// files runs f with the files of this user, alone.
func (h *Host) files(ctx context.Context, f func(durable.Disk) error) error {
	return withFiles(ctx, h.cfg.Place, f)
}

func withFiles(ctx context.Context, place Place, f func(durable.Disk) error) error {
	unlock, err := place.Lock(ctx, lockState)
	if err != nil {
		return err
	}
	defer unlock()
	disk, done, err := place.Disk()
	if err != nil {
		return err
	}
	defer done()
	return f(disk)
}

// save writes a file whole or not at all; it is durable when save returns.
func save(disk durable.Disk, name string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	temporary := name + ".new"
	if err := disk.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := disk.Create(temporary)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(data, 0)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := disk.Rename(temporary, name); err != nil {
		return err
	}
	return disk.Sync()
}

// DamagedError says that one of a Place's files does not hold what was written.
type DamagedError struct {
	Name string // in the folder "files"
	Err  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the file %s is damaged: %v", e.Name, e.Err)
}

// Unwrap is for errors.Is.
func (e *DamagedError) Unwrap() error { return e.Err }

// load reads a file. What is not there leaves value alone.
func load(disk durable.Disk, name string, value any) error {
	data, err := durable.ReadFile(disk, name, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, value); err != nil {
		return &DamagedError{Name: name, Err: err}
	}
	return nil
}

// remove makes sure, durably, that there is no such file.
func remove(disk durable.Disk, name string) error {
	if err := disk.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return disk.Sync()
}

// list returns the names that begin with prefix, in order.
func list(disk durable.Disk, prefix string) ([]string, error) {
	all, err := disk.List()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range all {
		if strings.HasPrefix(name, prefix) && !strings.HasSuffix(name, ".new") {
			names = append(names, name)
		}
	}
	return names, nil
}
