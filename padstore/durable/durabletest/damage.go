package durabletest

import (
	"maps"
	"math/rand/v2"
	"slices"

	"onetimechat/padstore/durable"
)

// Image is a copy of all files of a Disk, as a thief or a backup would take it.
type Image map[string][]byte

// Image copies what is on the disk now, synced or not.
func (d *Disk) Image() Image {
	d.mu.Lock()
	defer d.mu.Unlock()
	image := Image{}
	for name, n := range d.now {
		image[name] = n.data.bytes()
	}
	return image
}

// From returns a disk that holds a copy of image, all of it synced.
func From(image Image, seed uint64) *Disk {
	d := New(seed)
	for name, data := range image {
		c := contentOf(data)
		d.now[name] = &inode{data: c, safe: c}
	}
	d.safe = maps.Clone(d.now)
	return d
}

// Clone returns a disk that holds the same, all of it synced.
func (d *Disk) Clone(seed uint64) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	clone := New(seed)
	clone.room = d.room
	for name, n := range d.now {
		clone.now[name] = &inode{data: n.data, safe: n.data, unreadable: maps.Clone(n.unreadable)}
	}
	clone.safe = maps.Clone(clone.now)
	return clone
}

// Names lists all files. That is no operation of the disk's.
func (d *Disk) Names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.now))
}

// Bytes returns a copy of one file's content, nil if there is none.
func (d *Disk) Bytes(name string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := d.now[name]; n != nil {
		return n.data.bytes()
	}
	return nil
}

// Put replaces one file's content, synced.
func (d *Disk) Put(name string, data []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := contentOf(data)
	n := &inode{data: c, safe: c}
	d.now[name], d.safe[name] = n, n
}

// FlipSector changes one random bit in the sector of a file.
func (d *Disk) FlipSector(name string, sector int) {
	d.damage(name, sector, func(b []byte, rng *rand.Rand) {
		b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
	})
}

// DropSector fills the sector of a file with zeros.
func (d *Disk) DropSector(name string, sector int) {
	d.damage(name, sector, func(b []byte, _ *rand.Rand) { clear(b) })
}

func (d *Disk) damage(name string, sector int, how func([]byte, *rand.Rand)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.now[name]
	from := int64(sector) * durable.SectorSize
	part := make([]byte, min(durable.SectorSize, n.data.size-from))
	n.data.readAt(part, from)
	how(part, d.rng)
	n.data, n.safe = n.data.with(part, from), n.safe.with(part, from)
	n.apart = n.apart || len(n.pending) > 0
}

// Unreadable makes every read that touches the sector of a file fail, and every
// write of a part of it, until it is written whole.
func (d *Disk) Unreadable(name string, sector int) {
	d.unreadable(name, stretch{int64(sector) * durable.SectorSize, int64(sector+1) * durable.SectorSize})
}

// UnreadablePage is Unreadable for eight sectors: where a file system's blocks have
// as many, one that is bad takes the others with it.
func (d *Disk) UnreadablePage(name string, page int) {
	d.unreadable(name, stretch{int64(page) * pageSize, int64(page+1) * pageSize})
}

func (d *Disk) unreadable(name string, s stretch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.now[name]
	if n.unreadable == nil {
		n.unreadable = map[stretch]bool{}
	}
	n.unreadable[s] = true
}
