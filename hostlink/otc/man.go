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
	_, err := io.WriteString(w, b.String())
	return err
}

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
// its flags and its examples, each laid out as in its help.
func describe(b *strings.Builder, cmd *cobra.Command) {
	cmd.InitDefaultHelpFlag()
	for paragraph := range strings.SplitSeq(cmp.Or(cmd.Long, cmd.Short), "\n\n") {
		b.WriteString(".PP\n" + roff(paragraph) + "\n")
	}
	for _, part := range []struct{ title, text string }{
		{"Flags:", cmd.LocalFlags().FlagUsagesWrapped(72)}, {"Examples:", cmd.Example},
	} {
		if text := strings.Trim(part.text, "\n"); text != "" {
			b.WriteString(".PP\n" + part.title + "\n.br\n.nf\n" + roff(text) + "\n.fi\n")
		}
	}
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
