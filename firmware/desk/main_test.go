package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"onetimechat/hal/desk/finger"
	"onetimechat/hostlink"
	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/seal"
)

// soon ends what waits for something that does not come.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// makePads makes a folder with both halves of a pad of alice's and bob's.
func makePads(t *testing.T, suite seal.Suite, bucket int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pads")
	folder, err := durable.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	g := padstore.Generation{A: "alice", B: "bob", Bytes: 1 << 16, Suite: suite, Bucket: bucket, Source: "random"}
	if err := padstore.Generate(folder, g, rand.NewChaCha8([32]byte{1}), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// running is a pad device at a desk.
type running struct {
	finger *finger.Client
	host   *hostlink.Client
	panel  string // URL
	stop   func() // as SIGTERM does; may be called again
}

// start runs the program until the test ends or stop is called.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	var stderr bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append(args, "--link", linkAddress(t), "--panel", "127.0.0.1:0"), in, &stderr)
		in.Close()
	}()
	lines := bufio.NewReader(out)
	ready, err := lines.ReadString('\n')
	if err != nil {
		cancel()
		t.Fatalf("%q: exit code %d: %s", args, <-code, &stderr)
	}
	more := make(chan string, 1)
	go func() {
		rest, _ := io.ReadAll(lines)
		more <- string(rest)
	}()

	d := &running{}
	var link string
	if n, err := fmt.Sscanf(ready, "link http://%s panel %s\n", &link, &d.panel); n != 2 {
		t.Errorf("ready line is %q: %v", ready, err)
	}
	d.finger = finger.New(d.panel)
	if d.host, err = hostlink.NewClient(link); err != nil {
		t.Error(err)
	}
	d.stop = sync.OnceFunc(func() {
		cancel()
		if c := <-code; c != exitOK {
			t.Errorf("exit code %d: %s", c, &stderr)
		}
		if rest := <-more; rest != "" {
			t.Errorf("prints more than the ready line: %q", rest)
		}
	})
	t.Cleanup(d.stop)
	return d
}

// startPair starts alice's and bob's devices with a pad between them.
func startPair(t *testing.T, size string) (alice, bob *running) {
	t.Helper()
	pads, data := makePads(t, seal.Unconditional, 32), t.TempDir()
	alice = start(t, "--data", filepath.Join(data, "alice"), "--owner", "alice", "--import", pads, "--size", size)
	bob = start(t, "--data", filepath.Join(data, "bob"), "--owner", "bob", "--import", pads, "--size", size)
	return alice, bob
}

// ask runs a call to a device that waits for its owner.
func ask[T any](call func() (T, error)) <-chan result[T] {
	done := make(chan result[T], 1)
	go func() {
		v, err := call()
		done <- result[T]{v, err}
	}()
	return done
}

type result[T any] struct {
	value T
	err   error
}

func (d *running) seal(t *testing.T, from, to, text string) <-chan result[[]hostlink.Sealed] {
	ctx := soon(t)
	return ask(func() ([]hostlink.Sealed, error) {
		return d.host.Package(ctx, hostlink.PackageRequest{From: from, To: []string{to}, Text: text})
	})
}

func (d *running) open(t *testing.T, to, from string, pkg []byte) <-chan result[[]hostlink.Opened] {
	ctx := soon(t)
	return ask(func() ([]hostlink.Opened, error) {
		return d.host.Unpackage(ctx, hostlink.UnpackageRequest{To: to, Packages: []hostlink.Incoming{{From: from, Package: pkg}}})
	})
}

// sealed waits for one package.
func sealed(t *testing.T, done <-chan result[[]hostlink.Sealed]) []byte {
	t.Helper()
	r := <-done
	if r.err != nil || len(r.value) != 1 || r.value[0].Err != "" {
		t.Fatalf("sealed: %+v, %v", r.value, r.err)
	}
	return r.value[0].Package
}

// opened waits for one answer to a package.
func opened(t *testing.T, done <-chan result[[]hostlink.Opened]) hostlink.Opened {
	t.Helper()
	r := <-done
	if r.err != nil || len(r.value) != 1 {
		t.Fatalf("opened: %+v, %v", r.value, r.err)
	}
	return r.value[0]
}

func TestTwoDesksTalkByTapping(t *testing.T) {
	for _, pad := range []struct {
		suite  seal.Suite
		bucket int
	}{{seal.Unconditional, 32}, {seal.Paper, 0}} {
		t.Run(pad.suite.String(), func(t *testing.T) {
			pads, data := makePads(t, pad.suite, pad.bucket), t.TempDir()
			alice := start(t, "--data", filepath.Join(data, "alice"), "--owner", "alice", "--import", pads)
			bob := start(t, "--data", filepath.Join(data, "bob"), "--owner", "bob", "--import", pads)

			asked := alice.seal(t, "alice", "bob", "dinner at eight?")
			if err := alice.finger.Tap(soon(t), "approve"); err != nil {
				t.Fatal(err)
			}
			opening := bob.open(t, "bob", "alice", sealed(t, asked))
			if err := bob.finger.Tap(soon(t), "to-laptop"); err != nil {
				t.Fatal(err)
			}
			if o := opened(t, opening); o.Text != "dinner at eight?" || o.Skip || o.Reuse || o.Err != "" {
				t.Errorf("bob's laptop is given %+v", o)
			}

			// What is stopped and started again goes on where it was. It says
			// that the laptop had not acknowledged the text.
			bob.stop()
			bob = start(t, "--data", filepath.Join(data, "bob"), "--owner", "bob")
			if _, err := bob.finger.WaitFor(soon(t), "warning"); err != nil {
				t.Fatal(err)
			}
			if err := bob.finger.Tap(soon(t), "ok"); err != nil {
				t.Fatal(err)
			}
			asked = bob.seal(t, "bob", "alice", "yes")
			if err := bob.finger.Tap(soon(t), "approve"); err != nil {
				t.Fatal(err)
			}
			opening = alice.open(t, "alice", "bob", sealed(t, asked))
			if err := alice.finger.Tap(soon(t), "to-laptop"); err != nil {
				t.Fatal(err)
			}
			if o := opened(t, opening); o.Text != "yes" || o.Skip {
				t.Errorf("alice's laptop is given %+v", o)
			}
		})
	}
}

func TestMistakesAreToldInOneLineWithTheirExitCode(t *testing.T) {
	data := t.TempDir()
	held := start(t, "--data", filepath.Join(data, "held"), "--owner", "alice")
	_, port, _ := strings.Cut(strings.TrimPrefix(held.panel, "http://"), ":")
	fresh := []string{"--data", filepath.Join(data, "fresh"), "--owner", "alice", "--link", "127.0.0.1:0"}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{nil, exitUsage, "--data is missing"},
		{[]string{"--data", data}, exitUsage, "--owner is missing"},
		{[]string{"--data", data, "--owner", "../alice"}, exitUsage, "is not a user id"},
		{append(fresh, "--panel", "0.0.0.0:0"), exitUsage, "is not loopback"},
		{append(fresh, "--panel", ":0"), exitUsage, "is not loopback"},
		{append(fresh, "--link", ":0"), exitUsage, "is not one address"},
		{append(fresh, "--size", "640x480"), exitUsage, "is not 240x240, 320x240, 480x320 or 800x480"},
		{append(fresh, "--meet", "192.0.2.1:9060"), exitUsage, "--meet: "},
		{append(fresh, "--reservoir", "0"), exitUsage, "--reservoir: 0 is not"},
		{append(fresh, "now"), exitUsage, "one word too many"},
		{append(fresh, "--tap"), exitUsage, "not defined"},
		{append(fresh, "--panel", "127.0.0.1:"+port), exitFailed, "another device"},
		{append(fresh, "--panel", "127.0.0.1:0", "--import", filepath.Join(data, "none")), exitFailed, "no such file"},
		{append(fresh, "--panel", "127.0.0.1:0", "--import", t.TempDir()), exitFailed, "no pad of alice's"},
		{append(fresh, "--panel", "127.0.0.1:0", "--import", filepath.Join(data, "fresh")), exitFailed, "the device's own card"},
		{[]string{"--data", filepath.Join(data, "held"), "--owner", "alice", "--link", "127.0.0.1:0", "--panel", "127.0.0.1:0"}, exitFailed, "in use"},
		{append(fresh, "--panel", "127.0.0.1:0", "--owner", "bob"), exitFailed, "belongs to alice"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(soon(t), c.args, &stdout, &stderr)
		first, _, _ := strings.Cut(stderr.String(), "\n")
		if code != c.code || !strings.Contains(first, c.says) || !strings.HasPrefix(first, "otc-desk: ") || stdout.Len() > 0 {
			t.Errorf("%q: exit code %d, want %d; says %q, want %q in its first line; prints %q", c.args, code, c.code, stderr.String(), c.says, stdout.String())
		}
	}
	if _, err := os.Stat(filepath.Join(data, "none")); err == nil {
		t.Error("a folder to import from was made")
	}
}

// What was asked for can be piped into another program.
func TestHelpAndVersionAreOnStandardOutput(t *testing.T) {
	for flag, says := range map[string]string{"--help": "otc-desk --data alice-device", "--version": "otc-desk: "} {
		var stdout, stderr bytes.Buffer
		code := run(soon(t), []string{flag}, &stdout, &stderr)
		if code != exitOK || !strings.Contains(stdout.String(), says) || stderr.Len() > 0 {
			t.Errorf("%s: exit code %d, prints %q, says %q", flag, code, &stdout, &stderr)
		}
	}
}

// A device that makes no pads of its own has a mark all the same, and keeps it:
// a laptop tells its pads, which count from 1, from those of the next device.
func TestDevicesAreToldApartWithoutAMeeting(t *testing.T) {
	data := t.TempDir()
	mark := func(folder string) string {
		d := start(t, "--data", filepath.Join(data, folder), "--owner", "alice")
		defer d.stop()
		status, err := d.host.Status(soon(t), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return status.Device
	}
	first, again, other := mark("first"), mark("first"), mark("other")
	if first == "" || again != first || other == "" || other == first {
		t.Errorf("marks: %q, started again %q, another device's %q", first, again, other)
	}
}

// Without noise it starts all the same: pads that were made elsewhere need none.
func TestADeviceWithoutNoiseStarts(t *testing.T) {
	d := start(t, "--data", filepath.Join(t.TempDir(), "card"), "--owner", "alice", "--noise", filepath.Join(t.TempDir(), "none"))
	if status, err := d.host.Status(soon(t), time.Time{}); err != nil || status.Device != "" {
		t.Errorf("status %+v, %v", status, err)
	}
}

func TestOnlyTheOwnerCanReadTheCard(t *testing.T) {
	data := filepath.Join(t.TempDir(), "card")
	start(t, "--data", data, "--owner", "alice").stop()
	err := filepath.WalkDir(data, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// linkAddress is one that nobody is given by chance while the link is closed for
// a meeting: below the ports that Linux hands out (ip(7), ip_local_port_range).
func linkAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(20000)))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return l.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}

// Two devices that are started at once import from one folder one after the other.
func TestAFolderInUseIsWaitedFor(t *testing.T) {
	pads := makePads(t, seal.Unconditional, 32)
	folder, err := durable.OpenFolder(pads)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	told, stderr := io.Pipe()
	ctx, cancel := context.WithCancel(soon(t))
	code := make(chan int, 1)
	ready, stdout := io.Pipe()
	go func() {
		code <- run(ctx, []string{"--data", filepath.Join(t.TempDir(), "alice"), "--owner", "alice", "--import", pads, "--link", linkAddress(t), "--panel", "127.0.0.1:0"}, stdout, stderr)
	}()
	lines := bufio.NewReader(told)
	if line, err := lines.ReadString('\n'); !strings.Contains(line, "waiting for another program to be done with "+pads) {
		t.Fatalf("%q, %v", line, err)
	}
	if err := folder.Close(); err != nil {
		t.Fatal(err)
	}
	if line, err := lines.ReadString('\n'); !strings.Contains(line, "moved the pad with bob") {
		t.Fatalf("%q, %v", line, err)
	}
	if line, err := bufio.NewReader(ready).ReadString('\n'); err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	cancel()
	if c := <-code; c != exitOK {
		t.Errorf("exit code %d", c)
	}
}

func TestAStickIsInOneDeviceAtATime(t *testing.T) {
	first := stick{t.TempDir()}
	folder, _, err := first.Look()
	if err != nil || folder == nil {
		t.Fatalf("%v, %v", folder, err)
	}
	second := stick{first.path}
	if other, _, err := second.Look(); err != nil || other != nil {
		t.Errorf("the first has it, and the second: %v, %v", other, err)
	}
	if err := folder.Close(); err != nil {
		t.Fatal(err)
	}
	folder, _, err = second.Look()
	if err != nil || folder == nil {
		t.Fatalf("%v, %v", folder, err)
	}
	folder.Close()
}
