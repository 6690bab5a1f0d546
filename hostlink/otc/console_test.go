package main

import (
	"slices"
	"strings"
	"testing"
)

func TestTheTabKeyOffersWhatCanStandThere(t *testing.T) {
	w := &wordList{commands: commandNames()}
	w.know([]string{"bob", "bernd", "bob"}, []string{"lunch", "band"})
	for line, want := range map[string]string{
		"un":            "ungroup",
		"send b":        "bernd bob",
		"send bob b":    "",
		"gs b":          "band bernd bob",
		"ms bob,b":      "bernd bob",
		"gs bob,b":      "bernd bob",
		"group b":       "band bernd bob",
		"group lunch b": "bernd bob",
		"ungroup ":      "band lunch",
		"later ":        "drop open",
		"outbox r":      "retry",
		"contacts ":     "",
	} {
		endings, length := w.Do([]rune(line), len(line))
		var offered []string
		for _, ending := range endings {
			offered = append(offered, line[len(line)-length:]+strings.TrimSuffix(string(ending), " "))
		}
		slices.Sort(offered)
		if got := strings.Join(offered, " "); got != want {
			t.Errorf("behind %q: %q, want %q", line, got, want)
		}
	}
}
