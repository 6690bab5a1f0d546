package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"onetimechat/hostlink/mailbox"
)

// Of the load under which deliveries are measured.
const (
	senders   = 64
	sendsEach = 400
)

// delivering measures, with the relay in a process of its own, how long a
// message takes from the sender's request to the long poll of its recipient,
// while 64 senders send as fast as they can, each to somebody who waits; beside
// it how long they wait for the relay's answer, which has to be synced.
func delivering() (list []figure, err error) {
	err = withRelay(func(_ *process, at string) error {
		var answered, delivered [senders][]float64 // ms
		var errs [2 * senders]error
		var all sync.WaitGroup
		for i := range senders {
			recipient := fmt.Sprintf("bob%d", i)
			waiting := make(chan struct{})
			all.Go(func() { delivered[i], errs[2*i] = receiveAll(at, recipient, waiting) })
			<-waiting
			all.Go(func() { answered[i], errs[2*i+1] = sendAll(at, recipient) })
		}
		all.Wait()
		ways, answers := slices.Concat(delivered[:]...), slices.Concat(answered[:]...)
		for _, p := range []int{50, 99} {
			f := figure{Name: fmt.Sprintf("relay-deliver-p%d", p), Value: percentile(ways, p), Unit: "ms"}.against(percentile(answers, p))
			if p == 50 {
				f = f.goal("none", true)
			} else {
				f = f.goal("< 50 ms", f.Value < 50)
			}
			list = append(list, f)
		}
		return errors.Join(errs[:]...)
	})
	return list, err
}

// percentile is the value that p of a hundred do not exceed.
func percentile(values []float64, p int) float64 {
	slices.Sort(values)
	return values[min(len(values)-1, len(values)*p/100)]
}

// withRelay has a relay run in a process of its own.
func withRelay(use func(relay *process, at string) error) (err error) {
	dir, err := os.MkdirTemp("out", "bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := buildPrograms(dir); err != nil {
		return err
	}
	relay, at, err := launchRelay(dir, filepath.Join(dir, "relay"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, relay.stop()) }()
	return use(relay, at)
}

// stampLength is that of a moment in the contents of a message, which have the
// 268 bytes of a package of 200 in base64.
const stampLength = 20

// sendAll sends one message after the other, each with the moment it is sent,
// and says how long each answer took.
func sendAll(at, recipient string) (took []float64, err error) {
	err = repeat(at, sendsEach, func(c *conn) error {
		began := time.Now()
		contents := fmt.Sprintf("%0*d%s", stampLength, began.UnixNano(), strings.Repeat("A", 268-stampLength))
		err := c.send(recipient, contents)
		took = append(took, 1e3*time.Since(began).Seconds())
		return err
	})
	return took, err
}

// receiveAll waits for all that is sent to a recipient, and says how long each
// message was on its way. It closes waiting before it first asks.
func receiveAll(at, recipient string, waiting chan<- struct{}) (took []float64, err error) {
	tcp, err := net.Dial("tcp", at)
	close(waiting)
	if err != nil {
		return nil, err
	}
	defer tcp.Close()
	c := &conn{tcp, bufio.NewReader(tcp)}
	for next := int64(0); len(took) < sendsEach; {
		if _, err := fmt.Fprint(c, pollFor(recipient, next)); err != nil {
			return nil, err
		}
		resp, err := http.ReadResponse(c.answers, nil)
		if err != nil {
			return nil, err
		}
		var got struct {
			Messages []mailbox.Message `json:"messages"`
		}
		if err := errors.Join(json.NewDecoder(resp.Body).Decode(&got), resp.Body.Close()); err != nil {
			return nil, err
		}
		now := time.Now()
		if len(got.Messages) == 0 {
			return nil, fmt.Errorf("%s waits for a message that does not come", recipient)
		}
		for _, m := range got.Messages {
			sent, err := strconv.ParseInt(m.Contents[:stampLength], 10, 64)
			if err != nil {
				return nil, err
			}
			took = append(took, 1e3*now.Sub(time.Unix(0, sent)).Seconds())
			next = m.Ref + 1
		}
	}
	return took, nil
}

// pollFor is the request that waits for a message.
func pollFor(recipient string, next int64) string {
	return fmt.Sprintf("GET /getmessages?recipient_uid=%s&start_ref=%d&wait=%d HTTP/1.1\r\nHost: relay\r\n\r\n", recipient, next, mailbox.MaxWait)
}
