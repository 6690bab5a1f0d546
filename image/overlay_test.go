package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"onetimechat/image/fdt"
)

var update = flag.Bool("update", false, "store overlays and pictures as they are made now")

// What the overlays say, as dtc reads them, is in testdata to look at.
func TestOverlaysAreAsWritten(t *testing.T) {
	for name, blob := range overlays() {
		cmd := exec.CommandContext(t.Context(), "dtc", "-q", "-I", "dtb", "-O", "dts")
		cmd.Stdin = bytes.NewReader(blob)
		got, err := cmd.Output()
		if err != nil {
			t.Fatalf("dtc (package device-tree-compiler): %v", err)
		}
		kept := filepath.Join("testdata", name+".dts")
		if *update {
			if err := os.WriteFile(kept, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(kept)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
		}
	}
}

// labels are the labels of a board that an overlay refers to.
func labels(t *testing.T, overlay []byte) []string {
	t.Helper()
	tree, err := fdt.Parse(overlay)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range tree.Root.Find("__fixups__").Props {
		names = append(names, p.Name)
		// Each place that a label's number belongs is there, and free.
		for place := range strings.SplitSeq(strings.TrimRight(string(p.Value), "\x00"), "\x00") {
			path, rest, _ := strings.Cut(place, ":")
			prop, at, _ := strings.Cut(rest, ":")
			value, ok := tree.Root.Find(path).Prop(prop)
			if !ok || !bytes.Contains(value, []byte{0xff, 0xff, 0xff, 0xff}) || at == "" {
				t.Errorf("%s belongs at %s, where is %x", p.Name, place, value)
			}
		}
	}
	return names
}
