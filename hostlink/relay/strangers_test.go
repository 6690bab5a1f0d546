package relay

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestWhoAsksIsToldByTheConnectionOrTheKeepersProxy(t *testing.T) {
	for _, c := range []struct {
		remote    string
		forwarded []string
		want      string // "" for the keeper's own
	}{
		{"203.0.113.7:1", nil, "203.0.113.7/32"},
		{"[::ffff:203.0.113.7]:1", nil, "203.0.113.7/32"},
		{"[2001:db8:1:2::3]:1", nil, "2001:db8:1::/48"},
		{"203.0.113.7:1", []string{"198.51.100.1"}, "203.0.113.7/32"}, // not believed
		{"203.0.113.7:1", []string{"127.0.0.1"}, "203.0.113.7/32"},
		{"127.0.0.1:1", nil, ""},
		{"[::1]:1", nil, ""},
		{"192.168.1.2:1", nil, ""},
		{"[fe80::1%eth0]:1", nil, ""},
		{"127.0.0.1:1", []string{"198.51.100.1"}, "198.51.100.1/32"},
		{"172.17.0.2:1", []string{"2001:db8:1:2::3"}, "2001:db8:1::/48"},
		{"127.0.0.1:1", []string{"10.0.0.1, 198.51.100.1"}, "198.51.100.1/32"}, // a stranger wrote the first
		{"127.0.0.1:1", []string{"10.0.0.1", "198.51.100.1"}, "198.51.100.1/32"},
		{"127.0.0.1:1", []string{"198.51.100.1:4711"}, "198.51.100.1/32"},
		{"127.0.0.1:1", []string{"[2001:db8:1::3]:4711"}, "2001:db8:1::/48"},
		{"127.0.0.1:1", []string{"10.0.0.1"}, ""},
		{"127.0.0.1:1", []string{"unknown"}, ""},
		{"127.0.0.1:1", []string{""}, ""},
		{"", nil, ""},
	} {
		req := httptest.NewRequest(http.MethodGet, "/check", nil)
		req.RemoteAddr = c.remote
		for _, line := range c.forwarded {
			req.Header.Add("X-Forwarded-For", line)
		}
		want := c.want
		got := requestOrigin(req)
		if !got.IsValid() && want == "" {
			continue
		}
		if got.String() != want {
			t.Errorf("%s, forwarded for %q: %v, want %q", c.remote, c.forwarded, got, want)
		}
	}
}

// asked is the answer to a request that comes from an address.
func (r *running) asked(ctx context.Context, from, method, target, form string) *httptest.ResponseRecorder {
	req := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(form))
	if form == "" {
		req = httptest.NewRequestWithContext(ctx, method, target, nil)
	}
	req.RemoteAddr = from + ":1"
	w := httptest.NewRecorder()
	r.handler().ServeHTTP(w, req)
	return w
}

func (r *running) sentFrom(t *testing.T, from, recipient, sender, contents string) int {
	t.Helper()
	form := url.Values{"recipient_uid": {recipient}, "sender_uid": {sender}, "contents": {contents}, "id": {contents[:1]}}
	return r.asked(t.Context(), from, http.MethodPost, "/send", form.Encode()).Code
}

const (
	near  = "127.0.0.1"
	far   = "203.0.113.7"
	other = "203.0.113.8"
)

// However many names a stranger makes up, to send to or to send as, one
// address fills neither a mailbox nor the relay.
func TestOneAddressCannotFillTheRelay(t *testing.T) {
	var at later
	cfg := Config{MaxAddressBytes: 4 * mailboxCost, Retention: 1000 * time.Second, sweepEvery: time.Hour, sweepNow: make(chan struct{}), now: at.now}
	r := start(t, cfg)
	opened := 0
	for i := range 10 {
		if r.sentFrom(t, far, fmt.Sprintf("bob%d", i), "mallory", "x") == http.StatusOK {
			opened++
		}
	}
	if opened != 3 {
		t.Errorf("opened %d mailboxes, want 3", opened)
	}
	if status := r.sentFrom(t, far, "bob0", "mallory", "x"); status != http.StatusOK {
		t.Errorf("the same again: %d", status) // is harmless
	}
	long := strings.Repeat("x", mailboxCost/4)
	filled := 0
	for i := range 10 {
		if r.sentFrom(t, far, "bob0", fmt.Sprintf("mallory%d", i), long) == http.StatusOK {
			filled++
		}
	}
	if filled != 3 {
		t.Errorf("%d long messages taken, want 3", filled)
	}
	for _, from := range []string{other, near} {
		if status := r.sentFrom(t, from, "carol-"+strings.ReplaceAll(from, ".", "-"), "alice", "x"); status != http.StatusOK {
			t.Errorf("from %s: %d", from, status)
		}
	}
	at.seconds.Add(500) // half of it is forgotten
	if status := r.sentFrom(t, far, "dave", "mallory", "x"); status != http.StatusOK {
		t.Errorf("later: %d", status)
	}
	at.seconds.Add(2000)
	r.sweep()
	r.stop()
	if len(r.write.spent.spent) != 0 {
		t.Errorf("%v is remembered for ever", r.write.spent.spent)
	}
}

// A relay of a few names takes nothing else, and whoever knows two of them fills,
// from as many addresses as there are, no more than what the one has for the other.
func TestStrangersFromEverywhereTakeNoRoomFromOtherNames(t *testing.T) {
	const longest = 1 << 10 // of contents
	names := []string{"alice", "bob", "carol"}
	r := start(t, Config{Names: names, MaxPackage: longest / 4 * 3, MaxBytes: 4 * 9 * longest})
	addresses := 0
	flood := func(recipient, sender string) (taken int) {
		for i := range 100 {
			addresses++
			from := fmt.Sprintf("203.%d.%d.7", addresses/256, addresses%256)
			if r.sentFrom(t, from, recipient, sender, fmt.Sprint(i%10)+strings.Repeat("x", longest-1-i)) == http.StatusOK {
				taken++
			}
		}
		return taken
	}
	for _, unknown := range [][2]string{{"mallory", "alice"}, {"alice", "mallory"}, {"mallory", "mallory"}} {
		if taken := flood(unknown[0], unknown[1]); taken != 0 {
			t.Errorf("%d messages to %s from %s taken", taken, unknown[0], unknown[1])
		}
	}
	form := url.Values{"recipient_uid": {"zed"}, "sender_uid": {"alice"}, "contents": {"x"}}
	if w := r.asked(t.Context(), far, http.MethodPost, "/send", form.Encode()); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "zed is not among the users of this relay") {
		t.Errorf("%d %s", w.Code, w.Body) // a client keeps it, and says why
	}
	if taken := flood("alice", "bob"); taken != 4 {
		t.Errorf("%d long messages taken, want 4", taken)
	}
	for _, recipient := range names {
		for _, sender := range names {
			status := r.sentFrom(t, other, recipient, sender, "y"+strings.Repeat("y", longest-1))
			if forged := recipient == "alice" && sender == "bob"; (status == http.StatusOK) == forged {
				t.Errorf("to %s from %s: %d", recipient, sender, status)
			}
		}
	}
}

func TestNamesNeedRoom(t *testing.T) {
	for _, cfg := range []Config{
		{Names: []string{"alice", "Bob"}},
		{Names: []string{"alice", "bob"}, MaxBytes: 4 << 20},
		{Names: []string{"alice", "bob"}, MaxMessages: 3},
	} {
		cfg.DataDir = t.TempDir()
		if r, err := Open(cfg); err == nil {
			t.Errorf("%v serves", cfg.Names)
			r.Close()
		}
	}
}

// What was not kept is tried again, by everybody: it must not use up what an
// address may send.
func TestWhatWasNotKeptIsNotSpent(t *testing.T) {
	store, err := openStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.close()
	w := newWriter(Config{MaxAddressBytes: 2 * mailboxCost}.withDefaults(), store, newBells())
	keep := func(contents ...string) (last error) {
		t.Helper()
		var batch []*submission
		for _, c := range contents {
			batch = append(batch, &submission{from: addressOrigin(far + ":1"), recipient: "bob", sender: "alice", contents: c, result: make(chan result, 1)})
		}
		if err := w.keep(batch); err != nil {
			t.Fatal(err)
		}
		for _, s := range batch {
			last = (<-s.result).err
		}
		return last
	}
	if _, err := store.write.Exec("PRAGMA max_page_count = 1"); err != nil { // none may be added
		t.Fatal(err)
	}
	for range 3 {
		if err := keep("x", strings.Repeat("x", 100_000)); err != errUnwritable {
			t.Fatalf("on a full disk: %v", err)
		}
	}
	if len(w.spent.spent) != 0 {
		t.Errorf("%v is spent", w.spent.spent)
	}
	if _, err := store.write.Exec("PRAGMA max_page_count = 1000"); err != nil {
		t.Fatal(err)
	}
	if err := keep("x"); err != nil {
		t.Errorf("with room again: %v", err)
	}
	// Of what shares a batch, too, no more is taken than there is.
	if err := keep(strings.Repeat("x", mailboxCost*3/4), strings.Repeat("x", mailboxCost*3/4)); err != errSpent {
		t.Errorf("too much at once: %v", err)
	}
}

func TestOneAddressHasAShareOfEveryBudget(t *testing.T) {
	b := newBudget(shares * 10)
	mallory, alice := addressOrigin(far+":1"), addressOrigin(other+":1")
	if !b.take(mallory, 10) || b.take(mallory, 1) || !b.take(alice, 10) || !b.take(origin{}, shares*10-20) || b.take(origin{}, 1) {
		t.Error("shares do not hold")
	}
	b.give(mallory, 10)
	b.give(alice, 10)
	b.give(origin{}, shares*10-20)
	if b.remaining() != shares*10 || len(b.used) != 0 {
		t.Errorf("%d left, %v used", b.remaining(), b.used)
	}
}

func TestOneAddressCannotTakeAllTheWaiting(t *testing.T) {
	r := start(t, Config{MaxPolls: 2 * shares})
	ctx, cancel := context.WithCancel(t.Context())
	const poll = "/getmessages?recipient_uid=bob&start_ref=0&wait=60"
	done := make(chan struct{})
	for range 2 {
		go func() {
			r.asked(ctx, far, http.MethodGet, poll, "")
			done <- struct{}{}
		}()
	}
	r.waitForPolls(t, "bob", 2)
	if got := r.asked(ctx, far, http.MethodGet, poll, "").Code; got != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d", got)
	}
	go func() {
		r.asked(ctx, other, http.MethodGet, poll, "")
		done <- struct{}{}
	}()
	r.waitForPolls(t, "bob", 3)
	cancel()
	for range 3 {
		<-done
	}
}

// Behind a proxy, whose connections are the keeper's own, an address has its
// share of them all the same.
func TestOneAddressCannotTakeAllTheConnectionsOfAProxy(t *testing.T) {
	r := start(t, Config{MaxConns: shares})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.asked(ctx, far, http.MethodGet, "/getmessages?recipient_uid=bob&start_ref=0&wait=60", "")
	}()
	r.waitForPolls(t, "bob", 1)
	for from, want := range map[string]int{far: http.StatusServiceUnavailable, other: http.StatusOK, near: http.StatusOK} {
		if got := r.asked(ctx, from, http.MethodGet, "/check", "").Code; got != want {
			t.Errorf("from %s: %d, want %d", from, got, want)
		}
	}
	cancel()
	<-done
	if r.requests.remaining() != shares {
		t.Errorf("%d left", r.requests.remaining())
	}
}

// A body that nobody reads hides that its sender is gone: polls would be left
// waiting for somebody who needs no connection to hold them.
func TestAQuestionTakesNoBody(t *testing.T) {
	r := start(t, Config{})
	for _, path := range []string{"/getmessages?recipient_uid=bob&start_ref=0&wait=60", "/getnextref?recipient_uid=bob", "/check"} {
		if w := r.asked(t.Context(), near, http.MethodGet, path, "x"); w.Code != http.StatusBadRequest || w.Header().Get("Connection") != "close" {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestMetricsAreNoStrangersBusiness(t *testing.T) {
	r := start(t, Config{})
	for from, want := range map[string]int{near: http.StatusOK, "192.168.1.2": http.StatusOK, far: http.StatusNotFound} {
		if w := r.asked(t.Context(), from, http.MethodGet, "/metrics", ""); w.Code != want {
			t.Errorf("from %s: %d, want %d", from, w.Code, want)
		}
	}
}

func TestRelayIsLimitedInMessages(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{DataDir: dir, MaxMessages: 2}
	r := start(t, cfg)
	r.mustSend(t, "bob", "1", "")
	first := r.mustSend(t, "carol", "1", "again")
	r.refusedWith(t, "bob", "2", http.StatusServiceUnavailable)
	r.stop()
	r = start(t, cfg)
	r.refusedWith(t, "dave", "2", http.StatusServiceUnavailable)
	if again := r.mustSend(t, "carol", "1", "again"); again != first {
		t.Errorf("ref %d, want %d", again, first)
	}
}
