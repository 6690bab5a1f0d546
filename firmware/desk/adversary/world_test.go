package adversary

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"onetimechat/hal/desk/finger"
	"onetimechat/hostlink"
)

// bin is where TestMain puts otc and otc-desk.
var bin string

func TestMain(m *testing.M) { os.Exit(withPrograms(m)) }

// mounts marks a process of this test that may mount what it likes, and tells
// it where the programs are: see apart.
const mounts = "ADVERSARY_TEST_MOUNTS"

func withPrograms(m *testing.M) int {
	if bin = os.Getenv(mounts); bin != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "adversary")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin = dir
	build := exec.Command("go", "build", "-o", dir, "onetimechat/hostlink/otc", "onetimechat/firmware/desk")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, output)
		return 1
	}
	return m.Run()
}

// patience is how long anything that is to happen may take here.
const patience = time.Minute

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// program is a relay or a device in a process of its own, which can be killed
// and started again.
type program struct {
	t    *testing.T
	args []string
	cmd  *exec.Cmd
}

// start starts it and returns its ready line.
func (p *program) start() string {
	p.t.Helper()
	p.cmd = exec.Command(filepath.Join(bin, p.args[0]), p.args[1:]...)
	var stderr bytes.Buffer
	p.cmd.Stderr = &stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.kill()
		p.t.Fatalf("%q does not start: %s", p.args, &stderr)
	}
	return strings.TrimSpace(line)
}

// kill ends it as kill -9 does.
func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // its error is the kill
}

// stop ends it in order.
func (p *program) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Fatal(err)
	}
}

// person has a laptop and a device, and taps on it what it asks.
type person struct {
	t      *testing.T
	name   string
	card   string // the device's folder
	device *program
	link   string
	host   *hostlink.Client
	finger *finger.Client
	env    []string // of the laptop

	mu   sync.Mutex
	taps []tap
}

// tap is what an owner saw and touched.
type tap struct{ screen, text, target string }

// world is a relay, and two people with a pad between them.
type world struct {
	relay      *program
	address    string // the relay's
	alice, bob *person
}

func newWorld(t *testing.T, pad string) *world { return newWorldIn(t, t.TempDir(), pad) }

// newWorldIn has relay, alice-card, bob-card and the laptops' folders in dir.
func newWorldIn(t *testing.T, dir, pad string) *world {
	t.Helper()
	w := &world{}
	w.relay = &program{t: t, args: []string{"otc", "relay", "--listen", "127.0.0.1:0", "--data", filepath.Join(dir, "relay")}}
	w.address = strings.TrimPrefix(w.relay.start(), "relay ")
	t.Cleanup(w.relay.kill)
	w.relay.args[3] = strings.TrimPrefix(w.address, "http://")
	pads := makePads(t, dir, "alice", "bob", pad)
	w.alice, w.bob = enter(t, dir, "alice", pads, w.address), enter(t, dir, "bob", pads, w.address)
	return w
}

// makePads makes both halves of a pad.
func makePads(t *testing.T, dir, a, b, size string) (folder string) {
	t.Helper()
	folder = filepath.Join(dir, "pads")
	run := exec.Command(filepath.Join(bin, "otc"), "pad", "make", a, b, size, "--source", "urandom", "--out", folder)
	if output, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return folder
}

func enter(t *testing.T, dir, name, pads, relay string) *person {
	t.Helper()
	p := &person{t: t, name: name, card: filepath.Join(dir, name+"-card")}
	args := []string{"desk", "--data", p.card, "--owner", name, "--size", "320x240"}
	p.device = &program{t: t, args: append(args, "--link", "127.0.0.1:0", "--panel", "127.0.0.1:0", "--import", pads)}
	var panel string
	ready := p.device.start()
	t.Cleanup(func() { p.device.kill() })
	if _, err := fmt.Sscanf(ready, "link http://%s panel http://%s", &p.link, &panel); err != nil {
		t.Fatalf("ready line %q: %v", ready, err)
	}
	p.device.args = append(args, "--link", p.link, "--panel", panel) // where it comes back
	p.finger = finger.New("http://" + panel)
	var err error
	if p.host, err = hostlink.NewClient(p.link); err != nil {
		t.Fatal(err)
	}
	p.env = append(os.Environ(), "OTC_RELAY="+relay, "OTC_DEVICE="+p.link, "OTC_USER="+name,
		"OTC_DATA="+filepath.Join(dir, name+"-laptop"))
	return p
}

// otc is a command on the person's laptop.
func (p *person) otc(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "otc"), args...)
	cmd.Env = p.env
	return cmd
}

// says runs a command to its end.
func (p *person) says(args ...string) (exit int, output string) {
	p.t.Helper()
	all, err := p.otc(soon(p.t), args...).CombinedOutput()
	if broken, ok := errors.AsType[*exec.ExitError](err); ok && broken.Exited() {
		return broken.ExitCode(), string(all)
	}
	if err != nil {
		p.t.Fatalf("otc %q: %v: %s", args, err, all)
	}
	return 0, string(all)
}

// tapping has the owner read and approve whatever the device asks, until the
// test ends, also through restarts of the device.
func (p *person) tapping() {
	ctx, cancel := context.WithCancel(context.Background())
	var owner sync.WaitGroup
	owner.Go(func() {
		var seen uint64
		for ctx.Err() == nil {
			screen, err := p.finger.Screen(ctx, seen)
			if err != nil { // the device is off: look again soon
				seen = 0
				select {
				case <-time.After(10 * time.Millisecond):
				case <-ctx.Done():
				}
				continue
			}
			seen = screen.Revision
			p.answer(ctx, screen)
		}
	})
	p.t.Cleanup(func() { cancel(); owner.Wait() })
}

// answer taps what an owner would who agrees to everything.
func (p *person) answer(ctx context.Context, s finger.Screen) {
	if s.Name == "home" {
		return
	}
	for _, name := range []string{"approve", "to-laptop", "next", "ok"} {
		target, _ := s.Target(name)
		if !target.Active {
			continue
		}
		hit, err := p.finger.TapAt(ctx, target.Middle())
		if err == nil && hit.Active && *hit.Name == name {
			p.mu.Lock()
			p.taps = append(p.taps, tap{s.Name, strings.Join(s.Text, "\n"), name})
			p.mu.Unlock()
		}
		return
	}
}

// tapped counts the taps on target that text stood above; "" stands above all.
func (p *person) tapped(target, text string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.taps {
		if t.target == target && strings.Contains(t.text, text) {
			n++
		}
	}
	return n
}

// warned counts the warnings that its owner tapped away.
func (p *person) warned() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.taps {
		if t.screen == "warning" {
			n++
		}
	}
	return n
}

// pad is what the device says of its only pad.
func (p *person) pad() hostlink.Pad {
	p.t.Helper()
	status, err := p.host.Status(soon(p.t), time.Time{})
	if err != nil || len(status.Pads) != 1 {
		p.t.Fatalf("%s's device: %+v, %v", p.name, status, err)
	}
	return status.Pads[0]
}

// unmoved is what of the pad a forgery must leave as it was: all but the count
// of forgeries.
func (p *person) unmoved() hostlink.Pad {
	p.t.Helper()
	pad := p.pad()
	pad.Forgeries = 0
	return pad
}

// arrival is one line of otc receive --json.
type arrival struct {
	Type, Outcome, From, Text string
	Ref                       int64
	Skip, Reuse               bool
}

// arrivals reads the whole lines of an output; a killed client may leave half
// of one.
func arrivals(output io.Reader) (all []arrival) {
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a arrival
		if json.Unmarshal(lines.Bytes(), &a) == nil && a.Type != "" {
			all = append(all, a)
		}
	}
	return all
}

// receive has the person's laptop receive, and returns what it prints.
func (p *person) receive() (exit int, all []arrival) {
	p.t.Helper()
	exit, output := p.says("receive", "--json")
	return exit, arrivals(strings.NewReader(output))
}
