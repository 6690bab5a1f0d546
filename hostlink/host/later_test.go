package host_test

import (
	"slices"
	"testing"

	"onetimechat/hostlink"
)

// A relay that lost its mailboxes gives refs again that the later list knows.
// What was denied stays there until its owner opens or drops it.
func TestTheLaterListOutlivesTheRelaysMailbox(t *testing.T) {
	for _, second := range []struct {
		text   string
		answer hostlink.Refusal
	}{{"opened", ""}, {"forged", ""}, {"denied too", hostlink.Rejected}} {
		d, r := newDevice("bob", "alice"), newRelay()
		h := start(t, "bob", d, r, newShelf(1))
		r.bring("bob", "alice", "before")
		ref := r.bring("bob", "alice", "denied")
		d.answer = answers(map[string]hostlink.Refusal{"denied": hostlink.Rejected, second.text: second.answer})
		receive(t, h)

		r.messages, r.next = nil, ref
		receive(t, h) // notices
		r.bring("bob", "alice", second.text)
		receive(t, h)
		d.answer = nil
		var s shown
		if _, err := h.OpenLater(t.Context(), nil, s.show); err != nil || !slices.Contains(s.texts(), "denied") {
			t.Errorf("%s: the later list opens %+v, %v", second.text, s, err)
		}
		if held, err := h.Later(t.Context()); err != nil || len(held) > 0 {
			t.Errorf("%s: left on the later list: %v, %v", second.text, held, err)
		}
	}
}

// Of several denied packages the one that is named is opened, and no other.
func TestOneOfTheLaterListIsOpenedAlone(t *testing.T) {
	d, r := newDevice("bob", "alice"), newRelay()
	h := start(t, "bob", d, r, newShelf(1))
	d.answer = func(hostlink.Incoming) hostlink.Refusal { return hostlink.Rejected }
	r.bring("bob", "alice", "one")
	ref := r.bring("bob", "alice", "two")
	r.bring("bob", "alice", "three")
	receive(t, h)
	d.answer, d.asked = nil, 0
	var s shown
	if _, err := h.OpenLater(t.Context(), []int64{ref}, s.show); err != nil || !slices.Equal(s.texts(), []string{"two"}) || d.asked != 1 {
		t.Errorf("asked %d times, arrived %+v, %v", d.asked, s, err)
	}
	if held, err := h.Later(t.Context()); err != nil || len(held) != 2 {
		t.Errorf("left on the later list: %v, %v", held, err)
	}
}

// Two packages that were denied in a mailbox that is no more get two numbers.
func TestTwoOldPackagesGetTwoNumbers(t *testing.T) {
	d, r := newDevice("bob", "alice"), newRelay()
	h := start(t, "bob", d, r, newShelf(1))
	d.answer = func(hostlink.Incoming) hostlink.Refusal { return hostlink.Rejected }
	r.bring("bob", "alice", "one")
	r.bring("bob", "alice", "two")
	receive(t, h)
	r.messages = nil
	receive(t, h) // notices
	if held, err := h.Later(t.Context()); err != nil || len(held) != 2 {
		t.Errorf("on the later list: %v, %v", held, err)
	}
}

// What is no package may come under the first ref that a mailbox gives again: the
// package that was denied under it stays on the later list.
func TestNothingTakesTheRefOfADeniedPackage(t *testing.T) {
	d, r := newDevice("bob", "alice"), newRelay()
	h := start(t, "bob", d, r, newShelf(1))
	before := r.bring("bob", "alice", "before")
	r.next = before + 1
	ref := r.bring("bob", "alice", "denied")
	d.answer = answers(map[string]hostlink.Refusal{"denied": hostlink.Rejected})
	receive(t, h)
	r.messages, r.next = r.messages[:1], ref
	receive(t, h) // notices
	r.put("bob", "alice", "no package")
	receive(t, h)
	if held, err := h.Later(t.Context()); err != nil || len(held) != 1 {
		t.Errorf("on the later list: %v, %v", held, err)
	}
}

// What is opened from the later list has a number of a mailbox that is no more:
// the message that gets it in the new one still comes.
func TestAnOldNumberIsNotTakenForANewMessage(t *testing.T) {
	d, r := newDevice("bob", "alice"), newRelay()
	h := start(t, "bob", d, r, newShelf(1))
	r.next = 50
	old := r.bring("bob", "alice", "denied")
	d.answer = answers(map[string]hostlink.Refusal{"denied": hostlink.Rejected})
	receive(t, h)
	r.messages, r.next = nil, 1
	receive(t, h) // notices
	d.answer = nil
	var s shown
	if _, err := h.OpenLater(t.Context(), nil, s.show); err != nil || !slices.Equal(s.texts(), []string{"denied"}) {
		t.Fatalf("%+v, %v", s, err)
	}
	r.next = old
	r.bring("bob", "alice", "new")
	if got, _ := receive(t, h); !slices.Equal(got.texts(), []string{"new"}) {
		t.Errorf("comes: %+v", got)
	}
}
