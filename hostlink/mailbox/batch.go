package mailbox

import (
	"encoding/json"
	"fmt"
	"io"

	"onetimechat/padstore/uid"
)

// decodeBatch reads an answer of getmessages piece by piece, so that no more
// than limit messages are ever held, and checks each as it comes.
func decodeBatch(body io.Reader, recipient string, start int64, limit int) (Batch, error) {
	d := batchDecoder{json: json.NewDecoder(body), recipient: recipient, next: start, limit: limit}
	if err := d.object(); err != nil {
		return Batch{}, fmt.Errorf("%w: %w", ErrNotRelay, err)
	}
	return d.batch, nil
}

type batchDecoder struct {
	json      *json.Decoder
	recipient string
	next      int64 // the lowest ref that may come now
	limit     int   // messages that may be in one answer
	batch     Batch
}

func (d *batchDecoder) object() error {
	if err := d.delim('{'); err != nil {
		return err
	}
	var messages, complete bool // seen
	for d.json.More() {
		key, err := d.json.Token()
		if err != nil {
			return errNotJSON
		}
		switch key {
		case "messages":
			if messages {
				return fmt.Errorf("two lists of messages")
			}
			messages, err = true, d.list()
		case "complete":
			complete, err = true, d.value(&d.batch.Complete)
		default:
			err = d.value(new(json.RawMessage))
		}
		if err != nil {
			return err
		}
	}
	if err := d.delim('}'); err != nil {
		return err
	}
	if !messages || !complete {
		return fmt.Errorf("no messages")
	}
	if len(d.batch.Messages) == 0 && !d.batch.Complete {
		return fmt.Errorf("more messages, but none here") // would be asked for again for ever
	}
	return nil
}

func (d *batchDecoder) list() error {
	if err := d.delim('['); err != nil {
		return err
	}
	for d.json.More() {
		if len(d.batch.Messages) == d.limit {
			return fmt.Errorf("more messages than asked for")
		}
		var m Message
		if err := d.value(&m); err != nil {
			return err
		}
		if m.Ref < d.next || m.Ref > MaxRef || m.RecipientUID != d.recipient {
			return fmt.Errorf("a message that was not asked for")
		}
		d.next = m.Ref + 1
		if !uid.Valid(m.SenderUID) {
			m.SenderUID = ""
		}
		if len(m.Contents) > MaxContents {
			m.Contents = ""
		}
		d.batch.Messages = append(d.batch.Messages, m)
	}
	return d.delim(']')
}

var errNotJSON = fmt.Errorf("not the JSON expected")

func (d *batchDecoder) value(into any) error {
	if d.json.Decode(into) != nil {
		return errNotJSON
	}
	return nil
}

func (d *batchDecoder) delim(want json.Delim) error {
	if token, err := d.json.Token(); err != nil || token != want {
		return errNotJSON
	}
	return nil
}
