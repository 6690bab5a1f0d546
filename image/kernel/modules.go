package kernel

import "strings"

// Wanted lists the modules that a pad device loads, by name, without those that
// they need.
func Wanted() []string {
	var names []string
	for _, g := range wanted() {
		names = append(names, strings.Fields(g.names)...)
	}
	return names
}

// group is modules that are wanted, by name, for one purpose.
type group struct {
	names    string
	optional bool
	soc      string // as in Module
}

// The boards' processors.
const (
	pi3 = "bcm2837"
	pi4 = "bcm2711"
)

// wanted is every module that a pad device loads, apart from what these need.
// What is built into Debian's kernel (pinctrl, DMA, clocks, mailbox, GPIO, the
// PCI bridge, spidev, the framebuffer that the firmware hands over) is not
// named. Names are those of Linux 6.12 and checked against the package: one
// that is missing fails the build.
func wanted() []group {
	return []group{
		// USB, first because to look at what is plugged in takes its time: the
		// SoC's own port, and Pi 4's controller behind PCI with its firmware's
		// reset.
		{names: "phy-generic dwc2", optional: true},
		{names: "reset-raspberrypi xhci-pci", optional: true, soc: pi4},
		// The card: Pi 3's controller and Pi 4's, with its supplies.
		{names: "bcm2835", soc: pi3},
		{names: "sdhci-iproc", soc: pi4},
		{names: "fixed gpio-regulator", optional: true, soc: pi4},
		// The data partition and the boot partition. ext4 asks for crc32c by name,
		// and FAT for its character sets.
		{names: "crc32c_generic ext4 nls_cp437 nls_ascii vfat"},
		// Restart when hanging. Randomness: Pi 3's and Pi 4's generators.
		{names: "bcm2835_wdt", optional: true},
		{names: "bcm2835-rng", optional: true, soc: pi3},
		{names: "iproc-rng200", optional: true, soc: pi4},
		// Touch: USB, and that of Raspberry Pi's first 7-inch display, by the boot code.
		{names: "evdev usbhid hid-generic hid-multitouch raspberrypi-ts", optional: true},
		// The link: gadget, Pi 4's Ethernet, Pi 3's, and USB adapters; with the
		// PHYs, which the kernel would otherwise ask modprobe for.
		{names: "libcomposite usb_f_ncm", optional: true},
		{names: "broadcom mdio-bcm-unimac genet", optional: true, soc: pi4},
		{names: "smsc smsc95xx microchip lan78xx", optional: true},
		{names: "cdc_ether cdc_ncm r8152 r8153_ecm ax88179_178a ax88796b asix", optional: true},
		// USB sticks, with names as PCs write them. Those that can do UAS are left to
		// uas by usb-storage, there or not, where the USB controller can do it, too
		// (Linux, drivers/usb/storage/uas-detect.h): a Pi 4's can.
		{names: "usb-storage sd_mod nls_utf8", optional: true},
		{names: "uas", optional: true, soc: pi4},
		// Noise on USB: ChaosKey, and those that are a serial port.
		{names: "chaoskey cdc-acm", optional: true},
		// Panels, touch and comparators on the pin header.
		{names: "spi-bcm2835 i2c-bcm2835 i2c-dev", optional: true},
		// The board's LED, which tells of a missing panel.
		{names: "leds-gpio", optional: true},
		// The processor's full speed.
		{names: "cpufreq-dt raspberrypi-cpufreq", optional: true},
	}
}
