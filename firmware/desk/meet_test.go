package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"onetimechat/hal/desk/finger"
	"onetimechat/padstore"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// cableAddress is a loopback address that nobody listens at.
func cableAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (d *running) tap(t *testing.T, target string) {
	t.Helper()
	_, err := d.finger.WaitUntil(soon(t), func(s finger.Screen) bool {
		on, _ := s.Target(target)
		return on.Active
	})
	if err == nil {
		err = d.finger.Tap(soon(t), target)
	}
	if err != nil {
		screen, _ := d.finger.Screen(soon(t), 0)
		t.Fatalf("tapping %s: %v; the screen is %s: %q", target, err, screen.Name, screen.Text)
	}
}

func (d *running) waitFor(t *testing.T, screen, text string) finger.Screen {
	t.Helper()
	s, err := d.finger.WaitUntil(soon(t), func(s finger.Screen) bool {
		return s.Name == screen && strings.Contains(strings.Join(s.Text, " "), text)
	})
	if err != nil {
		t.Fatalf("waiting for %s with %q: %v; there is %s: %q", screen, text, err, s.Name, s.Text)
	}
	return s
}

// answers tells whether the laptop's link answers.
func (d *running) answers(t *testing.T) bool {
	_, err := d.host.Status(soon(t), time.Time{})
	return err == nil
}

func TestTwoDesksMeetByTappingAndTheLinkIsClosedMeanwhile(t *testing.T) {
	cable, data := cableAddress(t), t.TempDir()
	noise := filepath.Join("/dev", "random")
	var sides []*running
	for _, owner := range []string{"alice", "bob"} {
		d := start(t, "--data", filepath.Join(data, owner), "--owner", owner, "--meet", cable, "--noise", noise, "--reservoir", "1")
		d.waitFor(t, "home", "1 MiB of 1 MiB")
		if !d.answers(t) {
			t.Fatal("the link does not answer before the meeting")
		}
		d.tap(t, "new-contact")
		sides = append(sides, d)
	}
	alice, bob := sides[0], sides[1]
	alice.waitFor(t, "meeting-size", "bob")
	for _, d := range sides {
		if d.answers(t) {
			t.Error("the link answers during the meeting")
		}
	}
	bob.tap(t, "size-1")
	alice.tap(t, "confirm")
	if a, b := alice.waitFor(t, "meeting-words", "").Text, bob.waitFor(t, "meeting-words", "").Text; !slices.Equal(a[1:8], b[1:8]) {
		t.Errorf("the screens say %q and %q", a, b)
	}
	for _, d := range sides {
		d.tap(t, "same")
	}
	for _, d := range sides {
		d.waitFor(t, "paired", "Demo randomness")
		d.tap(t, "ok")
		d.waitFor(t, "home", "demo randomness")
		status, err := d.host.Status(soon(t), time.Time{})
		if err != nil {
			t.Fatalf("the link after the meeting: %v", err)
		}
		if p := status.Pads; len(p) != 1 || p[0].State != string(padstore.InUse) || p[0].Source != "urandom" {
			t.Errorf("the pads are %+v", p)
		}
	}
}

func TestAMeetingThatNobodyComesToGivesTheLinkBack(t *testing.T) {
	d := start(t, "--data", filepath.Join(t.TempDir(), "alice"), "--owner", "alice", "--meet", cableAddress(t), "--reservoir", "1")
	d.tap(t, "new-contact")
	d.waitFor(t, "new-contact", "Waiting for the other device")
	d.tap(t, "cancel")
	d.waitFor(t, "home", "")
	if !d.answers(t) {
		t.Error("the link does not answer")
	}
}

// A recording is what a dead generator gives: the same at each start.
func TestNoiseThatBeginsTheSameAtTheNextStartIsRefused(t *testing.T) {
	recording := filepath.Join(t.TempDir(), "recording")
	noise, err := io.ReadAll(io.LimitReader(padtest.Stream("recording"), 3<<20))
	if err == nil {
		err = os.WriteFile(recording, noise, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--data", filepath.Join(t.TempDir(), "alice"), "--owner", "alice", "--meet", cableAddress(t), "--noise", recording, "--reservoir", "1"}
	d := start(t, args...)
	d.waitFor(t, "home", "1 MiB of 1 MiB")
	d.stop()
	d = start(t, args...)
	d.waitFor(t, "home", "No more randomness is made")
}

func TestAFolderStandsForAStick(t *testing.T) {
	pads := makePads(t, seal.Unconditional, 32)
	d := start(t, "--data", filepath.Join(t.TempDir(), "alice"), "--owner", "alice", "--stick", pads)
	d.waitFor(t, "question", "bob")
	d.tap(t, "yes")
	d.waitFor(t, "warning", "may still remember")
	d.tap(t, "ok")
	d.waitFor(t, "home", "bob")
	left, err := filepath.Glob(filepath.Join(pads, "alice*"))
	if err != nil || len(left) > 0 {
		t.Errorf("in the folder there are still %q, %v", left, err)
	}
}

func TestNoLaptopIsOnAPortThatSomebodyElseTook(t *testing.T) {
	listener, err := listenLink(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := newPorts(listener, "")
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.OpenLink(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("opening a link whose address is taken: %v", err)
	}
}
