package boot

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// module is one line of the order in which kernel modules are loaded.
type module struct {
	file     string // in the folder of the order
	optional bool   // the device works without it
}

// readOrder reads file names, one a line, dependencies first. A line that
// begins with ? names one that may fail.
func readOrder(r io.Reader) ([]module, error) {
	var order []module
	for lines := bufio.NewScanner(r); ; {
		if !lines.Scan() {
			return order, lines.Err()
		}
		file, optional := strings.CutPrefix(strings.TrimSpace(lines.Text()), "?")
		if file == "" && !optional {
			continue
		}
		if !strings.HasSuffix(file, ".ko") || strings.ContainsAny(file, "/ ") {
			return nil, fmt.Errorf("the order of modules has a line %.80q", lines.Text())
		}
		order = append(order, module{file, optional})
	}
}

// loadModules loads all modules, each with load. It goes on after one that
// fails, because the screen may be among those that come later.
func loadModules(r Roots, load func(path string) error) error {
	file, err := os.Open(r.module("order"))
	if err != nil {
		return err
	}
	defer file.Close()
	order, err := readOrder(file)
	if err != nil {
		return err
	}
	var failed []error
	for _, m := range order {
		if err := load(r.module(m.file)); err != nil && !m.optional {
			failed = append(failed, fmt.Errorf("module %s: %w", m.file, err))
		}
	}
	return errors.Join(failed...)
}
