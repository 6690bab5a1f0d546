package main

import (
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestCtrlCLeavesNothingOfAPad(t *testing.T) {
	source, pads := filepath.Join(t.TempDir(), "source"), t.TempDir()
	if err := syscall.Mkfifo(source, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("otc", "pad", "make", "alice", "bob", "1GiB", "--source", source, "--out", pads)
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	noise, err := os.OpenFile(source, os.O_WRONLY, 0) // waits for its reader
	if err != nil {
		t.Fatal(err)
	}
	defer noise.Close()
	some := make([]byte, 1<<20)
	_, _ = rand.Read(some)
	for written := 0; ; written++ {
		if written == 2 {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := noise.Write(some); errors.Is(err, syscall.EPIPE) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailed || errs.String() != "otc: Taken back.\n" {
		t.Errorf("%v: %q", err, errs.String())
	}
	if left, err := os.ReadDir(pads); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
