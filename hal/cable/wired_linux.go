package cable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Wired names the interfaces that a meeting cable can be in: Ethernet, Ethernet
// adapters on USB, and either end of USB from device to device. Radio is left
// out, and so is what has no hardware.
func Wired() ([]string, error) { return wired("/sys/class/net") }

func wired(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("looking for the meeting cable: %w", err)
	}
	var names []string
	for _, e := range entries {
		port := filepath.Join(dir, e.Name())
		kind, err := os.ReadFile(filepath.Join(port, "type"))
		if err != nil {
			continue // unplugged meanwhile
		}
		// ARPHRD_ETHER, in Linux's include/uapi/linux/if_arp.h.
		if strings.TrimSpace(string(kind)) == "1" && there(port, "device") && !there(port, "wireless") && !there(port, "phy80211") {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func there(port, name string) bool {
	_, err := os.Stat(filepath.Join(port, name))
	return !errors.Is(err, fs.ErrNotExist)
}
