package durable

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A power cut takes a folder whose parent was not synced, and all that is in it,
// whatever was synced there.
func TestAFolderIsMadeDurably(t *testing.T) {
	top := t.TempDir()
	path := filepath.Join(top, "a", "b", "c")
	var synced []string
	sync := func(path string) error {
		synced = append(synced, path)
		return nil
	}
	if err := makeFolder(path, sync); err != nil {
		t.Fatal(err)
	}
	want := []string{top, filepath.Join(top, "a"), filepath.Join(top, "a", "b")}
	if !slices.Equal(synced, want) {
		t.Fatalf("synced %q, want %q", synced, want)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("%v, %v", info, err)
	}
	synced = nil
	if err := makeFolder(path, sync); err != nil || synced != nil {
		t.Fatalf("made again: %v, synced %q", err, synced)
	}
	failed := errors.New("no sync")
	for k := range 2 {
		syncs := 0
		one := func(string) error {
			if syncs++; syncs == k+1 {
				return failed
			}
			return nil
		}
		if err := makeFolder(filepath.Join(path, "d", string(rune('0'+k)), "e"), one); !errors.Is(err, failed) {
			t.Errorf("sync %d fails: %v", k, err)
		}
	}
	file := filepath.Join(top, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "x")} {
		if err := MakeFolder(path); err == nil {
			t.Errorf("%s: a file passes for a folder", path)
		}
	}
	if err := MakeFolder(filepath.Join(top, "e", "f")); err != nil {
		t.Fatal(err)
	}
}
