package main

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

func TestTheManualNamesEveryCommandAndFlag(t *testing.T) {
	var out, errs bytes.Buffer
	a := newApp(strings.NewReader(""), &out, &errs, func(string) string { return "" })
	if code := a.run(t.Context(), []string{"man"}); code != exitOK || errs.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	page := strings.ReplaceAll(out.String(), `\-`, "-")
	flag := regexp.MustCompile(`--[a-z-]+`)
	commands, flags := 0, 0
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		if cmd.Hidden {
			return
		}
		section := page // of the root: up to the first command's
		if cmd.HasParent() {
			_, rest, found := strings.Cut(page, "\n.SS "+cmd.UseLine()+"\n")
			if !found {
				t.Errorf("the manual does not name %q", cmd.CommandPath())
			}
			section = rest
		}
		section, _, _ = strings.Cut(section, "\n.SS ")
		for _, name := range flag.FindAllString(cmd.LocalFlags().FlagUsages(), -1) {
			flags++
			if !strings.Contains(section, name) {
				t.Errorf("the manual does not name %s of %q", name, cmd.CommandPath())
			}
		}
		if cmd.Example == "" {
			t.Errorf("%q has no example", cmd.CommandPath())
		}
		commands++
		for _, child := range cmd.Commands() {
			check(child)
		}
	}
	check(a.commands())
	for c, what := range []string{"done", "failed", "usage", "denied", "device", "relay", "warning"} {
		if !regexp.MustCompile(fmt.Sprintf(`\b%d [a-z \n]*\b%s`, c, what)).MatchString(page) {
			t.Errorf("the manual does not say what exit code %d is", c)
		}
	}
	_, chat, _ := strings.Cut(page, "\n.SH IN THE CHAT\n")
	for _, name := range commandNames() {
		if name != "help" && !regexp.MustCompile(`\b`+name+`\b`).MatchString(chat) { // help is this list
			t.Errorf("the manual does not say what %q does in the chat", name)
		}
	}
	if commands < 12 || flags < 40 {
		t.Fatalf("only %d commands and %d flags were looked for", commands, flags)
	}
}

// A line that a terminal breaks is no table any more.
func TestHelpIsNoWiderThanATerminal(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", "/home/alice/.config")
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		var out bytes.Buffer
		a := newApp(strings.NewReader(""), &out, &out, func(string) string { return "" })
		if code := a.run(t.Context(), append([]string{"help"}, strings.Fields(cmd.CommandPath())[1:]...)); code != exitOK {
			t.Fatalf("exit code %d: %s", code, &out)
		}
		for line := range strings.Lines(out.String()) {
			if columns := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); columns > 80 {
				t.Errorf("%q has %d columns: %s", cmd.CommandPath(), columns, line)
			}
		}
		for _, child := range cmd.Commands() {
			check(child)
		}
	}
	check(newApp(nil, io.Discard, io.Discard, func(string) string { return "" }).commands())
}

func TestTheManualEscapesRequests(t *testing.T) {
	if got, want := roff(".TH x\n'br\na \\- b"), "\\&.TH x\n\\&'br\na \\e\\- b"; got != want {
		t.Fatalf("%q, want %q", got, want)
	}
}
