package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"onetimechat/hostlink/mailbox"
)

// maxAnswer is how long an answer of getmessages grows before it is cut, in
// bytes. One message always fits.
const maxAnswer = 8 << 20

// question is what getmessages asks.
type question struct {
	recipient string
	from      origin
	start     int64
	max       int64 // messages, -1 for as many as there are
	wait      time.Duration
}

// answer is a list of messages as it travels. giveBack must follow.
type answer struct {
	count    int
	messages bytes.Buffer // JSON, with commas between
	complete bool
	loan
}

// ask reads a mailbox, and waits for a message when there is none.
func (r *Relay) ask(ctx context.Context, q question) (*answer, error) {
	a, err := r.read(q)
	if err != nil || q.wait == 0 || !a.empty() {
		return a, err
	}
	if !r.polls.take(q.from, 1) {
		return nil, errTooManyPolls
	}
	defer r.polls.give(q.from, 1)
	timer := time.NewTimer(q.wait)
	defer timer.Stop()
	for {
		a, more, err := r.askOnce(ctx, q, timer)
		if err != nil || !more {
			return a, err
		}
	}
}

// askOnce reads a mailbox and, when it is empty, waits for its bell. more says
// that the bell has rung.
func (r *Relay) askOnce(ctx context.Context, q question, timer *time.Timer) (a *answer, more bool, err error) {
	bell := r.bells.wait(q.recipient)
	defer r.bells.leave(q.recipient, bell)
	a, err = r.read(q)
	if err != nil || !a.empty() {
		return a, false, err
	}
	select {
	case <-bell.rung:
		return nil, true, nil
	case <-timer.C:
	case <-r.stopping:
	case <-ctx.Done():
	}
	return a, false, nil
}

// empty says that there is nothing to tell, not even that there is more.
func (a *answer) empty() bool { return a.count == 0 && a.complete }

// read collects the messages of a mailbox until one of the limits. The bytes
// are borrowed from the relay's budget; giveBack gives them back.
func (r *Relay) read(q question) (*answer, error) {
	a := &answer{complete: true, loan: loan{budget: r.answers, from: q.from}}
	if box, _ := r.store.mailbox(q.recipient); box.highest < q.start || box.count == 0 {
		return a, nil // most polls end here, without the database
	}
	if err := r.collect(q, a); err != nil {
		a.giveBack()
		return nil, err
	}
	return a, nil
}

func (r *Relay) collect(q question, a *answer) error {
	limit := int64(-1)
	if q.max >= 0 {
		limit = q.max + 1 // one more, to see whether the list is cut
	}
	rows, err := r.store.readFrom.Query(q.recipient, q.start, limit)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		m := mailbox.Message{RecipientUID: q.recipient}
		if err := rows.Scan(&m.Ref, &m.SenderUID, &m.Contents); err != nil {
			return err
		}
		fits := int64(a.count) != q.max
		if fits {
			if fits, err = a.append(m); err != nil {
				return err
			}
		}
		if !fits {
			a.complete = false
			return nil
		}
	}
	return rows.Err()
}

// append adds one message, unless the answer or the budget has no more room.
// An answer that cannot hold even its first message is an error.
func (a *answer) append(m mailbox.Message) (fits bool, err error) {
	text, err := json.Marshal(m)
	if err != nil {
		return false, err
	}
	n := int64(len(text)) + 1
	if a.count > 0 && a.size+n > maxAnswer {
		return false, nil
	}
	if !a.grow(n) {
		if a.count == 0 {
			return false, errBudget
		}
		return false, nil
	}
	if a.count > 0 {
		a.messages.WriteByte(',')
	}
	a.messages.Write(text)
	a.count++
	return true, nil
}
