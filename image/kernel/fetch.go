package kernel

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	suite   = "trixie" // Debian 13
	meta    = "linux-image-arm64"
	keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
	// record is the file in the cache that names the package and its SHA-256,
	// as sha256sum writes it.
	record = "kernel.sha256"
)

// Fetch returns the path of the kernel package in the folder cache. If it is
// not there yet, apt fetches the newest of Debian 13, checks it against
// Debian's signature, and a line of what is done goes to log. A package that is
// there stays the one used until record, or the folder, is deleted: builds
// should not change by themselves. The host's own packages, lists and settings
// are not touched.
func Fetch(ctx context.Context, cache string, log io.Writer) (string, error) {
	cache, err := filepath.Abs(cache) // apt runs elsewhere
	if err != nil {
		return "", err
	}
	path, err := cached(cache)
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return path, err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	// A folder of its own for each run: runs at the same time do not meet.
	work, err := os.MkdirTemp(cache, "apt-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	path, err = download(ctx, work, log)
	if err != nil {
		return "", fmt.Errorf("fetching Debian's kernel for arm64: %w; or give the package's file by --kernel-deb", err)
	}
	return keep(cache, path)
}

// cached returns the package that record names, once its sum is right.
func cached(cache string) (string, error) {
	line, err := os.ReadFile(filepath.Join(cache, record))
	if err != nil {
		return "", err
	}
	sum, name, ok := strings.Cut(strings.TrimSpace(string(line)), "  ")
	if !ok || name != filepath.Base(name) {
		return "", fmt.Errorf("%s is damaged: delete it", filepath.Join(cache, record))
	}
	path := filepath.Join(cache, name)
	got, err := sumOf(path)
	if err != nil {
		return "", err
	}
	if got != sum {
		return "", fmt.Errorf("%s is damaged: delete it", path)
	}
	return path, nil
}

// keep moves a package into the cache and records it, the record last.
func keep(cache, path string) (string, error) {
	sum, err := sumOf(path)
	if err != nil {
		return "", err
	}
	kept := filepath.Join(cache, filepath.Base(path))
	if err := os.Rename(path, kept); err != nil {
		return "", err
	}
	line := filepath.Join(filepath.Dir(path), record)
	if err := os.WriteFile(line, fmt.Appendf(nil, "%s  %s\n", sum, filepath.Base(path)), 0o644); err != nil {
		return "", err
	}
	return kept, os.Rename(line, filepath.Join(cache, record))
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// download has apt fetch the newest kernel package into the folder work.
func download(ctx context.Context, work string, log io.Writer) (string, error) {
	for _, program := range []string{"apt-get", "apt-cache"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", errors.New("this host has no apt")
		}
	}
	if _, err := os.Stat(keyring); err != nil {
		return "", fmt.Errorf("this host lacks Debian's keys (package debian-archive-keyring): %w", err)
	}
	sources, err := hostSources("/etc/apt")
	if err != nil {
		return "", err
	}
	a := apt{work: work, config: filepath.Join(work, "apt.conf")}
	if err := a.configure(sources); err != nil {
		return "", err
	}
	fmt.Fprintf(log, "fetching the list of Debian %s for arm64:\n%s", suite, sources)
	if _, err := a.run(ctx, "apt-get", "-q", "update"); err != nil {
		return "", err
	}
	shown, err := a.run(ctx, "apt-cache", "--no-all-versions", "show", meta)
	if err != nil {
		return "", err
	}
	name := kernelNamed(shown)
	if name == "" {
		return "", fmt.Errorf("%s of Debian %s names no kernel", meta, suite)
	}
	fmt.Fprintf(log, "fetching %s, about 90 MB\n", name)
	if _, err := a.run(ctx, "apt-get", "-q", "download", name); err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(work, name+"_*.deb"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("apt fetched %q for %s", found, name)
	}
	return found[0], nil
}

// kernelNamed returns the package that the meta package, as apt-cache shows it,
// depends on.
func kernelNamed(shown string) string {
	for line := range strings.Lines(shown) {
		depends, ok := strings.CutPrefix(line, "Depends: ")
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimSpace(depends), " ")
		if strings.HasPrefix(name, "linux-image-") && filepath.Base(name) == name {
			return name
		}
	}
	return ""
}

// apt is apt with lists, cache and sources of its own.
type apt struct{ work, config string }

// configure writes apt's settings. apt reads the host's too, for a proxy's
// sake; what is named here replaces theirs.
func (a apt) configure(sources string) error {
	for _, folder := range []string{"state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(a.work, folder), 0o755); err != nil {
			return err
		}
	}
	settings := map[string]string{
		"Dir::State":            a.in("state"),
		"Dir::State::status":    a.in("state/status"),
		"Dir::Cache":            a.in("cache"),
		"Dir::Etc::sourcelist":  a.in("sources.list"),
		"Dir::Etc::sourceparts": "-",
		"Dir::Etc::preferences": "-",
		"APT::Architecture":     "arm64",
		"Acquire::Languages":    "none",
		// Whatever the host puts up with elsewhere: nothing without a signature.
		"Acquire::AllowInsecureRepositories":                       "false",
		"Acquire::AllowWeakRepositories":                           "false",
		"Acquire::AllowDowngradeToInsecureRepositories":            "false",
		"APT::Get::AllowUnauthenticated":                           "false",
		"Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
	}
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&text, "%s %q;\n", key, settings[key])
	}
	text.WriteString("#clear APT::Architectures;\nAPT::Architectures { \"arm64\"; };\n#clear APT::Update::Post-Invoke;\n#clear DPkg::Post-Invoke;\n")
	return errors.Join(
		os.WriteFile(a.in("state/status"), nil, 0o644),
		os.WriteFile(a.in("sources.list"), []byte(sources), 0o644),
		os.WriteFile(a.config, []byte(text.String()), 0o644))
}

func (a apt) in(name string) string { return filepath.Join(a.work, name) }

// run runs one of apt's programs in the folder and returns what it says.
func (a apt) run(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, append([]string{"-c", a.config}, args...)...)
	cmd.Dir = a.work
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, stderr.Bytes())
	}
	return string(out), nil
}
