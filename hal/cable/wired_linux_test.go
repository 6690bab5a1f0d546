package cable

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestOnlyCablesAreWired(t *testing.T) {
	dir := t.TempDir()
	for name, files := range map[string]map[string]string{
		"eth0":  {"type": "1\n", "device/uevent": ""},
		"usb0":  {"type": "1\n", "device/uevent": ""},
		"wlan0": {"type": "1\n", "device/uevent": "", "wireless/link": "0"},
		"wlan1": {"type": "1\n", "device/uevent": "", "phy80211/index": "1"},
		"lo":    {"type": "772\n"},
		"br0":   {"type": "1\n"},
		"can0":  {"type": "280\n", "device/uevent": ""},
		"gone":  {},
	} {
		for file, text := range files {
			path := filepath.Join(dir, name, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	names, err := wired(dir)
	if want := []string{"eth0", "usb0"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%v, %v in place of %v", names, err, want)
	}
	if _, err := wired(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there has no error")
	}
}
