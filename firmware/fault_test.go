//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/firmware/boot"
	"onetimechat/firmware/boot/conf"
)

// A fault that no screen shows is told by the LED: that the panel cannot be used,
// or what came before it was known which panel there is.
func TestTheLEDTellsOfAFaultThatNoScreenShows(t *testing.T) {
	if _, err := os.Stat("/dev/fb0"); err == nil {
		t.Skip("this computer's own screen would show the fault")
	}
	for _, c := range []struct {
		found boot.Signal // at the start
		want  int         // flashes
	}{{0, 3}, {boot.NoCard, 2}, {boot.BadBoot, 5}} {
		synctest.Test(t, func(t *testing.T) {
			sys := t.TempDir()
			led := filepath.Join(sys, "class/leds/ACT")
			if err := os.MkdirAll(led, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"trigger", "brightness"} {
				if err := os.WriteFile(filepath.Join(led, file), []byte("0"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			m := &boot.Machine{Conf: conf.Default(), LED: c.found, Roots: boot.Roots{Sys: sys}}
			m.Conf.Panel = "of another kind"
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() {
				_, err := showFault(ctx, m, errors.New("it failed"))
				ended <- err
			}()
			flashes, lit := 0, false
			for dark := 0; dark < 20; time.Sleep(50 * time.Millisecond) { // a second: the round is over
				synctest.Wait()
				is, err := os.ReadFile(filepath.Join(led, "brightness"))
				if err != nil {
					t.Fatal(err)
				}
				if dark++; string(is) == "1" {
					if dark = 0; !lit {
						flashes++
					}
				}
				lit = string(is) == "1"
			}
			cancel()
			if <-ended; flashes != c.want {
				t.Errorf("%d flashes for %d, want %d", flashes, c.found, c.want)
			}
		})
	}
}
