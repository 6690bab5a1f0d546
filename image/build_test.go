package main

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"onetimechat/firmware/boot/conf"
	"onetimechat/image/card"
	"onetimechat/image/kernel"
	"onetimechat/image/kernel/kerneltest"
)

// smallKernel is a package with every module that is wanted, all of them empty.
func smallKernel(t *testing.T) string {
	t.Helper()
	p := kerneltest.Package{Modules: make(map[string][]byte), Builtin: []string{"kernel/a.ko"}, Files: make(map[string][]byte)}
	for _, name := range kernel.Wanted() {
		p.Modules["all/"+name] = kerneltest.Module()
	}
	for _, board := range boards {
		p.Files["usr/lib/linux-image/broadcom/"+board] = []byte("tree of " + board)
	}
	return kerneltest.Write(t, p)
}

// image runs the program on args and returns its exit code and what it said.
func image(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Setenv("SOURCE_DATE_EPOCH", card.Date)
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func mustImage(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := image(t, args...)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	return out
}

func TestAnImageComesWithItsManifestAndSums(t *testing.T) {
	out := filepath.Join(t.TempDir(), "new", "pad.img")
	said := mustImage(t, "--binary", standIn(t), "--kernel-deb", smallKernel(t), "--out", out, "--xz=false",
		"--owner", "bob", "--link", "USB", "--reservoir", "1 GiB", "--size", "256MiB")
	c, err := card.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Data.Size != 256<<20-card.DataStart {
		t.Errorf("the data partition has %d bytes", c.Data.Size)
	}
	want := conf.Default()
	want.Owner, want.Link, want.Reservoir = "bob", conf.USB, 1<<30
	if got, err := conf.Parse(mustFile(t, c, conf.Name)); err != nil || got != want {
		t.Errorf("otc.conf says %+v, %v", got, err)
	}
	beside, err := os.ReadFile(strings.TrimSuffix(out, ".img") + ".manifest.txt")
	if err != nil {
		t.Fatal(err)
	}
	root := unpackRoot(t, mustFile(t, c, "initramfs"))
	if !bytes.Equal(beside, mustFile(t, c, "manifest.txt")) || !bytes.Equal(beside, root["manifest.txt"]) {
		t.Error("the manifests beside and inside the image differ")
	}
	checkManifest(t, string(beside), c, root)
	if !strings.Contains(said, "vmlinuz") || !strings.Contains(said, kerneltest.Release) {
		t.Errorf("the inputs are not told: %s", said)
	}
	cmd := tool(t, "sh", "-c", "cd \"$1\" && sha256sum -c SHA256SUMS", "sh", filepath.Dir(out))
	if cmd != "pad.img: OK\npad.manifest.txt: OK\n" {
		t.Errorf("sha256sum says %s", cmd)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(out), ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// checkManifest looks for each file of the image in its manifest, with its sum.
func checkManifest(t *testing.T, manifest string, c *card.Card, root map[string][]byte) {
	t.Helper()
	sums := make(map[string]string)
	for line := range strings.Lines(manifest) {
		if words := strings.Fields(line); !strings.HasPrefix(line, "#") {
			sums[words[1]] = words[0]
		}
	}
	names, err := c.Files()
	if err != nil {
		t.Fatal(err)
	}
	made := []string{"initramfs", "manifest.txt", "modules/order", conf.Name} // of the others, or of the options
	for _, name := range names {
		if !slices.Contains(made, name) && sums[name] != sumOf(t, keep(t, mustFile(t, c, name))) {
			t.Errorf("%s has another sum in the manifest: %q", name, sums[name])
		}
	}
	for name, data := range root {
		if !slices.Contains(made, name) && sums[name] != sumOf(t, keep(t, data)) {
			t.Errorf("%s has another sum in the manifest: %q", name, sums[name])
		}
	}
}

// An update replaces boot files and leaves everything else alone.
func TestAnUpdateLeavesTheSettings(t *testing.T) {
	program, deb := standIn(t), smallKernel(t)
	boot := t.TempDir()
	for name, text := range map[string]string{conf.Name: "owner = alice\n", "vmlinuz": "old", "photo.jpg": "mine"} {
		if err := os.WriteFile(filepath.Join(boot, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "pad.img")
	mustImage(t, "--binary", program, "--kernel-deb", deb, "--update", boot, "--out", out)
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an image is written, too: %v", err)
	}
	for name, want := range map[string]string{conf.Name: "owner = alice\n", "photo.jpg": "mine", "vmlinuz": string(kerneltest.Image())} {
		if got, err := os.ReadFile(filepath.Join(boot, name)); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	// The same files are on a new card, and in the .zip.
	mustImage(t, "--binary", program, "--kernel-deb", deb, "--out", out, "--xz=false")
	zipped := filepath.Join(t.TempDir(), "update.zip")
	mustImage(t, "--binary", program, "--kernel-deb", deb, "--update", zipped)
	c, err := card.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	names, err := c.Files()
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(zipped)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if len(z.File) != len(names)-1 {
		t.Errorf("%d files in the .zip, %d on a card", len(z.File), len(names))
	}
	for _, name := range names {
		if name == conf.Name {
			continue
		}
		want := mustFile(t, c, name)
		if got, err := os.ReadFile(filepath.Join(boot, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is another in the folder, %v", name, err)
		}
		f, err := z.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is another in the .zip, %v", name, err)
		}
	}
}

func TestRoomIsLeftForAnUpdate(t *testing.T) {
	const most = card.BootSize / 10 * 9
	for _, test := range []struct {
		sizes []int
		fits  bool
	}{
		{[]int{most / 2}, true},
		{[]int{most/2 + 1}, false},
		{[]int{most / 4, most / 2}, false},
		{[]int{most / 4, most / 4, most / 4}, true},
		{[]int{most / 4, most / 4, most / 4, 1}, false},
	} {
		var boot []card.File
		for _, n := range test.sizes {
			boot = append(boot, card.File{Data: make([]byte, n)})
		}
		if err := checkRoom(boot); (err == nil) != test.fits {
			t.Errorf("%d: %v", test.sizes, err)
		}
	}
}

// What was packed of one image must not be handed on with another.
func TestNoXzIsLeftOfAnotherImage(t *testing.T) {
	out := filepath.Join(t.TempDir(), "pad.img")
	if err := os.WriteFile(out+".xz", []byte("another image"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustImage(t, "--binary", standIn(t), "--kernel-deb", smallKernel(t), "--out", out, "--xz=false")
	if _, err := os.Stat(out + ".xz"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is left: %v", err)
	}
}

func TestTheXzIsTheImage(t *testing.T) {
	data := slices.Concat(bytes.Repeat([]byte("one time "), 20000), make([]byte, 1<<20), []byte("chat"))
	path := keep(t, data)
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := pack(out, path); err != nil {
			t.Fatal(err)
		}
	}
	if got := tool(t, "xz", "-dc", keep(t, first.Bytes())); got != string(data) {
		t.Error("xz unpacks something else")
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same image gives another .xz")
	}
}

// dynamic is the program at path with one of its program headers said to name
// a loader.
func dynamic(t *testing.T, path string) []byte {
	t.Helper()
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	headers := binary.LittleEndian.Uint64(program[32:])
	binary.LittleEndian.PutUint32(program[headers:], uint32(elf.PT_INTERP))
	return program
}

// What fails changes no file that was there.
func TestAFailureLeavesTheOldImage(t *testing.T) {
	out := filepath.Join(t.TempDir(), "pad.img")
	if err := os.WriteFile(out, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	program, deb := standIn(t), smallKernel(t)
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	noTree := kerneltest.Package{Modules: make(map[string][]byte), Builtin: []string{"a.ko"}}
	for _, name := range kernel.Wanted() {
		noTree.Modules["all/"+name] = kerneltest.Module()
	}
	for want, args := range map[string][]string{
		"no such file":        {"--binary", filepath.Join(t.TempDir(), "nothing"), "--kernel-deb", deb},
		"it is no program":    {"--binary", text, "--kernel-deb", deb},
		"for arm64 but":       {"--binary", goBuild(t, "./testdata/standin", "GOOS=linux", "GOARCH=amd64"), "--kernel-deb", deb},
		"a Pi 3 has an older": {"--binary", goBuild(t, "./testdata/standin", "GOOS=linux", "GOARCH=arm64", "GOARM64=v8.1", "CGO_ENABLED=0"), "--kernel-deb", deb},
		"it is not static":    {"--binary", keep(t, dynamic(t, program)), "--kernel-deb", deb},
		"not a Debian":        {"--binary", program, "--kernel-deb", text},
		"no bcm2837-rpi-3-b":  {"--binary", program, "--kernel-deb", kerneltest.Write(t, noTree)},
		"has no phy_generic":  {"--binary", program, "--kernel-deb", kerneltest.Write(t, kerneltest.Package{Modules: map[string][]byte{"a": nil}, Builtin: []string{"b.ko"}})},
	} {
		code, _, errs := image(t, append(args, "--out", out, "--xz=false")...)
		if code != exitFailed || !strings.Contains(errs, want) {
			t.Errorf("exit code %d, %s; want %q", code, errs, want)
		}
	}
	if got, err := os.ReadFile(out); err != nil || string(got) != "old" {
		t.Errorf("the old image is %.40q, %v", got, err)
	}
	if left, err := os.ReadDir(filepath.Dir(out)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestTheCommandLine(t *testing.T) {
	for _, test := range []struct {
		args string
		want string
	}{
		{"", "--binary is missing"},
		{"--binary x y", "one word too many"},
		{"--binary x --owner al.ice", "not a user id"},
		{"--binary x --owner=a\nb", "not a user id"},
		{"--binary x --panel vga", "panel can be fb"},
		{"--binary x --link wifi", "auto, usb or ethernet"},
		{"--binary x --net 300", "1 to 254"},
		{"--binary x --rotate 45", "0, 90, 180 or 270"},
		{"--binary x --reservoir 5", "such as 256 MiB"},
		{"--binary x --size 5", "no size such as"},
		{"--binary x --size 64MiB", "196MiB to 2048GiB"},
		{"--binary x --size 9999999GiB", "196MiB to 2048GiB"},
		{"--binary x --update --xz=false", `"--xz=false" stands where a file or folder belongs`},
		{"--binary x --out --update y.zip", "stands where"},
		{"--binary x --out=", "--out is empty"},
		{"--binary x --watch", "not defined"},
		{"--binary x --update y.zip --owner bob", "--owner has no place in an update"},
		{"--binary x --size 1GiB --update y.zip", "--size has no place in an update"},
	} {
		code, _, errs := image(t, strings.Split(test.args, " ")...)
		if test.args == "" {
			code, _, errs = image(t)
		}
		if code != exitUsage || !strings.Contains(errs, test.want) {
			t.Errorf("%q: exit code %d, %s; want %q", test.args, code, errs, test.want)
		}
	}
	code, _, help := image(t, "--help")
	if code != exitOK || !strings.Contains(help, "--update") || !strings.Contains(help, "-kernel-deb") {
		t.Errorf("exit code %d: %s", code, help)
	}
}
