// Package durable is the floor that pads stand on: a handful of file verbs
// that say what survives a power cut, and a record that changes whole or not
// at all.
//
// Start with Disk and File, whose comments are the contract; Folder is the
// real one. Slots keeps a small record in two alternating slots of one file.
// Package durabletest has a disk whose power can be cut at every operation.
//
// What it refuses to do: paths (a Disk is one flat folder), sparse files, and
// any promise about bytes that were not synced.
package durable

import (
	"errors"
	"io"
)

// SectorSize is the unit that a power cut leaves whole, in bytes: a sector is
// either the old one or the new one.
const SectorSize = 512

// ErrFull is matched by errors of a disk that has no room left. A File's write
// that fails with it may have been done in part.
var ErrFull = errors.New("the disk is full")

// Disk is one flat folder of files. Names contain no separator. Errors for a
// missing or an existing file match fs.ErrNotExist and fs.ErrExist.
type Disk interface {
	// Open opens an existing file for reading and writing.
	Open(name string) (File, error)
	// Create makes a new empty file; the name must be free. The name is
	// durable after Sync, the bytes after File.Sync.
	Create(name string) (File, error)
	// Rename gives a file a new name, replacing what had it. After a power
	// cut the file has one of the two names; the new one for sure after Sync.
	Rename(from, to string) error
	// Remove removes the name; durable after Sync.
	Remove(name string) error
	// List returns all names in ascending order.
	List() ([]string, error)
	// Sync makes all creations, renames and removals so far durable.
	Sync() error
	// SyncFiles syncs several files of this Disk at once, in no order: after
	// a power cut any of them may have been synced without the others.
	SyncFiles(files ...File) error
	// Free is how many bytes more the disk has room for, about: some of them
	// go into what the file system notes of each file.
	Free() (bytes int64, err error)
}

// File is an open file of a Disk. ReadAt and WriteAt are as in package io and
// may run concurrently on ranges that do not overlap.
type File interface {
	io.ReaderAt
	io.WriterAt
	// Size returns the length in bytes.
	Size() (int64, error)
	// Truncate shortens the file to size bytes. After a power cut it has one of
	// the two sizes; the new one for sure after Sync.
	Truncate(size int64) error
	// Sync makes every write that returned before it durable. After a failed
	// Sync nothing is known about any of them, and a later success says
	// nothing either.
	Sync() error
	// Forget has what was synced be read from the disk next, not from what the
	// system remembers of it, if the system can do that.
	Forget() error
	Close() error
}
