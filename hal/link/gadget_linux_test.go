package link

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// fakeRoots are a configfs and a /sys with one USB device controller, as far as
// folders can play them: the kernel's own folders and attributes are missing
// until something is written.
func fakeRoots(t *testing.T) Roots {
	t.Helper()
	r := Roots{Sys: t.TempDir(), Config: t.TempDir()}
	put(t, r.class("udc", "3f980000.usb", "state"), "not attached\n")
	if err := os.Mkdir(filepath.Join(r.Config, "usb_gadget"), 0o755); err != nil {
		t.Fatal(err)
	}
	return r
}

// configfs plays what the kernel does in a gadget's folder.
type configfs struct {
	*gadget
	t    *testing.T
	made []string // folders, as they were made
}

// fakeGadget is a gadget in such folders. The kernel makes some folders with
// others, and calls the interface usb0.
func fakeGadget(t *testing.T, r Roots) *configfs {
	t.Helper()
	c := &configfs{gadget: newGadget(r, "00000000abcdef01"), t: t}
	c.rmdir = c.remove
	c.mkdir = func(path string) error {
		if err := os.Mkdir(path, 0o755); err != nil {
			return err
		}
		inner := map[string][]string{
			r.gadget():        {"strings", "functions", "configs", "os_desc"},
			r.gadget(ncm):     {"os_desc/interface.ncm"},
			r.gadget(config1): {"strings"},
		}
		for _, i := range inner[path] {
			if err := os.MkdirAll(filepath.Join(path, i), 0o755); err != nil {
				return err
			}
		}
		c.made = append(c.made, path)
		if path == r.gadget(ncm) {
			return os.WriteFile(filepath.Join(path, "ifname"), []byte("usb0\n"), 0o444)
		}
		return nil
	}
	return c
}

// remove is rmdir(2) on configfs: attributes and the kernel's own folders go
// along, but not what was made, nor links.
func (c *configfs) remove(path string) error {
	err := filepath.WalkDir(path, func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if at != path && slices.Contains(c.made, at) || e.Type()&fs.ModeSymlink != 0 {
			c.t.Errorf("%s is removed before %s", path, at)
			return unix.ENOTEMPTY
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.made = slices.DeleteFunc(c.made, func(m string) bool { return m == path })
	return os.RemoveAll(path)
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTheGadgetIsMadeAndRemoved(t *testing.T) {
	r := fakeRoots(t)
	g := fakeGadget(t, r)
	for range 2 {
		if err := g.setUp(t.Context(), time.Second); err != nil {
			t.Fatal(err)
		}
		if g.name != "usb0" || g.controller != "3f980000.usb" {
			t.Errorf("it is %s at %s", g.name, g.controller)
		}
		for path, want := range map[string]string{
			"UDC":                     "3f980000.usb",
			"idVendor":                "0x1d6b",
			"bcdDevice":               "0x7701",
			"os_desc/use":             "1",
			"os_desc/qw_sign":         "MSFT100",
			ncmWin + "/compatible_id": "WINNCM",
			ncm + "/dev_addr":         macOf(t, "00000000abcdef01", 0),
			ncm + "/host_addr":        macOf(t, "00000000abcdef01", 1),
		} {
			if got := read(t, r.gadget(path)); got != want {
				t.Errorf("%s is %q, want %q", path, got, want)
			}
		}
		for _, l := range links() {
			if to, err := os.Readlink(r.gadget(l[0])); err != nil || to != r.gadget(l[1]) {
				t.Errorf("%s is a link to %q, %v", l[0], to, err)
			}
		}
		if err := g.setUp(t.Context(), 0); err != nil {
			t.Error("setting up what is up: ", err)
		}
		for range 2 {
			if err := g.tearDown(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := os.Stat(r.gadget()); !errors.Is(err, fs.ErrNotExist) || len(g.made) > 0 {
			t.Errorf("left: %q, %v", g.made, err)
		}
	}
}

func macOf(t *testing.T, serial string, end int) string {
	t.Helper()
	ours, laptops := macs(serial)
	return []net.HardwareAddr{ours, laptops}[end].String()
}

// What an earlier start has left, whole or in part, is removed first.
func TestAGadgetThatWasLeft(t *testing.T) {
	for parts := range len(folders()) + 1 {
		r := fakeRoots(t)
		before := fakeGadget(t, r)
		for _, f := range folders()[:parts] {
			if err := before.mkdir(r.gadget(f)); err != nil {
				t.Fatal(err)
			}
		}
		if parts == len(folders()) {
			if err := before.tearDown(); err != nil {
				t.Fatal(err)
			}
			if err := before.build(); err != nil {
				t.Fatal(err)
			}
		}
		after := fakeGadget(t, r)
		after.made = slices.Clone(before.made)
		if err := after.setUp(t.Context(), time.Second); err != nil {
			t.Errorf("after %d folders: %v", parts, err)
		}
	}
}

// Whichever step fails, nothing is left, and the error is told.
func TestAGadgetThatCannotBeMade(t *testing.T) {
	for step := range folders() {
		r := fakeRoots(t)
		g := fakeGadget(t, r)
		mkdir, n := g.mkdir, 0
		g.mkdir = func(path string) error {
			n++
			if n == step+1 {
				return unix.ENOSPC
			}
			return mkdir(path)
		}
		if err := g.setUp(t.Context(), time.Second); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("step %d: %v", step, err)
		}
		if _, err := os.Stat(r.gadget()); !errors.Is(err, fs.ErrNotExist) || g.controller != "" {
			t.Errorf("step %d: left %q, %v", step, g.made, err)
		}
	}
}

func TestNoController(t *testing.T) {
	r := fakeRoots(t)
	if err := os.RemoveAll(r.class("udc")); err != nil {
		t.Fatal(err)
	}
	g := fakeGadget(t, r)
	if err := g.setUp(t.Context(), 0); !errors.Is(err, ErrNoController) {
		t.Errorf("without a controller: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.setUp(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := os.Stat(r.gadget()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a gadget without a controller: %v", err)
	}
	// Its driver may be late.
	done := make(chan error, 1)
	go func() { done <- g.setUp(t.Context(), patience) }()
	put(t, r.class("udc", "late.usb", "state"), "")
	if err := <-done; err != nil || g.controller != "late.usb" {
		t.Errorf("with a late controller: %v, %q", err, g.controller)
	}
}

// Both ends' MAC addresses are nobody's make's, no group's, not the same, and
// another board's for another serial number.
func TestMACs(t *testing.T) {
	seen := map[string]bool{}
	for _, serial := range []string{"", "0", "00000000abcdef01", "00000000abcdef02", "10000000abcdef01"} {
		for end := range 2 {
			mac := macOf(t, serial, end)
			if !strings.HasPrefix(mac, "02:") || len(mac) != 17 || seen[mac] {
				t.Errorf("%q has %s", serial, mac)
			}
			seen[mac] = true
		}
	}
	if macOf(t, "00000000ABCDEF01", 0) != macOf(t, "00000000abcdef01", 0) {
		t.Error("capitals change the address")
	}
}

// The socket on the board comes before adapters; radio and what has no hardware
// are left out.
func TestWiredSockets(t *testing.T) {
	r := Roots{Sys: t.TempDir()}
	for name, parts := range map[string][]string{
		"eth0":  {"type:1", "device/uevent:"},
		"eth1":  {"type:1", "device/uevent:"},
		"eth2":  {"type:1", "device/uevent:"},
		"lo":    {"type:772"},
		"wlan0": {"type:1", "device/uevent:", "wireless/link:"},
		"wlan1": {"type:1", "device/uevent:", "phy80211/name:"},
		"veth0": {"type:1"},
		"ppp0":  {"type:512", "device/uevent:"},
		"gone":  {"address:"},
	} {
		for _, part := range parts {
			path, text, _ := strings.Cut(part, ":")
			put(t, r.class("net", name, path), text)
		}
	}
	if err := os.Symlink("../../bus/usb/drivers/smsc95xx", r.class("net/eth1/device/driver")); err != nil {
		t.Fatal(err)
	}
	if got := wired(r); !slices.Equal(got, []string{"eth1", "eth0", "eth2"}) {
		t.Errorf("wired: %q", got)
	}
}
