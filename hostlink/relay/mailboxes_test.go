package relay

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"onetimechat/hostlink/mailbox"
)

func (r *running) all(t testing.TB, recipient string) []mailbox.Message {
	t.Helper()
	var all []mailbox.Message
	for start := int64(0); ; {
		batch, err := r.client.Messages(t.Context(), recipient, start, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, batch.Messages...)
		if batch.Complete {
			return all
		}
		start = all[len(all)-1].Ref + 1
	}
}

func TestSendingTheSameAgainIsHarmless(t *testing.T) {
	dir := t.TempDir()
	r := start(t, Config{DataDir: dir})
	base := mailbox.Outgoing{Recipient: "bob", Sender: "alice", Contents: "one", ID: "1"}
	send := func(change func(*mailbox.Outgoing)) int64 {
		t.Helper()
		m := base
		change(&m)
		ref, err := r.client.Send(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		return ref
	}
	same := func(*mailbox.Outgoing) {}
	first := send(same)
	if again := send(same); again != first {
		t.Errorf("again: ref %d, want %d", again, first)
	}
	seen := map[int64]bool{first: true}
	for what, change := range map[string]func(*mailbox.Outgoing){
		"other contents":  func(m *mailbox.Outgoing) { m.Contents = "two" },
		"other sender":    func(m *mailbox.Outgoing) { m.Sender = "carol" },
		"other recipient": func(m *mailbox.Outgoing) { m.Recipient = "dave" },
		"other id":        func(m *mailbox.Outgoing) { m.ID = "2" },
		"no id":           func(m *mailbox.Outgoing) { m.ID = "" },
		"no id again":     func(m *mailbox.Outgoing) { m.ID = "" },
		"moved border":    func(m *mailbox.Outgoing) { m.ID, m.Contents = "1o", "ne" },
	} {
		ref := send(change)
		if seen[ref] {
			t.Errorf("%s: got the ref of another message", what)
		}
		seen[ref] = true
	}
	r.stop()
	r = start(t, Config{DataDir: dir})
	if again := send(same); again != first {
		t.Errorf("after a restart: ref %d, want %d", again, first)
	}
}

func TestTheSameTwiceInOneBatchIsOneMessage(t *testing.T) {
	r := start(t, Config{})
	var refs [16]int64
	var group sync.WaitGroup
	for i := range refs {
		group.Go(func() {
			ref, err := r.client.Send(t.Context(), mailbox.Outgoing{Recipient: "bob", Sender: "alice", Contents: "x", ID: "1"})
			if err != nil {
				t.Error(err)
			}
			refs[i] = ref
		})
	}
	group.Wait()
	for _, ref := range refs {
		if ref != refs[0] {
			t.Fatalf("refs %v, want one", refs)
		}
	}
	if n := len(r.all(t, "bob")); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}

func TestMailboxesAreSeparateAndInOrder(t *testing.T) {
	r := start(t, Config{})
	const senders, each = 8, 20
	var group sync.WaitGroup
	for s := range senders {
		group.Go(func() {
			for i := range each {
				m := mailbox.Outgoing{Recipient: fmt.Sprintf("bob%d", i%2), Sender: fmt.Sprintf("alice%d", s), Contents: fmt.Sprint(i)}
				if _, err := r.client.Send(t.Context(), m); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	refs := make(map[int64]bool)
	for box := range 2 {
		next := make(map[string]int)
		all := r.all(t, fmt.Sprintf("bob%d", box))
		if len(all) != senders*each/2 {
			t.Errorf("mailbox %d: %d messages, want %d", box, len(all), senders*each/2)
		}
		for _, m := range all {
			if want := fmt.Sprint(2*next[m.SenderUID] + box); m.Contents != want || refs[m.Ref] {
				t.Fatalf("ref %d from %s: %s, want %s", m.Ref, m.SenderUID, m.Contents, want)
			}
			next[m.SenderUID]++
			refs[m.Ref] = true
		}
	}
}

func TestAnyTextComesBackAsSent(t *testing.T) {
	r := start(t, Config{})
	for _, contents := range []string{"a\x00b", "\x00", "\"<&>\\\n\t\u2028", "…\U0001f600", "a+b /=%", strings.Repeat("\x01", 1000)} {
		ref := r.mustSend(t, "bob", contents, "")
		batch, err := r.client.Messages(t.Context(), "bob", ref, 1, 0)
		if err != nil || len(batch.Messages) != 1 || batch.Messages[0].Contents != contents {
			t.Errorf("%q came back as %v, %v", contents, batch.Messages, err)
		}
	}
}

func TestRefsOnlyGrow(t *testing.T) {
	dir := t.TempDir()
	var now atomic.Int64
	now.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
	cfg := Config{DataDir: dir, Retention: time.Hour, now: func() time.Time { return time.Unix(now.Load(), 0) }, sweepEvery: time.Millisecond}
	r := start(t, cfg)
	last := int64(0)
	for round := range 3 {
		for range 3 {
			ref := r.mustSend(t, "bob", "x", "same")
			if m := r.mustSend(t, "bob", fmt.Sprint(round), ""); m <= last || ref >= m {
				t.Fatalf("round %d: refs %d and %d after %d", round, ref, m, last)
			} else {
				last = m
			}
		}
		now.Add(3601)
		for len(r.all(t, "bob")) > 0 {
			runtime.Gosched() // until the sweep
		}
		if next, err := r.client.NextRef(t.Context(), "bob"); err != nil || next != last+1 {
			t.Errorf("round %d: next ref %d, %v, want %d", round, next, err, last+1)
		}
		r.stop()
		r = start(t, cfg)
		if next, err := r.client.NextRef(t.Context(), "bob"); err != nil || next != last+1 {
			t.Errorf("round %d, after a restart: next ref %d, %v, want %d", round, next, err, last+1)
		}
		if ref := r.mustSend(t, "carol", "x", ""); ref <= last {
			t.Errorf("round %d: carol got ref %d, which bob had", round, ref)
		} else {
			last = ref
		}
		last = r.mustSend(t, "bob", "between", "")
	}
}

func TestRetentionDeletesOnlyWhatIsOld(t *testing.T) {
	var now atomic.Int64
	now.Store(1_800_000_000)
	r := start(t, Config{Retention: time.Hour, now: func() time.Time { return time.Unix(now.Load(), 0) }, sweepEvery: time.Millisecond,
		MaxMailboxMessages: sweepMessages + 10})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range (sweepMessages + 8) / 8 {
				r.mustSend(t, "bob", "old", "")
			}
		})
	}
	group.Wait()
	now.Add(1800)
	young := r.mustSend(t, "bob", "young", "")
	now.Add(1801)
	for len(r.all(t, "bob")) > 1 {
		runtime.Gosched()
	}
	if all := r.all(t, "bob"); len(all) != 1 || all[0].Ref != young {
		t.Errorf("left: %v, want ref %d", all, young)
	}
	messages, bytes := r.store.total()
	if box, _ := r.store.mailbox("bob"); box.count != 1 || box.bytes != 5 || bytes != 5 || messages != 1 {
		t.Errorf("accounts say %+v, %d messages and %d bytes", box, messages, bytes)
	}
	r.mustSend(t, "bob", "room again", "")
}
