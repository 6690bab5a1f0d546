//go:build linux

package emulator_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"onetimechat/firmware/boot/conf"
	"onetimechat/image/card"
	"onetimechat/image/emulator"
)

// The data partition grows to the card at the first start, however often the
// power is cut meanwhile.
func TestTheCardGrowsThroughCuts(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	c := flash(t, largeCard, map[string]string{"owner": "alice", "reservoir": "1 MiB"})
	if size, blocks := sizes(t, c.Path()); size != card.MinSize()-card.DataStart || blocks*4096 != size {
		t.Fatalf("a new card has %d bytes for data, and %d blocks", size, blocks)
	}
	d := start(t, emulator.Options{Card: c})
	d.grows(c.Path())
	grew := time.Since(d.began)
	time.Sleep(time.Duration(rng.Int64N(int64(100 * time.Millisecond))))
	d.cut()
	for range 3 {
		d = start(t, emulator.Options{Card: c})
		moment := grew - 300*time.Millisecond + time.Duration(rng.Int64N(int64(time.Second)))
		time.Sleep(time.Until(d.began.Add(moment)))
		d.cut()
	}
	d = start(t, emulator.Options{Card: c})
	// It depends on the moments whether there was a store before.
	d.seesOne(home("alice"), unread(home("alice")))
	d.cut()
	// A last group of blocks that would be hardly larger than its bookkeeping
	// is left out.
	size, blocks := sizes(t, c.Path())
	if size != largeCard-card.DataStart || size-blocks*4096 >= 16<<20 {
		t.Errorf("the grown card has %d bytes for data, and %d blocks", size, blocks)
	}
	unpack(t, c.Path()) // it is sound
}

// grows waits until the partition table says that the data partition is longer
// than in the image.
func (d *device) grows(path string) {
	d.t.Helper()
	limit := time.Now().Add(patience)
	for {
		if size, _ := sizes(d.t, path); size > card.MinSize()-card.DataStart {
			return
		}
		if time.Now().After(limit) {
			d.t.Fatalf("the data partition does not grow:\n%s", d.Console())
		}
		time.Sleep(time.Millisecond)
	}
}

// sizes are the size of the data partition in bytes, and of its file system in
// blocks.
func sizes(t *testing.T, path string) (size, blocks int64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var length, count [4]byte
	// The second entry of the partition table, and ext4's superblock.
	if _, err := f.ReadAt(length[:], 446+16+12); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadAt(count[:], card.DataStart+1024+4); err != nil {
		t.Fatal(err)
	}
	return int64(binary.LittleEndian.Uint32(length[:])) * 512, int64(binary.LittleEndian.Uint32(count[:]))
}

// An update, copied over the files of a card's boot partition on a PC: the
// device runs it, and its pads and settings are as before.
func TestAnUpdateKeepsThePads(t *testing.T) {
	t.Parallel()
	c, bobs := paired(t)
	program, update := filepath.Join(t.TempDir(), "init"), filepath.Join(t.TempDir(), "update")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s", "-o", program, "../../firmware")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	for _, cmd := range []*exec.Cmd{build, exec.Command(built.writer, "--binary", program, "--update", update, "--cache", "../../out/cache")} {
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v\n%s", cmd.Args, err, out)
		}
	}
	before := bootFile(t, c.Path(), conf.Name)
	err := fs.WalkDir(os.DirFS(update), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(update, name))
		if err != nil {
			return err
		}
		return c.WriteBoot(name, data)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bootFile(t, c.Path(), conf.Name), before) {
		t.Error("otc.conf has changed")
	}
	newest, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(bootFile(t, c.Path(), "initramfs"), newest) {
		t.Error("the card does not have the new program")
	}
	checkBoot(t, c.Path())
	alice := sits(t, "alice", c, "")
	alice.sees(unread(home("alice", alice.contact())))
	alice.sealsAndOpens(opened(t, unpack(t, bobs.Path()), "bob"))
}

// bootFile is a file of a card's boot partition.
func bootFile(t *testing.T, path, name string) []byte {
	t.Helper()
	c, err := card.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	data, err := c.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// checkBoot has another program check the file system of the boot partition.
func checkBoot(t *testing.T, path string) {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	fat := filepath.Join(t.TempDir(), "boot.fat")
	out, err := os.Create(fat)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, io.NewSectionReader(in, card.BootStart, card.BootSize)); err != nil {
		t.Fatal(err)
	}
	tool(t, []int{0}, "fsck.vfat", "-n", fat)
}
