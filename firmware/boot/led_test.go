//go:build linux

package boot

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The LED flashes three times, rests, and flashes three times again, under
// either name.
func TestTheLEDTellsOfAMissingPanel(t *testing.T) {
	for _, name := range []string{"ACT", "led0"} {
		synctest.Test(t, func(t *testing.T) {
			sys := t.TempDir()
			folder := filepath.Join(sys, "class/leds", name)
			if err := os.MkdirAll(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			for file, text := range map[string]string{"trigger": "mmc0", "brightness": "0"} {
				if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			m := &Machine{Roots: Roots{Sys: sys}}
			go func() { ended <- m.Signal(ctx, NoPanel) }()
			var lit []time.Duration // when it begins to be lit
			start, was := time.Now(), "0"
			for time.Since(start) < 6*time.Second {
				synctest.Wait()
				is := content(t, folder, "brightness")
				if is == "1" && was == "0" {
					lit = append(lit, time.Since(start))
				}
				was = is
				time.Sleep(50 * time.Millisecond)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			ms := time.Millisecond
			if want := []time.Duration{0, 500 * ms, 1000 * ms, 2700 * ms, 3200 * ms, 3700 * ms, 5400 * ms, 5900 * ms}; !slices.Equal(lit, want) {
				t.Errorf("%s is lit at %v, want %v", name, lit, want)
			}
			if got := content(t, folder, "trigger"); !strings.HasPrefix(got, "none") {
				t.Errorf("%s still belongs to %q", name, got)
			}
			if content(t, folder, "brightness") != "0" {
				t.Errorf("%s stays lit", name)
			}
		})
	}
	if err := (&Machine{Roots: Roots{Sys: t.TempDir()}}).Signal(t.Context(), NoPanel); !errors.Is(err, errNoLED) {
		t.Errorf("a board without an LED: %v", err)
	}
}

func content(t *testing.T, folder, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
