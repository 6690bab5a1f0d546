package link

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// onBoard are the drivers of the Ethernet sockets of a Raspberry Pi: 3B, 3B+,
// 4B.
func onBoard() []string { return []string{"smsc95xx", "lan78xx", "bcmgenet"} }

// wired lists the Ethernet sockets: that on the board before adapters, and the
// rest by name. Radio is left out, and so is what has no hardware.
func wired(r Roots) []string {
	entries, err := os.ReadDir(r.class("net"))
	if err != nil {
		return nil
	}
	var first, rest []string
	for _, e := range entries {
		name := e.Name()
		kind, err := os.ReadFile(r.class("net", name, "type"))
		// ARPHRD_ETHER, in Linux's include/uapi/linux/if_arp.h.
		if err != nil || strings.TrimSpace(string(kind)) != "1" {
			continue
		}
		there := func(part string) bool { _, err := os.Stat(r.class("net", name, part)); return err == nil }
		if !there("device") || there("wireless") || there("phy80211") {
			continue
		}
		driver, _ := os.Readlink(r.class("net", name, "device/driver"))
		if slices.Contains(onBoard(), filepath.Base(driver)) {
			first = append(first, name)
		} else {
			rest = append(rest, name)
		}
	}
	return append(first, rest...)
}
