package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"onetimechat/hostlink"
	"onetimechat/hostlink/host"
	"onetimechat/hostlink/mailbox"
)

func (a *app) doctorCommand() *cobra.Command {
	return a.withSettings(&cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong with pad device, relay or laptop, and what to do",
		Long: `doctor tries, in this order, the settings, the pad device, its owner and pads,
the relay and the outbox. It sends nothing, and the pad device asks nothing.
The exit code is that of the first thing that is wrong.`,
		Example: "  otc doctor\n  otc doctor --device 10.77.1.1",
		Args:    exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilStopped(cmd.Context())
			defer stop()
			return a.examine(ctx)
		},
	})
}

// examine tries one thing after the other, and returns the exit code of the
// first that is wrong.
func (a *app) examine(ctx context.Context) error {
	first := exitOK
	found := func(what string, err error) {
		if err == nil {
			_ = a.ui.say("ok     %s", what)
			return
		}
		_ = a.ui.say("WRONG  %s", what)
		if c := a.ui.fail(err); first == exitOK {
			first = c
		}
		if errors.Is(err, hostlink.ErrUnreachable) || errors.Is(err, mailbox.ErrUnreachable) {
			a.ui.hint("  What happened: %s", err)
		}
	}
	s, err := a.open()
	if err != nil {
		found("settings: "+a.configFile(), err)
		return ended(first)
	}
	found("settings: "+s.settings.User+", "+a.configFile(), nil)
	a.ui.waiting("Asking the pad device …")
	status, err := s.device.Status(ctx, time.Now())
	found("pad device at "+s.settings.Device, deviceError(status, err))
	if err == nil {
		if status.Screen == "warning" {
			a.ui.hint("  It has something to read on its screen, and asks nothing before that was read.")
		}
		found("its owner is "+status.Owner, ownerError(status, s.settings.User))
		found("it shares pads", padError(status))
		found("its pads are whole", damageError(status))
	}
	a.ui.waiting("Asking the relay …")
	found("relay at "+s.settings.Relay, s.relay.Check(ctx))
	kept, err := s.host.Outbox(ctx)
	found("this laptop's outbox", err)
	if len(kept) > 0 {
		a.ui.hint(`  %s there: "otc outbox" shows them.`, waiting(len(kept)))
	}
	return ended(first)
}

// waiting says how many messages wait.
func waiting(n int) string {
	if n == 1 {
		return "1 message waits"
	}
	return fmt.Sprintf("%d messages wait", n)
}

// deviceError is err, or what the device itself says on its screen.
func deviceError(status hostlink.Status, err error) error {
	if err == nil && status.Screen == "fault" {
		return hostlink.DeviceFault
	}
	return err
}

func ownerError(status hostlink.Status, user string) error {
	if status.Owner == user {
		return nil
	}
	return &host.OwnerError{Owner: status.Owner, User: user}
}

func padError(status hostlink.Status) error {
	// A damaged one may not know what is left, and is told of for itself.
	sends := func(p hostlink.Pad) bool { return p.Damaged || p.State == "in use" && p.SendMessages > 0 }
	switch {
	case len(status.Pads) == 0:
		return errNoPads
	case !slices.ContainsFunc(status.Pads, sends):
		return errPadsUsed
	}
	return nil
}
