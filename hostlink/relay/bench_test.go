package relay

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"onetimechat/hostlink/mailbox"
)

// BenchmarkSend is a send over HTTP with an id and a synced commit, each
// sender into a mailbox of its own: from the package's client, and over bare
// connections, which leave more of the machine to the relay.
func BenchmarkSend(b *testing.B) {
	for _, senders := range []int{1, 64} {
		b.Run(fmt.Sprintf("client/senders=%d", senders), func(b *testing.B) {
			benchmarkSend(b, senders, func(r *running) send {
				return func(ctx context.Context, m mailbox.Outgoing) error {
					_, err := r.client.Send(ctx, m)
					return err
				}
			})
		})
		b.Run(fmt.Sprintf("bare/senders=%d", senders), func(b *testing.B) {
			benchmarkSend(b, senders, func(r *running) send { return bareSender(b, r.url) })
		})
	}
}

type send func(context.Context, mailbox.Outgoing) error

func benchmarkSend(b *testing.B, senders int, sender func(*running) send) {
	r := start(b, Config{MaxMailboxMessages: 1 << 40, MaxSenderMessages: 1 << 40, MaxSenderBytes: 1 << 40})
	contents := strings.Repeat("A", 256)
	var sent atomic.Int64
	var group sync.WaitGroup
	b.ResetTimer()
	for i := range senders {
		send := sender(r)
		group.Go(func() {
			m := mailbox.Outgoing{Recipient: fmt.Sprintf("bob%d", i), Sender: "alice", Contents: contents}
			for n := sent.Add(1); n <= int64(b.N); n = sent.Add(1) {
				m.ID = fmt.Sprint(n)
				if err := send(b.Context(), m); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sends/s")
}

// bareSender writes requests to one connection and reads the answers.
func bareSender(b *testing.B, base string) send {
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	answers := bufio.NewReader(conn)
	return func(_ context.Context, m mailbox.Outgoing) error {
		form := "recipient_uid=" + m.Recipient + "&sender_uid=" + m.Sender + "&contents=" + url.QueryEscape(m.Contents) + "&id=" + m.ID
		if _, err := fmt.Fprintf(conn, "POST /send HTTP/1.1\r\nHost: relay\r\nContent-Length: %d\r\n\r\n%s", len(form), form); err != nil {
			return err
		}
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		var reply mailbox.SendReply
		if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil || !reply.Received {
			return fmt.Errorf("status %d: %v", resp.StatusCode, err)
		}
		return nil
	}
}
