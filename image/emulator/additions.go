//go:build linux

package emulator

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"onetimechat/image/fdt"
)

// This file is all that the emulated board is given beside the image, and why.
//
//   - Kernel, device tree, initramfs and command line are read out of the
//     image's own FAT partition and handed to QEMU, which does not run a Pi's
//     boot code. So what that does is not emulated: config.txt, and the overlays
//     for the pin header and for USB from device to device.
//   - addScreen: the boot code would describe the screen that it has set up.
//   - boardRoot: QEMU's board has no USB port that could be a device's. One test
//     lays dummy_hcd, which joins the gadget to a USB host in the same kernel,
//     and a laptop at that (package inside) over the initramfs.
//   - addConsole: there is no other way to see how a start fails.
//   - emulatorSettings: one line of otc.conf, as an owner could write it.
//   - The card gets larger: QEMU takes cards with a power of two as their size.
//     A card is larger than the image anyway.

// The screen that QEMU sets up (hw/display/bcm2835_fb.c).
const (
	screenAt     = 0x3c100000
	screenWidth  = 640
	screenHeight = 480
	screenStride = 2 * screenWidth
)

// boardTree is the device tree that Linux gets: as on the card, with a screen,
// and without what is broken on this board.
func boardTree(tree []byte, broken []string) ([]byte, error) {
	t, err := fdt.Parse(tree)
	if err != nil {
		return nil, err
	}
	for _, path := range broken {
		node := t.Root.Find(path)
		if node == nil {
			return nil, fmt.Errorf("the device tree has no /%s", path)
		}
		node.Set("status", fdt.Strings("disabled"))
	}
	if err := addScreen(t); err != nil {
		return nil, err
	}
	return t.Bytes(), nil
}

// addScreen describes QEMU's screen in the device tree, as the boot code does
// (Linux, Documentation/devicetree/bindings/display/simple-framebuffer.yaml).
func addScreen(t *fdt.Tree) error {
	chosen := t.Root.Find("chosen")
	if chosen == nil {
		return errors.New("the device tree has no /chosen")
	}
	for _, p := range []string{"#address-cells", "#size-cells"} {
		chosen.Set(p, fdt.Cells(1))
	}
	chosen.Set("ranges", nil)
	chosen.Nodes = append(chosen.Nodes, &fdt.Node{Name: fmt.Sprintf("framebuffer@%x", screenAt), Props: []fdt.Prop{
		{Name: "compatible", Value: fdt.Strings("simple-framebuffer")},
		{Name: "reg", Value: fdt.Cells(screenAt, screenStride*screenHeight)},
		{Name: "width", Value: fdt.Cells(screenWidth)},
		{Name: "height", Value: fdt.Cells(screenHeight)},
		{Name: "stride", Value: fdt.Cells(screenStride)},
		{Name: "format", Value: fdt.Strings("r5g6b5")},
	}})
	return nil
}

// boardRoot is the initramfs that Linux gets: as on the card, and over it, file by
// file, what is in another archive (Linux,
// Documentation/driver-api/early-userspace/buffer-format.rst).
func boardRoot(root, over []byte) []byte {
	const alignment = 4
	padded := append(slices.Clip(root), make([]byte, -len(root)&(alignment-1))...)
	return append(padded, over...)
}

// addConsole has Linux and our program speak on the serial port.
func addConsole(cmdline string) string {
	return strings.TrimSpace(cmdline) + " console=ttyAMA0,115200"
}

// emulatorSettings are what otc.conf says on every emulated card: QEMU takes
// the start of the watchdog for its bite, and resets the board.
func emulatorSettings() map[string]string { return map[string]string{"watchdog": "off"} }
