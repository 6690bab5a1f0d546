package relay

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"onetimechat/hostlink/mailbox"
)

// waitForPolls waits until n requests wait for recipient.
func (r *running) waitForPolls(t testing.TB, recipient string, n int) {
	t.Helper()
	for t.Context().Err() == nil {
		r.bells.mu.Lock()
		at := r.bells.byName[recipient]
		waiting := at != nil && at.waiting == n
		r.bells.mu.Unlock()
		if waiting {
			return
		}
		runtime.Gosched()
	}
}

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

func TestEveryoneWhoWaitsIsWoken(t *testing.T) {
	r := start(t, Config{})
	const waiting = 50
	var group sync.WaitGroup
	for range waiting {
		group.Go(func() {
			batch, err := r.client.Messages(t.Context(), "bob", 0, 0, time.Minute)
			if err != nil || len(batch.Messages) != 1 || batch.Messages[0].Contents != "wake" {
				t.Errorf("%v, %v", batch, err)
			}
		})
	}
	r.waitForPolls(t, "bob", waiting)
	r.mustSend(t, "carol", "not for bob", "")
	r.waitForPolls(t, "bob", waiting)
	r.mustSend(t, "bob", "wake", "")
	group.Wait()
	if len(r.bells.byName) != 0 {
		t.Errorf("%d bells are left", len(r.bells.byName))
	}
}

func TestWaitingForALaterRefSleepsOn(t *testing.T) {
	r := start(t, Config{})
	first := r.mustSend(t, "bob", "one", "")
	got := make(chan mailbox.Batch, 1)
	go func() {
		batch, err := r.client.Messages(t.Context(), "bob", first+2, 0, time.Minute)
		if err != nil {
			t.Error(err)
		}
		got <- batch
	}()
	r.waitForPolls(t, "bob", 1)
	r.mustSend(t, "bob", "two", "")
	r.waitForPolls(t, "bob", 1)
	last := r.mustSend(t, "bob", "three", "")
	if batch := <-got; len(batch.Messages) != 1 || batch.Messages[0].Ref != last {
		t.Errorf("got %v, want ref %d", batch, last)
	}
}

func TestWaitEndsWithAnEmptyAnswer(t *testing.T) {
	r := start(t, Config{})
	batch, err := r.client.Messages(t.Context(), "bob", 0, 0, time.Millisecond) // rounded up to a second
	if err != nil || len(batch.Messages) != 0 || !batch.Complete {
		t.Errorf("%v, %v", batch, err)
	}
}

func TestAClientThatGoesAwayIsForgotten(t *testing.T) {
	r := start(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := r.client.Messages(ctx, "bob", 0, 0, time.Minute)
		done <- err
	}()
	r.waitForPolls(t, "bob", 1)
	cancel()
	if err := <-done; err != context.Canceled {
		t.Errorf("the client got %v", err)
	}
	for r.polls.left.Load() != int64(r.cfg.MaxPolls) {
		runtime.Gosched()
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
	if box, _ := r.store.mailbox("bob"); box.count != 1 || box.bytes != 5 || r.store.totalBytes() != 5 {
		t.Errorf("accounts say %+v and %d bytes", box, r.store.totalBytes())
	}
	r.mustSend(t, "bob", "room again", "")
}

func TestShutdownEndsLongPollsAndKeepsMessages(t *testing.T) {
	dir := t.TempDir()
	r := start(t, Config{DataDir: dir})
	r.mustSend(t, "bob", "kept", "")
	const waiting = 10
	var group sync.WaitGroup
	for range waiting {
		group.Go(func() {
			batch, err := r.client.Messages(t.Context(), "carol", 0, 0, time.Minute)
			if err != nil || len(batch.Messages) != 0 || !batch.Complete {
				t.Errorf("%v, %v", batch, err)
			}
		})
	}
	r.waitForPolls(t, "carol", waiting)
	r.stop()
	group.Wait()
	if _, err := os.Stat(filepath.Join(dir, dbFile+"-wal")); !os.IsNotExist(err) {
		t.Errorf("the log was not folded into the database: %v", err)
	}
	r = start(t, Config{DataDir: dir})
	if all := r.all(t, "bob"); len(all) != 1 || all[0].Contents != "kept" {
		t.Errorf("after a restart: %v", all)
	}
}

func TestOneRelayPerDirectory(t *testing.T) {
	dir := t.TempDir()
	r := start(t, Config{DataDir: dir})
	if second, err := Open(Config{DataDir: dir}); err == nil {
		second.Close()
		t.Error("a second relay opened the same directory")
	}
	r.mustSend(t, "bob", "x", "")
}

func TestFilesAreForTheOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "a b?c#d%")
	r := start(t, Config{DataDir: dir})
	r.mustSend(t, "bob", "x", "")
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v", path, info.Mode())
		}
		files++
		return nil
	})
	if err != nil || files < 4 {
		t.Errorf("%d files, %v", files, err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, cfg := range []Config{{}, {DataDir: "x", MaxPackage: mailbox.MaxPackage + 1}, {DataDir: "x", Retention: -1}, {DataDir: "x", MaxConns: -1}} {
		if r, err := Open(cfg); err == nil {
			r.Close()
			t.Errorf("%+v was taken", cfg)
		}
	}
}

func TestADatabaseOfAnotherVersionIsRefused(t *testing.T) {
	dir := t.TempDir()
	r := start(t, Config{DataDir: dir})
	if _, err := r.store.write.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	r.stop()
	if r, err := Open(Config{DataDir: dir}); err == nil {
		r.Close()
		t.Error("opened")
	}
}

func TestAFailingDatabaseEndsTheRelay(t *testing.T) {
	r, err := Open(Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- r.Serve(t.Context(), listener, nil) }()
	send := func(want int) {
		t.Helper()
		status, body := do(t, "POST", "http://"+listener.Addr().String()+"/send", "recipient_uid=bob&sender_uid=alice&contents=x")
		if status != want {
			t.Errorf("%d %s, want %d", status, body, want)
		}
	}
	send(200)
	if _, err := r.store.write.Exec("DROP TABLE messages"); err != nil {
		t.Fatal(err)
	}
	send(503)
	if err := <-served; err == nil {
		t.Error("Serve ended without an error")
	}
}

func TestTheLogHasNoContents(t *testing.T) {
	var log bytes.Buffer
	r := start(t, Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), MaxMailboxMessages: 1})
	const secret = "c2VjcmV0"
	r.mustSend(t, "bob", secret, "")
	r.refusedWith(t, "bob", secret, 429)
	do(t, "POST", r.url+"/send", "recipient_uid=Bob&sender_uid=alice&contents="+secret)
	do(t, "POST", r.url+"/send", "recipient_uid=bob;contents="+secret)
	r.all(t, "bob")
	r.stop()
	if !strings.Contains(log.String(), "message kept") || strings.Contains(log.String(), secret) {
		t.Errorf("log:\n%s", log.String())
	}
}

func TestTLS(t *testing.T) {
	cert, roots := selfMade(t)
	r, err := Open(Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- r.Serve(ctx, listener, &tls.Config{Certificates: []tls.Certificate{cert}}) }()
	url := "https://" + listener.Addr().String()
	client, err := mailbox.NewClientRoots(url, roots)
	if err != nil {
		t.Fatal(err)
	}
	if ref, err := client.Send(t.Context(), mailbox.Outgoing{Recipient: "bob", Sender: "alice", Contents: "x"}); err != nil || ref != 1 {
		t.Errorf("Send: %d, %v", ref, err)
	}
	stranger, err := mailbox.NewClientRoots(url, x509.NewCertPool())
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.Check(t.Context()); err == nil {
		t.Error("a certificate that nobody trusts was accepted")
	}
	client.Close()
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func selfMade(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
