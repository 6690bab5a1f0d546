package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onetimechat/hostlink/mailbox"
)

// A relay runs longer than its certificate lasts: a renewed one is taken up, and
// what is half written, or gone, changes nothing. Its keeper is told once.
func TestARenewedCertificateIsTakenUp(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "relay.pem"), filepath.Join(dir, "relay.key")
	at := time.Unix(1_800_000_000, 0)
	put := func(name string, data []byte) {
		t.Helper()
		at = at.Add(time.Second)
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	told := func(want int) {
		t.Helper()
		if n := strings.Count(log.String(), "level=WARN"); n != want {
			t.Errorf("told %d times, want %d:\n%s", n, want, log.String())
		}
	}
	chain, private, first := selfSigned(t)
	put(cert, chain)
	if _, err := certificate(cert, key, slog.New(slog.NewTextHandler(&log, nil))); err == nil {
		t.Fatal("a relay without its key was begun")
	}
	put(key, private)
	conf, err := certificate(cert, key, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	shows := func(want []byte) {
		t.Helper()
		pair, err := conf.GetCertificate(&tls.ClientHelloInfo{})
		if err != nil || !bytes.Equal(pair.Certificate[0], want) {
			t.Errorf("another certificate, %v", err)
		}
	}
	shows(first)
	chain, private, second := selfSigned(t)
	told(0)
	put(cert, chain) // whose key is still the first one's
	shows(first)
	put(key, private[:len(private)/2])
	shows(first)
	told(1)
	put(key, private)
	shows(second)
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	shows(second)
	told(2)
}

func TestTheRelaysSizeIsItsKeepersToSay(t *testing.T) {
	_, line := startRelay(t, "--data", filepath.Join(t.TempDir(), "relay"), "--size", "1KiB")
	client, err := mailbox.NewClient(strings.TrimPrefix(line, "relay "))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	send := func() error {
		_, err := client.Send(t.Context(), mailbox.Outgoing{Recipient: "bob", Sender: "alice", Contents: strings.Repeat("A", 1024)})
		return err
	}
	if err := send(); err != nil {
		t.Fatal(err)
	}
	busy, ok := errors.AsType[*mailbox.BusyError](send())
	if !ok || busy.Code != http.StatusServiceUnavailable {
		t.Errorf("the second KiB: %v", busy)
	}
}

func selfSigned(t *testing.T) (chain, private, der []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err = x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	scalar, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: scalar}), der
}

// A port alone is one of this computer, as everywhere that an address is typed.
func TestAPortAloneIsOfThisComputer(t *testing.T) {
	_, line := startRelay(t, "--data", filepath.Join(t.TempDir(), "relay"), "--listen", "0")
	if !strings.HasPrefix(line, "relay http://127.0.0.1:") {
		t.Errorf("it listens at %q", line)
	}
}
