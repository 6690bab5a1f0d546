package prefixsum

import "testing"

// What texts begin with alike is hashed once: only then is this any use.
func TestTheBeginningIsHashedOnce(t *testing.T) {
	var s Sum
	text := make([]byte, 1000)
	s.Of(text, nil)
	for range 3 {
		text[990]++
		s.Of(text, nil)
	}
	head, size := s.head, s.size
	if size < 800 || size > 990 {
		t.Fatalf("%d bytes of 990 are hashed before", size)
	}
	for range 3 {
		text[size]++
		if s.Of(text, nil); s.head != head || s.size != size {
			t.Error("the beginning is hashed again")
		}
	}
	text[size-1]++
	if s.Of(text, nil); s.head == head || s.size >= size {
		t.Error("another beginning is not hashed")
	}
}
