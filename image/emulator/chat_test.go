//go:build linux

package emulator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"onetimechat/display"
	"onetimechat/hostlink"
	"onetimechat/image/emulator"
	"onetimechat/padstore"
	"onetimechat/padstore/seal"
)

// person is somebody with an emulated pad device and a laptop.
type person struct {
	*device
	name  string
	relay string // address
}

// sits switches a person's device on, with a laptop at it.
func sits(t *testing.T, name string, card *emulator.Card, relay string) *person {
	t.Helper()
	p := &person{device: start(t, emulator.Options{Card: card, Laptop: anyPort}), name: name, relay: relay}
	if status := p.answers(); status.Owner != name || len(status.Pads) != 1 || status.Pads[0].State != "in use" {
		t.Fatalf("%s's device says %+v", name, status)
	}
	p.took("the link")
	return p
}

// contact is the person's contact as home shows it, with a pad that is as new.
func (p *person) contact() display.Contact {
	p.t.Helper()
	pad := p.answers().Pads[0]
	gauge := func(left, messages int64) display.Gauge {
		return display.Gauge{Left: left, Total: left, Messages: messages}
	}
	return display.Contact{
		Name: pad.Contact, Send: gauge(pad.SendLeft, pad.SendMessages), Receive: gauge(pad.ReceiveLeft, pad.ReceiveMessages),
	}
}

// otc is a command of otc on somebody's laptop, running.
type otc struct {
	t    *testing.T
	args []string
	out  bytes.Buffer
	done chan error
}

// otc runs a command on the person's laptop.
func (p *person) otc(args ...string) *otc {
	c := &otc{t: p.t, args: args, done: make(chan error, 1)}
	cmd := exec.CommandContext(p.t.Context(), built.otc, args...)
	cmd.Env = append(os.Environ(), "OTC_USER="+p.name, "OTC_RELAY="+p.relay, "OTC_DEVICE="+p.Link(),
		"OTC_DATA="+filepath.Join(filepath.Dir(p.card.Path()), "laptop"))
	cmd.Stdout, cmd.Stderr = &c.out, &c.out
	go func() { c.done <- cmd.Run() }()
	return c
}

// ends waits for the command to end with an exit code, and returns what it has
// said.
func (c *otc) ends(code int) string {
	c.t.Helper()
	select {
	case err := <-c.done:
		var exit *exec.ExitError
		got := 0
		if errors.As(err, &exit) {
			got = exit.ExitCode()
		} else if err != nil {
			got = -1
		}
		if got != code {
			c.t.Fatalf("otc %q ends with %d (%v), not %d:\n%s", c.args, got, err, code, c.out.String())
		}
	case <-time.After(patience):
		c.t.Fatalf("otc %q does not end", c.args)
	}
	return c.out.String()
}

// startRelay runs a relay and returns its address.
func startRelay(t *testing.T) string {
	t.Helper()
	cmd := exec.Command(built.otc, "relay", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
			t.Error(err)
		}
	})
	var address string
	if _, err := fmt.Fscanf(out, "relay %s\n", &address); err != nil {
		t.Fatal(err)
	}
	return address
}

// costOf is what a text takes from a pad, in bytes.
func costOf(text string) int64 {
	return seal.Unconditional.SegmentSizeOfText(len(text), seal.DefaultBucket)
}

// sends sends a text, and approves it on the device's screen, where it stands
// with whom it is for, what it costs and what that leaves.
func (p *person) sends(to, text string) {
	p.t.Helper()
	pad := p.answers().Pads[0]
	sending := p.otc("send", to, text)
	begin := time.Now()
	p.taps(display.ApproveSend{
		Text: text, Costs: []display.Cost{{Contact: to, Cost: costOf(text), Left: pad.SendLeft - costOf(text)}}, Ready: true,
	}, "approve")
	sending.ends(0)
	p.t.Logf("%s > %s (%.1f s)", p.name, text, time.Since(begin).Seconds())
	if left := p.answers().Pads[0].SendLeft; left != pad.SendLeft-costOf(text) {
		p.t.Errorf("%d bytes are left after %d", left, pad.SendLeft)
	}
}

// opens is a question to open one text, answered by a tap on the screen.
func (p *person) opens(from, text, answer string) {
	p.t.Helper()
	p.taps(display.ApproveOpen{From: []display.From{{Contact: from, Count: 1}}, Cost: costOf(text), Ready: true}, answer)
}

// receives has the laptop look for a text, of which the answer on the screen is
// to-laptop, deny or read-here.
func (p *person) receives(from, text, answer string) {
	p.t.Helper()
	pad := p.answers().Pads[0]
	receiving := p.otc("receive")
	p.opens(from, text, answer)
	burned, shown, code := costOf(text), false, 0
	switch answer {
	case "to-laptop":
		shown = true
	case "deny":
		burned, code = 0, 3
	case "read-here":
		p.taps(display.Reader{From: from, Text: text, Index: 1, Count: 1}, "ok")
	}
	if said := receiving.ends(code); strings.Contains(said, text) != shown {
		p.t.Errorf("%s's laptop says, after %s:\n%s", p.name, answer, said)
	}
	if left := p.answers().Pads[0].ReceiveLeft; left != pad.ReceiveLeft-burned {
		p.t.Errorf("after %s %d bytes are left of %d", answer, left, pad.ReceiveLeft)
	}
}

// sealsAndOpens has the device seal a text for its contact, whose real store
// opens it, and open one that is sealed there.
func (p *person) sealsAndOpens(peer *padstore.Store) {
	p.t.Helper()
	c := &cutter{t: p.t, owner: p.name, peer: peer.Owner(), device: p.device}
	const there, back = "To be sealed.", "To be opened."
	var sealed []hostlink.Sealed
	var err error
	done := c.calls(func(ctx context.Context, client *hostlink.Client) {
		sealed, err = client.Package(ctx, hostlink.PackageRequest{From: c.owner, To: []string{c.peer}, Text: there})
	})
	c.approveSend(there)
	if <-done; err != nil || sealed[0].Err != "" {
		p.t.Fatalf("sealed is %+v, %v", sealed, err)
	}
	if got, err := peer.Unseal(c.owner, sealed[0].Package); err != nil || got.Text != there {
		p.t.Fatalf("%s opens %q, %v", c.peer, got.Text, err)
	}
	answer, err := peer.Seal(c.owner, back)
	if err != nil {
		p.t.Fatal(err)
	}
	var texts []hostlink.Opened
	done = c.calls(func(ctx context.Context, client *hostlink.Client) {
		texts, err = client.Unpackage(ctx, hostlink.UnpackageRequest{To: c.owner, Packages: []hostlink.Incoming{{From: c.peer, Package: answer.Package}}})
	})
	c.approveOpen(back)
	if <-done; err != nil || texts[0] != (hostlink.Opened{Text: back}) {
		p.t.Fatalf("opened is %+v, %v", texts, err)
	}
}

func TestTwoDevicesMeetAndChat(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	cardA, cardB := paired(t)
	t.Logf("met in %.1f s", time.Since(begin).Seconds())
	relay := startRelay(t)
	alice, bob := sits(t, "alice", cardA, relay), sits(t, "bob", cardB, relay)

	begin = time.Now()
	const hello, later, secret = "Hello bob! Nobody but you can read this.", "Not now, but later.", "The key is under the blue flower pot."
	alice.sends("bob", hello)
	bob.receives("alice", hello, "to-laptop")
	bob.sends("alice", later)
	alice.receives("bob", later, "deny")
	denied := time.Now()
	alice.sends("bob", secret)
	bob.receives("alice", secret, "read-here")

	// What was denied is still sealed, and can be opened when its time has come.
	time.Sleep(time.Until(denied.Add(denyTime)))
	opening := alice.otc("later", "open")
	alice.opens("bob", later, "to-laptop")
	if said := opening.ends(0); !strings.Contains(said, later) {
		t.Errorf("alice's laptop says:\n%s", said)
	}
	t.Logf("chatted for %.1f s", time.Since(begin).Seconds())
	for _, p := range []*person{alice, bob} {
		if status := p.answers(); status.Pads[0].Forgeries != 0 || status.Start != 2 {
			t.Errorf("%s's device says %+v", p.name, status)
		}
	}
}

// denyTime is how long a device does not ask again what was denied.
const denyTime = 10 * time.Second
