package device_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"onetimechat/display/escape"
	"onetimechat/display/escape/escapetest"
	"onetimechat/hostlink"
	"onetimechat/padstore/seal"
)

// readsAll turns the pages of what is on the glass, and returns all that they
// say.
func (r *rig) readsAll() (lines []string) {
	r.t.Helper()
	for {
		synctest.Wait()
		f := r.glass.now()
		lines = append(lines, f.Text...)
		if f.LastPage() {
			return lines
		}
		r.tap("next")
	}
}

// A hostile text goes from one end to the other: its writer approves it escaped,
// its reader reads it escaped, no other text looks like it on either screen, and
// what is sealed is the text itself, to the byte. What is no text is not asked
// about.
func TestHostileTextsFromEndToEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disks := cards(t, seal.Unconditional, 1<<20, "alice", "bob")
		alice, bob := start(t, disks["alice"], "alice"), start(t, disks["bob"], "bob")
		approved, read := map[string]string{}, map[string]string{}
		for _, text := range escapetest.Short(t, 1000) {
			asking := send(t.Context(), alice, "", text, "bob")
			if !utf8.ValidString(text) {
				if got := <-asking; got.err == nil {
					t.Errorf("%q is sealed", text)
				}
				continue
			}
			alice.wantScreen("approve-send")
			once(t, approved, alice.readsAll(), text)
			alice.approve("approve")
			got := <-asking
			if got.err != nil || got.sealed[0].Err != "" {
				t.Fatalf("%q: %+v", text, got)
			}
			in := hostlink.Incoming{From: "alice", Package: got.sealed[0].Package}
			reading := open(t.Context(), bob, "", in)
			bob.wantScreen("approve-open")
			bob.approve("read-here")
			<-reading
			bob.wantScreen("reader")
			once(t, read, bob.readsAll(), text)
			bob.approve("ok")
		}
		if len(read) < 20 || len(read) != len(approved) {
			t.Errorf("%d texts were approved, %d read", len(approved), len(read))
		}
	})
}

// once checks that lines draw nothing hidden, and that no other text was drawn
// like that.
func once(t *testing.T, seen map[string]string, lines []string, text string) {
	t.Helper()
	all := ""
	for _, line := range lines {
		if i := slices.IndexFunc([]rune(line), escape.Hidden); i >= 0 {
			t.Errorf("%q is drawn as %q", text, line)
		}
		all += line + "\n"
	}
	if other, twice := seen[all]; twice {
		t.Errorf("%q and %q look the same", text, other)
	}
	seen[all] = text
}
