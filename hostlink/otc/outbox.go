package main

import (
	"context"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"onetimechat/hostlink/host"
)

func (a *app) outboxCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "outbox",
		Short: "Show messages that are not delivered yet",
		Long: `outbox lists what the relay has not taken yet. What is parked the relay refuses:
it is not tried again unless you say so, by "otc outbox retry". Only sealed
packages are kept, never texts.`,
		Example: `  otc outbox
  otc outbox retry
  otc outbox drop 3`,
		Args: noMore,
		RunE: a.withSession(a.listOutbox),
	}
	cmd.AddCommand(
		a.withSettings(&cobra.Command{
			Use:   "retry [NUMBER]",
			Short: "Try now to deliver what waits, and what is parked",
			Long: `retry tries now to deliver what waits for the relay, and what is parked: all of
it, or the message of that NUMBER. A NUMBER that was meant for another relay
goes to the one that you use now.`,
			Example: "  otc outbox retry 3",
			Args:    between(0, 1),
			RunE:    a.withSession(a.retryOutbox),
		}),
		a.withSettings(&cobra.Command{
			Use:     "drop NUMBER",
			Short:   "Forget a message; its recipient will see a skip",
			Example: "  otc outbox drop 3",
			Args:    exactly(1),
			RunE:    a.withSession(a.dropOutbox),
		}),
	)
	return a.withSettings(cmd)
}

// withSession opens a session for a command that ends by itself.
func (a *app) withSession(run func(ctx context.Context, s *session, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		ctx, stop := untilStopped(cmd.Context())
		defer stop()
		s, err := a.open()
		if err != nil {
			return err
		}
		return run(ctx, s, args)
	}
}

func (a *app) listOutbox(ctx context.Context, s *session, _ []string) error {
	kept, err := s.host.Outbox(ctx)
	if err != nil {
		return err
	}
	if len(kept) == 0 {
		return a.ui.say("The outbox is empty.")
	}
	elsewhere := false
	for _, k := range kept {
		what := "waits for the relay"
		switch k.State {
		case host.Asked:
			what = "is being approved, or was never sent"
		case host.Parked:
			what = "is parked: " + k.Reason
		}
		if k.Relay != s.settings.Relay {
			what += " (relay " + k.Relay + ")"
			elsewhere = true
		}
		if err := a.ui.say("%d  to %s  %s", k.Number, k.To, what); err != nil {
			return err
		}
	}
	if elsewhere {
		a.ui.hint(`  "outbox retry NUMBER" has one of another relay go to yours.`)
	}
	return nil
}

func (a *app) retryOutbox(ctx context.Context, s *session, args []string) error {
	kept, err := s.host.Outbox(ctx)
	if err != nil {
		return err
	}
	only, err := numbers(args)
	if err != nil {
		return err
	}
	if len(only) > 0 {
		kept = slices.DeleteFunc(kept, func(k host.Kept) bool { return k.Number != only[0] })
		if len(kept) == 0 {
			return host.ErrNoSuchMessage
		}
	}
	for _, k := range kept {
		if len(only) > 0 || k.State == host.Parked && k.Relay == s.settings.Relay {
			if err := s.host.Retry(ctx, k.Number); err != nil {
				return err
			}
		}
	}
	tried, err := s.host.Deliver(ctx)
	if len(tried) == 0 {
		if err == nil {
			err = a.ui.say("Nothing waits for this relay.")
		}
		return err
	}
	result := exitOK
	for _, d := range tried {
		result = worse(result, a.ui.sent(toWhom(d.To), sent{to: d.To, state: d.State, err: d.Err}))
	}
	return ended(result)
}

func (a *app) dropOutbox(ctx context.Context, s *session, args []string) error {
	return a.drop(ctx, s.host.Drop, args)
}

// drop drops the message that args name.
func (a *app) drop(ctx context.Context, drop func(ctx context.Context, number int64) error, args []string) error {
	dropped, err := numbers(args)
	if err != nil {
		return err
	}
	if err := drop(ctx, dropped[0]); err != nil {
		return err
	}
	return a.ui.say("Dropped.")
}

// numbers reads the numbers by which messages are named in lists.
func numbers(args []string) ([]int64, error) {
	var all []int64
	for _, arg := range args {
		n, err := strconv.ParseInt(arg, 10, 64)
		if err != nil || n < 0 {
			return nil, misused("%q is not a number", arg)
		}
		all = append(all, n)
	}
	return all, nil
}

func (a *app) laterCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "later",
		Short: "Show messages that you denied, or open them after all",
		Long: `later shows the numbers of the messages that you denied on the pad device. They
wait on this laptop, sealed. "otc later open" has the device ask about them
again, "otc later drop" forgets one unread.`,
		Example: `  otc later
  otc later open
  otc later open 17`,
		Args: noMore,
		RunE: a.withSession(a.listLater),
	}
	open := a.withSettings(&cobra.Command{
		Use:     "open [NUMBER…]",
		Short:   "Ask again on the pad device; without numbers, about all",
		Example: "  otc later open 17",
		Args:    between(0, 64),
		RunE:    a.withSession(a.openLater),
	})
	drop := a.withSettings(&cobra.Command{
		Use:     "drop NUMBER",
		Short:   "Forget a message unread",
		Example: "  otc later drop 17",
		Args:    exactly(1),
		RunE:    a.withSession(a.dropLater),
	})
	cmd.AddCommand(a.withJSON(open), drop)
	return a.withSettings(cmd)
}

func (a *app) listLater(ctx context.Context, s *session, _ []string) error {
	held, err := s.host.Later(ctx)
	if err != nil {
		return err
	}
	if len(held) == 0 {
		return a.ui.say("The later list is empty.")
	}
	for _, m := range held {
		if err := a.ui.say("%d  from %s", m.Ref, m.From); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) openLater(ctx context.Context, s *session, args []string) error {
	refs, err := numbers(args)
	if err != nil {
		return err
	}
	held, err := s.host.Later(ctx)
	if err != nil {
		return err
	}
	if len(held) == 0 && len(refs) == 0 {
		return a.ui.say("The later list is empty.")
	}
	a.ui.waiting("Your pad device asks …")
	r := &receiver{ui: a.ui, json: a.given.json}
	report, err := s.host.OpenLater(ctx, refs, r.show)
	err = r.end(report, err)
	if r.code == exitDenied {
		a.ui.hint("  What was just denied is asked again after 10 seconds only.")
	}
	return err
}

func (a *app) dropLater(ctx context.Context, s *session, args []string) error {
	return a.drop(ctx, s.host.DropLater, args)
}
