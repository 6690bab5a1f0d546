//go:build linux

package boot

import (
	"fmt"
	"testing"
)

func TestTheBoardSaysWhatItIs(t *testing.T) {
	r := Roots{Proc: t.TempDir()}
	if _, _, err := readBoard(r); err == nil {
		t.Error("a board without a device tree has a model")
	}
	// As device trees have it, with a zero at the end.
	put(t, r.proc("device-tree/model"), "Raspberry Pi 3 Model B\x00")
	if model, serial, err := readBoard(r); model != "Raspberry Pi 3 Model B" || serial != "" || err != nil {
		t.Errorf("%q, %q, %v", model, serial, err)
	}
	put(t, r.proc("device-tree/serial-number"), "00000000a1b2c3d4\x00")
	if model, serial, err := readBoard(r); model != "Raspberry Pi 3 Model B" || serial != "00000000a1b2c3d4" || err != nil {
		t.Errorf("%q, %q, %v", model, serial, err)
	}
}

// pi3 is what a Pi 3's device tree says that it is compatible with.
const pi3 = "raspberrypi,3-model-b\x00brcm,bcm2837\x00"

func TestTheProcessorIsTheLastNameOfTheBoard(t *testing.T) {
	r := Roots{Proc: t.TempDir()}
	if _, err := readSoC(r); err == nil {
		t.Error("a board without a device tree has a processor")
	}
	for names, want := range map[string]string{
		pi3: "bcm2837",
		"raspberrypi,4-model-b\x00brcm,bcm2711\x00": "bcm2711",
		"brcm,bcm2711": "bcm2711",
		"strange\x00":  "",
		"":             "",
	} {
		put(t, r.proc("device-tree/compatible"), names)
		if soc, err := readSoC(r); soc != want || err != nil {
			t.Errorf("%q: %q, %v", names, soc, err)
		}
	}
}

// A laptop may remember the address: it must not change with the program.
func TestTheNetOfABoardStaysTheSame(t *testing.T) {
	for serial, want := range map[string]int{
		"":                 1,
		"00000000a1b2c3d4": 164,
		"00000000A1B2C3D4": 164,
		"10000000deadbeef": 57,
	} {
		if got := netOf(serial); got != want {
			t.Errorf("%q: %d, want %d", serial, got, want)
		}
	}
}

func TestEveryNetIsAsLikelyAsAnother(t *testing.T) {
	const boards = 254 * 400
	var seen [256]int
	for i := range boards {
		n := netOf(fmt.Sprintf("%016x", 0x10000000<<32|i*2654435761&0xffffffff))
		if n < 1 || n > 254 {
			t.Fatalf("10.77.%d.1", n)
		}
		seen[n]++
	}
	for n := 1; n <= 254; n++ {
		// Six standard deviations of 20 either way.
		if seen[n] < 280 || seen[n] > 520 {
			t.Errorf("10.77.%d.1 has %d boards of %d", n, seen[n], boards)
		}
	}
}

func TestLowVoltageIsToldOnlyWhereItIsKnown(t *testing.T) {
	r := Roots{Sys: t.TempDir()}
	want := func(low, known bool) {
		t.Helper()
		if l, k := r.LowVoltage(); l != low || k != known {
			t.Errorf("low %v, known %v", l, k)
		}
	}
	want(false, false)
	put(t, r.sys("class/hwmon/hwmon0/name"), "cpu_thermal\n")
	put(t, r.sys("class/hwmon/hwmon0/in0_lcrit_alarm"), "1\n")
	want(false, false)
	put(t, r.sys("class/hwmon/hwmon1/name"), "rpi_volt\n")
	want(false, false)
	put(t, r.sys("class/hwmon/hwmon1/in0_lcrit_alarm"), "0\n")
	want(false, true)
	put(t, r.sys("class/hwmon/hwmon1/in0_lcrit_alarm"), "1\n")
	want(true, true)
}
