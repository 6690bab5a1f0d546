package relay

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"onetimechat/hostlink/mailbox"
)

// BenchmarkSend is a send over HTTP, its synced commit included.
func BenchmarkSend(b *testing.B) {
	contents := strings.Repeat("A", 256)
	for _, senders := range []int{1, 64} {
		for _, ids := range []bool{false, true} {
			b.Run(fmt.Sprintf("senders=%d/ids=%v", senders, ids), func(b *testing.B) {
				r := start(b, Config{MaxMailboxMessages: 1 << 40})
				var sent atomic.Int64
				var group sync.WaitGroup
				b.ResetTimer()
				for i := range senders {
					group.Go(func() {
						m := mailbox.Outgoing{Recipient: fmt.Sprintf("bob%d", i), Sender: "alice", Contents: contents}
						for n := sent.Add(1); n <= int64(b.N); n = sent.Add(1) {
							if ids {
								m.ID = fmt.Sprint(n)
							}
							if _, err := r.client.Send(b.Context(), m); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				group.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sends/s")
			})
		}
	}
}
