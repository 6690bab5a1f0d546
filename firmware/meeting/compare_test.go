package meeting_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"onetimechat/firmware/meeting"
	"onetimechat/padstore"
)

// playLarge is play with a pad that is read back in two pieces.
func playLarge(ctx context.Context, t *testing.T, setUp func(s *scene)) (s *scene, alice, bob ended) {
	const pad = 2 << 20
	s = &scene{T: t, cable: newCable()}
	for at, owner := range map[**device]string{&s.alice: "alice", &s.bob: "bob"} {
		*at = newDevice(t, owner, pad+4096)
		(*at).chunk = 1 << 20
	}
	s.alice.size, s.bob.size = pad, 0
	setUp(s)
	alice, bob = meetAs(ctx, s.alice.config(), s.bob.config(), s.cable.run())
	return s, alice, bob
}

// told are the steps of the comparison that an owner was told.
func (p *person) told() (steps []string) {
	for _, did := range p.did {
		if _, step, ok := strings.Cut(did, "comparison of the two pads"); ok {
			steps = append(steps, step)
		}
	}
	return steps
}

// To read a large pad back takes minutes: the owner sees how far that is.
func TestTheComparisonOfALargePadTellsHowFarItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, alice, bob := playLarge(t.Context(), t, func(*scene) {})
		if alice.err != nil || bob.err != nil {
			t.Fatal(alice, bob)
		}
		if got, want := s.alice.told(), []string{"", ": 50 %", ""}; !slices.Equal(got, want) {
			t.Errorf("alice is told %q, want %q", got, want)
		}
	})
}

// It ends at once when the owner cancels, or the device is switched off.
func TestTheComparisonOfALargePadCanBeEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, alice, bob := playLarge(t.Context(), t, func(s *scene) {
			s.alice.waits = func(what string) {
				if strings.HasSuffix(what, "50 %") {
					s.alice.wishes <- meeting.Cancel
				}
			}
		})
		s.wants(s.alice, alice, meeting.ErrCancelled, false)
		s.wants(s.bob, bob, meeting.ErrTheyCancel, false)
		if got, want := s.alice.told(), []string{"", ": 50 %"}; !slices.Equal(got, want) {
			t.Errorf("alice is told %q, want %q", got, want)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, off := context.WithCancel(t.Context())
		s, alice, _ := playLarge(ctx, t, func(s *scene) {
			s.alice.waits = func(what string) {
				if strings.HasSuffix(what, "50 %") {
					off()
				}
			}
		})
		if draft := s.alice.store.Draft(); !errors.Is(alice.err, context.Canceled) || draft == nil || draft.Stage() != padstore.Copying {
			t.Errorf("alice's meeting ended with %v, and the draft %+v", alice, draft)
		}
		if got, want := s.alice.told(), []string{"", ": 50 %"}; !slices.Equal(got, want) {
			t.Errorf("alice is told %q, want %q", got, want)
		}
	})
}
