package main

import (
	"bytes"
	"strings"

	"github.com/cavaliergopher/cpio"

	"onetimechat/image/kernel"
)

// initramfs makes the root that Linux starts from: our program as /init, the
// modules that it loads and in which order, and the manifest.
func initramfs(init []byte, modules []kernel.Module, manifest []byte) ([]byte, error) {
	var out bytes.Buffer
	w := cpio.NewWriter(&out)
	add := func(name string, mode cpio.FileMode, data []byte) error {
		// Everything is root's and of 1970, and in the same order each time.
		if err := w.WriteHeader(&cpio.Header{Name: name, Mode: mode, Size: int64(len(data))}); err != nil {
			return err
		}
		_, err := w.Write(data)
		return err
	}
	if err := add("init", cpio.TypeReg|0o500, init); err != nil {
		return nil, err
	}
	if err := add("manifest.txt", cpio.TypeReg|0o400, manifest); err != nil {
		return nil, err
	}
	if err := add("modules", cpio.TypeDir|0o500, nil); err != nil {
		return nil, err
	}
	if err := add("modules/order", cpio.TypeReg|0o400, loadOrder(modules)); err != nil {
		return nil, err
	}
	for _, m := range modules {
		if err := add("modules/"+m.File, cpio.TypeReg|0o400, m.Data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

// loadOrder is /modules/order: a file name a line, each after what it needs,
// with "?" before those without which the device works, too, and behind it, after
// a space, the processor of the boards that load it, if not all do.
func loadOrder(modules []kernel.Module) []byte {
	var out bytes.Buffer
	for _, m := range modules {
		if m.Optional {
			out.WriteByte('?')
		}
		out.WriteString(strings.TrimSpace(m.File+" "+m.SoC) + "\n")
	}
	return out.Bytes()
}
