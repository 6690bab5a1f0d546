package kernel

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The mirrors of a host that names none: Debian's own.
const (
	debianMirror   = "http://deb.debian.org/debian"
	securityMirror = "http://deb.debian.org/debian-security"
)

// hostSources returns apt's list of sources for Debian 13, from the mirrors
// that the host uses for Debian itself according to the folder etc
// (/etc/apt), and otherwise from Debian's own.
func hostSources(etc string) (string, error) {
	var files []string
	for _, pattern := range []string{"sources.list", "sources.list.d/*.list", "sources.list.d/*.sources"} {
		found, err := filepath.Glob(filepath.Join(etc, pattern))
		if err != nil {
			return "", err
		}
		files = append(files, found...)
	}
	debian, security := debianMirror, securityMirror
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		for _, uri := range mirrors(string(text)) {
			switch {
			case strings.HasSuffix(uri, "/debian"):
				debian = uri
			case strings.HasSuffix(uri, "/debian-security"):
				security = uri
			}
		}
	}
	return fmt.Sprintf("deb [signed-by=%[1]s] %[2]s %[3]s main\ndeb [signed-by=%[1]s] %[4]s %[3]s-security main\n",
		keyring, debian, suite, security), nil
}

// mirrors lists the URIs in apt's sources, in either format
// (sources.list(5)), without a slash at the end. Sources that are switched off
// count, too: they name a mirror all the same.
func mirrors(text string) []string {
	var uris []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 2 || !strings.EqualFold(words[0], "deb") && !strings.EqualFold(words[0], "uris:") {
			continue
		}
		for _, word := range words[1:] {
			if strings.HasPrefix(word, "http://") || strings.HasPrefix(word, "https://") {
				uris = append(uris, strings.TrimRight(word, "/"))
			}
		}
	}
	return uris
}
