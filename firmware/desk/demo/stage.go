package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"onetimechat/hal/desk/finger"
)

// stage is a relay and two pad devices, running.
type stage struct {
	bin, out   string
	meets      bool   // the devices make their pad at a meeting
	relay      string // address
	alice, bob *person
	denied     time.Time   // when somebody last tapped Deny
	running    []*exec.Cmd // in the order of their start
}

// person is somebody with a laptop and a pad device.
type person struct {
	name        string
	link, panel string   // addresses of the pad device
	env         []string // of the laptop
	finger      *finger.Client
	shots       int
}

// build starts everything. With the paper suite it makes a pad first, which the
// devices move in; otherwise they are to meet. The stage it returns is to be
// struck, also after an error.
func build(ctx context.Context, bin, out, suite, size string) (*stage, error) {
	s := &stage{bin: bin, out: out, meets: suite != "paper"}
	if err := os.RemoveAll(out); err != nil {
		return s, err
	}
	if err := os.MkdirAll(out, 0o700); err != nil {
		return s, err
	}
	how, err := s.padsFrom(ctx)
	if err != nil {
		return s, err
	}
	line, err := s.start("otc", "relay", "--listen", "127.0.0.1:0", "--data", filepath.Join(out, "relay"))
	if err != nil {
		return s, err
	}
	if _, err := fmt.Sscanf(line, "relay %s", &s.relay); err != nil {
		return s, fmt.Errorf("the relay says %q", line)
	}
	for _, who := range []struct {
		name   string
		person **person
	}{{"alice", &s.alice}, {"bob", &s.bob}} {
		if *who.person, err = s.enter(who.name, size, how...); err != nil {
			return s, err
		}
	}
	return s, nil
}

// padsFrom says how the devices come to their pad: what otc-desk is told.
func (s *stage) padsFrom(ctx context.Context) ([]string, error) {
	if s.meets {
		cable, err := freeAddress()
		return []string{"--meet", cable, "--reservoir", reservoir}, err
	}
	pads := filepath.Join(s.out, "pads")
	made := exec.CommandContext(ctx, filepath.Join(s.bin, "otc"), "pad", "make", "alice", "bob", "1MiB", "--source", "urandom", "--suite", "paper", "--out", pads)
	if output, err := made.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("making the pad: %w\n%s", err, output)
	}
	return []string{"--import", pads}, nil
}

// reservoir is what each device lays up for the meeting, in MiB; full is how
// its screen says that.
const (
	reservoir = "2"
	full      = "2 MiB"
)

// freeAddress is a loopback address that nobody listens at.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// enter starts a person's pad device.
func (s *stage) enter(name, size string, how ...string) (*person, error) {
	line, err := s.start("otc-desk", append([]string{"--data", filepath.Join(s.out, name+"-device"), "--owner", name,
		"--link", "127.0.0.1:0", "--panel", "127.0.0.1:0", "--size", size}, how...)...)
	if err != nil {
		return nil, err
	}
	p := &person{name: name}
	if _, err := fmt.Sscanf(line, "link %s panel %s", &p.link, &p.panel); err != nil {
		return nil, fmt.Errorf("%s's pad device says %q", name, line)
	}
	p.env = append(os.Environ(), "OTC_RELAY="+s.relay, "OTC_DEVICE="+p.link, "OTC_USER="+name,
		"OTC_DATA="+filepath.Join(s.out, name+"-laptop"))
	p.finger = finger.New(p.panel)
	return p, nil
}

// start starts a program of ours and returns the line that it prints when it
// is ready.
func (s *stage) start(program string, args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	log, err := os.OpenFile(filepath.Join(s.out, "log.txt"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer log.Close()
	cmd.Stderr = log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	s.running = append(s.running, cmd)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if errors.Is(err, io.EOF) {
		text, _ := os.ReadFile(log.Name())
		return "", fmt.Errorf("%s did not start: %s", program, text)
	}
	return strings.TrimSpace(line), err
}

// strike ends every process, the last one first, and waits for it.
func (s *stage) strike() error {
	var errs []error
	for len(s.running) > 0 {
		last := len(s.running) - 1
		cmd := s.running[last]
		s.running = s.running[:last]
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			errs = append(errs, err)
		}
		lost := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
		if err := cmd.Wait(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", filepath.Base(cmd.Path), err))
		}
		lost.Stop()
	}
	return errors.Join(errs...)
}
