package boot

import (
	"errors"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// readBoard returns the board's model, as "Raspberry Pi 3 Model B", and its
// serial number, 16 hexadecimal digits; "" where the device tree has none.
func readBoard(r Roots) (model, serial string, err error) {
	model, err = readLine(r.proc("device-tree/model"))
	if err != nil {
		return "", "", err
	}
	serial, err = readLine(r.proc("device-tree/serial-number"))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return model, serial, err
}

// readSoC returns the board's processor, as "bcm2837": the last of the names by
// which the device tree says what it is compatible with (Devicetree
// Specification 0.4, 2.3.1), without its maker.
func readSoC(r Roots) (string, error) {
	names, err := os.ReadFile(r.proc("device-tree/compatible"))
	if err != nil {
		return "", err
	}
	all := strings.Split(strings.TrimRight(string(names), "\x00"), "\x00")
	_, soc, _ := strings.Cut(all[len(all)-1], ",")
	return soc, nil
}

// netOf is the N of a board's link address 10.77.N.1, from 1 to 254: the
// 32-bit FNV-1a hash of its serial number in lower case, modulo 254, plus 1.
// A board without a serial number has 1. Two devices on one laptop differ with
// 253 chances in 254; otc.conf settles the rest.
func netOf(serial string) int {
	if serial == "" {
		return 1
	}
	h := fnv.New32a()
	h.Write([]byte(strings.ToLower(serial)))
	return int(h.Sum32()%254) + 1
}

// LowVoltage tells whether the power supply is too weak now. It is not known
// where the kernel has no driver for it (raspberrypi-hwmon).
func (r Roots) LowVoltage() (low, known bool) {
	names, err := filepath.Glob(r.sys("class/hwmon/hwmon*/name"))
	if err != nil {
		return false, false
	}
	for _, path := range names {
		if name, err := readLine(path); err != nil || name != "rpi_volt" {
			continue
		}
		alarm, err := readNumber(filepath.Join(filepath.Dir(path), "in0_lcrit_alarm"))
		return err == nil && alarm != 0, err == nil
	}
	return false, false
}
