package durable_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"onetimechat/padstore/durable"
)

func openFolder(t *testing.T, path string) *durable.Folder {
	t.Helper()
	f, err := durable.OpenFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestFolderVerbs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	f := openFolder(t, dir)
	file, err := f.Create("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt([]byte("pad"), 2); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.SyncFiles(file, file), f.Sync()); err != nil {
		t.Fatal(err)
	}
	if size, err := file.Size(); size != 5 || err != nil {
		t.Fatalf("size %d, %v", size, err)
	}
	if _, err := f.Create("a"); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("creating twice: %v", err)
	}
	if _, err := f.Open("b"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("opening what is not there: %v", err)
	}
	if err := f.Rename("a", "b"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"z", "c", "a"} {
		if file, err := f.Create(name); err != nil || file.Close() != nil {
			t.Fatal(err)
		}
	}
	if names, err := f.List(); !slices.Equal(names, []string{"a", "b", "c", "z"}) || err != nil {
		t.Fatalf("names %v, %v", names, err)
	}
	if err := f.Remove("b"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{dir: 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Fatalf("%s: %v %v", path, info.Mode(), err)
		}
	}
}

func TestFolderIsForOneUserAtATime(t *testing.T) {
	dir := t.TempDir()
	openFolder(t, dir)
	if second, err := durable.OpenFolder(dir); err == nil {
		second.Close()
		t.Fatal("the folder was opened twice")
	} else if !errors.Is(err, durable.ErrInUse) {
		t.Fatal(err)
	}
}

func TestFolderNeverLeavesItself(t *testing.T) {
	parent := t.TempDir()
	if err := os.WriteFile(filepath.Join(parent, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "store")
	f := openFolder(t, dir)
	if err := os.Symlink("../secret", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../secret", filepath.Join(parent, "secret"), "link", "."} {
		if file, err := f.Open(name); err == nil {
			file.Close()
			t.Errorf("%q was opened", name)
		}
	}
}

func TestFolderFilesAreShortened(t *testing.T) {
	f := openFolder(t, t.TempDir())
	file, err := f.Create("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt([]byte("pad bytes"), 0); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Truncate(3), file.Sync()); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 9)
	if n, err := file.ReadAt(b, 0); n != 3 || err != io.EOF || string(b[:n]) != "pad" {
		t.Fatalf("%q, %v", b[:n], err)
	}
}

func TestFolderTellsWhatIsFree(t *testing.T) {
	f := openFolder(t, t.TempDir())
	before, err := f.Free()
	if err != nil || before <= 0 {
		t.Fatalf("%d bytes, %v", before, err)
	}
}

// Of several files synced at once each one's failure is told.
func TestAFailedSyncOfSeveralIsTold(t *testing.T) {
	f := openFolder(t, t.TempDir())
	var files []durable.File
	names := []string{"a", "b", "c"}
	for _, name := range names {
		file, err := f.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	if err := errors.Join(f.SyncFiles(files...), f.SyncFiles()); err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		if err := f.SyncFiles(files...); err == nil {
			t.Errorf("file %d is closed, and its sync says nothing", i)
		}
		var err error
		if files[i], err = f.Open(names[i]); err != nil {
			t.Fatal(err)
		}
	}
}

// The last sync is awaited, whichever of the files it is of: this one's is over at once.
func TestEverySyncOfSeveralIsAwaited(t *testing.T) {
	f := openFolder(t, t.TempDir())
	var files []durable.File
	for i := range 8 {
		file, err := f.Create(string(rune('a' + i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	for range 100 {
		all, ok := f.SyncFiles(files...).(interface{ Unwrap() []error })
		if !ok || len(all.Unwrap()) != len(files) {
			t.Fatalf("not each of %d failures is told: %v", len(files), all)
		}
	}
}

// What is read from the disk again is what was written, synced or not.
func TestFolderForgetsNothingButWhereItIsRead(t *testing.T) {
	file, err := openFolder(t, t.TempDir()).Create("a")
	if err != nil {
		t.Fatal(err)
	}
	want := []byte("synced, and not")
	_, err1 := file.WriteAt(want[:6], 0)
	err2 := file.Sync()
	_, err3 := file.WriteAt(want[6:], 6)
	if err := errors.Join(err1, err2, err3, file.Forget()); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(want))
	if _, err := file.ReadAt(got, 0); err != nil || string(got) != string(want) {
		t.Errorf("%q, %v", got, err)
	}
}
