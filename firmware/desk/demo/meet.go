package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"onetimechat/hal/desk/finger"
)

// meet has both devices make a pad, by taps: alice chooses how much, bob
// confirms, and both compare the words.
func meet(ctx context.Context, s *stage) error {
	if !s.meets {
		return nil
	}
	for _, p := range []*person{s.alice, s.bob} {
		if err := p.seekContact(ctx, s.out); err != nil {
			return err
		}
	}
	if err := s.alice.tap(ctx, s.out, "size-1"); err != nil {
		return err
	}
	if err := s.bob.tap(ctx, s.out, "confirm"); err != nil {
		return err
	}
	var words [2][]string
	for i, p := range []*person{s.alice, s.bob} {
		screen, err := p.finger.WaitFor(ctx, "meeting-words")
		if err != nil {
			return err
		}
		words[i] = screen.Text
	}
	same := func(word string) bool { return slices.Contains(words[1], word) }
	if n := len(slices.DeleteFunc(slices.Clone(words[0]), func(w string) bool { return !same(w) })); n < 4 {
		return fmt.Errorf("alice's device shows %q, bob's %q", words[0], words[1])
	}
	for _, p := range []*person{s.alice, s.bob} {
		if err := p.tap(ctx, s.out, "same"); err != nil {
			return err
		}
	}
	for _, p := range []*person{s.alice, s.bob} {
		if err := p.leaveMeeting(ctx, s.out); err != nil {
			return err
		}
	}
	fmt.Println("alice and bob have met: their devices have made a pad that nobody else has.")
	return nil
}

// seekContact waits for enough randomness, and taps New contact.
func (p *person) seekContact(ctx context.Context, out string) error {
	_, err := p.finger.WaitUntil(ctx, func(s finger.Screen) bool {
		return s.Name == "home" && slices.ContainsFunc(s.Text, isReady)
	})
	if err != nil {
		return fmt.Errorf("%s's device has no randomness: %w", p.name, err)
	}
	return p.tap(ctx, out, "new-contact")
}

// isReady tells a full reservoir by what the home screen says of it.
func isReady(text string) bool { return strings.Contains(text, full+" of "+full) }

// leaveMeeting looks at the certificate and goes home.
func (p *person) leaveMeeting(ctx context.Context, out string) error {
	if _, err := p.finger.WaitFor(ctx, "paired"); err != nil {
		return err
	}
	if err := p.tap(ctx, out, "certificate"); err != nil {
		return err
	}
	if _, err := p.finger.WaitFor(ctx, "certificate"); err != nil {
		return err
	}
	if err := errors.Join(p.tap(ctx, out, "ok"), p.back(ctx, "paired"), p.tap(ctx, out, "ok")); err != nil {
		return err
	}
	return p.back(ctx, "home")
}

func (p *person) back(ctx context.Context, screen string) error {
	_, err := p.finger.WaitFor(ctx, screen)
	return err
}
