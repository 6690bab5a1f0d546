package kernel

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// fakeApt puts programs in apt's place that do as apt does for a mirror that
// has one kernel, and count how often a package is fetched.
func fakeApt(t *testing.T) (fetched func() int) {
	t.Helper()
	bin := t.TempDir()
	count := filepath.Join(bin, "count")
	write(t, filepath.Join(bin, "apt-cache"), "#!/bin/sh\nprintf 'Package: linux-image-arm64\\nDepends: linux-image-6.12.9+deb13-arm64 (= 6.12.9-1)\\n'\n")
	write(t, filepath.Join(bin, "apt-get"), `#!/bin/sh
case "$4" in
update) grep -q '^deb \[signed-by=/.*\] .* trixie main' sources.list || exit 1 ;;
download) echo x >>`+count+`; echo "the package" >"$5_6.12.9-1_arm64.deb" ;;
esac
`)
	for _, name := range []string{"apt-get", "apt-cache"} {
		if err := os.Chmod(filepath.Join(bin, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	return func() int {
		text, err := os.ReadFile(count)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return strings.Count(string(text), "x")
	}
}

func TestAPackageIsFetchedOnce(t *testing.T) {
	fetched := fakeApt(t)
	cache := filepath.Join(t.TempDir(), "new", "cache")
	for range 3 {
		path, err := Fetch(t.Context(), cache, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(path) != "linux-image-6.12.9+deb13-arm64_6.12.9-1_arm64.deb" {
			t.Errorf("the package is %s", path)
		}
	}
	if fetched() != 1 {
		t.Errorf("it was fetched %d times", fetched())
	}
	left, err := os.ReadDir(cache)
	if err != nil || len(left) != 2 {
		t.Errorf("%v are left in the cache, %v", left, err)
	}
}

func TestADamagedPackageIsNotUsed(t *testing.T) {
	fetched := fakeApt(t)
	cache := t.TempDir()
	path, err := Fetch(t.Context(), cache, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, "another package")
	if got, err := Fetch(t.Context(), cache, io.Discard); err == nil || !strings.Contains(err.Error(), "delete it") {
		t.Errorf("got %q, %v", got, err)
	}
	for _, line := range []string{"", "x", "x  ../package.deb\n"} {
		write(t, filepath.Join(cache, record), line)
		if got, err := Fetch(t.Context(), cache, io.Discard); err == nil || !strings.Contains(err.Error(), "delete it") {
			t.Errorf("%q: got %q, %v", line, got, err)
		}
	}
	// What was deleted is fetched again.
	if err := os.Remove(filepath.Join(cache, record)); err != nil {
		t.Fatal(err)
	}
	if _, err := Fetch(t.Context(), cache, io.Discard); err != nil || fetched() != 2 {
		t.Errorf("fetched %d times, %v", fetched(), err)
	}
}

// A host's apt may take mirrors without a signature; what goes into an image has one.
func TestAHostThatAsksForNoSignatureIsNotFollowed(t *testing.T) {
	mirror, work := t.TempDir(), t.TempDir()
	lax := filepath.Join(t.TempDir(), "lax.conf")
	write(t, lax, `Acquire::AllowInsecureRepositories "true"; APT::Get::AllowUnauthenticated "true"; APT::Sandbox::User "root";`)
	t.Setenv("APT_CONFIG", lax)
	packages := "Package: linux-image-arm64\nVersion: 1\nArchitecture: arm64\nDepends: linux-image-bad-arm64\n"
	write(t, filepath.Join(mirror, "dists", suite, "main", "binary-arm64", "Packages"), packages)
	write(t, filepath.Join(mirror, "dists", suite, "Release"), "Suite: "+suite+"\nArchitectures: arm64\nComponents: main\n")
	a := apt{work: work, config: filepath.Join(work, "apt.conf")}
	if err := a.configure("deb [signed-by=" + keyring + "] file:" + mirror + " " + suite + " main\n"); err != nil {
		t.Fatal(err)
	}
	_, err := a.run(t.Context(), "apt-get", "-q", "update")
	if err == nil || !strings.Contains(err.Error(), "is not signed") {
		t.Errorf("a mirror without a signature: %v", err)
	}
}

func TestAHostWithoutAptIsToldWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Fetch(t.Context(), t.TempDir(), io.Discard); err == nil || !strings.Contains(err.Error(), "--kernel-deb") {
		t.Errorf("it is told %v", err)
	}
}

func TestTheMirrorsAreTheHosts(t *testing.T) {
	tests := []struct {
		name             string
		files            map[string]string
		debian, security string
	}{
		{"nothing", nil, debianMirror, securityMirror},
		{"one line each", map[string]string{"sources.list": "# deb http://old.example/debian x\ndeb [arch=amd64 signed-by=/x] http://mirror.example/debian/ bookworm main\ndeb https://sec.example/debian-security bookworm-security main\ndeb-src http://src.example/debian bookworm main\n"},
			"http://mirror.example/debian", "https://sec.example/debian-security"},
		{"deb822", map[string]string{"sources.list.d/debian.sources": "Types: deb\nURIs: http://mirror.example/debian http://sec.example/debian-security/\nSuites: bookworm\n"},
			"http://mirror.example/debian", "http://sec.example/debian-security"},
		{"others", map[string]string{"sources.list.d/node.list": "deb https://deb.example.com/node_20.x nodistro main\n", "sources.list.d/a.list": "deb file:/srv/debian x main\n", "sources.list.d/b.txt": "deb http://wrong.example/debian x main\n"},
			debianMirror, securityMirror},
	}
	for _, test := range tests {
		etc := t.TempDir()
		for name, text := range test.files {
			write(t, filepath.Join(etc, name), text)
		}
		want := "deb [signed-by=" + keyring + "] " + test.debian + " trixie main\ndeb [signed-by=" + keyring + "] " + test.security + " trixie-security main\n"
		if got, err := hostSources(etc); err != nil || got != want {
			t.Errorf("%s: got %s%v, want %s", test.name, got, err, want)
		}
	}
}

func TestTheKernelIsNamedByTheMetaPackage(t *testing.T) {
	for shown, want := range map[string]string{
		"Package: x\nDepends: linux-image-6.12.1+deb13-arm64 (= 6.12.1-1)\n": "linux-image-6.12.1+deb13-arm64",
		"Depends: linux-image-6.12.1+deb13-arm64\n":                          "linux-image-6.12.1+deb13-arm64",
		"Depends: linux-image-../../x (= 1)\n":                               "",
		"Depends: other\n":                                                   "",
		"":                                                                   "",
	} {
		if got := kernelNamed(shown); got != want {
			t.Errorf("%q: got %q, want %q", shown, got, want)
		}
	}
}
