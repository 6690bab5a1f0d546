package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"onetimechat/firmware/boot/conf"
	"onetimechat/image/card"
	"onetimechat/image/kernel"
)

// boards are the supported boards' device trees: 3B, 3B+, 3A+, Zero 2 W, 4B.
var boards = [...]string{
	"bcm2837-rpi-3-b.dtb", "bcm2837-rpi-3-b-plus.dtb", "bcm2837-rpi-3-a-plus.dtb",
	"bcm2837-rpi-zero-2-w.dtb", "bcm2711-rpi-4-b.dtb",
}

// file is one input that goes into the boot partition as it is.
type file struct {
	name    string
	data    []byte
	version string
}

// build gathers what a card boots and writes an image or an update of it.
func build(ctx context.Context, o options, out io.Writer) error {
	boot, m, err := gather(ctx, o, out)
	if err != nil {
		return err
	}
	if o.update != "" {
		return writeUpdate(o.update, boot, out)
	}
	boot = append(boot, card.File{Name: conf.Name, Data: o.conf.Text()})
	return writeImage(o, boot, m, out)
}

// gather makes the files of the boot partition, without otc.conf, and the
// manifest of what they are made of, which is one of them.
func gather(ctx context.Context, o options, out io.Writer) ([]card.File, manifest, error) {
	var m manifest
	program, version, err := readProgram(o.binary)
	if err != nil {
		return nil, nil, err
	}
	m.add("init", version, program)
	linux, err := readKernel(ctx, o, out)
	if err != nil {
		return nil, nil, err
	}
	m.addSum(linux.Name, linux.Version+" of Debian, package for arm64", linux.SHA256)
	modules, err := linux.Load()
	if err != nil {
		return nil, nil, err
	}
	for _, module := range modules {
		m.add("modules/"+module.File, linux.Release, module.Data)
	}
	files, err := asTheyAre(ctx, linux)
	if err != nil {
		return nil, nil, err
	}
	var boot []card.File
	for _, f := range files {
		m.add(f.name, f.version, f.data)
		boot = append(boot, card.File{Name: f.name, Data: f.data})
	}
	root, err := initramfs(program, modules, m.text())
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(out, "%s# and %d modules of the kernel\n", m.without("modules/").text(), len(modules))
	return append(boot, card.File{Name: "initramfs", Data: root}, card.File{Name: "manifest.txt", Data: m.text()}), m, nil
}

// readKernel reads the kernel package that was named, or that apt fetches.
func readKernel(ctx context.Context, o options, out io.Writer) (*kernel.Package, error) {
	deb := o.kernelDeb
	if deb == "" {
		var err error
		if deb, err = kernel.Fetch(ctx, o.cache, out); err != nil {
			return nil, err
		}
	}
	fmt.Fprintf(out, "unpacking %s\n", deb)
	return kernel.Read(deb)
}

// asTheyAre lists the files of the boot partition that are not made of others.
func asTheyAre(ctx context.Context, linux *kernel.Package) ([]file, error) {
	module, err := fetchFirmware(ctx)
	if err != nil {
		return nil, err
	}
	files, err := readBootCode(module)
	if err != nil {
		return nil, err
	}
	files = append(files, file{"vmlinuz", linux.Image, linux.Release})
	for _, board := range boards {
		tree := linux.Trees[board]
		if tree == nil {
			return nil, fmt.Errorf("%s has no %s", linux.Name, board)
		}
		files = append(files, file{board, tree, linux.Release})
	}
	files = append(files, file{"config.txt", []byte(configText), "this source tree"},
		file{"cmdline.txt", []byte(cmdlineText), "this source tree"})
	for _, name := range overlayNames() {
		files = append(files, file{"overlays/" + name + ".dtbo", overlays()[name], "this source tree"})
	}
	return files, nil
}

// writeImage writes the image, reads it back, and then writes what goes beside
// it. A file that is there is replaced, at once and whole.
func writeImage(o options, boot []card.File, m manifest, out io.Writer) error {
	if err := checkRoom(boot); err != nil {
		return err
	}
	err := replace(o.out, func(f *os.File) error {
		if err := card.Write(f, o.size, boot); err != nil {
			return err
		}
		return readBack(f.Name(), boot)
	})
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(o.out, filepath.Ext(o.out))
	written := []string{o.out, name + ".manifest.txt"}
	err = replace(written[1], func(f *os.File) error {
		_, err := f.Write(m.text())
		return err
	})
	if err != nil {
		return err
	}
	packed := o.out + ".xz"
	if o.packed {
		written = append(written, packed)
		fmt.Fprintf(out, "packing %s, for a minute or two\n", packed)
		err = replace(packed, func(f *os.File) error { return pack(f, o.out) })
	} else if err = os.Remove(packed); errors.Is(err, fs.ErrNotExist) { // of another image
		err = nil
	}
	if err != nil {
		return err
	}
	return writeSums(filepath.Join(filepath.Dir(o.out), "SHA256SUMS"), written, out)
}

// checkRoom refuses files that fit the boot partition but leave no room there
// for an update, which is written one file at a time beside the old one. A
// tenth is kept for what later versions grow by.
func checkRoom(boot []card.File) error {
	total, largest := 0, 0
	for _, f := range boot {
		total += len(f.Data)
		largest = max(largest, len(f.Data))
	}
	if need, most := total+largest, card.BootSize/10*9; need > most {
		return fmt.Errorf("the boot files have %d bytes and with an update of the largest %d, more than %d", total, need, most)
	}
	return nil
}

// readBack checks that the image at path holds what was written to it.
func readBack(path string, boot []card.File) error {
	c, err := card.Open(path)
	if err != nil {
		return err
	}
	defer c.Close()
	names, err := c.Files()
	if err != nil {
		return err
	}
	for _, f := range boot {
		data, err := c.ReadFile(f.Name)
		if err != nil {
			return err
		}
		if !bytes.Equal(data, f.Data) || !slices.Contains(names, f.Name) {
			return fmt.Errorf("%s does not come out of the image as it went in", f.Name)
		}
	}
	if len(names) != len(boot) {
		return fmt.Errorf("%d files went into the image, and %d come out", len(boot), len(names))
	}
	return nil
}

// replace has write write a file beside path, which then takes path's place. It
// sets no permissions: a card's FAT has none.
func replace(path string, write func(*os.File) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	beside := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	f, err := os.OpenFile(beside, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	err = write(f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", path, err), os.Remove(beside))
	}
	return nil
}
