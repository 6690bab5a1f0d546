package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// manCommand prints the manual page, for ./build.sh dist.
func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man",
		Short:   "Print the manual page",
		Example: `  otc man > otc.1`,
		Hidden:  true,
		Args:    exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return manual(cmd.OutOrStdout(), cmd.Root())
		},
	}
}

// manual writes root and its commands as one page in man(7)'s language.
func manual(w io.Writer, root *cobra.Command) error {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1\n.SH NAME\n%s \\- %s\n.SH DESCRIPTION\n",
		strings.ToUpper(root.Name()), root.Name(), roff(root.Short))
	describe(&b, root)
	b.WriteString(".SH COMMANDS\n")
	manualOf(&b, root)
	b.WriteString(".SH IN THE CHAT\n")
	asItIs(&b, "", help)
	b.WriteString(".SH FILES\n")
	asItIs(&b, "", files)
	_, err := io.WriteString(w, b.String())
	return err
}

// files are where things are when nothing else is said: the page is the same for
// every system.
const files = `The config file, otc/config in
  ~/.config                           on Linux
  ~/Library/Application Support       on a Mac
  %AppData%                           on Windows

Outbox, later list and groups, otc/user-NAME in
  ~/.local/share                      on Linux
  ~/Library/Application Support       on a Mac
  %LocalAppData%                      on Windows`

// manualOf writes the commands below parent.
func manualOf(b *strings.Builder, parent *cobra.Command) {
	for _, cmd := range parent.Commands() {
		if !cmd.IsAvailableCommand() {
			continue
		}
		fmt.Fprintf(b, ".SS %s\n", roff(cmd.UseLine()))
		describe(b, cmd)
		manualOf(b, cmd)
	}
}

// describe writes what one command does, in paragraphs as wide as the page, and
// its flags and its examples, laid out as in its help.
func describe(b *strings.Builder, cmd *cobra.Command) {
	cmd.InitDefaultHelpFlag()
	for paragraph := range strings.SplitSeq(cmp.Or(cmd.Long, cmd.Short), "\n\n") {
		b.WriteString(".PP\n" + roff(paragraph) + "\n")
	}
	shared := hideShared(cmd)
	asItIs(b, "Flags:", cmd.LocalFlags().FlagUsagesWrapped(72))
	if len(shared) > 0 {
		b.WriteString(".PP\nAs for otc itself: " + roff(strings.Join(shared, ", ")) + "\n")
	}
	asItIs(b, "Examples:", cmd.Example)
}

// hideShared hides the flags of a command that the root has told of already, and
// answers them.
func hideShared(cmd *cobra.Command) (shared []string) {
	if !cmd.HasParent() {
		return nil
	}
	for _, name := range []string{"config", "data", "device", "help", "relay", "user"} {
		flag, told := cmd.LocalFlags().Lookup(name), cmd.Root().Flags().Lookup(name)
		if flag != nil && (flag.Usage == told.Usage || name == "help") {
			flag.Hidden = true
			shared = append(shared, "--"+name)
		}
	}
	return shared
}

// asItIs writes text line by line, as it is laid out, if there is any.
func asItIs(b *strings.Builder, title, text string) {
	text = strings.Trim(text, "\n")
	if text == "" {
		return
	}
	b.WriteString(".PP\n")
	if title != "" {
		b.WriteString(title + "\n.br\n")
	}
	b.WriteString(".nf\n" + roff(text) + "\n.fi\n")
}

// roff escapes text: backslashes, minus signs, and what at the beginning of a
// line would be a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
