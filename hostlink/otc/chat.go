package main

import (
	"context"
	"errors"
	"io"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"onetimechat/hostlink"
	"onetimechat/hostlink/host"
)

func (a *app) chatCommand() *cobra.Command {
	return a.withSettings(&cobra.Command{
		Use:   "chat [RELAY DEVICE USER]",
		Short: "Chat at the keyboard",
		Long: `chat is the conversation. "send bob hello" sends a message, and what arrives
is shown by itself; "help" shows the other commands. "group friends bob,carol"
makes a name for several people, which otc send takes, too.

RELAY and DEVICE are addresses, a port on localhost, host:port, or a URL. USER
is you, the owner of the pad device. Left out, all three come from the flags,
the environment or the config file.

What is pasted becomes part of one message, with all its lines, and runs
nothing; nearly every terminal says what is pasted. (In one that does not, each
line is run.) Where TERM is dumb, as in Emacs' shell, lines are not edited, and
there is no prompt: what arrives is written as it comes. When its input is not
a terminal, chat runs the commands it reads, also behind one that fails, and
receives on empty lines only; its exit code is the worst of all that went
wrong.`,
		Example: `  otc chat 9050 9051 alice
  otc chat https://relay.example.org 10.77.1.1 alice
  otc chat
  printf 'send bob hello\n\n' | otc chat`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return exactly(3)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 3 {
				a.given.Settings.Relay, a.given.Settings.Device, a.given.Settings.User = args[0], args[1], args[2]
			}
			return a.openChat(cmd.Context())
		},
	})
}

// openChat opens what the settings name, and chats until the input ends.
func (a *app) openChat(ctx context.Context) error {
	s, err := a.open()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	return a.chat(ctx, s)
}

// chat is one conversation at the keyboard.
type chat struct {
	*app
	*session
	receiver *receiver
	words    *wordList
	code     int // the worst of all that went wrong
}

// chat talks until the input ends.
func (a *app) chat(ctx context.Context, s *session) error {
	status, err := a.askStatus(ctx, s)
	if err != nil {
		return err
	}
	if err := ownerError(status, s.settings.User); err != nil {
		return err
	}
	c := &chat{app: a, session: s, receiver: &receiver{ui: a.ui}, words: &wordList{commands: commandNames()}}
	c.learn(ctx, status)
	a.ui.program = ""

	interactive := isTerminal(a.in) && a.ui.out.terminal
	lines := console(newPipe(a.in))
	if interactive && a.ui.out.controls {
		editor, err := newEditor(a.ui.out, a.ui.out.paint(bold, s.settings.User+"> "), c.words)
		if err != nil {
			return err
		}
		lines = editor
		// What arrives is printed above the line being typed.
		a.ui.out.Writer = editor.Stdout()
		a.ui.errs = a.ui.out
	}
	defer lines.Close()
	c.greet(ctx, status)
	if !interactive { // else whoever follows tells it, and nobody waits for that
		c.failed(c.relay.Check(ctx))
	}

	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(ctx, func() { lines.Close() })()
	var background sync.WaitGroup
	if interactive {
		background.Go(func() { _ = c.receiver.follow(ctx, s) })
	}
	err = c.talk(ctx, lines)
	cancel()
	background.Wait()
	if err != nil || interactive {
		return err
	}
	c.failed(c.leave())
	return ended(c.code)
}

// failed says what went wrong, if anything did, and remembers the worst.
func (c *chat) failed(err error) { c.code = worse(c.code, c.ui.fail(err)) }

// learn notes the names that can be completed.
func (c *chat) learn(ctx context.Context, status hostlink.Status) {
	c.words.know(contactsOf(status), c.groupNames(ctx))
}

// relearn notes them again, if the device can be asked.
func (c *chat) relearn(ctx context.Context) {
	if status, err := c.device.Status(ctx, time.Now()); err == nil {
		c.learn(ctx, status)
	}
}

// greet prints the banner of 2015, and what was left undone the last time.
func (c *chat) greet(ctx context.Context, status hostlink.Status) {
	_ = c.ui.say("Relay server address: %s", c.settings.Relay)
	_ = c.ui.say("Pad   device address: %s", c.settings.Device)
	_ = c.ui.say("User ID: %s", status.Owner)
	_ = c.ui.print(c.ui.out, bold, "Welcome to One Time Chat. Type 'help' for help.")
	c.failed(damageError(status))
	unsure, err := c.host.Unsure(ctx)
	if err != nil {
		c.failed(err)
	}
	for _, k := range unsure {
		c.ui.complain("A message to %s may not have been sent (outbox %d). Send it again, or drop it.", k.To, k.Number)
	}
	kept, err := c.host.Outbox(ctx)
	if err != nil {
		c.failed(err)
	}
	elsewhere := 0
	for _, k := range kept {
		switch {
		case k.State == host.Parked:
			c.ui.complain("A message to %s is parked (outbox %d): %s.", k.To, k.Number, k.Reason)
		case k.State == host.Waiting && k.Relay != c.settings.Relay:
			elsewhere++
		}
	}
	if elsewhere > 0 {
		c.ui.complain("%s for another relay than yours.", waiting(elsewhere))
		c.ui.hint(`  "outbox" shows which; "outbox retry NUMBER" has one of another relay go to yours.`)
	}
	if held, err := c.host.Later(ctx); err == nil && len(held) > 0 {
		c.ui.complain("%s on the later list, because you denied it.", waiting(len(held)))
	}
}

// talk runs line after line.
func (c *chat) talk(ctx context.Context, lines console) error {
	for {
		line, err := lines.ReadLine(ctx)
		switch {
		case errors.Is(err, io.EOF), ctx.Err() != nil:
			return nil
		case errors.Is(err, errDiscarded):
			c.ui.hint("To leave, type quit or press Ctrl-D.")
			continue
		case err != nil:
			return err
		}
		if done := c.command(ctx, line); done {
			return nil
		}
	}
}

// leave makes a last try to deliver, where no person can be asked to wait.
func (c *chat) leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	tried, err := c.host.Deliver(ctx)
	for _, d := range tried {
		if d.State == host.Waiting {
			c.ui.sent(toWhom(d.To), sent{to: d.To, state: d.State, err: d.Err})
			return code(exitRelay)
		}
		c.receiver.delivered(d)
	}
	return err
}
