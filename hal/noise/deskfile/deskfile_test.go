package deskfile

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"onetimechat/hal/noise"
)

var _ noise.Source = &File{}

func recording(t *testing.T, b []byte) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recording")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f := New(path)
	t.Cleanup(func() { f.Close() })
	return f
}

func expect(t *testing.T, f *File, n int, want string) {
	t.Helper()
	p := make([]byte, n)
	if err := f.Read(t.Context(), p); err != nil || string(p) != want {
		t.Errorf("read %q, %v, want %q", p, err, want)
	}
}

func expectError(t *testing.T, f *File, n int, want error) {
	t.Helper()
	p := bytes.Repeat([]byte{1}, n)
	if err := f.Read(t.Context(), p); !errors.Is(err, want) || !strings.HasPrefix(err.Error(), f.path) {
		t.Errorf("got %v, want %v", err, want)
	}
	if !bytes.Equal(p, make([]byte, n)) {
		t.Errorf("after the error there is %x", p)
	}
}

// No byte comes twice, whatever happens between.
func TestAPlainFileNeverBeginsAgain(t *testing.T) {
	f := recording(t, []byte("0123456789"))
	expect(t, f, 4, "0123")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Read(ctx, make([]byte, 2)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	expect(t, f, 3, "456")
	expectError(t, f, 4, noise.ErrShort)
	expectError(t, f, 1, noise.ErrShort)
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	expectError(t, f, 1, noise.ErrShort)
}

func TestWhateverTheFileItIsDemoRandomness(t *testing.T) {
	for path, name := range map[string]string{
		"/dev/random":                               "file random",
		"noise/recording.bin":                       "file recording.bin",
		"/dev/hwrng":                                "file hwrng",
		"evil\x1b\n" + strings.Repeat("é", 50):      "file evil??" + strings.Repeat("?", 37),
		filepath.Join("x", strings.Repeat("y", 99)): "file " + strings.Repeat("y", 43),
	} {
		want := noise.Description{Name: name, SampleBits: 8, Credit: noise.MaxCredit, Demo: true}
		if got := New(path).Describe(); got != want {
			t.Errorf("%q: %+v, want %+v", path, got, want)
		}
	}
}

func TestDevRandomIsRead(t *testing.T) {
	f := New("/dev/random")
	defer f.Close()
	a, b := make([]byte, 1<<20), make([]byte, 1<<20)
	if err := errors.Join(f.Read(t.Context(), a), f.Read(t.Context(), b)); err != nil || bytes.Equal(a, b) {
		t.Errorf("%v, or twice the same", err)
	}
}

func TestAFileFailsByName(t *testing.T) {
	expectError(t, New(filepath.Join(t.TempDir(), "nothing")), 4, noise.ErrMissing)
	expectError(t, New(t.TempDir()), 4, noise.ErrFailed)
	expectError(t, recording(t, nil), 1, noise.ErrShort)
}

func TestAFileThatMayNotBeOpenedIsDenied(t *testing.T) {
	for err, want := range map[error]error{os.ErrPermission: noise.ErrDenied, os.ErrNotExist: noise.ErrMissing, os.ErrInvalid: noise.ErrFailed} {
		if got := openFault(&os.PathError{Op: "open", Path: "x", Err: err}); !errors.Is(got, want) {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}
