package noise

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// usbPort is a serial port of a USB device of the class for modems.
type usbPort struct {
	tty string // such as "ttyACM0"
	id  string // "vendor:product" in lower-case hexadecimal
}

// usbPorts lists the serial ports on USB. In /sys, a terminal's device is the
// USB interface, and the folder above that is the USB device with its ids. A
// device that is unplugged meanwhile is left out. The ports found are returned
// beside an error.
func (r Roots) usbPorts() ([]usbPort, error) {
	class := r.sys("/class/tty")
	ttys, err := listDir(class)
	if err != nil {
		return nil, err
	}
	var ports []usbPort
	var failed []error
	for _, tty := range ttys {
		if !strings.HasPrefix(tty, "ttyACM") {
			continue
		}
		id, err := usbID(filepath.Join(class, tty, "device"))
		if errors.Is(err, fs.ErrNotExist) || gone(err) {
			continue
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("what is at %s cannot be told: %w", tty, openFault(err)))
			continue
		}
		ports = append(ports, usbPort{tty, id})
	}
	return ports, errors.Join(failed...)
}

// usbID reads the ids of the USB device that has the interface.
func usbID(inter string) (string, error) {
	folder, err := filepath.EvalSymlinks(inter)
	if err != nil {
		return "", err
	}
	device := filepath.Dir(folder)
	vendor, err := readLine(filepath.Join(device, "idVendor"))
	if err != nil {
		return "", err
	}
	product, err := readLine(filepath.Join(device, "idProduct"))
	return strings.ToLower(vendor + ":" + product), err
}

func countOf(ports []usbPort, m model) int {
	n := 0
	for _, p := range ports {
		if slices.Contains(m.ids, p.id) {
			n++
		}
	}
	return n
}
