package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"onetimechat/hostlink"
	"onetimechat/hostlink/host"
	"onetimechat/padstore/uid"
)

func (a *app) sendCommand() *cobra.Command {
	return a.withSettings(&cobra.Command{
		Use:   "send TO[,TO…] [TEXT…]",
		Short: "Send one message",
		Long: `send has the message sealed after you approved it on the pad device, and hands
it to the relay. Without TEXT the message is read from standard input. TO is a
contact, several with commas, or the name of a group, of which you may be one;
"group" in otc chat makes it. Behind -- TEXT may begin with a dash.

When the relay cannot be reached the message is kept in the outbox (exit code
5) and goes out with the next send, or while otc chat or otc receive --follow
runs.`,
		Example: `  otc send bob See you at noon
  otc send bob,carol "See you both at noon"
  otc send bob -- -5 degrees, and snow
  date | otc send bob`,
		Args:              between(1, 1<<16),
		ValidArgsFunction: a.offerNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := untilStopped(cmd.Context())
			defer stop()
			text, err := a.textOf(ctx, args[1:])
			if err == nil {
				err = wholeList(args[0], text)
			}
			if err != nil {
				return err
			}
			s, err := a.open()
			if err != nil {
				return err
			}
			to, err := s.host.Members(ctx, names(args[0]))
			if err != nil {
				return err
			}
			if len(to) > 1 {
				to = others(to, s.settings.User)
			}
			return a.sendAndTell(ctx, s, to, text)
		},
	})
}

// others are the members of a group or list, of which oneself may be one.
func others(members []string, user string) []string {
	return slices.DeleteFunc(members, func(name string) bool { return name == user })
}

// offerTime is how long the Tab key waits for the pad device.
const offerTime = time.Second

// offerNames completes TO, also behind a comma, where no group can stand.
func (a *app) offerNames(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	const none = cobra.ShellCompDirectiveNoFileComp
	if len(args) > 0 {
		return nil, none
	}
	s, err := a.open()
	if err != nil {
		return nil, none
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), offerTime)
	defer cancel()
	status, _ := s.device.Status(ctx, time.Now()) // without an answer it has no pads
	before := typed[:strings.LastIndex(typed, ",")+1]
	known := contactsOf(status)
	if before == "" {
		known = append(known, s.groupNames(ctx)...)
	}
	named := names(before)
	var offers []cobra.Completion
	for _, name := range known {
		offer := before + name
		if uid.Valid(name) && strings.HasPrefix(offer, typed) && !slices.Contains(named, name) && !slices.Contains(offers, offer) {
			offers = append(offers, offer)
		}
	}
	return offers, none
}

// contactsOf are those with whom the device shares a pad, perhaps several times.
func contactsOf(status hostlink.Status) []string {
	var contacts []string
	for _, p := range status.Pads {
		contacts = append(contacts, p.Contact)
	}
	return contacts
}

// groupNames are none where they cannot be read.
func (s *session) groupNames(ctx context.Context) []string {
	groups, err := s.host.Groups(ctx)
	if err != nil {
		return nil
	}
	return host.GroupNames(groups)
}

// textOf is the words, or else standard input without its last newline. Lines
// that end as Windows ends them do so as all others, and a byte-order mark, which
// PowerShell may put before what it hands on, is not of the text.
func (a *app) textOf(ctx context.Context, words []string) (string, error) {
	nothing := misused("there is nothing to send")
	if text := strings.Join(words, " "); strings.TrimSpace(text) != "" {
		return text, nil
	} else if len(words) > 0 {
		return "", nothing
	}
	if isTerminal(a.in) {
		end := "Ctrl-D"
		if runtime.GOOS == "windows" {
			end = "Ctrl-Z and Enter"
		}
		a.ui.waiting("Type the message. %s on a line of its own ends it, Ctrl-C takes it back.", end)
	}
	// A longer one is too long, whatever its lines end in.
	data, err := reading(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(a.in, 2*hostlink.MaxText+4)) })
	text := strings.TrimPrefix(string(data), "\ufeff")
	text = strings.TrimSuffix(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if err == nil && strings.TrimSpace(text) == "" {
		err = nothing
	}
	return text, err
}

// sendAndTell sends text and says for each recipient what became of it. Who
// looks on sees each state: waiting for the tap, sealed, at the relay.
func (a *app) sendAndTell(ctx context.Context, s *session, to []string, text string) error {
	a.ui.waiting("Waiting for the tap on %s's pad device …", s.settings.User)
	all, err := s.send(ctx, to, text, func() { a.ui.waiting("Sealed; on its way to the relay …") })
	if errors.Is(err, context.Canceled) {
		a.ui.endLine()
	}
	result := exitOK
	for _, one := range all {
		prefix := ""
		if len(to) > 1 {
			prefix = toWhom(one.to)
		}
		result = worse(result, a.ui.sent(prefix, one))
		if one.state == host.Delivered {
			a.ui.waiting("It is at the relay, for %s.", one.to)
		}
	}
	if err != nil && !told(all, err) {
		result = worse(result, a.ui.tell(err))
	}
	return ended(result)
}

// told tells whether err has been said with somebody's message already.
func told(all []sent, err error) bool {
	for _, one := range all {
		if errors.Is(one.err, host.ErrUnsure) && errors.Is(err, hostlink.ErrUnreachable) {
			return true
		}
	}
	return false
}

// toWhom begins a line about a message to somebody. No contact can be called
// "to bob", so it is never taken for a message from one.
func toWhom(name string) string { return "to " + name + ": " }

// sent says what became of one message, in the words of 2015 when all is well.
func (u *ui) sent(prefix string, one sent) int {
	if one.state == host.Delivered {
		if err := u.say("%sMessage sent.", prefix); err != nil {
			return exitFailed
		}
		return exitOK
	}
	what, hint, c := "", "", exitRelay
	if one.err != nil {
		what, hint, c = u.explain(one.err)
	}
	switch one.state {
	case host.Waiting:
		switch {
		case what == "":
			what = "earlier messages go first"
		case errors.Is(one.err, context.Canceled):
			u.endLine()
			what = "the relay has not taken it yet"
		}
		u.complain("%sKept in the outbox: %s.", prefix, strings.TrimSuffix(what, "."))
		u.hint("  It goes out when the relay takes it.")
		return exitRelay
	case host.Parked:
		u.complain("%sParked in the outbox, the relay refuses it: %s.", prefix, strings.TrimSuffix(what, "."))
		u.hint(`  "outbox retry" tries again, "outbox drop" forgets it.`)
		return exitFailed
	}
	u.complain("%sNot sent: %s", prefix, what)
	if hint != "" {
		u.hint("  %s", hint)
	}
	return c
}

// names reads a list of user ids, with commas or spaces between.
func names(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}
