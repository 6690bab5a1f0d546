package main

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/cavaliergopher/cpio"

	"onetimechat/image/kernel"
)

// unpackRoot reads an initramfs's files by name.
func unpackRoot(t *testing.T, initramfs []byte) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for r := cpio.NewReader(bytes.NewReader(initramfs)); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if head.Uid != 0 || head.Guid != 0 {
			t.Errorf("%s is not root's", head.Name)
		}
		if head.Mode.IsDir() {
			continue
		}
		if files[head.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheRootIsOurs(t *testing.T) {
	modules := []kernel.Module{
		{File: "b.ko", Data: []byte("bb")},
		{File: "a.ko", Data: []byte("aaa"), Optional: true, SoC: "bcm2711"},
	}
	root, err := initramfs([]byte("program"), modules, []byte("list"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"init": "program", "manifest.txt": "list", "modules/order": "b.ko\n?a.ko bcm2711\n", "modules/b.ko": "bb", "modules/a.ko": "aaa"}
	files := unpackRoot(t, root)
	for name, text := range want {
		if string(files[name]) != text {
			t.Errorf("%s is %q, want %q", name, files[name], text)
		}
	}
	if len(files) != len(want) {
		t.Errorf("there are %d files, want %d", len(files), len(want))
	}
	again, err := initramfs([]byte("program"), modules, []byte("list"))
	if err != nil || !bytes.Equal(again, root) {
		t.Errorf("the same files give another root, %v", err)
	}
}
