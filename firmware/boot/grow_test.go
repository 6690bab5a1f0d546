//go:build linux

package boot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"testing"
)

// testLayout is how the tests' cards are divided: as the image, but with a
// small boot partition.
var testLayout = layout{
	boot: entry{kind: 0x0c, start: 2048, length: 2048},
	data: entry{kind: 0x83, start: 4096, length: 64 << 20 / 512},
}

// mbrOf writes an MBR as the image writer would.
func mbrOf(parts ...entry) []byte {
	mbr := make([]byte, 512)
	copy(mbr, "boot code")
	for i, p := range parts {
		b := mbr[0x1be+16*i:]
		b[4] = p.kind
		binary.LittleEndian.PutUint32(b[8:], p.start)
		binary.LittleEndian.PutUint32(b[12:], p.length)
	}
	mbr[510], mbr[511] = 0x55, 0xaa
	return mbr
}

func TestTheDataPartitionReachesTheEndOfTheCard(t *testing.T) {
	const mib = 2048 // sectors
	l := testLayout
	for _, test := range []struct {
		disk, want int64 // sectors; want 0: refused
	}{
		{l.data.end() - 1, 0},
		{l.data.end(), 64 * mib},
		{l.data.end() + mib - 1, 64 * mib},
		{l.data.end() + mib, 65 * mib},
		{32 << 10 * mib, 32<<10*mib - 4096},
		{32<<10*mib + 17, 32<<10*mib - 4096},
		{1<<32 - 1, 1<<32 - mib - 4096}, // 2 TiB, less the last MiB
		{1 << 32, 1<<32 - mib - 4096},
		{1 << 40, 1<<32 - mib - 4096},
		{math.MaxInt64 / 512, 1<<32 - mib - 4096},
	} {
		got, err := l.grownLength(test.disk)
		if int64(got) != test.want || (err != nil) != (test.want == 0) {
			t.Errorf("a card of %d sectors: %d, %v, want %d", test.disk, got, err, test.want)
		}
		if err != nil && !errors.Is(err, ErrSmallCard) {
			t.Errorf("a card of %d sectors: %v", test.disk, err)
		}
		// Growing is over when it is done.
		if err == nil {
			grown := l
			grown.data.length = got
			if again, err := grown.grownLength(test.disk); again != got || err != nil {
				t.Errorf("a card of %d sectors: first %d, then %d, %v", test.disk, got, again, err)
			}
		}
	}
	// An image that another tool has grown to the last sector stays as it is.
	odd := l
	odd.data.length = 64*mib + 5
	if got, err := odd.grownLength(odd.data.end()); got != odd.data.length || err != nil {
		t.Errorf("an odd partition: %d, %v", got, err)
	}
}

func TestOtherPartitionTablesAreRefused(t *testing.T) {
	fat, data := testLayout.boot, testLayout.data
	good := mbrOf(fat, data)
	if l, err := readLayout(good); err != nil || l != testLayout {
		t.Fatalf("%+v, %v", l, err)
	}
	change := func(f func(m []byte)) []byte {
		m := bytes.Clone(good)
		f(m)
		return m
	}
	for name, mbr := range map[string][]byte{
		"empty":             make([]byte, 512),
		"short":             good[:511],
		"no signature":      change(func(m []byte) { m[511] = 0 }),
		"other boot kind":   mbrOf(entry{0xee, fat.start, fat.length}, data),
		"other data kind":   mbrOf(fat, entry{0x82, data.start, data.length}),
		"one partition":     mbrOf(fat),
		"three partitions":  mbrOf(fat, data, entry{0x83, 1 << 30, 8}),
		"four partitions":   mbrOf(fat, data, entry{}, entry{0x83, 1 << 30, 8}),
		"boot over MBR":     mbrOf(entry{0x0c, 0, fat.length}, data),
		"empty boot":        mbrOf(entry{0x0c, fat.start, 0}, data),
		"empty data":        mbrOf(fat, entry{0x83, data.start, 0}),
		"overlap":           mbrOf(fat, entry{0x83, fat.start + fat.length - 1, data.length}),
		"data before boot":  mbrOf(fat, entry{0x83, 1, 1}),
		"overlap by length": mbrOf(entry{0x0c, fat.start, math.MaxUint32}, data),
	} {
		if l, err := readLayout(mbr); err == nil {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

func TestGrowingChangesNothingElseInTheTable(t *testing.T) {
	before := mbrOf(testLayout.boot, testLayout.data)
	after := grownData(before, 0x12345678)
	for i := range before {
		inEntry := i >= 446+16+5 && i < 446+16+8 || i >= 446+16+12 && i < 446+32
		if before[i] != after[i] && !inEntry {
			t.Errorf("byte %d was %#x and is %#x", i, before[i], after[i])
		}
	}
	if l, err := readLayout(after); err != nil || l.boot != testLayout.boot || l.data != (entry{0x83, 4096, 0x12345678}) {
		t.Errorf("%+v, %v", l, err)
	}
}

// board is a card in a board whose power goes at a chosen operation. What was
// not synced may or may not be on the card then.
type board struct {
	mbr    []byte // on the card
	cache  []byte // not synced yet; nil: nothing
	kernel int64  // the kernel's length of the data partition, sectors
	left   int    // operations until the power goes
	keeps  bool   // whether the cut keeps what was not synced
	wrote  int
}

var errCut = errors.New("the power went")

func (b *board) operation() error {
	if b.left == 0 {
		return errCut
	}
	b.left--
	return nil
}

func (b *board) ReadAt(p []byte, off int64) (int, error) {
	if err := b.operation(); err != nil {
		return 0, err
	}
	if off != 0 || len(p) != len(b.mbr) {
		return 0, io.EOF
	}
	if b.cache != nil {
		return copy(p, b.cache), nil
	}
	return copy(p, b.mbr), nil
}

func (b *board) WriteAt(p []byte, off int64) (int, error) {
	if off != 0 || len(p) != sectorSize {
		return 0, fmt.Errorf("%d bytes at %d are not one sector", len(p), off)
	}
	// The power may go while it is written, or just after.
	if err := b.operation(); err != nil {
		b.cache = bytes.Clone(p)
		return 0, err
	}
	b.wrote++
	b.cache = bytes.Clone(p)
	return len(p), nil
}

func (b *board) Sync() error {
	if err := b.operation(); err != nil {
		return err
	}
	if b.cache != nil {
		b.mbr, b.cache = b.cache, nil
	}
	return nil
}

func (b *board) resize(data entry) error {
	if err := b.operation(); err != nil {
		return err
	}
	b.kernel = int64(data.length)
	return nil
}

// restart is the next start: the kernel reads the table.
func (b *board) restart(t *testing.T, left int) {
	t.Helper()
	if b.keeps && b.cache != nil {
		b.mbr = b.cache
	}
	b.cache, b.left = nil, left
	l, err := readLayout(b.mbr)
	if err != nil {
		t.Fatal(err)
	}
	b.kernel = int64(l.data.length)
}

// Every pair of cuts, in a first growth and in the one after it.
func TestAPartitionGrowsWhateverThePowerDoes(t *testing.T) {
	const disk = 1 << 30 // bytes
	want, err := testLayout.grownLength(disk / sectorSize)
	if err != nil {
		t.Fatal(err)
	}
	cuts := 0
	for _, keeps := range []bool{false, true} {
		for first := 0; ; first++ {
			b := &board{mbr: mbrOf(testLayout.boot, testLayout.data), keeps: keeps}
			b.restart(t, first)
			done := growPartition(b, disk, b.kernel, b.resize) == nil
			b.restart(t, (first*7)%5)
			if err := growPartition(b, disk, b.kernel, b.resize); err != nil && !errors.Is(err, errCut) {
				t.Fatal(err)
			}
			b.restart(t, -1)
			b.wrote = 0
			if err := growPartition(b, disk, b.kernel, b.resize); err != nil {
				t.Fatal(err)
			}
			l, err := readLayout(b.mbr)
			if err != nil || l.data.length != want || l.boot != testLayout.boot || b.kernel != int64(want) {
				t.Fatalf("cut %d: %+v, %v, the kernel has %d", first, l, err, b.kernel)
			}
			if done && b.wrote != 0 {
				t.Fatal("the table is written although it is as it should be")
			}
			if done {
				break
			}
			cuts++
		}
	}
	if cuts < 10 {
		t.Fatalf("only %d cuts", cuts)
	}
}

func TestACardThatForgetsIsAFault(t *testing.T) {
	b := &forgetful{board{mbr: mbrOf(testLayout.boot, testLayout.data), left: -1}}
	told := false
	err := growPartition(b, 1<<30, int64(testLayout.data.length), func(entry) error { told = true; return nil })
	if err == nil || told {
		t.Errorf("%v, and the kernel was told: %v", err, told)
	}
}

type forgetful struct{ board }

func (f *forgetful) Sync() error { f.cache = nil; return nil }

// The file system's last group is left out where it would be too small for its
// own bookkeeping, and nothing ever shrinks.
func TestTheFileSystemFillsItsPartition(t *testing.T) {
	const group = 32768 // blocks
	s := super{blocks: 16384, blockSize: 4096, perGroup: group}
	for _, test := range []struct {
		blocks int64
		want   uint64
	}{
		{16384, 16384}, {16385, 16385}, {16000, 16384}, {group - 1, group - 1}, {group, group},
		{group + 1, group}, {group + 4095, group}, {group + 4096, group + 4096}, {8 * group, 8 * group},
		{8*group + 4095, 8 * group}, {8*group + 4096, 8*group + 4096}, {1<<29 - 1, 1<<29 - 1},
	} {
		got := s.grownBlocks(test.blocks*4096 + 4095)
		if got != test.want {
			t.Errorf("%d blocks: %d, want %d", test.blocks, got, test.want)
		}
		if again := (super{blocks: got, blockSize: 4096, perGroup: group}).grownBlocks(test.blocks * 4096); again != got {
			t.Errorf("%d blocks: first %d, then %d", test.blocks, got, again)
		}
	}
	// A file system that has begun its last group goes on filling it.
	s.blocks = group + 100
	if got := s.grownBlocks((group + 200) * 4096); got != group+200 {
		t.Errorf("%d", got)
	}
}

// cutSystem is the kernel, until the power goes at an operation: before it is
// done, or just after.
type cutSystem struct {
	kernel
	left  int
	after bool
	still bool // the file system does not grow
}

func (c *cutSystem) cut(operation func() error) error {
	if c.left < 0 {
		return errCut
	}
	c.left--
	if c.left < 0 && !c.after {
		return errCut
	}
	err := operation()
	if c.left < 0 {
		return errors.Join(err, errCut)
	}
	return err
}

func (c *cutSystem) openDisk(path string) (f *os.File, err error) {
	err = c.cut(func() (err error) { f, err = c.kernel.openDisk(path); return err })
	if err != nil && f != nil {
		f.Close()
	}
	return f, err
}

func (c *cutSystem) resizePartition(disk *os.File, data entry) error {
	return c.cut(func() error { return c.kernel.resizePartition(disk, data) })
}

func (c *cutSystem) mount(source, target, kind string, flags uintptr, options string) error {
	return c.cut(func() error { return c.kernel.mount(source, target, kind, flags, options) })
}

func (c *cutSystem) resizeFS(path string, blocks uint64) error {
	return c.cut(func() error {
		if c.still {
			return nil
		}
		return c.kernel.resizeFS(path, blocks)
	})
}

// The steps on a real block device with a real ext4, cut between any two.
func TestARealCardGrows(t *testing.T) {
	const size = 3 << 30
	grows := mayGrow(t)
	cuts := 0
	for _, after := range []bool{false, true} {
		for left := 0; ; left++ {
			image := makeImage(t, size)
			c := insert(t, image)
			err := openData(c, &cutSystem{left: left, after: after, still: !grows})
			if err != nil && !errors.Is(err, errCut) {
				t.Fatal(err)
			}
			c.eject(t)
			c = insert(t, image)
			if err := openData(c, &cutSystem{left: math.MaxInt, still: !grows}); err != nil {
				t.Fatalf("after a cut at operation %d (done: %v): %v", left, after, err)
			}
			if part, err := partSize(c.roots, c.card); err != nil || part != size/512-4096 {
				t.Errorf("after a cut at operation %d (done: %v): a partition of %d sectors, %v", left, after, part, err)
			}
			if fs := c.dataSize(t); grows && fs != size-4096*512 {
				t.Errorf("after a cut at operation %d (done: %v): a file system of %d bytes", left, after, fs)
			}
			c.eject(t)
			check(t, image)
			if err == nil {
				break
			}
			cuts++
		}
	}
	if cuts != 8 {
		t.Errorf("%d cuts", cuts)
	}
}

// What the kernel does with file systems of all sizes.
func TestRealFileSystemsGrow(t *testing.T) {
	if !mayGrow(t) {
		t.Skip("no CAP_SYS_RESOURCE here, so the growth of a real file system is not tried")
	}
	const mib = 1 << 20
	// The last is beyond what an MBR can count.
	for _, size := range []int64{66 * mib, 67 * mib, 131 * mib, 145 * mib, 1<<30 + 512, 64 << 30, 4 << 40} {
		image := makeImage(t, size)
		c := insert(t, image)
		if err := openData(c, kernel{}); err != nil {
			t.Fatalf("%d MiB: %v", size/mib, err)
		}
		grown := c.dataSize(t)
		t.Logf("%d MiB: the file system has %d MiB", size/mib, grown/mib)
		if most := min(size, 2<<40) - 2*mib; grown > most || grown < most-mib-lastGroup {
			t.Errorf("%d MiB: the file system has %d MiB", size/mib, grown/mib)
		}
		c.eject(t)
		check(t, image)
	}
}

func openData(c *loopCard, k system) error {
	m := Machine{Roots: c.roots}
	return m.openData(k, c.card)
}
