package main

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// The demo itself runs in the default suite; this is the same conversation with
// a pad as in 2015, at the smallest screen: both directions, through relay,
// devices and screens.
func TestThePlayWithAPaperPad(t *testing.T) {
	bin := t.TempDir()
	for program, source := range map[string]string{"otc": "hostlink/otc", "otc-desk": "firmware/desk"} {
		built := exec.Command("go", "build", "-race", "-o", filepath.Join(bin, program), "onetimechat/"+source)
		if output, err := built.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", program, err, output)
		}
	}
	s, err := build(t.Context(), bin, filepath.Join(t.TempDir(), "demo"), "paper", "320x240")
	defer func() {
		if err := s.strike(); err != nil {
			t.Error(err)
		}
	}()
	if err != nil {
		t.Fatal(err)
	}
	if err := play(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}
