package mailbox

import (
	"errors"
	"strings"
	"testing"

	"onetimechat/padstore/uid"
)

// FuzzAnswer gives the client any answer to getmessages: it is refused as no
// relay's, or everything in it is as Messages promises.
func FuzzAnswer(f *testing.F) {
	f.Add(`{"recipient_uid":"bob","count":1,"messages":[{"ref":1,"recipient_uid":"bob","sender_uid":"alice","contents":"…"}],"complete":true}`)
	f.Add(`{"complete":false,"x":[{}],"messages":[{"ref":1,"recipient_uid":"bob","sender_uid":"","contents":"x"},{"ref":3,"recipient_uid":"bob"}]}`)
	for _, answer := range hostileBatches() {
		if len(answer) < 1000 {
			f.Add(answer)
		}
	}
	f.Fuzz(func(t *testing.T, answer string) {
		for _, c := range []byte(errorReply([]byte(answer)).Message) {
			if c < ' ' || c > '~' {
				t.Fatalf("error text with byte %#x", c)
			}
		}
		const start, limit = 1, 3
		batch, err := decodeBatch(strings.NewReader(answer), "bob", start, limit)
		if err != nil {
			if !errors.Is(err, ErrNotRelay) || len(batch.Messages) != 0 {
				t.Fatalf("%d messages and %v", len(batch.Messages), err)
			}
			return
		}
		if len(batch.Messages) > limit || len(batch.Messages) == 0 && !batch.Complete {
			t.Fatalf("%d messages, complete %v", len(batch.Messages), batch.Complete)
		}
		last := int64(start - 1)
		for _, m := range batch.Messages {
			if m.Ref <= last || m.Ref > MaxRef || m.RecipientUID != "bob" || m.SenderUID != "" && !uid.Valid(m.SenderUID) || len(m.Contents) > MaxContents {
				t.Fatalf("after ref %d: %+v", last, m)
			}
			last = m.Ref
		}
	})
}
