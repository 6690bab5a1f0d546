// Package together runs the parts of a program that make no sense without each
// other.
package together

import (
	"context"
	"errors"
)

// Run runs all parts until ctx ends or one of them does, and returns when all have
// stopped, with what each of them returned.
func Run(ctx context.Context, parts ...func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error)
	for _, part := range parts {
		go func() { ended <- part(ctx) }()
	}
	var errs []error
	for range parts {
		errs = append(errs, <-ended)
		cancel()
	}
	return errors.Join(errs...)
}
