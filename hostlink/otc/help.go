package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is what the program was built from, as the Go toolchain noted it: in the
// words that a pad device has for its own.
func version() string {
	commit, changed := "built outside of a repository", ""
	if built, ok := debug.ReadBuildInfo(); ok {
		for _, s := range built.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = "commit " + s.Value[:min(len(s.Value), 12)]
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = " with changes"
			}
		}
	}
	return fmt.Sprintf("%s%s, %s, %s/%s", commit, changed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// helpCommand is cobra's, which is silent about a command that is not there.
func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Show how a command is used",
		Example: "  otc help\n  otc help outbox retry",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
			var offers []cobra.Completion
			if asked, unknown, err := cmd.Root().Find(args); err == nil && len(unknown) == 0 {
				for _, child := range asked.Commands() {
					if child.IsAvailableCommand() && strings.HasPrefix(child.Name(), typed) {
						offers = append(offers, cobra.CompletionWithDesc(child.Name(), child.Short))
					}
				}
			}
			return offers, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			asked, unknown, err := cmd.Root().Find(args)
			if err == nil {
				err = noMore(asked, unknown)
			}
			if err != nil {
				return usageError{err}
			}
			asked.InitDefaultHelpFlag() // so that help shows it
			return asked.Help()
		},
	}
}

// noMore refuses args behind a command that has commands of its own: they are none.
func noMore(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	above := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name())
	full := func(name string) string { return strings.TrimSpace(above + " " + name) }
	cmd.SuggestionsMinimumDistance = 2 // or only what begins so is suggested
	var similar []string
	for _, name := range cmd.SuggestionsFor(args[0]) {
		similar = append(similar, full(name))
	}
	if len(similar) > 0 {
		return fmt.Errorf("there is no command %q; did you mean %s?", full(args[0]), strings.Join(similar, " or "))
	}
	return fmt.Errorf("there is no command %q", full(args[0]))
}

// completionCommand has the one line of help that each shell needs, where cobra's has
// a command for each.
func completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|fish|powershell|zsh",
		Short: "Print what has a shell complete otc's commands",
		Long: `completion prints what has your shell complete commands and contacts with the
Tab key. Put the example of yours into its startup file. bash is to be version
4 or later, with its package bash-completion.`,
		Example: `  source <(otc completion bash)
  autoload -U compinit; compinit; source <(otc completion zsh)
  otc completion fish | source
  otc completion powershell | Out-String | Invoke-Expression`,
		Args:      exactly(1),
		ValidArgs: []cobra.Completion{"bash", "fish", "powershell", "zsh"},
		RunE: func(cmd *cobra.Command, args []string) error {
			root, out := cmd.Root(), cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "fish":
				return root.GenFishCompletion(out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(out)
			case "zsh":
				return root.GenZshCompletion(out)
			}
			return misused("write it so: %s", cmd.UseLine())
		},
	}
}
