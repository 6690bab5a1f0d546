package panel_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"onetimechat/hal/panel"
)

// shown makes a folder that is /sys of a kernel with a light.
func shown(t *testing.T, name, most string) (sys, brightness string) {
	t.Helper()
	sys = t.TempDir()
	folder := filepath.Join(sys, "class", "backlight", name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	brightness = filepath.Join(folder, "brightness")
	for path, text := range map[string]string{filepath.Join(folder, "max_brightness"): most, brightness: ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return sys, brightness
}

func TestABacklightIsDimmedAndNeverDark(t *testing.T) {
	for _, c := range []struct {
		most    string
		percent int
		want    string
	}{
		{"255\n", 100, "255"}, {"255\n", 50, "127"}, {"255\n", 1, "2"}, {"31", 1, "1"}, {"31", 10, "3"}, {"2", 100, "2"},
	} {
		sys, brightness := shown(t, "rpi_backlight", c.most)
		light, err := panel.NewBacklight(sys)
		if err != nil {
			t.Fatal(err)
		}
		if err := light.Dim(c.percent); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(brightness); err != nil || strings.TrimSpace(string(text)) != c.want {
			t.Errorf("%d %% of %q is %q, %v; want %s", c.percent, c.most, text, err, c.want)
		}
		for _, wrong := range []int{-1, 0, 101} {
			if light.Dim(wrong) == nil {
				t.Errorf("%d %% is taken", wrong)
			}
		}
	}
}

// A light that has no more than on and off is none to dim; a light that goes
// away is an error.
func TestWhereNoLightCanBeDimmed(t *testing.T) {
	switched, _ := shown(t, "gpio-backlight", "1")
	for _, sys := range []string{t.TempDir(), switched} {
		if _, err := panel.NewBacklight(sys); !errors.Is(err, panel.ErrNoBacklight) {
			t.Errorf("got %v", err)
		}
	}
	sys, brightness := shown(t, "panel", "100")
	light, err := panel.NewBacklight(sys)
	if err == nil {
		err = os.Remove(brightness)
	}
	if err != nil {
		t.Fatal(err)
	}
	if light.Dim(50) == nil {
		t.Error("a light that is gone is dimmed")
	}
}
