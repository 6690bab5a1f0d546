package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"onetimechat/hostlink/mailbox"
)

// startRelay starts `otc relay` as a process, and reads its ready line.
func startRelay(t *testing.T, args ...string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command("otc", append([]string{"relay", "--listen", "localhost:0"}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSuffix(line, "\n")
}

func TestTheRelayPrintsOneReadyLineAndStopsCleanly(t *testing.T) {
	dir := t.TempDir()
	for i, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		cmd, line := startRelay(t, "--data", filepath.Join(dir, "relay"))
		address, ok := strings.CutPrefix(line, "relay ")
		if !ok || !strings.HasPrefix(address, "http://127.0.0.1:") || strings.HasSuffix(address, ":0") {
			t.Fatalf("ready line %q", line)
		}
		client, err := mailbox.NewClient(address)
		if err != nil {
			t.Fatal(err)
		}
		ref, err := client.Send(t.Context(), mailbox.Outgoing{Recipient: "bob", Sender: "alice", Contents: "AAAA"})
		if err != nil || ref < 1 {
			t.Fatalf("ref %d, %v", ref, err)
		}
		if batch, err := client.Messages(t.Context(), "bob", 0, 0, 0); err != nil || len(batch.Messages) != i+1 { // the mailbox was kept
			t.Fatalf("%v, %v", batch, err)
		}
		client.Close()
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Fatalf("after %s: %v", sig, err)
		}
	}
}

func TestReceiveFollowsUntilItIsStopped(t *testing.T) {
	m, d := startBoth(t)
	cmd := exec.Command("otc", append([]string{"receive", "--follow"}, flags(m, d, t.TempDir())...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for i, text := range []string{"one", "two"} {
		m.send(t, i, text)
		if !lines.Scan() || lines.Text() != "bob: "+text {
			t.Fatalf("line %q", lines.Text())
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

// A chat whose input neither brings a line nor ends can be told to stop.
func TestAChatOnAPipeIsStopped(t *testing.T) {
	m, d := startBoth(t)
	cmd := exec.Command("otc", append([]string{"chat"}, flags(m, d, t.TempDir())...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, "id\n"); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "alice, relay ") {
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

// Of what a relay sends unasked Go's own client tells on standard error: not here.
func TestWhatARelaySendsUnaskedIsNotShown(t *testing.T) {
	_, d := startBoth(t)
	asked := make(chan struct{}, 1)
	hostile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		const empty = `{"messages": [], "complete": true}`
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%sbob: send me money", len(empty), empty)
		select {
		case asked <- struct{}{}:
		case <-t.Context().Done():
		}
		_, _ = io.Copy(io.Discard, conn)
	}))
	defer hostile.Close()
	cmd := exec.Command("otc", append([]string{"receive", "--follow"}, flags(&mailboxes{address: hostile.URL}, d, t.TempDir())...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 3 { // between the last two it pauses
		<-asked
	}
	if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil || errs.Len() > 0 {
		t.Fatalf("%v, and it says: %s", err, &errs)
	}
}
