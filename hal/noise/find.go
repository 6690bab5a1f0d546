package noise

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Roots are the folders in which the kernel shows devices; "" is /sys and /dev.
type Roots struct {
	Sys, Dev string
}

func (r Roots) sys(path string) string {
	if r.Sys == "" {
		return "/sys" + path
	}
	return r.Sys + path
}

func (r Roots) dev(name string) string {
	if r.Dev == "" {
		return "/dev/" + name
	}
	return filepath.Join(r.Dev, name)
}

// Finder finds sources as they come. It is used by one goroutine at a time.
type Finder struct {
	roots Roots
	known map[string]bool // by where they are found
}

// NewFinder makes a Finder that has found nothing yet.
func NewFinder(roots Roots) *Finder { return &Finder{roots: roots, known: map[string]bool{}} }

// Find returns, like the function Find, the sources that are there now, without
// those that it has returned before: one that is plugged in again finds its
// hardware itself, and whatever feeds /dev/hwrng by now is no second source.
func (f *Finder) Find() ([]Source, error) {
	all, err := Find(f.roots)
	var found []Source
	for _, s := range all {
		at := s.Describe().Name
		if k, ok := s.(*kernelRNG); ok {
			at = k.path
		}
		if !f.known[at] {
			f.known[at] = true
			found = append(found, s)
		}
	}
	return found, err
}

// Find returns the sources that are there now, none of them open yet, in this
// order: raw noise before processed, and what is made to be a noise source
// before what is one among other things: OneRNG, TrueRNGpro, TrueRNG,
// ChaosKey, /dev/hwrng. Of several of a kind the second is called "OneRNG 2",
// and so on. /dev/hwrng is left out while a ChaosKey feeds it that is found
// itself: one piece of hardware is one source. The sources found are returned
// beside an error.
func Find(roots Roots) ([]Source, error) {
	var found []Source
	ports, err := roots.usbPorts()
	for _, m := range models() {
		for i := range countOf(ports, m) {
			found = append(found, newSerial(roots, m, i))
		}
	}
	keys, keysErr := roots.chaosKeys()
	for _, name := range keys {
		found = append(found, newChaosKey(roots, name))
	}
	hwrng, hwrngErr := newHWRNG(roots)
	switch {
	case errors.Is(hwrngErr, ErrMissing):
		hwrngErr = nil
	case hwrngErr == nil && (len(keys) == 0 || !isChaosKey(hwrng.about.Name)):
		found = append(found, hwrng)
	}
	return found, errors.Join(err, keysErr, hwrngErr)
}

// chaosKeys lists the device files of ChaosKeys.
func (r Roots) chaosKeys() ([]string, error) {
	devices, err := listDir(r.dev("."))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, name := range devices {
		if isChaosKey(name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// isChaosKey knows a ChaosKey by its device file, and by the name under which
// the kernel lists it, which begins with its product name.
func isChaosKey(name string) bool {
	return strings.HasPrefix(strings.ToLower(name), "chaoskey")
}

// listDir lists a folder's names in order; a folder that is not there is empty.
func listDir(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for noise sources: %w", openFault(err))
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}
