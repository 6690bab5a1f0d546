// Package durabletest is a disk in memory whose power can be cut, and whose
// operations can be made to fail, at every single step. Only tests import it.
//
// Start with Disk. Run the code under test once to count its operations with
// Ops; then run it again for each k with CutAt(k) or FailAt(k). After a cut
// call PowerOn, which says what became of the data that was not synced, and
// open the store again.
package durabletest

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"onetimechat/padstore/durable"
)

// Errors that a Disk makes up.
var (
	ErrPowerCut = errors.New("durabletest: power is cut")
	ErrInjected = errors.New("durabletest: injected failure")
)

// errCutNow is ErrPowerCut for the one operation that the cut met.
var errCutNow = fmt.Errorf("in the middle of it: %w", ErrPowerCut)

// Unsynced says what a power cut does to data that was not synced.
type Unsynced int

// The three fates: all lost, all kept, or each 512-byte sector of each write,
// and each name change, by the disk's seed.
const (
	Lost Unsynced = iota
	Kept
	PartlyKept
)

func (u Unsynced) String() string { return [...]string{"lost", "kept", "partly kept"}[u] }

// Disk implements durable.Disk. Safe for concurrent use.
type Disk struct {
	mu    sync.Mutex
	rng   *rand.Rand
	now   map[string]*inode // as the running program sees it
	safe  map[string]*inode // names as the last Sync left them
	names []func(map[string]*inode)

	ops    int
	cutAt  int
	failAt int
	fullAt int
	room   int64 // for the bytes of all files
	off    bool
	worn   bool
	turn   bool // SyncFiles went backwards
	trace  func(op string)
}

// ample is more room than any test needs, in bytes.
const ample = 1 << 40

// New returns an empty disk; seed decides what is partly kept.
func New(seed uint64) *Disk {
	return &Disk{
		rng:  rand.New(rand.NewPCG(seed, 0)),
		now:  map[string]*inode{},
		safe: map[string]*inode{},
		room: ample,
		turn: seed%2 == 0,
	}
}

// Ops is how many operations were begun since the disk was made or PowerOn.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

// CutAt cuts the power at the k-th operation from now, counted from 1: that
// one does not complete, nor does any later one.
func (d *Disk) CutAt(k int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cutAt = d.ops + k
}

// FailAt makes the k-th operation from now fail once, counted from 1. What a
// failing Sync should have made durable never will be.
func (d *Disk) FailAt(k int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failAt = d.ops + k
}

// FullAt makes the disk full for the k-th operation from now, counted from 1:
// if it creates or writes, it fails, and writes a part. Nothing else does.
func (d *Disk) FullAt(k int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fullAt = d.ops + k
}

// Capacity is how many bytes all files may have together. A write beyond it
// writes what fits, and fails.
func (d *Disk) Capacity(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = bytes
}

// Free is what Capacity leaves.
func (d *Disk) Free() (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.begin("free", ""); err != nil {
		return 0, err
	}
	return d.left(), nil
}

// Used is how many bytes all files have. That is no operation of the disk's.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used()
}

func (d *Disk) used() (bytes int64) {
	for _, n := range d.now {
		bytes += n.data.size
	}
	return bytes
}

func (d *Disk) left() int64 { return max(0, d.room-d.used()) }

// Failed reports whether the operation of FailAt, CutAt or FullAt was reached, or the
// disk is worn out.
func (d *Disk) Failed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.off || d.worn || d.failAt > 0 && d.ops >= d.failAt || d.fullAt > 0 && d.ops >= d.fullAt
}

// Trace calls f with each operation as it begins; nil ends that.
func (d *Disk) Trace(f func(op string)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trace = f
}

// WornOut has the disk take everything that is written and synced from now on, and
// keep none of it, as some worn-out cards do; or be in order again.
func (d *Disk) WornOut(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.worn = on
}

// PowerOff cuts the power now.
func (d *Disk) PowerOff() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
}

// PowerOn ends a power cut: unsynced data meets its fate, counters and plans
// start anew. Files opened before stay dead.
func (d *Disk) PowerOn(fate Unsynced) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.worn {
		fate = Lost
	}
	for _, change := range d.names {
		if fate == Kept || fate == PartlyKept && d.rng.IntN(2) == 0 {
			change(d.safe)
		}
	}
	files := map[string]*inode{}
	for _, name := range slices.Sorted(maps.Keys(d.safe)) {
		files[name] = d.survivor(d.safe[name], fate)
	}
	d.now, d.safe, d.names = files, maps.Clone(files), nil
	d.ops, d.cutAt, d.failAt, d.fullAt, d.off = 0, 0, 0, 0, false
}

func (d *Disk) survivor(n *inode, fate Unsynced) *inode {
	data := n.safe
	for _, w := range n.pending {
		switch {
		case fate == Kept:
			data = w.to(data)
		case fate == PartlyKept && w.cut:
			if d.rng.IntN(2) == 0 {
				data = w.to(data)
			}
		case fate == PartlyKept:
			data = d.torn(data, w)
		}
	}
	return &inode{data: data, safe: data, unreadable: maps.Clone(n.unreadable)}
}

// torn is c with some sectors of a write.
func (d *Disk) torn(c content, w write) content {
	size := int64(len(w.data))
	for at, end := int64(0), int64(0); at < size; at = end {
		keep := d.rng.IntN(2) == 0
		end = min(size, at+durable.SectorSize-(w.off+at)%durable.SectorSize)
		for end < size && keep == (d.rng.IntN(2) == 0) { // a run of sectors at once
			end = min(size, end+durable.SectorSize)
		}
		if keep {
			c = c.with(w.data[at:end], w.off+at)
		}
	}
	return c
}

// begin counts an operation and says whether it may go on. The caller holds mu.
func (d *Disk) begin(op, name string) error {
	if d.off {
		return fmt.Errorf("%s %s: %w", op, name, ErrPowerCut)
	}
	d.ops++
	if d.trace != nil {
		d.trace(op + " " + name)
	}
	switch d.ops {
	case d.cutAt:
		d.off = true
		return fmt.Errorf("%s %s: %w", op, name, errCutNow)
	case d.failAt:
		return fmt.Errorf("%s %s: %w", op, name, ErrInjected)
	}
	return nil
}

// Open opens an existing file.
func (d *Disk) Open(name string) (durable.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.begin("open", name); err != nil {
		return nil, err
	}
	n, ok := d.now[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &file{disk: d, name: name, inode: n}, nil
}

// Create makes a file.
func (d *Disk) Create(name string) (durable.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.begin("create", name); err != nil {
		return nil, err
	}
	if _, ok := d.now[name]; ok {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	if d.ops == d.fullAt {
		return nil, fmt.Errorf("create %s: %w", name, durable.ErrFull)
	}
	n := &inode{}
	d.change(func(names map[string]*inode) { names[name] = n })
	return &file{disk: d, name: name, inode: n}, nil
}

// Rename renames a file.
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.begin("rename", from); err != nil {
		return err
	}
	n, ok := d.now[from]
	if !ok {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	d.change(func(names map[string]*inode) {
		delete(names, from)
		names[to] = n
	})
	return nil
}

// Remove removes a file.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.begin("remove", name); err != nil {
		return err
	}
	if _, ok := d.now[name]; !ok {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	d.change(func(names map[string]*inode) { delete(names, name) })
	return nil
}

func (d *Disk) change(f func(map[string]*inode)) {
	f(d.now)
	d.names = append(d.names, f)
}

// List lists all names.
func (d *Disk) List() ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.begin("list", ""); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(d.now)), nil
}

// Sync makes name changes durable.
func (d *Disk) Sync() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.begin("sync names", ""); err != nil || d.worn {
		return err
	}
	d.safe, d.names = maps.Clone(d.now), nil
	return nil
}

// SyncFiles syncs the files one by one, in the order given or in the opposite
// one, by turns: whether the seed is even decides which comes first.
func (d *Disk) SyncFiles(files ...durable.File) error {
	d.mu.Lock()
	d.turn = !d.turn
	files = slices.Clone(files)
	if d.turn {
		slices.Reverse(files)
	}
	d.mu.Unlock()
	for _, f := range files {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return nil
}
