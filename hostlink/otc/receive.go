package main

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"onetimechat/hostlink"
	"onetimechat/hostlink/host"
)

func (a *app) receiveCommand() *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:   "receive",
		Short: "Receive what waits at the relay",
		Long: `receive fetches what waits at the relay, has the pad device open what you
approve, and prints it. What you deny is kept on the later list of this laptop.
Packages from people you share no pad with cannot be opened, and are counted.

With --json each message is one line {"type":"message","from","text","ref",
"skip","reuse"}; a package that gave no text is {"type":"notice","outcome",
"from","ref","skip","reuse"}.`,
		Example: `  otc receive
  otc receive --follow
  otc receive --json | jq -r .text`,
		Args: exactly(0),
		RunE: a.withSession(func(ctx context.Context, s *session, _ []string) error {
			r := &receiver{ui: a.ui, json: a.given.json}
			if follow {
				return r.follow(ctx, s)
			}
			a.ui.waiting("Receiving; your pad device may ask …")
			report, err := s.host.Receive(ctx, r.show)
			return r.end(report, err)
		}),
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until stopped, and deliver the outbox")
	return a.withJSON(a.withSettings(cmd))
}

// receiver shows what arrives, as text or as JSON.
type receiver struct {
	ui   *ui
	json bool

	mu        sync.Mutex
	code      int    // the exit code so far
	last      string // the last trouble told, so that it is told once
	lastOut   string // likewise, of delivering
	strangers int    // packages of unknown senders that were not told yet
}

// arrivalObject is one arrival in JSON.
type arrivalObject struct {
	Type    string       `json:"type"`
	Outcome host.Outcome `json:"outcome,omitempty"`
	From    string       `json:"from"`
	Text    *string      `json:"text,omitempty"`
	Ref     int64        `json:"ref"`
	Skip    bool         `json:"skip"`
	Reuse   bool         `json:"reuse"`
}

// show is a host.Show.
func (r *receiver) show(a host.Arrival) error {
	var err error
	stranger := a.Outcome == host.Stranger && !r.json // anybody can send those: sum counts them
	switch {
	case r.json:
		err = r.showObject(a)
	case !stranger:
		err = r.ui.arrival(a)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if stranger {
		r.strangers++
	}
	if alarming(a) {
		r.code = worse(r.code, exitWarning)
	}
	if a.Outcome == host.Denied {
		r.code = worse(r.code, exitDenied)
	}
	return err
}

// alarming tells whether an arrival is one that its reader is warned of.
func alarming(a host.Arrival) bool {
	switch a.Outcome {
	case host.Unverified, host.Reopened, host.TextLost, host.Unreadable:
		return true
	}
	return a.Skip || a.Reuse
}

func (r *receiver) showObject(a host.Arrival) error {
	o := arrivalObject{Type: "notice", Outcome: a.Outcome, From: a.From, Ref: a.Ref, Skip: a.Skip, Reuse: a.Reuse}
	if a.Outcome == host.Opened {
		o.Type, o.Outcome, o.Text = "message", "", &a.Text
	}
	return r.ui.object(o)
}

// sum says what the arrivals themselves did not.
func (r *receiver) sum(report host.Report) error {
	var err error
	if report.Elsewhere > 0 && r.json {
		err = r.ui.object(struct {
			Type  string `json:"type"`
			Count int    `json:"count"`
		}{"elsewhere", report.Elsewhere})
	} else if report.Elsewhere > 0 {
		err = r.ui.say("%d already opened elsewhere", report.Elsewhere)
	}
	r.mu.Lock()
	strangers := r.strangers
	r.strangers = 0
	r.mu.Unlock()
	switch {
	case strangers == 1:
		err = errors.Join(err, r.ui.say("1 message from somebody you share no pad with"))
	case strangers > 1:
		err = errors.Join(err, r.ui.say("%d messages from people you share no pad with", strangers))
	}
	if report.Reset {
		r.ui.complain("The relay has fewer messages than before; its mailbox was read from the beginning.")
	}
	return err
}

// end says how one Receive ended.
func (r *receiver) end(report host.Report, err error) error {
	err = errors.Join(err, r.sum(report))
	result := r.code
	if err != nil {
		result = worse(result, r.ui.fail(err))
	} else if report.Stopped != "" {
		what, hint, c := explainRefusal(report.Stopped)
		r.ui.complain("Messages are waiting: %s", what)
		r.ui.hint("  %s", hint)
		result = worse(result, c)
	}
	return ended(result)
}

// follow receives and delivers until it is stopped.
func (r *receiver) follow(ctx context.Context, s *session) error {
	ctx, cancel := context.WithCancel(ctx)
	var delivering sync.WaitGroup
	delivering.Go(func() { _ = s.host.KeepDelivering(ctx, r.delivered, r.outboxState) })
	err := s.host.Follow(ctx, r.show, r.state)
	stopped := ctx.Err() != nil
	cancel()
	delivering.Wait()
	if stopped {
		return nil
	}
	return err
}

// state tells trouble once, and its end.
func (r *receiver) state(report host.Report, err error) {
	if sumErr := r.sum(report); err == nil {
		err = sumErr
	}
	if err == nil && report.Stopped != "" && report.Stopped != hostlink.Busy {
		err = report.Stopped
	}
	r.trouble(&r.last, "Receiving", err)
}

// outboxState likewise, of delivering.
func (r *receiver) outboxState(err error) { r.trouble(&r.lastOut, "Delivering", err) }

func (r *receiver) trouble(last *string, doing string, err error) {
	what, hint := "", ""
	if err != nil {
		what, hint, _ = r.ui.explain(err)
	}
	r.mu.Lock()
	before := *last
	*last = what
	r.mu.Unlock()
	switch {
	case what == before:
	case what == "":
		r.ui.hint("%s again.", doing)
	default:
		r.ui.complain("Not %s: %s", strings.ToLower(doing), what)
		r.ui.hint("  %s", hint)
	}
}

// delivered tells what became of a message that had been kept.
func (r *receiver) delivered(d host.Delivery) {
	switch d.State {
	case host.Delivered:
		r.ui.hint("A kept message to %s was sent.", d.To)
	case host.Parked:
		r.ui.sent(toWhom(d.To), sent{to: d.To, state: d.State, err: d.Err})
	}
}
