package uid_test

import (
	"testing"

	"onetimechat/display/escape/escapetest"
	"onetimechat/padstore/uid"
)

// No name of a contact can do anything to a screen, a terminal or a folder.
func TestNoHostileTextIsAName(t *testing.T) {
	for _, text := range escapetest.Texts(t) {
		if uid.Valid(text) {
			t.Errorf("%q is a name", text)
		}
	}
	for _, c := range escapetest.CodePoints() {
		for _, name := range []string{string(c), "bob" + string(c), string(c) + "bob", "b" + string(c) + "ob"} {
			if uid.Valid(name) {
				t.Errorf("%q is a name", name)
			}
		}
	}
	for _, path := range []string{".", "..", "../bob", "bob/..", "/bob", `bob\..`, "bob.alice.random.store", "con:", "bob\x00"} {
		if uid.Valid(path) {
			t.Errorf("%q is a name", path)
		}
	}
}
