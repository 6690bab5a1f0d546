package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"onetimechat/hostlink/host"
)

// app is what every command needs of the world outside.
type app struct {
	in  io.Reader
	ui  *ui
	env func(string) string

	given settings
}

func newApp(in io.Reader, out, errs io.Writer, env func(string) string) *app {
	return &app{in: in, ui: newUI(out, errs, env), env: env}
}

// run runs one command line and returns the program's exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.commands()
	root.SetArgs(args)
	return a.ui.fail(root.ExecuteContext(ctx))
}

func (a *app) commands() *cobra.Command {
	root := &cobra.Command{
		Use:   "otc",
		Short: "Chat with one-time pads that a pad device keeps",
		Long: `otc chats with one-time pads. Your pad device seals and opens messages once you
approve them on its screen; the relay carries them and need not be trusted.

Who you are, and where relay and pad device are, comes from the flags --user,
--relay and --device, else from OTC_USER, OTC_RELAY and OTC_DEVICE, else from
the config file, which "otc setup" writes (lines such as "user = alice"). An
address is a port on localhost, host:port, or a URL.

Exit codes: 0 done, 1 failed, 2 usage, 3 denied on the pad device, 4 pad device
not reached, 5 relay not reached (a message is kept and sent later), 6 done
with a warning shown.`,
		Example: `  otc setup
  otc
  otc doctor
  otc send bob "See you at noon"
  otc receive --follow
  otc relay --names alice,bob,carol`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noMore,
		Version:       version(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := a.settle()
			if errors.Is(err, host.ErrNoUser) {
				err = cmd.Help()
				a.ui.hint(`To begin, type: otc setup`)
				return err
			}
			return a.openChat(cmd.Context())
		},
	}
	root = a.withSettings(root)
	root.SetOut(a.ui.out.Writer)
	root.SetErr(a.ui.errs.Writer)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		a.ui.command = cmd.CommandPath()
		return misused("%s", err)
	})
	root.AddCommand(
		a.setupCommand(),
		a.doctorCommand(),
		a.chatCommand(),
		a.sendCommand(),
		a.receiveCommand(),
		a.outboxCommand(),
		a.laterCommand(),
		a.statusCommand(),
		a.contactsCommand(),
		a.logCommand(),
		a.selfTestCommand(),
		a.relayCommand(),
		padCommand(),
		completionCommand(),
		manCommand(),
	)
	root.SetHelpCommand(a.helpCommand())
	// As wide as every terminal is.
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 80"))
	root.SetVersionTemplate("{{.Name}}: {{.Version}}\n")
	root.Flags().Bool("version", false, "say which otc this is")
	offerNoFiles(root)
	a.judgeArguments(root)
	return root
}

// offerNoFiles keeps the Tab key from offering files as arguments: none is one.
func offerNoFiles(cmd *cobra.Command) {
	if cmd.ValidArgsFunction == nil && cmd.ValidArgs == nil {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	for _, child := range cmd.Commands() {
		offerNoFiles(child)
	}
}

// judgeArguments makes every command's complaint about its arguments a
// usageError, whose hint names the command.
func (a *app) judgeArguments(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			a.ui.command = cmd.CommandPath()
			if err := check(cmd, args); err != nil {
				return usageError{err}
			}
			return nil
		}
	}
	for _, child := range cmd.Commands() {
		a.judgeArguments(child)
	}
}

// exactly refuses any other number of arguments.
func exactly(n int) cobra.PositionalArgs { return between(n, n) }

// between refuses fewer than low and more than high arguments.
func between(low, high int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < low || len(args) > high {
			return misused("write it so: %s", cmd.UseLine())
		}
		return nil
	}
}

// reading returns what read returns, or the context's error once that ends: a
// read from a terminal cannot be broken off, and then waits for as long as the
// program runs.
func reading[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := read()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// untilStopped ends the context when the person or the system says so.
func untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}
