package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// buildPrograms puts otc and otc-desk into a folder.
func buildPrograms(dir string) error {
	for name, of := range map[string]string{"otc": "./hostlink/otc", "otc-desk": "./firmware/desk"} {
		build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(dir, name), of)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	return nil
}

// process is a program of ours in a process of its own.
type process struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	lines  *bufio.Scanner // of what it prints
}

// launch starts a program. Its first line, if it has one when it is ready, is
// the caller's to read.
func launch(env []string, program string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(program, args...)}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.lines = bufio.NewScanner(out)
	return p, p.cmd.Start()
}

// line is the next line that it prints.
func (p *process) line() (string, error) {
	if p.lines.Scan() {
		return p.lines.Text(), nil
	}
	return "", fmt.Errorf("%q says nothing more: %w", p.cmd.Args, errors.Join(p.lines.Err(), p.wait()))
}

// wait waits for its end, and passes over what it still prints.
func (p *process) wait() error {
	for p.lines.Scan() {
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%q: %w: %s", p.cmd.Args, err, &p.stderr)
	}
	return nil
}

// stop ends it in order.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.wait()
}

// resident is how much memory of it is in the machine's, in units of so many
// bytes.
func (p *process) resident(unit float64) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var kB float64
	_, line, _ := strings.Cut(string(status), "VmRSS:")
	if _, err := fmt.Sscan(line, &kB); err != nil {
		return 0, fmt.Errorf("VmRSS: %w", err)
	}
	return kB * 1024 / unit, nil
}

// launchRelay starts a relay and says where it is, as host:port.
func launchRelay(bin, data string) (relay *process, at string, err error) {
	if relay, err = launch(nil, filepath.Join(bin, "otc"), "relay", "--listen", "127.0.0.1:0", "--data", data); err != nil {
		return nil, "", err
	}
	line, err := relay.line()
	if err != nil {
		return nil, "", err
	}
	at, ok := strings.CutPrefix(line, "relay http://")
	if !ok {
		return nil, "", errors.Join(fmt.Errorf("the relay says %q", line), relay.stop())
	}
	return relay, at, nil
}
