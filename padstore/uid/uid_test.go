package uid_test

import (
	"regexp"
	"strings"
	"testing"

	"onetimechat/padstore/uid"
)

// The rule as FORMAT.md writes it.
var rule = regexp.MustCompile(`\A[a-z0-9][a-z0-9_-]{0,31}\z`)

func TestEveryShortIDAgreesWithTheRule(t *testing.T) {
	for a := range 256 {
		for b := range 256 {
			for _, id := range []string{string([]byte{byte(a)}), string([]byte{byte(a), byte(b)}), string([]byte{'x', byte(a), byte(b)})} {
				if got, want := uid.Valid(id), rule.MatchString(id); got != want {
					t.Fatalf("Valid(%q) = %v, want %v", id, got, want)
				}
			}
		}
	}
}

func TestLength(t *testing.T) {
	for n := range 40 {
		id := strings.Repeat("a", n)
		if got, want := uid.Valid(id), rule.MatchString(id); got != want {
			t.Errorf("%d letters: Valid = %v, want %v", n, got, want)
		}
		if (uid.Check(id) == nil) != uid.Valid(id) {
			t.Errorf("%d letters: Check and Valid disagree", n)
		}
	}
}
