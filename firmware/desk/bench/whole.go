package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"onetimechat/hal/desk/finger"
	"onetimechat/padstore/durable"
)

// wholeMessages is how many messages the median is of.
const wholeMessages = 11

// whole measures a message from the tap with which alice approves it to the
// text that bob's laptop prints, bob tapping at once: relay, devices and laptops
// are processes as people run them. A device lets half a second pass between a
// question and its answer; bob's is left out, from the moment the question is
// on his screen to the moment its button is alive. (Alice's is over when she
// taps.) Beside it one write of 4 KiB, synced: a message waits for several.
func whole(dir string) (list []figure, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	w, err := newWorld(dir)
	if err != nil {
		return nil, errors.Join(err, w.stop())
	}
	defer func() { err = errors.Join(err, w.stop()) }()
	bare, err := newBareLoop(dir, func(disk durable.Disk) durable.Disk { return disk })
	if err != nil {
		return nil, err
	}
	var took, synced []float64 // ms
	for i := range wholeMessages {
		began := time.Now()
		if err := bare.write(); err != nil {
			return nil, err
		}
		synced = append(synced, 1e3*time.Since(began).Seconds())
		one, err := w.message(ctx, fmt.Sprintf("See you at noon, %d.", i))
		if err != nil {
			return nil, err
		}
		took = append(took, 1e3*one.Seconds())
	}
	f := figure{Name: "whole-message", Value: median(took), Unit: "ms"}.against(median(synced))
	return []figure{f.goal("< 50 ms", f.Value < 50)}, nil
}

// world is a relay and two people with a pad between them, all in processes.
type world struct {
	bin        string
	alice, bob *person
	receiver   *process   // otc receive on bob's laptop
	running    []*process // in the order of their start
}

// person has a laptop and a pad device.
type person struct {
	env    []string // of the laptop
	finger *finger.Client
}

// newWorld starts everything. What it returns is to be stopped, also beside an
// error.
func newWorld(dir string) (*world, error) {
	w := &world{bin: dir}
	if err := buildPrograms(dir); err != nil {
		return w, err
	}
	relay, at, err := launchRelay(dir, filepath.Join(dir, "relay"))
	if err != nil {
		return w, err
	}
	w.running = append(w.running, relay)
	made := exec.Command(filepath.Join(dir, "otc"), "pad", "make", "alice", "bob", "1MiB", "--source", "urandom", "--out", filepath.Join(dir, "pads"))
	if out, err := made.CombinedOutput(); err != nil {
		return w, fmt.Errorf("%w: %s", err, out)
	}
	if w.alice, err = w.enter(dir, "alice", at); err != nil {
		return w, err
	}
	if w.bob, err = w.enter(dir, "bob", at); err != nil {
		return w, err
	}
	w.receiver, err = launch(w.bob.env, filepath.Join(dir, "otc"), "receive", "--follow", "--json")
	if err == nil {
		w.running = append(w.running, w.receiver)
	}
	return w, err
}

// enter starts a person's pad device, with the pad that was made for it.
func (w *world) enter(dir, name, relay string) (*person, error) {
	card := filepath.Join(dir, name+"-card")
	device, err := launch(nil, filepath.Join(dir, "otc-desk"), "--data", card, "--owner", name, "--import", filepath.Join(dir, "pads"),
		"--link", "127.0.0.1:0", "--panel", "127.0.0.1:0", "--size", "480x320")
	if err != nil {
		return nil, err
	}
	w.running = append(w.running, device)
	ready, err := device.line()
	if err != nil {
		return nil, err
	}
	var link, panel string
	if _, err := fmt.Sscanf(ready, "link %s panel %s", &link, &panel); err != nil {
		return nil, fmt.Errorf("%s's device says %q: %w", name, ready, err)
	}
	env := []string{"OTC_RELAY=" + relay, "OTC_DEVICE=" + link, "OTC_USER=" + name, "OTC_DATA=" + filepath.Join(dir, name+"-laptop")}
	return &person{env: env, finger: finger.New(panel)}, nil
}

// stop ends all, the last one first.
func (w *world) stop() error {
	var errs []error
	for _, p := range slices.Backward(w.running) {
		errs = append(errs, p.stop())
	}
	return errors.Join(errs...)
}

// message has alice send a text and bob read it, and answers how long it took,
// without what the owners wait for.
func (w *world) message(ctx context.Context, text string) (took time.Duration, err error) {
	sending, err := launch(w.alice.env, filepath.Join(w.bin, "otc"), "send", "bob", text)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, sending.wait()) }()
	approved, err := w.alice.tap(ctx, "approve")
	if err != nil {
		return 0, err
	}
	if _, err := w.bob.finger.WaitFor(ctx, "approve-open"); err != nil {
		return 0, err
	}
	asked := time.Now()
	alive, err := w.bob.tap(ctx, "to-laptop")
	if err != nil {
		return 0, err
	}
	line, err := w.receiver.line()
	printed := time.Now()
	if err == nil && !strings.Contains(line, text) {
		err = fmt.Errorf("bob's laptop says %q", line)
	}
	return asked.Sub(approved) + printed.Sub(alive), err
}

// tap waits until a button is alive, and taps it at once. It answers when that
// was.
func (p *person) tap(ctx context.Context, name string) (alive time.Time, err error) {
	var button finger.Target
	_, err = p.finger.WaitUntil(ctx, func(s finger.Screen) bool {
		button, _ = s.Target(name)
		return button.Active
	})
	if err != nil {
		return alive, err
	}
	alive = time.Now()
	hit, err := p.finger.TapAt(ctx, button.Middle())
	if err == nil && (hit.Name == nil || *hit.Name != name || !hit.Active) {
		err = fmt.Errorf("a tap on %s met something else", name)
	}
	return alive, err
}
