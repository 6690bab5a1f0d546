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
	if err := makeFolder(filepath.Join(path, "d"), func(string) error { return failed }); !errors.Is(err, failed) {
		t.Fatalf("a failed sync: %v", err)
	}
	file := filepath.Join(top, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(MakeFolder(file), MakeFolder(filepath.Join(file, "x"))); err == nil {
		t.Fatal("a file passes for a folder")
	}
	if err := MakeFolder(filepath.Join(top, "e", "f")); err != nil {
		t.Fatal(err)
	}
}
