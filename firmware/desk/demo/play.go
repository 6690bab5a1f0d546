package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"onetimechat/hal/desk/finger"
)

// line is one message of the play, and how its reader takes it.
type line struct {
	from, to func(*stage) *person
	text     string
	answer   string // the target that the reader taps
}

func alice(s *stage) *person { return s.alice }
func bob(s *stage) *person   { return s.bob }

// script is the conversation: both directions, a text of several pages, one
// denied and read later, one read on the device only.
func script() []line {
	long := "Here is the whole story of the two pads. " + strings.Repeat("We met once, plugged one cable between two small devices, and made a pad that nobody else has ever seen. ", 6) + "The end."
	return []line{
		{alice, bob, "Hello bob! Nobody but you can read this.", "to-laptop"},
		{bob, alice, "Hi alice! ¿Cómo lo sabes?", "to-laptop"},
		{alice, bob, long, "to-laptop"},
		{bob, alice, "Not now, but later.", "deny"},
		{alice, bob, "The key is under the blue flower pot.", "read-here"},
	}
}

// play acts the script: people type on their laptops and tap on their devices.
func play(ctx context.Context, s *stage) error {
	for _, p := range []*person{s.alice, s.bob} {
		if err := p.shoot(ctx, s.out); err != nil {
			return err
		}
	}
	for _, l := range script() {
		if err := s.speak(ctx, l); err != nil {
			return fmt.Errorf("%q: %w", l.text, err)
		}
	}
	for _, p := range []*person{s.alice, s.bob} {
		if err := p.lookAtLog(ctx, s.out); err != nil {
			return err
		}
	}
	if err := s.readLater(ctx, s.alice, "Not now, but later."); err != nil {
		return err
	}
	fmt.Printf("Every screen is in %s\n", s.out)
	return nil
}

// speak sends one message and has it read as the script says.
func (s *stage) speak(ctx context.Context, l line) error {
	from, to := l.from(s), l.to(s)
	sent := s.laptop(ctx, from, "send", to.name, l.text)
	if err := from.approve(ctx, s.out, l.text); err != nil {
		return err
	}
	if err := sent.wait(0); err != nil {
		return err
	}
	fmt.Printf("%-6s> %s\n", from.name, l.text)

	received := s.laptop(ctx, to, "receive")
	if _, err := to.finger.WaitFor(ctx, "approve-open"); err != nil {
		return err
	}
	if err := to.tap(ctx, s.out, l.answer); err != nil {
		return err
	}
	switch l.answer {
	case "deny":
		s.denied = time.Now()
		fmt.Printf("%-6s  (denies, on the device)\n", to.name)
		return received.wait(3)
	case "read-here":
		if err := to.reads(ctx, s.out, "reader", l.text); err != nil {
			return err
		}
		if err := to.tap(ctx, s.out, "ok"); err != nil {
			return err
		}
		fmt.Printf("%-6s  (reads it on the device only)\n", to.name)
		if err := received.wait(0); err != nil {
			return err
		}
		if strings.Contains(received.output.String(), l.text) {
			return errors.New("the laptop saw what was to be read on the device only")
		}
		return nil
	}
	if err := received.wait(0); err != nil {
		return err
	}
	return to.shown(received.output.String(), l.text)
}

// shown checks that the laptop printed the message, and repeats it.
func (p *person) shown(output, text string) error {
	if !strings.Contains(output, text) {
		return fmt.Errorf("%s's laptop shows %q", p.name, output)
	}
	fmt.Printf("%-6s  reads: %s\n", p.name, strings.TrimSpace(output))
	return nil
}

// denyTime is how long a device does not ask again what its owner denied.
const denyTime = 10 * time.Second

// readLater takes up what was denied.
func (s *stage) readLater(ctx context.Context, p *person, text string) error {
	select {
	case <-time.After(time.Until(s.denied.Add(denyTime))):
	case <-ctx.Done():
		return ctx.Err()
	}
	later := s.laptop(ctx, p, "later", "open")
	if _, err := p.finger.WaitFor(ctx, "approve-open"); err != nil {
		return err
	}
	if err := p.tap(ctx, s.out, "to-laptop"); err != nil {
		return err
	}
	if err := later.wait(0); err != nil {
		return err
	}
	return p.shown(later.output.String(), text)
}

// command is an otc on somebody's laptop, running.
type command struct {
	args   []string
	output bytes.Buffer
	done   chan error
}

func (s *stage) laptop(ctx context.Context, p *person, args ...string) *command {
	c := &command{args: args, done: make(chan error, 1)}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "otc"), args...)
	cmd.Env = p.env
	cmd.Stdout, cmd.Stderr = &c.output, &c.output
	go func() { c.done <- cmd.Run() }()
	return c
}

// wait waits for the command to end with the exit code.
func (c *command) wait(code int) error {
	err := <-c.done
	var exit *exec.ExitError
	if got := 0; errors.As(err, &exit) {
		got = exit.ExitCode()
		if got == code {
			return nil
		}
	} else if err == nil && code == 0 {
		return nil
	}
	return fmt.Errorf("otc %s: %w\n%s", c.args[0], err, c.output.String())
}

// approve approves the text that is to be sealed, if it is what was typed.
func (p *person) approve(ctx context.Context, out, text string) error {
	if err := p.reads(ctx, out, "approve-send", text); err != nil {
		return err
	}
	return p.tap(ctx, out, "approve")
}

// reads reads every page of a screen, and holds it against a text.
func (p *person) reads(ctx context.Context, out, screen, text string) error {
	shown, err := p.readPages(ctx, out, screen)
	if err == nil && !shows(shown, text) {
		err = fmt.Errorf("%s's device shows %q", p.name, shown)
	}
	return err
}

// readPages waits for the screen and turns its pages to the last.
func (p *person) readPages(ctx context.Context, out, screen string) (string, error) {
	var text []string
	seen, err := p.finger.WaitFor(ctx, screen)
	for {
		if err != nil {
			return "", err
		}
		text = append(text, seen.Text...)
		next, ok := seen.Target("next")
		if !ok || !next.Active {
			return strings.Join(text, " "), nil
		}
		if err := p.tap(ctx, out, "next"); err != nil {
			return "", err
		}
		before := seen.Text
		seen, err = p.finger.WaitUntil(ctx, func(s finger.Screen) bool { return !slices.Equal(s.Text, before) })
	}
}

// shows tells whether every word of text is on the screen's pages, which have
// other lines between them.
func shows(pages, text string) bool {
	for word := range strings.FieldsSeq(text) {
		if !strings.Contains(pages, word) {
			return false
		}
	}
	return true
}

// lookAtLog opens the log on the device, and closes it again.
func (p *person) lookAtLog(ctx context.Context, out string) error {
	if err := p.tap(ctx, out, "log"); err != nil {
		return err
	}
	if _, err := p.finger.WaitFor(ctx, "log"); err != nil {
		return err
	}
	if err := p.tap(ctx, out, "ok"); err != nil {
		return err
	}
	_, err := p.finger.WaitFor(ctx, "home")
	return err
}

// tap saves a picture of the screen as soon as the target is alive, and taps.
func (p *person) tap(ctx context.Context, out, target string) error {
	_, err := p.finger.WaitUntil(ctx, func(s finger.Screen) bool {
		t, _ := s.Target(target)
		return t.Active
	})
	if err != nil {
		return fmt.Errorf("%s waits for %s: %w", p.name, target, err)
	}
	if err := p.shoot(ctx, out); err != nil {
		return err
	}
	return p.finger.Tap(ctx, target)
}

// shoot saves a picture of the device's screen.
func (p *person) shoot(ctx context.Context, out string) error {
	screen, err := p.finger.Screen(ctx, 0)
	if err != nil {
		return err
	}
	picture, err := p.finger.PNG(ctx)
	if err != nil {
		return err
	}
	p.shots++
	name := fmt.Sprintf("%s-%02d-%s.png", p.name, p.shots, screen.Name)
	return os.WriteFile(filepath.Join(out, name), picture, 0o600)
}
