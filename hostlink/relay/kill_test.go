package relay

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"onetimechat/hostlink/mailbox"
)

// childDir tells the test binary to be a relay on that directory instead.
const childDir = "RELAY_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		fmt.Fprintln(os.Stderr, child(dir))
		os.Exit(1) // only a kill ends it
	}
	os.Exit(m.Run())
}

func child(dir string) error {
	r, err := Open(Config{DataDir: dir})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	return r.Serve(context.Background(), listener, nil)
}

// startChild runs a relay in a process of its own.
func startChild(t *testing.T, dir string) (*exec.Cmd, *mailbox.Client) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	client, err := mailbox.NewClient("http://" + strings.TrimSpace(address))
	if err != nil {
		t.Fatal(err)
	}
	return cmd, client
}

// Senders repeat each message with its id until it is acknowledged, through
// several kills of the relay. In the end each is there exactly once, under the
// ref that was acknowledged.
func TestAcknowledgedMessagesSurviveKill(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	const senders, kills = 6, 4

	acknowledged := make([]map[string]int64, senders) // contents to ref
	for i := range acknowledged {
		acknowledged[i] = make(map[string]int64)
	}
	for range kills {
		cmd, client := startChild(t, dir)
		kill := sync.OnceFunc(func() {
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		})
		var sent atomic.Int64
		after := 1 + random.Int64N(60)
		var group sync.WaitGroup
		for i := range senders {
			group.Go(func() {
				sendUntilDead(t, client, i, acknowledged[i], func() {
					if sent.Add(1) == after {
						kill() // while the other senders are anywhere within a commit
					}
				})
			})
		}
		group.Wait()
		cmd.Wait() // its error is the kill
		client.Close()
	}
	checkOnce(t, start(t, Config{DataDir: dir}), acknowledged)
}

// sendUntilDead sends numbered messages, beginning with the one that was not
// acknowledged last time, until the relay is gone.
func sendUntilDead(t *testing.T, client *mailbox.Client, sender int, acknowledged map[string]int64, sent func()) {
	for {
		contents := fmt.Sprintf("%d of %d", len(acknowledged), sender)
		ref, err := client.Send(t.Context(), mailbox.Outgoing{
			Recipient: fmt.Sprintf("bob%d", sender%2), Sender: "alice", Contents: contents, ID: contents,
		})
		if errors.Is(err, mailbox.ErrUnreachable) {
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		acknowledged[contents] = ref
		sent()
	}
}

func checkOnce(t *testing.T, r *running, acknowledged []map[string]int64) {
	t.Helper()
	kept := make(map[string]int64)
	for box := range 2 {
		for _, m := range r.all(t, fmt.Sprintf("bob%d", box)) {
			if kept[m.Contents] != 0 {
				t.Errorf("%q is there twice", m.Contents)
			}
			kept[m.Contents] = m.Ref
		}
	}
	total := 0
	for _, messages := range acknowledged {
		total += len(messages)
		for contents, ref := range messages {
			if kept[contents] != ref {
				t.Errorf("%q: ref %d was acknowledged, %d is there", contents, ref, kept[contents])
			}
		}
	}
	if extra := len(kept) - total; extra > len(acknowledged) { // each sender's last may have been kept without an answer
		t.Errorf("%d messages that nobody was told of", extra)
	}
	t.Logf("%d acknowledged", total)
}
