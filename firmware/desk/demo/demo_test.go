package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
)

// The demo itself runs in the default suite; these are the same conversation,
// and the same mischief, with a pad as in 2015, at the smallest screen: both
// directions, through relay, devices and screens.
func TestThePlaysWithAPaperPad(t *testing.T) {
	bin := t.TempDir()
	for program, source := range map[string]string{"otc": "hostlink/otc", "otc-desk": "firmware/desk"} {
		built := exec.Command("go", "build", "-race", "-o", filepath.Join(bin, program), "onetimechat/"+source)
		if output, err := built.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", program, err, output)
		}
	}
	for name, act := range map[string]func(context.Context, *stage) error{"play": play, "mischief": mischief} {
		t.Run(name, func(t *testing.T) {
			s, err := build(t.Context(), bin, filepath.Join(t.TempDir(), "demo"), "paper", "320x240")
			defer func() {
				if err := s.strike(); err != nil {
					t.Error(err)
				}
			}()
			if err != nil {
				t.Fatal(err)
			}
			if err := act(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		})
	}
}
