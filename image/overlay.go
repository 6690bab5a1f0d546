package main

import (
	"fmt"
	"strings"

	"onetimechat/image/fdt"
)

// The overlays. The board's firmware lays those that config.txt names over the
// board's device tree, whose labels they refer to.
const (
	overlayPins = "otc"
	// overlayTouch is not in config.txt: the firmware looks for it under this name
	// where it has found Raspberry Pi's 7-inch display.
	overlayTouch = "rpi-ft5406"
)

// overlayNames lists the overlays in the order in which they can be laid.
func overlayNames() []string { return []string{overlayPins, overlayTouch} }

// overlays returns our overlays by name.
func overlays() map[string][]byte {
	return map[string][]byte{overlayPins: pinsOverlay().bytes(), overlayTouch: touchOverlay().bytes()}
}

// pinsOverlay switches on what the pin header is for: SPI 0 with two chip
// selects, and I2C 1; and off the serial port on it, which Linux would take for
// its console and whose lines are push-buttons' as well.
func pinsOverlay() *overlay {
	var o overlay
	spi := o.fragment("spi")
	spi.Set("pinctrl-names", fdt.Strings("default"))
	o.refer(spi, "pinctrl-0", label("spi0_gpio7"))
	// GPIO 8 and 7, low when selected.
	o.refer(spi, "cs-gpios", label("gpio"), 8, 1, label("gpio"), 7, 1)
	spi.Set("status", fdt.Strings("okay"))
	for i := range uint32(2) {
		spi.Nodes = append(spi.Nodes, &fdt.Node{Name: fmt.Sprintf("spidev@%d", i), Props: []fdt.Prop{
			// Linux refuses "spidev" itself, which is no chip; of the chips that its
			// spidev driver knows (drivers/spi/spidev.c), this is the usual stand-in.
			{Name: "compatible", Value: fdt.Strings("rohm,dh2228fv")},
			{Name: "reg", Value: fdt.Cells(i)},
			{Name: "spi-max-frequency", Value: fdt.Cells(125_000_000)},
		}})
	}
	o.fragment("i2c1").Set("status", fdt.Strings("okay"))
	o.fragment("uart1").Set("status", fdt.Strings("disabled"))
	// Linux numbers the buses as it finds them, on a 4B those to its HDMI sockets
	// first. With an alias this one is /dev/i2c-1 on every board.
	o.fragment("/aliases").Set("i2c1", fdt.Strings("/soc/i2c@7e804000"))
	// A disabled node of this name is how the device trees of Raspberry Pi tell
	// the board's firmware that Linux has no driver for its framebuffer; it then
	// describes the screen that it has set up as a simple-framebuffer.
	o.fragment("/soc").Nodes = []*fdt.Node{{Name: "fb", Props: []fdt.Prop{
		{Name: "compatible", Value: fdt.Strings("brcm,bcm2708-fb")},
		{Name: "status", Value: fdt.Strings("disabled")},
	}}}
	return &o
}

// touchOverlay has Linux ask the board's firmware for the fingers on the 7-inch
// display, whose controller hangs on a bus of the firmware's own (Linux,
// Documentation/devicetree/bindings/input/touchscreen/raspberrypi,firmware-ts.txt).
func touchOverlay() *overlay {
	var o overlay
	o.fragment("firmware").Nodes = []*fdt.Node{{Name: "touchscreen", Props: []fdt.Prop{
		{Name: "compatible", Value: fdt.Strings("raspberrypi,firmware-ts")},
		{Name: "touchscreen-size-x", Value: fdt.Cells(800)},
		{Name: "touchscreen-size-y", Value: fdt.Cells(480)},
	}}}
	return &o
}

// overlay is an overlay in the making: changes to nodes of a tree that is not
// known yet, and where they refer to labels of that tree.
type overlay struct {
	fragments []*fdt.Node
	fixups    fdt.Node // each label's places
}

// label is a reference to a label of the board's tree.
type label string

// unknown stands where the number of a label's node will be.
const unknown = 0xffffffff

// fragment begins a change to the node that a label, or a path beginning with
// "/", stands for, and returns it.
func (o *overlay) fragment(target string) *fdt.Node {
	change := &fdt.Node{Name: "__overlay__"}
	f := &fdt.Node{Name: fmt.Sprintf("fragment@%d", len(o.fragments)), Nodes: []*fdt.Node{change}}
	o.fragments = append(o.fragments, f)
	if strings.HasPrefix(target, "/") {
		f.Set("target-path", fdt.Strings(target))
		return change
	}
	f.Set("target", fdt.Cells(unknown))
	o.fix(target, "/"+f.Name+":target:0")
	return change
}

// refer gives change, which the last fragment returned, a property of numbers
// and labels.
func (o *overlay) refer(change *fdt.Node, prop string, cells ...any) {
	var value []byte
	for _, c := range cells {
		switch c := c.(type) {
		case label:
			o.fix(string(c), fmt.Sprintf("/fragment@%d/__overlay__:%s:%d", len(o.fragments)-1, prop, len(value)))
			value = append(value, fdt.Cells(unknown)...)
		case int:
			value = append(value, fdt.Cells(uint32(c))...)
		}
	}
	change.Set(prop, value)
}

// fix notes that a label's number belongs at place.
func (o *overlay) fix(label, place string) {
	places, _ := o.fixups.Prop(label)
	o.fixups.Set(label, append(places, fdt.Strings(place)...))
}

func (o *overlay) bytes() []byte {
	root := &fdt.Node{Nodes: o.fragments}
	root.Set("compatible", fdt.Strings("brcm,bcm2835"))
	root.Nodes = append(root.Nodes, &fdt.Node{Name: "__fixups__", Props: o.fixups.Props})
	return (&fdt.Tree{Root: root}).Bytes()
}
