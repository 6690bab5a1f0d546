package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"onetimechat/firmware/boot/conf"
	"onetimechat/hal/link"
	"onetimechat/image/card"
	"onetimechat/image/fdt"
)

// goBuild builds a program, without the race detector, and returns its path.
func goBuild(t *testing.T, folder string, env ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "built")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", out, folder)
	cmd.Env = append(os.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

// standIn builds a program for the board that is not ours but small.
func standIn(t *testing.T) string {
	t.Helper()
	return goBuild(t, "./testdata/standin", "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
}

// makeReal runs the image command on Debian's kernel package, which it fetches
// once into out/cache.
func makeReal(t *testing.T, command, out string, args ...string) {
	t.Helper()
	args = append([]string{"--out", out, "--cache", "../out/cache", "--xz=false"}, args...)
	cmd := exec.CommandContext(t.Context(), command, args...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// The image out of Debian's package: the same twice, sound for other tools, and
// with everything in it that boards need, and nothing that is not to be there.
func TestTheImageOfDebiansKernel(t *testing.T) {
	command, program := goBuild(t, "."), standIn(t)
	folder := t.TempDir()
	image := filepath.Join(folder, "first.img")
	makeReal(t, command, image, "--binary", program, "--owner", "alice", "--net", "7")
	t.Run("same twice", func(t *testing.T) {
		again := filepath.Join(folder, "second.img")
		makeReal(t, command, again, "--binary", program, "--owner", "alice", "--net", "7")
		for _, end := range []string{".img", ".manifest.txt"} {
			if sumOf(t, filepath.Join(folder, "first"+end)) != sumOf(t, filepath.Join(folder, "second"+end)) {
				t.Errorf("two builds differ in their %s", end)
			}
		}
	})
	c, err := card.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	t.Run("files", func(t *testing.T) { checkFiles(t, c) })
	t.Run("settings", func(t *testing.T) {
		want := conf.Default()
		want.Owner, want.Net = "alice", 7
		if got, err := conf.Parse(mustFile(t, c, conf.Name)); err != nil || got != want {
			t.Errorf("otc.conf says %+v, %v", got, err)
		}
	})
	t.Run("overlays", func(t *testing.T) { checkOverlays(t, c) })
	t.Run("modules", func(t *testing.T) { checkModules(t, mustFile(t, c, "initramfs")) })
	t.Run("other tools", func(t *testing.T) { checkTools(t, image, c) })
}

func checkFiles(t *testing.T, c *card.Card) {
	names, err := c.Files()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"bootcode.bin", "start.elf", "fixup.dat", "start4.elf", "fixup4.dat", "licence.broadcom",
		"vmlinuz", "initramfs", "cmdline.txt", "config.txt", "manifest.txt", "otc.conf", "overlays/otc.dtbo", "overlays/rpi-ft5406.dtbo"}
	want = append(want, boards[:]...)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("the files are %q, want %q", names, want)
	}
	total := 0
	for _, name := range names {
		total += len(mustFile(t, c, name))
	}
	t.Logf("%d files, %.1f MB", len(names), float64(total)/1e6)
	if limit := 60_000_000; total > limit { // with a stand-in for our program, which has 12 MB
		t.Errorf("the boot files have %d bytes, more than %d", total, limit)
	}
	for _, line := range strings.Split(string(mustFile(t, c, "config.txt")), "\n") {
		key, value, _ := strings.Cut(line, "=")
		switch key {
		case "kernel":
			mustFile(t, c, value)
		case "dtoverlay":
			mustFile(t, c, "overlays/"+value+".dtbo")
		}
	}
	line := string(mustFile(t, c, "cmdline.txt"))
	if strings.Count(line, "\n") != 1 || strings.Contains(line, "console=tty") || strings.Contains(line, "root=") {
		t.Errorf("the command line is %q", line)
	}
}

// checkOverlays lays each overlay over each board's tree, as its firmware does.
func checkOverlays(t *testing.T, c *card.Card) {
	for _, board := range boards {
		tree := mustFile(t, c, board)
		parsed, err := fdt.Parse(tree)
		if err != nil {
			t.Fatalf("%s: %v", board, err)
		}
		soc, _, _ := strings.Cut(board, "-")
		if names, _ := parsed.Root.Prop("compatible"); !bytes.HasSuffix(names, []byte("\x00brcm,"+soc+"\x00")) {
			t.Errorf("%s is compatible with %q, which does not end with its processor", board, names)
		}
		path := keep(t, tree)
		for _, name := range overlayNames() {
			overlay := mustFile(t, c, "overlays/"+name+".dtbo")
			for _, l := range labels(t, overlay) {
				if _, ok := parsed.Root.Find("__symbols__").Prop(l); !ok {
					t.Errorf("%s has no %s, which %s changes", board, l, name)
				}
			}
			over := filepath.Join(t.TempDir(), "over.dtb")
			tool(t, "fdtoverlay", "-i", path, "-o", over, keep(t, overlay))
			path = over
		}
		for _, says := range [][3]string{
			{"/soc/spi@7e204000", "status", "okay"},
			{"/soc/spi@7e204000/spidev@1", "compatible", "rohm,dh2228fv"},
			{"/soc/i2c@7e804000", "status", "okay"},
			{"/aliases", "i2c1", "/soc/i2c@7e804000"},
			{"/soc/serial@7e215040", "status", "disabled"},
			{"/soc/fb", "compatible", "brcm,bcm2708-fb"},
			{"/soc/fb", "status", "disabled"},
			{"/soc/firmware/touchscreen", "compatible", "raspberrypi,firmware-ts"},
			{"/soc/usb@7e980000", "dr_mode", roleOf(t, parsed)},
		} {
			if got := tool(t, "fdtget", path, says[0], says[1]); strings.TrimSpace(got) != says[2] {
				t.Errorf("%s: %s of %s is %q, want %q", board, says[1], says[0], got, says[2])
			}
		}
	}
}

// roleOf is what the processor's own USB controller has to be on the board of a
// tree, by the sockets that package link knows.
func roleOf(t *testing.T, tree *fdt.Tree) string {
	t.Helper()
	model, _ := tree.Root.Prop("model")
	b, ok := link.BoardOf(strings.TrimRight(string(model), "\x00"))
	if !ok {
		t.Fatalf("package link knows no %q", model)
	}
	switch b.Gadget {
	case link.USBNone:
		return "host"
	case b.Host:
		return "otg" // by what is plugged in
	}
	return "peripheral" // its sockets for devices are another controller's
}

// checkModules reads the initramfs as Linux does and looks at its modules.
func checkModules(t *testing.T, initramfs []byte) {
	files := unpackRoot(t, initramfs)
	order := strings.Split(strings.TrimSpace(string(files["modules/order"])), "\n")
	if len(order) < 60 || len(files) != len(order)+3 { // and init, manifest.txt, modules/order
		t.Errorf("%d modules of %d files", len(order), len(files))
	}
	total := 0
	for _, line := range order {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "?"), " ")
		data, ok := files["modules/"+name]
		if !ok || !bytes.HasPrefix(data, []byte("\x7fELF")) {
			t.Errorf("%s is no module", name)
		}
		total += len(data)
	}
	for soc, most := range map[string]int{"bcm2837": 66, "bcm2711": 80} {
		n := 0
		for _, line := range order {
			if _, only, tied := strings.Cut(line, " "); !tied || only == soc {
				n++
			}
		}
		if t.Logf("%d modules on a board with %s", n, soc); n > most {
			t.Errorf("a board with %s loads %d modules, want at most %d", soc, n, most)
		}
	}
	t.Logf("%d modules, %.1f MB", len(order), float64(total)/1e6)
	for _, needed := range []string{"bcm2835.ko bcm2837", "sdhci-iproc.ko bcm2711", "crc32c_generic.ko", "ext4.ko", "nls_cp437.ko", "nls_ascii.ko", "vfat.ko", "?uas.ko bcm2711"} {
		if !slices.Contains(order, needed) {
			t.Errorf("%s is not needed", needed)
		}
	}
	for _, radio := range []string{"brcmfmac", "cfg80211", "bluetooth", "btbcm", "rfkill", "dummy_hcd"} {
		if slices.ContainsFunc(order, func(name string) bool { return strings.Contains(name, radio) }) {
			t.Errorf("%s is in the image", radio)
		}
	}
}

func checkTools(t *testing.T, image string, c *card.Card) {
	whole, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	boot := filepath.Join(t.TempDir(), "boot.fat")
	f, err := os.Create(boot)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.Copy(f, io.NewSectionReader(whole, card.BootStart, card.BootSize)); err != nil {
		t.Fatal(err)
	}
	tool(t, "fsck.vfat", "-n", boot)
	if got := tool(t, "mtype", "-i", boot, "::vmlinuz"); got != string(mustFile(t, c, "vmlinuz")) {
		t.Error("mtools reads another kernel")
	}
	data := filepath.Join(t.TempDir(), "data.ext4")
	g, err := os.Create(data)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if err := c.ExtractData(g); err != nil {
		t.Fatal(err)
	}
	tool(t, "e2fsck", "-f", "-n", data)
}

func mustFile(t *testing.T, c *card.Card, name string) []byte {
	t.Helper()
	data, err := c.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// keep writes data to a new file and returns its path.
func keep(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kept")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func sumOf(t *testing.T, path string) string {
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
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, out, stderr.Bytes())
	}
	return string(out)
}
