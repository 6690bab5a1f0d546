package card_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"onetimechat/image/card"
)

// files are like an image's: short names, long ones, one that fills a cluster,
// one of many, and one in a folder.
func files(t *testing.T) []card.File {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24)})
	random := func(n int) []byte {
		b := make([]byte, n)
		r.Read(b)
		return b
	}
	return []card.File{
		{Name: "vmlinuz", Data: random(3<<20 + 17)},
		{Name: "bootcode.bin", Data: random(52624)},
		{Name: "fixup4.dat", Data: random(512)},
		{Name: "bcm2837-rpi-3-b.dtb", Data: random(513)},
		{Name: "bcm2837-rpi-3-b-plus.dtb", Data: random(511)},
		{Name: "config.txt", Data: []byte("a")},
		{Name: "overlays/otc.dtbo", Data: random(700)},
	}
}

// write makes an image of size bytes in a new file and returns its path.
func write(t *testing.T, size int64, files []card.File) string {
	t.Helper()
	t.Setenv("SOURCE_DATE_EPOCH", card.Date)
	path := filepath.Join(t.TempDir(), "card.img")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := card.Write(f, size, files); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, path string) *card.Card {
	t.Helper()
	c, err := card.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestFilesAreReadBack(t *testing.T) {
	want := files(t)
	c := open(t, write(t, card.MinSize(), want))
	var names []string
	for _, f := range want {
		names = append(names, f.Name)
		if got, err := c.ReadFile(f.Name); err != nil || !bytes.Equal(got, f.Data) {
			t.Errorf("%s: %d of %d bytes come back, or others: %v", f.Name, len(got), len(f.Data), err)
		}
	}
	slices.Sort(names)
	if got, err := c.Files(); err != nil || !slices.Equal(got, names) {
		t.Errorf("the files are %q, %v, want %q", got, err, names)
	}
	if _, err := c.ReadFile("kernel8.img"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := c.ReadFile("overlays"); err == nil {
		t.Error("a folder is read as a file")
	}
}

func TestTheSameFilesGiveTheSameBytes(t *testing.T) {
	same := files(t)
	first := sum(t, write(t, card.MinSize(), same))
	slices.Reverse(same)
	if second := sum(t, write(t, card.MinSize(), same)); first != second {
		t.Error("two images of the same files, given in another order, differ")
	}
	same[0].Data = slices.Concat(same[0].Data, []byte{1})
	if third := sum(t, write(t, card.MinSize(), same)); first == third {
		t.Error("other files give the same image")
	}
}

// The tools that a PC would check a card with find nothing to mend.
func TestOtherToolsFindNoFault(t *testing.T) {
	want := files(t)
	path := write(t, card.MinSize(), want)
	boot := filepath.Join(t.TempDir(), "boot.fat")
	cut(t, path, boot, card.BootStart, card.BootSize)
	out := tool(t, "fsck.vfat", "-n", "-v", boot)
	if !strings.Contains(out, fmt.Sprintf("%d files", len(want)+2)) { // and the folder and the label
		t.Errorf("fsck.vfat counts otherwise:\n%s", out)
	}
	for _, f := range want {
		if got := tool(t, "mtype", "-i", boot, "::"+f.Name); got != string(f.Data) {
			t.Errorf("mtools reads another %s", f.Name)
		}
	}
	if out := tool(t, "mlabel", "-s", "-i", boot, "::"); !strings.Contains(out, card.BootLabel) {
		t.Errorf("the label is %q", out)
	}
	data := filepath.Join(t.TempDir(), "data.ext4")
	w, err := os.Create(data)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := open(t, path).ExtractData(w); err != nil {
		t.Fatal(err)
	}
	tool(t, "e2fsck", "-f", "-n", data)
}

// The boot ROM of a Pi 3 knows names of eight letters and three only.
func TestShortNamesAreWhole(t *testing.T) {
	path := write(t, card.MinSize(), files(t))
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, short := range []string{"BOOTCODEBIN", "FIXUP4  DAT", "CONFIG  TXT", "VMLINUZ    "} {
		if !bytes.Contains(image[card.BootStart:card.DataStart], []byte(short)) {
			t.Errorf("no directory entry %q", short)
		}
	}
}

func TestALargerImageHasALargerDataPartition(t *testing.T) {
	const size = 1 << 30
	path := write(t, size, files(t))
	c := open(t, path)
	if want := (card.Extent{Start: card.DataStart, Size: size - card.DataStart}); c.Data != want {
		t.Errorf("the data partition is %+v, want %+v", c.Data, want)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != size {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
}

func TestWhatCannotBeAnImageIsRefused(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", card.Date)
	some := files(t)[:2]
	for name, test := range map[string]struct {
		size  int64
		files []card.File
	}{
		"too small":     {card.MinSize() - 512, some},
		"too large":     {card.MaxSize + 512, some},
		"not sectors":   {card.MinSize() + 1, some},
		"deep folder":   {card.MinSize(), []card.File{{Name: "a/b/c", Data: []byte("x")}}},
		"upwards":       {card.MinSize(), []card.File{{Name: "../c", Data: []byte("x")}}},
		"absolute":      {card.MinSize(), []card.File{{Name: "/c", Data: []byte("x")}}},
		"not clean":     {card.MinSize(), []card.File{{Name: "a//c", Data: []byte("x")}}},
		"no name":       {card.MinSize(), []card.File{{Data: []byte("x")}}},
		"the same":      {card.MinSize(), []card.File{some[0], some[0]}},
		"the same, but": {card.MinSize(), []card.File{some[0], {Name: strings.ToUpper(some[0].Name), Data: []byte("x")}}},
		"file, folder":  {card.MinSize(), []card.File{{Name: "a", Data: []byte("x")}, {Name: "a/b", Data: []byte("x")}}},
		"folder, file":  {card.MinSize(), []card.File{{Name: "a/b", Data: []byte("x")}, {Name: "a", Data: []byte("x")}}},
		"hidden":        {card.MinSize(), []card.File{{Name: ".a", Data: []byte("x")}}},
		"empty":         {card.MinSize(), []card.File{{Name: "a"}}},
		"no room":       {card.MinSize(), []card.File{{Name: "a", Data: make([]byte, card.BootSize)}}},
	} {
		f, err := os.Create(filepath.Join(t.TempDir(), "card.img"))
		if err != nil {
			t.Fatal(err)
		}
		if err := card.Write(f, test.size, test.files); err == nil {
			t.Errorf("%s: is written", name)
		}
		f.Close()
	}
	t.Setenv("SOURCE_DATE_EPOCH", "")
	f, err := os.Create(filepath.Join(t.TempDir(), "card.img"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := card.Write(f, card.MinSize(), some); err == nil {
		t.Error("an image with the date of today is written")
	}
}

func TestWhatIsNoCardIsNotOpened(t *testing.T) {
	path := write(t, card.MinSize(), files(t))
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(b []byte) []byte{
		"no table":       func(b []byte) []byte { b[511] = 0; return b },
		"boot elsewhere": func(b []byte) []byte { b[446+8]++; return b },
		"data elsewhere": func(b []byte) []byte { b[462+8]++; return b },
		"no FAT":         func(b []byte) []byte { clear(b[card.BootStart : card.BootStart+512]); return b },
		"cut short":      func(b []byte) []byte { return b[:100] },
	} {
		bad := filepath.Join(t.TempDir(), "bad.img")
		if err := os.WriteFile(bad, spoil(slices.Clone(good[:card.BootStart+8<<20])), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := card.Open(bad); err == nil {
			c.Close()
			t.Errorf("%s: is opened", name)
		}
	}
}

func TestTheDataPartitionIsWhatItsRecipeMakes(t *testing.T) {
	fresh, kept := filepath.Join(t.TempDir(), "fresh"), filepath.Join(t.TempDir(), "kept")
	tool(t, "./mkdata.sh", fresh)
	cut(t, write(t, card.MinSize(), files(t)), kept, card.DataStart, 64<<20)
	after, err := os.ReadFile(fresh)
	if err != nil {
		t.Fatal(err)
	}
	if len(bytes.Trim(after[2<<20:], "\x00")) > 0 {
		t.Error("more than the first 2 MiB are not zeros")
	}
	want := tool(t, "dumpe2fs", fresh)
	if got := tool(t, "dumpe2fs", kept); got != want {
		t.Errorf("the kept one is\n%s\nand the recipe makes\n%s", got, want)
	}
	for _, unwanted := range []string{"UNINIT", "orphan_file", "metadata_csum_seed"} {
		if strings.Contains(want, unwanted) {
			t.Errorf("the data partition has %s", unwanted)
		}
	}
}

// cut copies size bytes at from of one file to another.
func cut(t *testing.T, from, to string, at, size int64) {
	t.Helper()
	src, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dst, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close()
	if _, err := io.Copy(dst, io.NewSectionReader(src, at, size)); err != nil {
		t.Fatal(err)
	}
}

func sum(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// tool runs a program of the host and returns what it says. The test fails when
// the program does, or is not there.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin", "MTOOLS_SKIP_CHECK=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, out, stderr.Bytes())
	}
	return string(out)
}
