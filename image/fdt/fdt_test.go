package fdt_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"onetimechat/image/fdt"
)

// board is a tree with everything that trees have.
func board() *fdt.Tree {
	return &fdt.Tree{
		BootCPU:  3,
		Reserved: []fdt.Region{{Start: 0, Size: 4096}, {Start: 1 << 33, Size: 1}},
		Root: &fdt.Node{
			Props: []fdt.Prop{{Name: "#address-cells", Value: fdt.Cells(1)}, {Name: "compatible", Value: fdt.Strings("a,b", "c")}},
			Nodes: []*fdt.Node{
				{Name: "soc", Nodes: []*fdt.Node{
					{Name: "spi@7e204000", Props: []fdt.Prop{{Name: "status", Value: fdt.Strings("disabled")}, {Name: "on", Value: []byte{}}}},
					{Name: "empty"},
				}},
				{Name: "aliases", Props: []fdt.Prop{{Name: "status", Value: []byte{1, 2, 3, 4, 5}}}},
			},
		},
	}
}

func TestATreeIsReadBack(t *testing.T) {
	want := board()
	got, err := fdt.Parse(want.Bytes())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Error("the same tree has other bytes")
	}
}

// dtc writes a tree that we read, and reads one that we wrote.
func TestDtcAgrees(t *testing.T) {
	ours := filepath.Join(t.TempDir(), "ours.dtb")
	if err := os.WriteFile(ours, board().Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := exec.CommandContext(t.Context(), "dtc", "-q", "-I", "dtb", "-O", "dts", ours).Output()
	if err != nil {
		t.Fatalf("dtc (package device-tree-compiler): %v", err)
	}
	cmd := exec.CommandContext(t.Context(), "dtc", "-q", "-b", "3", "-I", "dts", "-O", "dtb")
	cmd.Stdin = bytes.NewReader(source)
	theirs, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := fdt.Parse(theirs); err != nil || !reflect.DeepEqual(got, board()) {
		t.Errorf("out of %s\ncomes %+v, %v", source, got, err)
	}
}

func TestNodesAndPropertiesAreFound(t *testing.T) {
	root := board().Root
	spi := root.Find("/soc/spi@7e204000")
	if spi == nil || root.Find("") != root || root.Find("/") != root || root.Find("soc/nothing") != nil || root.Find("spi@7e204000") != nil {
		t.Fatal("the wrong nodes are found")
	}
	spi.Set("status", fdt.Strings("okay"))
	spi.Set("reg", fdt.Cells(1, 2))
	if v, ok := spi.Prop("status"); !ok || string(v) != "okay\x00" {
		t.Errorf("status is %q, %v", v, ok)
	}
	if v, ok := spi.Prop("reg"); !ok || !bytes.Equal(v, []byte{0, 0, 0, 1, 0, 0, 0, 2}) {
		t.Errorf("reg is %x, %v", v, ok)
	}
	if _, ok := spi.Prop("nothing"); ok || len(spi.Props) != 3 {
		t.Errorf("the properties are %+v", spi.Props)
	}
}

// Every tree cut short is refused, and none with a changed byte is a panic.
func TestDamage(t *testing.T) {
	good := board().Bytes()
	for n := range good {
		if _, err := fdt.Parse(good[:n]); err == nil {
			t.Errorf("%d of %d bytes are read", n, len(good))
		}
		for _, change := range []byte{1, 0x80, 0xff} {
			bad := bytes.Clone(good)
			bad[n] ^= change
			if tree, err := fdt.Parse(bad); err == nil {
				tree.Bytes()
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(board().Bytes())
	f.Fuzz(func(t *testing.T, blob []byte) {
		tree, err := fdt.Parse(blob)
		if err != nil {
			return
		}
		again, err := fdt.Parse(tree.Bytes())
		if err != nil || !bytes.Equal(again.Bytes(), tree.Bytes()) {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}
