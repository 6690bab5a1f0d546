// Package kernel takes Linux for the boards out of Debian's kernel package: the
// kernel, the device trees, and of its 4000 modules those that a pad device
// needs.
//
// Start with Read for a package's file and Fetch to get one; Package.Load then
// says which modules to load in which order. modules.go holds the list. What is
// not in the list, or needed by something in it, does not reach an image: no
// Wi-Fi, no Bluetooth. The package runs nothing out of the kernel package and
// needs no root; only Fetch runs programs (apt) and uses the network.
package kernel

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/ulikunitz/xz"
)

// Bounds, in bytes, before anything is allocated: kernels have 40 MB, modules
// at most 4 MB packed, device trees 60 KB.
const (
	maxKernel  = 128 << 20
	maxFile    = 16 << 20
	maxControl = 1 << 20
)

// Package is what an image may need of a kernel package.
type Package struct {
	Name    string // such as linux-image-6.12.117+deb13-arm64
	Version string // such as 6.12.117-1
	Release string // what the kernel calls itself, such as 6.12.117+deb13-arm64
	SHA256  string // of the package's file, in hex
	Image   []byte // the kernel, as the board's firmware loads it
	// Trees are the device trees of Broadcom boards, by file name.
	Trees map[string][]byte

	modules map[string]packed // by name with _ for -
	builtin map[string]bool   // by the same names
}

// packed is a module as the package has it.
type packed struct {
	path string // below modules/RELEASE
	data []byte // packed with xz
}

// Read reads a Debian package of a kernel for arm64.
func Read(file string) (*Package, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := &Package{Trees: make(map[string][]byte), modules: make(map[string]packed), builtin: make(map[string]bool)}
	hash := sha256.New()
	if err := p.readArchive(bufio.NewReaderSize(io.TeeReader(f, hash), 1<<20)); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	p.SHA256 = fmt.Sprintf("%x", hash.Sum(nil))
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return p, nil
}

// readArchive reads the ar archive that a Debian package is (deb(5)), to its
// end.
func (p *Package) readArchive(r io.Reader) error {
	magic := make([]byte, 8)
	if _, err := io.ReadFull(r, magic); err != nil || string(magic) != "!<arch>\n" {
		return errors.New("not a Debian package")
	}
	readers := map[string]func(io.Reader) error{"control.tar.xz": p.readControl, "data.tar.xz": p.readData}
	for {
		name, size, err := readMember(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		member := &io.LimitedReader{R: r, N: size}
		if read := readers[name]; read != nil {
			if err := read(member); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			delete(readers, name)
		}
		if _, err := io.Copy(io.Discard, member); err != nil {
			return err
		}
		if member.N > 0 { // what was read of it may have been all that is of use
			return fmt.Errorf("%s: %w", name, io.ErrUnexpectedEOF)
		}
		// Members are padded to an even length.
		if _, err := io.CopyN(io.Discard, r, size%2); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
}

// readMember reads the 60-byte head of a member of an ar archive. It returns
// io.EOF where there is none.
func readMember(r io.Reader) (name string, size int64, err error) {
	head := make([]byte, 60)
	if _, err := io.ReadFull(r, head); err != nil {
		return "", 0, err
	}
	size, err = strconv.ParseInt(strings.TrimSpace(string(head[48:58])), 10, 64)
	if err != nil || size < 0 || string(head[58:]) != "`\n" {
		return "", 0, errors.New("not a Debian package: a member's head is damaged")
	}
	return strings.TrimRight(string(head[:16]), "/ "), size, nil
}

// readControl reads the package's name and version.
func (p *Package) readControl(r io.Reader) error {
	return eachFile(r, func(name string, _ int64, file io.Reader) error {
		if name != "control" {
			return nil
		}
		text, err := io.ReadAll(io.LimitReader(file, maxControl))
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(line, ":")
			switch value = strings.TrimSpace(value); key {
			case "Package":
				p.Name = value
			case "Version":
				p.Version = value
			case "Architecture":
				if value != "arm64" {
					return fmt.Errorf("it is for %s, not for arm64", value)
				}
			}
		}
		return err
	})
}

// readData reads the package's files.
func (p *Package) readData(r io.Reader) error {
	return eachFile(r, func(name string, size int64, file io.Reader) error {
		switch {
		case strings.HasPrefix(name, "boot/vmlinuz-"):
			p.Release = strings.TrimPrefix(name, "boot/vmlinuz-")
			return read(&p.Image, file, size, maxKernel)
		case strings.HasSuffix(name, ".dtb") && path.Base(path.Dir(name)) == "broadcom":
			var tree []byte
			err := read(&tree, file, size, maxFile)
			p.Trees[path.Base(name)] = tree
			return err
		case path.Base(name) == "modules.builtin":
			return p.readBuiltin(file)
		case strings.HasSuffix(name, ".ko.xz"):
			_, below, _ := strings.Cut(name, "lib/modules/")
			_, below, _ = strings.Cut(below, "/")
			m := packed{path: below}
			err := read(&m.data, file, size, maxFile)
			p.modules[moduleName(below)] = m
			return err
		}
		return nil
	})
}

// readBuiltin reads the list of what is a module elsewhere and part of this
// kernel.
func (p *Package) readBuiltin(r io.Reader) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		p.builtin[moduleName(lines.Text())] = true
	}
	return lines.Err()
}

// moduleName is the name of the module in a file: modprobe takes - and _ for
// the same.
func moduleName(file string) string {
	name, _, _ := strings.Cut(path.Base(file), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// check refuses a package that lacks what every kernel has.
func (p *Package) check() error {
	switch {
	case p.Name == "" || p.Version == "":
		return errors.New("it does not say its name and version")
	case p.Release == "" || len(p.modules) == 0 || len(p.builtin) == 0:
		return fmt.Errorf("%s is no kernel package", p.Name)
	case len(p.Image) < 64 || string(p.Image[56:60]) != "ARM\x64":
		// Linux, Documentation/arch/arm64/booting.rst: magic at 56. The boards'
		// firmware loads nothing that is packed in another way.
		return fmt.Errorf("the kernel of %s is not a plain arm64 image", p.Name)
	}
	return nil
}

// eachFile calls do for each regular file of a tar archive packed with xz. do
// need not read all of it. Names come without "./" and "/" before them.
func eachFile(r io.Reader, do func(name string, size int64, file io.Reader) error) error {
	unpacked, err := xz.NewReader(r)
	if err != nil {
		return err
	}
	files := tar.NewReader(unpacked)
	for {
		head, err := files.Next()
		if errors.Is(err, io.EOF) {
			// xz has its last checksums behind the archive's end.
			_, err = io.Copy(io.Discard, unpacked)
			return err
		}
		if err != nil {
			return err
		}
		if head.Typeflag != tar.TypeReg {
			continue
		}
		if err := do(strings.TrimLeft(head.Name, "./"), head.Size, files); err != nil {
			return fmt.Errorf("%s: %w", head.Name, err)
		}
	}
}

// read reads a file of size bytes, at most limit, into *into.
func read(into *[]byte, r io.Reader, size, limit int64) error {
	if size > limit {
		return fmt.Errorf("it has %d bytes, more than the %d expected", size, limit)
	}
	*into = make([]byte, size)
	_, err := io.ReadFull(r, *into)
	return err
}

// unpack reads what xz packed, at most maxFile bytes.
func unpack(data []byte) ([]byte, error) {
	r, err := xz.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(out) > maxFile {
		return nil, fmt.Errorf("more than %d bytes unpacked", maxFile)
	}
	return out, err
}
