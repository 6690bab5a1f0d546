package relay

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"onetimechat/hostlink/mailbox"
)

// mustSend sends contents from alice and answers the ref.
func (r *running) mustSend(t testing.TB, recipient, contents, id string) int64 {
	t.Helper()
	ref, err := r.client.Send(t.Context(), mailbox.Outgoing{Recipient: recipient, Sender: "alice", Contents: contents, ID: id})
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// refusedWith reports an error unless sending is refused with that status.
func (r *running) refusedWith(t *testing.T, recipient, contents string, status int) {
	t.Helper()
	_, err := r.client.Send(t.Context(), mailbox.Outgoing{Recipient: recipient, Sender: "alice", Contents: contents})
	code := 0
	if refused := (*mailbox.RefusedError)(nil); errors.As(err, &refused) {
		code = refused.Code
	} else if busy := (*mailbox.BusyError)(nil); errors.As(err, &busy) {
		code = busy.Code
		if busy.After == 0 {
			t.Error("busy, but does not say for how long")
		}
	}
	if code != status {
		t.Errorf("sending %d bytes to %s: %v, want status %d", len(contents), recipient, err, status)
	}
}

func TestPackageSizeIsLimited(t *testing.T) {
	r := start(t, Config{MaxPackage: 3000})
	r.mustSend(t, "bob", strings.Repeat("x", 4000), "")
	r.refusedWith(t, "bob", strings.Repeat("x", 4001), http.StatusRequestEntityTooLarge)
	r.refusedWith(t, "bob", strings.Repeat("x", 100_000), http.StatusRequestEntityTooLarge) // longer than any form
	escaped := strings.Repeat("%78", 4000)
	if status, body := do(t, "POST", r.url+"/send", "recipient_uid=bob&sender_uid=alice&contents="+escaped); status != 200 {
		t.Errorf("the longest contents, all escaped: %d %s", status, body)
	}
}

func TestTheLargestPackageFits(t *testing.T) {
	r := start(t, Config{})
	contents := strings.Repeat("+", mailbox.MaxContents)
	ref := r.mustSend(t, "bob", contents, "")
	batch, err := r.client.Messages(t.Context(), "bob", 0, 0, 0)
	if err != nil || len(batch.Messages) != 1 || batch.Messages[0].Contents != contents || batch.Messages[0].Ref != ref {
		t.Errorf("not fetched as sent: %v", err)
	}
}

func TestMailboxIsLimitedInMessages(t *testing.T) {
	r := start(t, Config{MaxMailboxMessages: 2})
	first := r.mustSend(t, "bob", "one", "1")
	r.mustSend(t, "bob", "two", "2")
	r.refusedWith(t, "bob", "three", http.StatusTooManyRequests)
	r.mustSend(t, "carol", "one", "1")
	if again := r.mustSend(t, "bob", "one", "1"); again != first {
		t.Errorf("a repeated send to a full mailbox got ref %d, want %d", again, first)
	}
}

func TestAFullShareOfAMailboxIsToTryAgain(t *testing.T) {
	r := start(t, Config{MaxSenderMessages: 1})
	r.mustSend(t, "bob", "one", "1")
	r.refusedWith(t, "bob", "two", http.StatusTooManyRequests)
	r.mustSend(t, "carol", "one", "1")
}

// Each name has a mailbox, however few others may be opened.
func TestEachNameHasAMailbox(t *testing.T) {
	r := start(t, Config{Names: []string{"alice", "bob", "carol"}, MaxMailboxes: 1})
	for _, name := range []string{"alice", "bob", "carol"} {
		r.mustSend(t, name, "x", "")
	}
}

func TestMailboxIsLimitedInBytes(t *testing.T) {
	r := start(t, Config{MaxMailboxBytes: 10})
	r.mustSend(t, "bob", "123456", "")
	r.refusedWith(t, "bob", "12345", http.StatusTooManyRequests)
	r.mustSend(t, "bob", "1234", "")
	r.refusedWith(t, "bob", "1", http.StatusTooManyRequests)
	r.mustSend(t, "carol", "1234567890", "")
}

func TestRelayIsLimitedInBytesAndMailboxes(t *testing.T) {
	r := start(t, Config{MaxBytes: 10, MaxMailboxes: 2})
	r.mustSend(t, "bob", "12345", "")
	r.mustSend(t, "carol", "1234", "")
	r.refusedWith(t, "carol", "12", http.StatusServiceUnavailable)
	r.refusedWith(t, "dave", "1", http.StatusServiceUnavailable)
	r.mustSend(t, "bob", "1", "")
}

// Limits hold within one commit too, where nothing is committed yet.
func TestLimitsHoldWithinOneBatch(t *testing.T) {
	store, err := openStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.close()
	cfg := Config{MaxMailboxMessages: 3, MaxMailboxes: 2}.withDefaults()
	w := newWriter(cfg, store, newBells())
	var batch []*submission
	for range 5 {
		batch = append(batch, &submission{recipient: "bob", sender: "alice", contents: "x", result: make(chan result, 1)})
	}
	for _, name := range []string{"carol", "dave"} {
		batch = append(batch, &submission{recipient: name, sender: "alice", contents: "x", result: make(chan result, 1)})
	}
	if err := w.keep(batch); err != nil {
		t.Fatal(err)
	}
	for i, want := range []error{nil, nil, nil, errMailboxFull, errMailboxFull, nil, errRelayFull} {
		if got := <-batch[i].result; got.err != want {
			t.Errorf("message %d: %v, want %v", i, got.err, want)
		}
	}
}

// One name cannot fill a mailbox: others still reach bob, and the name reaches
// others. The share holds after a restart, and is free again once its messages
// are too old.
func TestOneSenderCannotFillAMailbox(t *testing.T) {
	dir := t.TempDir()
	now := time.Unix(1_000_000, 0)
	open := func() (*store, *writer) {
		store, err := openStore(dir)
		if err != nil {
			t.Fatal(err)
		}
		cfg := Config{MaxSenderMessages: 2, now: func() time.Time { return now }}.withDefaults()
		return store, newWriter(cfg, store, newBells())
	}
	send := func(w *writer, to, from string) error {
		s := &submission{recipient: to, sender: from, contents: "x", result: make(chan result, 1)}
		if err := w.keep([]*submission{s}); err != nil {
			t.Fatal(err)
		}
		return (<-s.result).err
	}
	expect := func(w *writer, to, from string, want error) {
		t.Helper()
		if got := send(w, to, from); got != want {
			t.Errorf("%s to %s: %v, want %v", from, to, got, want)
		}
	}
	store, w := open()
	expect(w, "bob", "mallory", nil)
	expect(w, "bob", "mallory", nil)
	expect(w, "bob", "mallory", errShareFull)
	expect(w, "bob", "alice", nil)
	expect(w, "carol", "mallory", nil)
	if err := store.close(); err != nil {
		t.Fatal(err)
	}
	store, w = open()
	defer store.close()
	expect(w, "bob", "mallory", errShareFull)
	now = now.Add(w.cfg.Retention + time.Minute)
	if err := w.sweep(); err != nil {
		t.Fatal(err)
	}
	if len(store.shares) != 0 {
		t.Errorf("shares of nothing: %v", store.shares)
	}
	expect(w, "bob", "mallory", nil)
}

func TestWaitingRequestsAreLimited(t *testing.T) {
	r := start(t, Config{MaxPolls: 1})
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.client.Messages(t.Context(), "bob", 0, 0, time.Minute)
	}()
	r.waitForPolls(t, "bob", 1)
	_, err := r.client.Messages(t.Context(), "carol", 0, 0, time.Minute)
	if busy := (*mailbox.BusyError)(nil); !errors.As(err, &busy) || busy.Code != http.StatusServiceUnavailable {
		t.Errorf("one too many: %v", err)
	}
	if _, err := r.client.Messages(t.Context(), "carol", 0, 0, 0); err != nil {
		t.Errorf("without waiting: %v", err)
	}
	r.mustSend(t, "bob", "x", "")
	<-done
}

func TestConnectionsAreLimited(t *testing.T) {
	r := start(t, Config{MaxConns: 2})
	address := strings.TrimPrefix(r.url, "http://")
	check := func() (net.Conn, string) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET /check HTTP/1.1\r\nHost: relay\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			conn.Close()
			return nil, "closed"
		}
		defer resp.Body.Close()
		io.Copy(io.Discard, resp.Body)
		return conn, resp.Status
	}
	var open []net.Conn
	for i, want := range []string{"200 OK", "200 OK", "503 Service Unavailable"} {
		conn, got := check()
		if got != want {
			t.Fatalf("connection %d: %s, want %s", i, got, want)
		}
		open = append(open, conn)
	}
	open[0].Close()
	for { // until the relay has noticed
		if conn, got := check(); got == "200 OK" {
			conn.Close()
			break
		}
	}
	for _, conn := range open[1:] {
		conn.Close()
	}
}

func TestConnectionsFarBeyondTheLimitAreClosed(t *testing.T) {
	r := start(t, Config{MaxConns: 1})
	address := strings.TrimPrefix(r.url, "http://")
	for i := range 1 + spareConns {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		defer conn.Close()
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes, want it closed", n)
	}
}

func TestAnswersAreCutBeforeTheyGrowTooLong(t *testing.T) {
	r := start(t, Config{})
	contents := strings.Repeat("x", mailbox.MaxContents)
	const messages = 7 // 9.8 MB
	for range messages {
		r.mustSend(t, "bob", contents, "")
	}
	got, start := 0, int64(0)
	for {
		status, body := get(t, fmt.Sprintf("%s/getmessages?recipient_uid=bob&start_ref=%d", r.url, start))
		if status != 200 || len(body) > maxAnswer+1000 {
			t.Fatalf("status %d, %d bytes", status, len(body))
		}
		batch, err := r.client.Messages(t.Context(), "bob", start, 0, 0)
		if err != nil || len(batch.Messages) == 0 {
			t.Fatalf("%d messages, %v", len(batch.Messages), err)
		}
		got += len(batch.Messages)
		start = batch.Messages[len(batch.Messages)-1].Ref + 1
		if batch.Complete {
			break
		}
	}
	if got != messages {
		t.Errorf("%d messages, want %d", got, messages)
	}
	if left := r.answers.remaining(); left != 256<<20 {
		t.Errorf("%d bytes of the answers' budget left, want all of it", left)
	}
}

func TestFullBudgetsRefuseForNow(t *testing.T) {
	r := start(t, Config{})
	long := strings.Repeat("x", 2*freeBytes)
	r.mustSend(t, "bob", long, "")
	r.mustSend(t, "carol", "short", "")
	form := func(contents string) url.Values {
		return url.Values{"recipient_uid": {"dave"}, "sender_uid": {"alice"}, "contents": {contents}}
	}
	r.answers.take(origin{}, 256<<20-10)
	r.bodies.take(origin{}, 128<<20-10)
	if status, body := get(t, r.url+"/getmessages?recipient_uid=bob&start_ref=0"); status != 503 {
		t.Errorf("answers: %d %s", status, body)
	}
	if status, body := get(t, r.url+"/getmessages?recipient_uid=carol&start_ref=0"); status != 200 {
		t.Errorf("short answers: %d %s", status, body)
	}
	if status, body := postForm(t, r.url+"/send", form(long)); status != 503 {
		t.Errorf("forms: %d %s", status, body)
	}
	if status, body := postForm(t, r.url+"/send", form("short")); status != 200 {
		t.Errorf("short forms: %d %s", status, body)
	}
	if r.answers.remaining() != 10 || r.bodies.remaining() != 10 {
		t.Error("a request kept some of a budget")
	}
}

func TestMaxcountCutsTheList(t *testing.T) {
	r := start(t, Config{})
	for i := range 3 {
		r.mustSend(t, "bob", fmt.Sprint(i), "")
	}
	for max, want := range map[int]bool{1: false, 2: false, 3: true, 4: true} {
		batch, err := r.client.Messages(t.Context(), "bob", 0, max, 0)
		if err != nil || len(batch.Messages) != min(max, 3) || batch.Complete != want {
			t.Errorf("maxcount %d: %d messages, complete %v, %v", max, len(batch.Messages), batch.Complete, err)
		}
	}
	if status, body := get(t, r.url+"/getmessages?recipient_uid=bob&start_ref=0&maxcount=0"); status != 200 || !strings.Contains(string(body), `"count":0,"messages":[],"complete":false`) {
		t.Errorf("maxcount 0: %d %s", status, body)
	}
}
