// Package kerneltest makes small Debian packages of a kernel that was never
// built, for the tests of what takes such packages apart.
//
// Start with Write.
package kerneltest

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/ulikunitz/xz"
)

// Release is what the kernel calls itself.
const Release = "6.12.0+test-arm64"

// Package is what to put into a package.
type Package struct {
	Control string            // "": as it should be
	Image   []byte            // nil: as it should be
	Files   map[string][]byte // more files, or others, by path
	// Modules are built with Module and packed, by their path below
	// lib/modules/RELEASE/kernel without .ko.xz.
	Modules map[string][]byte
	Builtin []string // paths as in modules.builtin
}

// Control is a package's control file as it should be.
const Control = "Package: linux-image-" + Release + "\nArchitecture: arm64\nVersion: 6.12.0-1\nDescription: none\n more\n"

// Image is a kernel as it should be: nothing but a head.
func Image() []byte {
	image := make([]byte, 4096)
	copy(image[56:], "ARM\x64")
	return image
}

// Write writes p as a Debian package into a new folder and returns its path.
func Write(t testing.TB, p Package) string {
	t.Helper()
	files := map[string][]byte{
		"boot/vmlinuz-" + Release:                         p.Image,
		"usr/lib/modules/" + Release + "/modules.builtin": {},
	}
	if p.Image == nil {
		files["boot/vmlinuz-"+Release] = Image()
	}
	for _, b := range p.Builtin {
		files["usr/lib/modules/"+Release+"/modules.builtin"] = fmt.Appendf(files["usr/lib/modules/"+Release+"/modules.builtin"], "%s\n", b)
	}
	for path, module := range p.Modules {
		files["usr/lib/modules/"+Release+"/kernel/"+path+".ko.xz"] = Pack(t, module)
	}
	for path, data := range p.Files {
		files[path] = data
	}
	if p.Control == "" {
		p.Control = Control
	}
	var deb bytes.Buffer
	deb.WriteString("!<arch>\n")
	member(&deb, "debian-binary", []byte("2.0\n"))
	member(&deb, "control.tar.xz", Pack(t, archive(t, map[string][]byte{"control": []byte(p.Control), "md5sums": nil})))
	member(&deb, "data.tar.xz", Pack(t, archive(t, files)))
	path := filepath.Join(t.TempDir(), "linux-image.deb")
	if err := os.WriteFile(path, deb.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// member adds a file to an ar archive.
func member(ar *bytes.Buffer, name string, data []byte) {
	fmt.Fprintf(ar, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", name, 0, 0, 0, "100644", len(data))
	ar.Write(data)
	if len(data)%2 == 1 {
		ar.WriteByte('\n')
	}
}

// archive makes a tar archive, with "./" before each name as dpkg has it.
func archive(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, data := range files {
		if err := w.WriteHeader(&tar.Header{Name: "./" + name, Mode: 0o644, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Pack packs data with xz.
func Pack(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := xz.WriterConfig{DictCap: 1 << 16}.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Module makes a kernel module that says info about itself, such as
// "depends=a,b", and nothing else.
func Module(info ...string) []byte {
	var says []byte
	for _, s := range append([]string{"vermagic=" + Release + " SMP mod_unload aarch64"}, info...) {
		says = append(append(says, s...), 0)
	}
	const names = "\x00.modinfo\x00.shstrtab\x00"
	const head, section = 64, 64
	at := uint64(head)
	sections := []elf.Section64{
		{},
		{Name: 1, Type: uint32(elf.SHT_PROGBITS), Off: at, Size: uint64(len(says))},
		{Name: 10, Type: uint32(elf.SHT_STRTAB), Off: at + uint64(len(says)), Size: uint64(len(names))},
	}
	ident := [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)}
	header := elf.Header64{Ident: ident, Type: uint16(elf.ET_REL), Machine: uint16(elf.EM_AARCH64), Version: uint32(elf.EV_CURRENT),
		Shoff: at + uint64(len(says)+len(names)), Ehsize: head, Shentsize: section, Shnum: uint16(len(sections)), Shstrndx: 2}
	var out bytes.Buffer
	for _, part := range []any{header, says, []byte(names), sections} {
		// Writing to memory, and fixed sizes only, cannot fail.
		_ = binary.Write(&out, binary.LittleEndian, part)
	}
	return out.Bytes()
}

// Sign appends a signature to a module, as Linux's build does.
func Sign(module []byte) []byte {
	signature := bytes.Repeat([]byte{0x30}, 400)
	trailer := append(make([]byte, 8), binary.BigEndian.AppendUint32(nil, uint32(len(signature)))...)
	return bytes.Join([][]byte{module, signature, trailer, []byte("~Module signature appended~\n")}, nil)
}
