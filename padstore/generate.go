package padstore

import (
	"errors"
	"fmt"
	"io"

	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
	"onetimechat/padstore/uid"
)

// Generation says what pad to make for a trusted computer (paper, section
// 6.2).
type Generation struct {
	A, B   string // the two user ids
	Bytes  int64
	Suite  seal.Suite
	Bucket int
	Source string // rservice: random, urandom, or the source's name
}

// Check says what is wrong with g, in words for its user.
func (g Generation) Check() error {
	if err := errors.Join(uid.Check(g.A), uid.Check(g.B)); err != nil {
		return err
	}
	if g.A == g.B {
		return errors.New("a pad is between two different users")
	}
	if g.Bytes < minBytes {
		return fmt.Errorf("a pad of %d bytes is too small: make it %d bytes or more", g.Bytes, minBytes)
	}
	if g.Bytes > seal.MaxIndex+1 {
		return fmt.Errorf("a pad of %d bytes is too large: make it %d bytes or less", g.Bytes, int64(seal.MaxIndex+1))
	}
	if unit := int64(2 * seal.CellSize); g.Suite == seal.Unconditional && g.Bytes%unit != 0 {
		return fmt.Errorf("the size must be a multiple of %d bytes: the nearest is %d", unit, (g.Bytes+unit/2)/unit*unit)
	}
	return seal.CheckBucket(g.Suite, g.Bucket)
}

// Files are the names of the four files, A's store and metadata, then B's.
func (g Generation) Files() []string {
	a, b := fileName(g.A, g.B, 0, true), fileName(g.B, g.A, 0, true)
	return []string{storeName(a), a, storeName(b), b}
}

// Generate makes the two devices' files of a pad in dir, from random. It never
// writes over a file. A read that fails or ends early is fatal, and so are bytes
// that would count as burned pad; both leave nothing behind. progress, if not nil,
// is told the bytes of pad so far.
func Generate(dir durable.Disk, g Generation, random io.Reader, progress func(done int64)) error {
	if err := g.Check(); err != nil {
		return err
	}
	names, err := dir.List()
	if err != nil {
		return err
	}
	for _, name := range g.Files() {
		for _, old := range names {
			if name == old {
				return fmt.Errorf("%s exists: a pad is never written over; take another folder or move it away", name)
			}
		}
	}
	if err := g.removeParts(dir); err != nil { // of a run that was interrupted
		return err
	}
	if err := g.checkRoom(dir); err != nil {
		return err
	}
	if err := g.write(dir, random, progress); err != nil {
		return errors.Join(err, g.removeParts(dir))
	}
	for _, name := range g.Files() {
		if err := dir.Rename(name+temporaryName, name); err != nil {
			return err
		}
	}
	return dir.Sync()
}

// checkRoom refuses a disk that has no room for both copies: to find that out by
// filling it may take hours.
func (g Generation) checkRoom(dir durable.Disk) error {
	free, err := dir.Free()
	if err != nil {
		return err
	}
	if g.Bytes > free/2 {
		return fmt.Errorf("the pad is written twice, once for each device, and there is room for %d bytes only: make a smaller one, or take another folder", free)
	}
	return nil
}

// removeParts removes what is not a pad yet, and so serves nobody.
func (g Generation) removeParts(dir durable.Disk) error {
	var errs []error
	for _, name := range g.Files() {
		errs = append(errs, removeAny(dir, name+temporaryName))
	}
	return errors.Join(errs...)
}

func (g Generation) write(dir durable.Disk, random io.Reader, progress func(done int64)) error {
	var files []durable.File
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	for _, name := range g.Files() {
		f, err := dir.Create(name + temporaryName)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	a, b := files[0], files[2]
	piece := make([]byte, min(copySize, g.Bytes))
	defer clear(piece)
	for at := int64(0); at < g.Bytes; {
		part := piece[:min(copySize, g.Bytes-at)]
		if n, err := io.ReadFull(random, part); err != nil {
			return fmt.Errorf("the source of randomness failed after %d of %d bytes: %w", at+int64(n), g.Bytes, err)
		}
		for from := range g.Suite.Destroyed(part) { // which noise has by accident once in 2^120 cells
			return fmt.Errorf("the source of randomness is stuck: from byte %d on it gave the same one again and again", at+int64(from))
		}
		_, errA := a.WriteAt(part, at)
		_, errB := b.WriteAt(part, at)
		if err := errors.Join(errA, errB); err != nil {
			return err
		}
		at += int64(len(part))
		if progress != nil {
			progress(at)
		}
	}
	for i, f := range []durable.File{files[1], files[3]} {
		text, err := g.metadata([]string{g.A, g.B}[i], []string{g.B, g.A}[i])
		if err != nil {
			return err
		}
		if _, err := f.WriteAt(text, 0); err != nil {
			return err
		}
	}
	return dir.SyncFiles(files...)
}

// metadata is plain JSON, as the 2015 program writes it, with suite and bucket
// added.
func (g Generation) metadata(owner, contact string) ([]byte, error) {
	m := &metadata{
		owner: owner, contact: contact, nBytes: g.Bytes, split: g.Bytes / 2,
		source: g.Source, suite: g.Suite, bucket: g.Bucket,
	}
	m.name = fileName(owner, contact, 0, true)
	m.store = storeName(m.name)
	if err := m.fresh(); err != nil {
		return nil, err
	}
	return m.encode(), nil
}
