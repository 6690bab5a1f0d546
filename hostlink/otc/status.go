package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"onetimechat/hostlink"
)

func (a *app) statusCommand() *cobra.Command {
	return a.withJSON(a.withSettings(&cobra.Command{
		Use:     "status",
		Short:   "Show pad device, relay and outbox",
		Example: "  otc status\n  otc status --json | jq .relay",
		Args:    exactly(0),
		RunE:    a.withSession(a.showStatus),
	}))
}

func (a *app) contactsCommand() *cobra.Command {
	return a.withJSON(a.withSettings(&cobra.Command{
		Use:   "contacts",
		Short: "Show whom you can chat with, and how much pad is left",
		Long: `contacts shows whom you can chat with, and for about how many messages of 100
bytes the pad is good, each way. A contact with several pads has a line for
each, the newest first.`,
		Example: "  otc contacts\n  otc contacts --json | jq -r .contact",
		Args:    exactly(0),
		RunE:    a.withSession(a.showContacts),
	}))
}

func (a *app) logCommand() *cobra.Command {
	return a.withJSON(a.withSettings(&cobra.Command{
		Use:   "log",
		Short: "Show the pad device's log, after you approved it there",
		Long: `log shows what your pad device has noted, the newest first. The device has no
clock: "start 3 +1h2m0s" is an hour and two minutes after it was switched on for
the third time, and "told" is the time as a laptop told it. Your contacts' names
are in it, but no message and nothing of any pad.`,
		Example: "  otc log",
		Args:    exactly(0),
		RunE:    a.withSession(a.showLog),
	}))
}

func (a *app) selfTestCommand() *cobra.Command {
	return a.withJSON(a.withSettings(&cobra.Command{
		Use:   "selftest",
		Short: "Show the pad device's self-test, after you approved it there",
		Long: `selftest shows what your pad device is made of, and what came of its self-test:
tap Settings, then Self-test on it first. The report names nobody, and holds
nothing of any message or pad.`,
		Example: "  otc selftest > report.txt",
		Args:    exactly(0),
		RunE:    a.withSession(a.showSelfTest),
	}))
}

// place is an address and whether somebody answers there.
type place struct {
	Address string `json:"address"`
	Reached bool   `json:"reached"`
}

func (a *app) showStatus(ctx context.Context, s *session, _ []string) error {
	answered := a.ui.slow("Asking pad device and relay …")
	status, deviceErr := s.device.Status(ctx, time.Now())
	relayErr := s.relay.Check(ctx)
	answered()
	kept, err := s.host.Outbox(ctx)
	if err != nil {
		return err
	}
	held, err := s.host.Later(ctx)
	if err != nil {
		return err
	}
	if a.given.json {
		err = a.ui.object(struct {
			Type   string           `json:"type"`
			User   string           `json:"user"`
			Device place            `json:"device"`
			Relay  place            `json:"relay"`
			Outbox int              `json:"outbox"`
			Later  int              `json:"later"`
			Status *hostlink.Status `json:"status,omitempty"`
		}{"status", s.settings.User, place{s.settings.Device, deviceErr == nil},
			place{s.settings.Relay, relayErr == nil}, len(kept), len(held), found(status, deviceErr)})
	} else {
		err = a.tellStatus(s, status, deviceErr, relayErr)
		if err == nil {
			err = a.ui.say("outbox  %d, later list %d", len(kept), len(held))
		}
	}
	if err != nil {
		return err
	}
	result := exitOK
	for _, trouble := range []error{deviceErr, damageError(status), relayErr} {
		if trouble != nil {
			result = worse(result, a.ui.fail(trouble))
		}
	}
	return ended(result)
}

func found(status hostlink.Status, err error) *hostlink.Status {
	if err != nil {
		return nil
	}
	return &status
}

func (a *app) tellStatus(s *session, status hostlink.Status, deviceErr, relayErr error) error {
	device := "not reached"
	if deviceErr == nil {
		device = status.Owner + "'s, shows " + status.Screen
		if status.LogUnread {
			device += ", its log has news"
		}
	}
	relay := "not reached"
	if relayErr == nil {
		relay = "answers"
	}
	if err := a.ui.say("device  %s  %s", s.settings.Device, device); err != nil {
		return err
	}
	return a.ui.say("relay   %s  %s", s.settings.Relay, relay)
}

// askStatus asks the pad device how it is, and says so when that takes long.
func (a *app) askStatus(ctx context.Context, s *session) (hostlink.Status, error) {
	defer a.ui.slow("Asking the pad device …")()
	return s.device.Status(ctx, time.Now())
}

func (a *app) showContacts(ctx context.Context, s *session, _ []string) error {
	status, err := a.askStatus(ctx, s)
	if err != nil {
		return err
	}
	if a.given.json {
		for _, p := range status.Pads {
			err := a.ui.object(struct {
				Type string `json:"type"`
				hostlink.Pad
			}{"contact", p})
			if err != nil {
				return err
			}
		}
		return nil
	}
	return a.ui.contacts(status)
}

func (u *ui) contacts(status hostlink.Status) error {
	if len(status.Pads) == 0 {
		return u.say("%s shares no pad with anybody yet.", status.Owner)
	}
	for _, p := range status.Pads {
		more := ""
		if p.State != "in use" {
			more += ", " + p.State
		}
		if p.Damaged {
			more += ", damaged"
		}
		if p.Source == "urandom" {
			more += ", demo randomness"
		}
		if p.Forgeries > 0 {
			more += ", forged packages came"
		}
		err := u.say("%s  about %d messages left to send, %d to receive (%s%s)", p.Contact, p.SendMessages, p.ReceiveMessages, p.Suite, more)
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *app) showLog(ctx context.Context, s *session, _ []string) error {
	a.ui.waiting("Your pad device asks whether its log may be shown here …")
	entries, err := s.device.Log(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if a.given.json {
			err = a.ui.object(struct {
				Type string `json:"type"`
				hostlink.LogEntry
			}{"log", e})
		} else {
			err = a.ui.logEntry(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *app) showSelfTest(ctx context.Context, s *session, _ []string) error {
	a.ui.waiting("Your pad device asks whether its self-test may be shown here …")
	report, err := s.device.SelfTest(ctx)
	if err != nil {
		return err
	}
	if a.given.json {
		return a.ui.object(struct {
			Type   string `json:"type"`
			Report string `json:"report"`
		}{"selftest", report})
	}
	for line := range strings.SplitSeq(report, "\n") {
		if err := a.ui.say("%s", line); err != nil {
			return err
		}
	}
	return nil
}

// logEntry says what happened, and with whom, as the device's own screen does.
func (u *ui) logEntry(e hostlink.LogEntry) error {
	when := (time.Duration(e.Uptime) * time.Second).String()
	if e.Told != 0 {
		when += ", told " + time.Unix(e.Told, 0).UTC().Format("2006-01-02 15:04 UTC")
	}
	return u.say("start %d +%s  %s", e.Start, when, e.Sentence())
}
