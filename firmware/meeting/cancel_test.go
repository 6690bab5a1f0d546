package meeting

import (
	"context"
	"errors"
	"testing"
)

// What an owner has tapped comes before what the other device has said since,
// and before a question that would take the tap's place.
func TestCancelComesFirst(t *testing.T) {
	const often = 64 // of which one would come out otherwise, if it were left to chance
	wishes, in := make(chan Wish, 1), make(chan message, 1)
	m := &meet{Config: Config{Wishes: wishes}, wire: &wire{in: in}}
	f := &filling{meet: m, giving: newGiving(0)}
	for what, do := range map[string]func() error{
		"waiting": func() error { _, err := m.next(t.Context()); return err },
		"filling": func() error { return f.event(t.Context(), nil) },
		"asking": func() error {
			_, _, err := ask(t.Context(), m, func(context.Context) (bool, error) { return true, nil }, func(message) (bool, error) { return true, nil })
			return err
		},
	} {
		for range often {
			wishes <- Cancel
			in <- joined{}
			if err := do(); !errors.Is(err, ErrCancelled) {
				t.Fatalf("%s ends with %v", what, err)
			}
			<-in
		}
	}
}
