package relay

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"onetimechat/hostlink/mailbox"
)

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

func TestAStopInOrderTellsOfNoError(t *testing.T) {
	var log bytes.Buffer
	r := start(t, Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	r.stop()
	if said := log.String(); !strings.Contains(said, "relay closed") || strings.Contains(said, "error") {
		t.Errorf("log:\n%s", said)
	}
}

func TestOneRelayPerDirectory(t *testing.T) {
	dir := t.TempDir()
	r := start(t, Config{DataDir: dir})
	if second, err := Open(Config{DataDir: dir}); err == nil {
		second.Close()
		t.Error("a second relay opened the same directory")
	} else if !strings.Contains(err.Error(), "another relay is running here") {
		t.Error(err)
	}
	r.mustSend(t, "bob", "x", "")
}

// A relay begins on a full disk, too: its lock takes no room.
func TestTheLockWritesNothing(t *testing.T) {
	dir := t.TempDir()
	start(t, Config{DataDir: dir})
	locks, err := filepath.Glob(filepath.Join(dir, lockFile+"*"))
	if err != nil || len(locks) != 1 {
		t.Fatalf("%v, %v", locks, err)
	}
	if info, err := os.Stat(locks[0]); err != nil || info.Size() != 0 {
		t.Errorf("%v, %v", info, err)
	}
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

func TestADamagedDatabaseSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, dbFile), bytes.Repeat([]byte("?"), 8192), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Open(Config{DataDir: dir})
	if err == nil {
		r.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "put back a copy of its folder") {
		t.Error(err)
	}
}

// Damage in a long message is met first when that is read; its mailbox answers no more
// from there on, and only the keeper can do something about it.
func TestADamagedMessageSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	cfg := Config{DataDir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))}
	r := start(t, cfg)
	r.mustSend(t, "bob", strings.Repeat("x", 100_000), "")
	r.stop()
	file, err := os.OpenFile(filepath.Join(dir, dbFile), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(bytes.Repeat([]byte{0xff}, 40_960), info.Size()-49_152); err != nil {
		t.Fatal(err)
	}
	r = start(t, cfg)
	if status, body := do(t, "GET", r.url+"/getmessages?recipient_uid=bob&start_ref=0", ""); status != 500 {
		t.Errorf("%d %s", status, body)
	}
	r.stop()
	if !strings.Contains(log.String(), "put back a copy of its folder") {
		t.Errorf("log:\n%s", log.String())
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
	if ref, err := client.Send(t.Context(), mailbox.Outgoing{Recipient: "bob", Sender: "alice", Contents: "x"}); err != nil || ref < 1 {
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
