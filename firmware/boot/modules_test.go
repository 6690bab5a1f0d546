//go:build linux

package boot

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTheOrderOfModulesIsRead(t *testing.T) {
	got, err := readOrder(strings.NewReader("crc32c_generic.ko\n?vc4.ko\r\n\n  ext4.ko\n?genet.ko bcm2711\n"))
	want := []module{{"crc32c_generic.ko", false, ""}, {"vc4.ko", true, ""}, {"ext4.ko", false, ""}, {"genet.ko", true, "bcm2711"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, line := range []string{"ext4", "../ext4.ko", "/ext4.ko", "a b.ko", "a.ko b c", "a.ko  b", "a.ko b,c", "?", "??", "ext4.ko.xz", "# ext4", strings.Repeat("x", 1<<17)} {
		if got, err := readOrder(strings.NewReader("a.ko\n" + line + "\n")); err == nil {
			t.Errorf("%.20q: %v", line, got)
		}
	}
}

func TestAModuleThatMayFailMayFail(t *testing.T) {
	r := Roots{Modules: t.TempDir(), Proc: t.TempDir()}
	put(t, r.proc("device-tree/compatible"), pi3)
	broken := errors.New("no such device")
	load := func(bad string, loaded *[]string) func(path, options string) error {
		return func(path, _ string) error {
			if dir, name := filepath.Split(path); filepath.Clean(dir) != r.Modules {
				t.Errorf("%s is loaded", path)
			} else if *loaded = append(*loaded, name); name == bad {
				return broken
			}
			return nil
		}
	}
	if err := loadModules(r, load("", new([]string))); err == nil {
		t.Error("no order, and no error")
	}
	put(t, r.module("order"), "a.ko\n?b.ko\nc.ko\n")
	for bad, want := range map[string]error{"": nil, "a.ko": broken, "b.ko": nil, "c.ko": broken} {
		var loaded []string
		if err := loadModules(r, load(bad, &loaded)); !errors.Is(err, want) || (want == nil) != (err == nil) {
			t.Errorf("%s fails: %v", bad, err)
		}
		// The screen may be among those after the one that fails.
		if !slices.Equal(loaded, []string{"a.ko", "b.ko", "c.ko"}) {
			t.Errorf("%s fails: only %v are loaded", bad, loaded)
		}
	}
}

// A driver for what a board cannot have is one more thing to attack.
func TestABoardLoadsNoModuleOfAnotherBoard(t *testing.T) {
	r := Roots{Modules: t.TempDir(), Proc: t.TempDir()}
	put(t, r.module("order"), "all.ko\nthree.ko bcm2837\n?four.ko bcm2711\n")
	for names, want := range map[string]string{
		pi3: "all.ko three.ko",
		"raspberrypi,4-model-b\x00brcm,bcm2711\x00": "all.ko four.ko",
		"somebody,else\x00":                         "all.ko",
	} {
		put(t, r.proc("device-tree/compatible"), names)
		var loaded []string
		err := loadModules(r, func(path, _ string) error {
			loaded = append(loaded, filepath.Base(path))
			return nil
		})
		if got := strings.Join(loaded, " "); got != want || err != nil {
			t.Errorf("%q: %s, %v", names, got, err)
		}
	}
}

// A hub that sleeps takes the controller of a Pi 3 with it.
func TestNoHubSleeps(t *testing.T) {
	r := Roots{Modules: t.TempDir(), Proc: t.TempDir()}
	put(t, r.proc("device-tree/compatible"), pi3)
	put(t, r.module("order"), "?usb-common.ko\n?usbcore.ko\n?dwc2.ko\n")
	told := map[string]string{}
	err := loadModules(r, func(path, options string) error {
		told[filepath.Base(path)] = options
		return nil
	})
	if want := map[string]string{"usb-common.ko": "", "usbcore.ko": "autosuspend=-1", "dwc2.ko": ""}; err != nil || !maps.Equal(told, want) {
		t.Errorf("%q, %v, want %q", told, err, want)
	}
}
