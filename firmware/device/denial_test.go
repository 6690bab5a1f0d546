package device

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"
)

// An answer goes to the very request that it answers, also under another's id.
func TestNoTwoRequestsLookTheSame(t *testing.T) {
	seen := map[string]int{}
	for i, request := range [][]byte{
		frameRequest("package", "bob", "text"), frameRequest("unpackage", "bob", "text"),
		frameRequest("package", "bo", "btext"), frameRequest("package", "bobtext"), frameRequest("package", "bob", "text", ""),
		frameRequest("package", "bob", "carol", "text"), frameRequest("package", "bob"), frameRequest("packageb", "ob", "text"),
	} {
		if other, known := seen[string(request)]; known {
			t.Errorf("request %d looks like request %d", i, other)
		}
		seen[string(request)] = i
	}
}

// A text that was denied is there for as long as it is not asked again, and not
// until the laptop asks something else.
func TestADeniedTextIsForgottenByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &Device{view: &view{awake: true}}
		var texts [][]byte
		for range maxDenials + 1 {
			texts = append(texts, []byte("denied"))
			d.remember(texts[len(texts)-1])
		}
		if len(d.denials) != maxDenials {
			t.Errorf("%d denials are remembered", len(d.denials))
		}
		if bytes.Contains(texts[0], []byte("denied")) {
			t.Error("the one that made room is still there")
		}
		wait, _ := d.tick()
		if wait != denyFor {
			t.Errorf("looks again after %v", wait)
		}
		time.Sleep(wait)
		d.tick()
		for i, text := range texts {
			if len(d.denials) > 0 || bytes.Contains(text, []byte("denied")) {
				t.Fatalf("text %d is still there, of %d", i, len(d.denials))
			}
		}
	})
}
