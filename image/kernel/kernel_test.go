package kernel

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"onetimechat/image/kernel/kerneltest"
)

// some is a package with modules that need each other in every way.
func some() kerneltest.Package {
	return kerneltest.Package{
		Modules: map[string][]byte{
			"fs/ext4/ext4":                     kerneltest.Sign(kerneltest.Module("depends=jbd2,mbcache", "softdep=pre: crypto-crc32c")),
			"fs/jbd2/jbd2":                     kerneltest.Module("depends=", "softdep=pre: crypto-crc32c"),
			"fs/mbcache":                       kerneltest.Module(),
			"crypto/crc32c_generic":            kerneltest.Module("alias=crypto-crc32c"),
			"drivers/mmc/host/sdhci-iproc":     kerneltest.Module("depends=sdhci-pltfm,mmc-core"),
			"drivers/mmc/host/sdhci-pltfm":     kerneltest.Module("name=sdhci_pltfm"),
			"drivers/net/genet":                kerneltest.Module("softdep=post: late", "softdep=pre: early built_in post: late"),
			"drivers/net/early":                kerneltest.Module(),
			"drivers/net/late":                 kerneltest.Module(),
			"net/wireless/cfg80211":            kerneltest.Module(),
			"drivers/net/sneaky":               kerneltest.Module("depends=cfg80211"),
			"drivers/net/ring":                 kerneltest.Module("depends=round"),
			"drivers/net/round":                kerneltest.Module("depends=ring"),
			"drivers/net/lacking":              kerneltest.Module("depends=gone"),
			"drivers/net/foreign":              kerneltest.Module()[:100],
			"drivers/usb/gadget/udc/dummy_hcd": kerneltest.Module(),
		},
		Builtin: []string{"kernel/drivers/mmc/core/mmc_core.ko", "kernel/lib/built-in.ko"},
		Files: map[string][]byte{
			"usr/lib/linux-image-" + kerneltest.Release + "/broadcom/bcm2837-rpi-3-b.dtb": []byte("tree"),
			"usr/lib/linux-image-" + kerneltest.Release + "/amlogic/other.dtb":            []byte("other"),
			"usr/share/doc/readme": []byte("read me"),
		},
	}
}

func mustRead(t *testing.T, p kerneltest.Package) *Package {
	t.Helper()
	read, err := Read(kerneltest.Write(t, p))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestAPackageIsTakenApart(t *testing.T) {
	path := kerneltest.Write(t, some())
	p, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "linux-image-"+kerneltest.Release || p.Version != "6.12.0-1" || p.Release != kerneltest.Release {
		t.Errorf("it is %q %q %q", p.Name, p.Version, p.Release)
	}
	if want := fmt.Sprintf("%x", sha256.Sum256(whole)); p.SHA256 != want {
		t.Errorf("its sum is %s, want %s", p.SHA256, want)
	}
	if !bytes.Equal(p.Image, kerneltest.Image()) {
		t.Error("it has another kernel")
	}
	if len(p.Trees) != 1 || string(p.Trees["bcm2837-rpi-3-b.dtb"]) != "tree" {
		t.Errorf("its device trees are %q", p.Trees)
	}
}

func TestEachModuleComesAfterWhatItNeeds(t *testing.T) {
	p := mustRead(t, some())
	tests := []struct {
		groups []group
		want   string
	}{
		{[]group{{names: "ext4"}}, "crc32c_generic.ko jbd2.ko mbcache.ko ext4.ko"},
		{[]group{{names: "mbcache ext4 crc32c-generic"}}, "mbcache.ko crc32c_generic.ko jbd2.ko ext4.ko"},
		{[]group{{names: "sdhci-iproc"}}, "sdhci-pltfm.ko sdhci-iproc.ko"},
		{[]group{{names: "sdhci_iproc mmc_core built_in"}}, "sdhci-pltfm.ko sdhci-iproc.ko"},
		{[]group{{names: "genet", optional: true}}, "?early.ko ?genet.ko ?late.ko"},
		// What something needed needs is needed, also when it came as optional.
		{[]group{{names: "jbd2 late", optional: true}, {names: "ext4"}}, "crc32c_generic.ko jbd2.ko ?late.ko mbcache.ko ext4.ko"},
		{[]group{{names: "ext4"}, {names: "jbd2", optional: true}}, "crc32c_generic.ko jbd2.ko mbcache.ko ext4.ko"},
		// What boards of two kinds need, all load.
		{[]group{{names: "ext4", soc: pi3}, {names: "jbd2", soc: pi4}}, "crc32c_generic.ko jbd2.ko mbcache.ko@bcm2837 ext4.ko@bcm2837"},
		{[]group{{names: "genet", soc: pi4, optional: true}, {names: "late early", soc: pi4}}, "early.ko@bcm2711 ?genet.ko@bcm2711 late.ko@bcm2711"},
		{[]group{{names: "jbd2", soc: pi4}, {names: "ext4", optional: true}}, "crc32c_generic.ko jbd2.ko ?mbcache.ko ?ext4.ko"},
		{nil, ""},
	}
	for _, test := range tests {
		modules, err := p.load(test.groups)
		if err != nil {
			t.Errorf("%v: %v", test.groups, err)
			continue
		}
		var got []string
		for _, m := range modules {
			name := m.File
			if m.Optional {
				name = "?" + name
			}
			if m.SoC != "" {
				name += "@" + m.SoC
			}
			got = append(got, name)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%v: got %s, want %s", test.groups, got, test.want)
		}
	}
}

func TestModulesComeUnpackedAndUnsigned(t *testing.T) {
	modules, err := mustRead(t, some()).load([]group{{names: "ext4"}})
	if err != nil {
		t.Fatal(err)
	}
	want := kerneltest.Module("depends=jbd2,mbcache", "softdep=pre: crypto-crc32c")
	if got := modules[len(modules)-1].Data; !bytes.Equal(got, want) {
		t.Errorf("%d bytes come out of %d", len(got), len(want))
	}
	// What only looks like a signature stays.
	for n := range 50 {
		odd := append(bytes.Repeat([]byte{0xff}, n), "~Module signature appended~\n"...)
		if !bytes.Equal(unsigned(odd), odd) {
			t.Errorf("%d bytes before the magic: cut to %d", n, len(unsigned(odd)))
		}
	}
}

func TestModulesThatCannotBeLoadedFailTheBuild(t *testing.T) {
	p := mustRead(t, some())
	other := some()
	other.Modules["fs/fat/vfat"] = bytes.Replace(kerneltest.Module(), []byte(kerneltest.Release), []byte("6.11.0+test-arm64"), 1)
	other.Modules["fs/fat/mute"] = bytes.Replace(kerneltest.Module(), []byte(".modinfo"), []byte(".modnone"), 1)
	q := mustRead(t, other)
	for name, test := range map[string]struct {
		p    *Package
		want string
	}{
		"gone":      {p, "the package has no gone"},
		"lacking":   {p, "the package has no gone"},
		"cfg80211":  {p, "may not be in an image"},
		"sneaky":    {p, "may not be in an image"},
		"dummy_hcd": {p, "may not be in an image"},
		"ring":      {p, "ring needs round needs ring"},
		"foreign":   {p, "foreign"},
		"vfat":      {q, "6.11.0+test-arm64"},
		"mute":      {q, "says nothing"},
	} {
		if _, err := test.p.load([]group{{names: name}}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestWhatIsNoKernelPackageIsRefused(t *testing.T) {
	change := func(f func(*kerneltest.Package)) kerneltest.Package {
		p := some()
		f(&p)
		return p
	}
	for _, test := range []struct {
		want string
		p    kerneltest.Package
	}{
		{"for amd64", change(func(p *kerneltest.Package) {
			p.Control = strings.Replace(kerneltest.Control, "arm64\nV", "amd64\nV", 1)
		})},
		{"name and version", change(func(p *kerneltest.Package) { p.Control = "Architecture: arm64\n" })},
		{"no kernel package", change(func(p *kerneltest.Package) { p.Modules = nil })},
		{"no kernel package", change(func(p *kerneltest.Package) { p.Builtin = nil })},
		{"not a plain", change(func(p *kerneltest.Package) { p.Image = []byte("MZ\x00\x00zimg") })},
		{"not a plain", change(func(p *kerneltest.Package) { p.Image = bytes.Repeat([]byte{0x1f}, 4096) })},
	} {
		if _, err := Read(kerneltest.Write(t, test.p)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}

// A package cut short anywhere is refused.
func TestACutPackageIsRefused(t *testing.T) {
	whole, err := os.ReadFile(kerneltest.Write(t, some()))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cut.deb")
	for n := 0; n < len(whole)-1; n++ {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil {
			t.Errorf("%d of %d bytes are read", n, len(whole))
		}
	}
}

// Nothing that the list names is forbidden or named twice.
func TestTheListOfModulesIsSound(t *testing.T) {
	names := Wanted()
	sorted := slices.Sorted(slices.Values(names))
	if len(slices.Compact(sorted)) != len(names) || len(names) < 40 {
		t.Errorf("of %d names some are there twice", len(names))
	}
}
