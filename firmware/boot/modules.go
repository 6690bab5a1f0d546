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
	soc      string // the processor of the boards that load it; "" for all
}

// readOrder reads file names, one a line, dependencies first. A line that
// begins with ? names one that may fail; a second word is the processor of the
// boards that load it.
func readOrder(r io.Reader) ([]module, error) {
	var order []module
	for lines := bufio.NewScanner(r); ; {
		if !lines.Scan() {
			return order, lines.Err()
		}
		line, optional := strings.CutPrefix(strings.TrimSpace(lines.Text()), "?")
		if line == "" && !optional {
			continue
		}
		file, soc, _ := strings.Cut(line, " ")
		if !strings.HasSuffix(file, ".ko") || strings.Contains(file, "/") || strings.ContainsAny(soc, " ,") {
			return nil, fmt.Errorf("the order of modules has a line %.80q", lines.Text())
		}
		order = append(order, module{file, optional, soc})
	}
}

// loadModules loads the modules that are for this board, each with load: what
// drives nothing on it has no place in its kernel, and takes time. It goes on
// after one that fails, because the screen may be among those that come later. One
// that is not there, or of another kernel, is a matter of what is on the card.
func loadModules(r Roots, load func(path, options string) error) error {
	file, err := os.Open(r.module("order"))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBoot, err)
	}
	defer file.Close()
	order, err := readOrder(file)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBoot, err)
	}
	soc, err := readSoC(r)
	if err != nil {
		return err
	}
	var failed []error
	for _, m := range order {
		if m.soc != "" && m.soc != soc {
			continue
		}
		if err := load(r.module(m.file), options(m.file)); err != nil && !m.optional {
			failed = append(failed, fmt.Errorf("module %s: %w", m.file, err))
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("%w: %w", ErrBoot, errors.Join(failed...))
	}
	return nil
}

// options is what a module is told when it is loaded, as modprobe would tell it.
//
// No USB hub goes to sleep while nothing is plugged into it. The controller of a Pi 3
// sleeps with it, and has been seen not to wake when something was plugged in or
// pulled out, not even when a 3B+'s Ethernet came after its hub
// (https://github.com/raspberrypi/linux/issues/6411).
func options(file string) string {
	if file == "usbcore.ko" {
		return "autosuspend=-1"
	}
	return ""
}
