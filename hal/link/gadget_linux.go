package link

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// udcPause lies between two tries to take the USB device controller.
const udcPause = 100 * time.Millisecond

// pulledTime is how long a cable is out for a laptop that is to notice: USB 2.0
// (7.1.7.3) has it wait 100 ms for the contacts alone.
const pulledTime = 500 * time.Millisecond

// gadget is the board as a USB device, made in configfs (the kernel's
// Documentation/usb/gadget_configfs.rst): a network adapter of the class NCM,
// with Microsoft's OS descriptors, so that Linux, macOS and Windows 11 take it
// without a driver of ours. One configuration only, which Windows wants.
type gadget struct {
	roots  Roots
	serial string
	// mkdir and rmdir are those of the system, which in configfs make and take
	// a folder together with what the kernel has in it.
	mkdir, rmdir func(path string) error

	controller string // which it is bound to; "" if it is not
	name       string // its network interface on this side
	pulled     bool   // it was taken off the controller by replug
}

func newGadget(r Roots, serial string) *gadget {
	mkdir := func(path string) error { return os.Mkdir(path, 0o755) }
	return &gadget{roots: r, serial: serial, mkdir: mkdir, rmdir: os.Remove}
}

// Paths in the gadget's folder.
const (
	ncm      = "functions/ncm.usb0"
	ncmWin   = ncm + "/os_desc/interface.ncm"
	strings1 = "strings/0x409" // American English, which hosts ask for
	config1  = "configs/c.1"
	config1s = config1 + "/" + strings1
)

// folders are made in this order, and removed in reverse.
func folders() []string { return []string{"", strings1, ncm, config1, config1s} }

// links are made in this order, from the first to what the second names.
func links() [][2]string { return [][2]string{{config1 + "/ncm.usb0", ncm}, {"os_desc/c.1", config1}} }

// settings are written in this order, all before the links are made.
func (g *gadget) settings() [][2]string {
	ours, laptops := macs(g.serial)
	return [][2]string{
		{"idVendor", "0x1d6b"}, // the Linux Foundation's ids for gadgets
		{"idProduct", "0x0104"},
		{"bcdUSB", "0x0200"},
		// Windows asks for OS descriptors once for these ids and this number, remembers
		// that there were none, and asks no more (Microsoft, "USB device registry
		// entries", osvc). The usual 0x0100 may have been a gadget's without any.
		{"bcdDevice", "0x7701"},
		{"bDeviceClass", "0xef"}, // interfaces that belong together are marked so
		{"bDeviceSubClass", "0x02"},
		{"bDeviceProtocol", "0x01"},
		{strings1 + "/manufacturer", "One Time Chat"},
		{strings1 + "/product", "Pad device"},
		{strings1 + "/serialnumber", strings.ReplaceAll(ours.String(), ":", "")},
		{"os_desc/use", "1"},
		{"os_desc/b_vendor_code", "0xcd"}, // any; Windows asks with it
		{"os_desc/qw_sign", "MSFT100"},
		{ncm + "/dev_addr", ours.String()},
		{ncm + "/host_addr", laptops.String()},
		{ncmWin + "/compatible_id", "WINNCM"},
		{config1s + "/configuration", "Link to the laptop"},
	}
}

// macs are the two ends' MAC addresses: 02 (of nobody's make) and 40 bits of the
// serial number's hash, the last bit 0 here and 1 at the laptop. So a laptop
// knows its device again, and two devices on one laptop differ.
func macs(serial string) (ours, laptops net.HardwareAddr) {
	h := sha256.Sum256([]byte("otc link MAC " + strings.ToLower(serial)))
	ours = append(net.HardwareAddr{0x02}, h[:5]...)
	ours[5] &^= 1
	laptops = slices.Clone(ours)
	laptops[5] |= 1
	return ours, laptops
}

// setUp makes the gadget and gives it the first controller, for which it tries
// that long. ErrNoController if there is none.
func (g *gadget) setUp(ctx context.Context, patience time.Duration) error {
	if g.controller != "" {
		if g.pulled { // and not put in again, as the link was closed meanwhile
			return g.replug(ctx)
		}
		return nil
	}
	trying, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	controller, err := g.await(trying)
	if err != nil {
		return errors.Join(ctx.Err(), err)
	}
	if err := g.tearDown(); err != nil { // what an earlier start has left
		return err
	}
	if err := g.build(); err != nil {
		return errors.Join(fmt.Errorf("making the USB gadget: %w", err), g.tearDown())
	}
	if err := g.bind(trying, controller); err != nil {
		return errors.Join(fmt.Errorf("binding the USB gadget: %w", err), g.tearDown())
	}
	name, err := os.ReadFile(g.roots.gadget(ncm, "ifname"))
	if err != nil {
		return errors.Join(err, g.tearDown())
	}
	g.controller, g.name = controller, strings.TrimSpace(string(name))
	return nil
}

// await waits for a controller: its driver may be on its way.
func (g *gadget) await(ctx context.Context) (string, error) {
	for {
		entries, err := os.ReadDir(g.roots.class("udc"))
		if err == nil && len(entries) > 0 {
			return entries[0].Name(), nil
		}
		select {
		case <-ctx.Done():
			return "", ErrNoController
		case <-time.After(udcPause):
		}
	}
}

func (g *gadget) build() error {
	for _, f := range folders() {
		if err := g.mkdir(g.roots.gadget(f)); err != nil {
			return err
		}
	}
	for _, s := range g.settings() {
		if err := os.WriteFile(g.roots.gadget(s[0]), []byte(s[1]), 0o644); err != nil {
			return err
		}
	}
	for _, l := range links() {
		if err := os.Symlink(g.roots.gadget(l[1]), g.roots.gadget(l[0])); err != nil {
			return err
		}
	}
	return nil
}

// bind takes the controller, which may be busy for a while after another
// gadget, or after a cable that was pulled.
func (g *gadget) bind(ctx context.Context, controller string) error {
	for {
		err := os.WriteFile(g.roots.gadget("UDC"), []byte(controller), 0o644)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EBUSY) && !errors.Is(err, unix.ENODEV) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(udcPause):
		}
	}
}

// release gives the controller free, if there is one.
func (g *gadget) release() error {
	err := os.WriteFile(g.roots.gadget("UDC"), []byte("\n"), 0o644)
	if errors.Is(err, unix.ENODEV) { // nothing is bound
		return nil
	}
	return err
}

// replug has the laptop see its cable pulled out and put in again. After an error it
// is out, and replug tries again to put it in.
func (g *gadget) replug(ctx context.Context) error {
	if !g.pulled {
		if err := g.release(); err != nil {
			return fmt.Errorf("releasing the USB gadget: %w", err)
		}
		g.pulled = true
		select {
		case <-time.After(pulledTime):
		case <-ctx.Done():
			return nil
		}
	}
	trying, cancel := context.WithTimeout(ctx, udcShort)
	defer cancel()
	if err := g.bind(trying, g.controller); err != nil {
		return fmt.Errorf("binding the USB gadget again: %w", err)
	}
	g.pulled = false
	return nil
}

// tearDown removes the gadget, or what there is of it, in reverse.
func (g *gadget) tearDown() error {
	g.controller, g.name, g.pulled = "", "", false
	if _, err := os.Stat(g.roots.gadget()); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := g.release(); err != nil {
		return err
	}
	var errs []error
	missing := func(err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	for _, l := range slices.Backward(links()) {
		errs = append(errs, missing(os.Remove(g.roots.gadget(l[0]))))
	}
	for _, f := range slices.Backward(folders()) {
		errs = append(errs, missing(g.rmdir(g.roots.gadget(f))))
	}
	return errors.Join(errs...)
}

// at tells whether the interface is the gadget's.
func (g *gadget) at(name string) bool { return g.controller != "" && name == g.name }

// sleepsAt tells whether the interface is the gadget's, and the laptop there
// sleeps or was unplugged: on boards that are powered by themselves, the
// controller sees no other sign of that.
func (g *gadget) sleepsAt(name string) bool {
	if !g.at(name) {
		return false
	}
	paths, err := filepath.Glob(g.roots.class("udc", g.controller, "device/gadget*/suspended"))
	if err != nil {
		return false
	}
	for _, path := range paths {
		if text, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(text)) == "1" {
			return true
		}
	}
	return false
}
