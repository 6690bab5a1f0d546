package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"onetimechat/hostlink/relay"
)

// relaySends measures accepted, synced sends of 200-byte packages over HTTP,
// beside requests of as many clients that the relay need not keep.
func relaySends(dir string) (list []figure, err error) {
	r, err := relay.Open(relay.Config{DataDir: dir})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- r.Serve(ctx, listener, nil) }()
	defer func() {
		stop()
		err = errors.Join(err, <-served)
	}()
	addr := listener.Addr().String()
	one, err := sends(addr, 1, 1000)
	if err != nil {
		return nil, err
	}
	many, err := sends(addr, 64, 500)
	if err != nil {
		return nil, err
	}
	return []figure{one.goal("none", true), many.goal("≥ 10 000/s", many.Value >= 10_000)}, nil
}

// sends lets senders send each messages over a connection of their own, after as
// many requests that the relay need not keep. The connections are bare, to leave
// the machine to the relay: both run here.
func sends(addr string, senders, each int) (figure, error) {
	contents := strings.Repeat("A", 268) // 200 bytes in base64
	limit, err := inParallel(addr, senders, each, func(c *conn, _ int) error {
		return c.do("GET /check HTTP/1.1\r\nHost: relay\r\n\r\n")
	})
	if err != nil {
		return figure{}, err
	}
	rate, err := inParallel(addr, senders, each, func(c *conn, sender int) error {
		return c.send(fmt.Sprintf("bob%d", sender), contents)
	})
	return figure{Name: fmt.Sprintf("relay-send-%d", senders), Value: rate, Unit: "/s"}.against(limit), err
}

// conn is one connection to the relay.
type conn struct {
	net.Conn
	answers *bufio.Reader
}

// send sends contents that a form need not escape.
func (c *conn) send(recipient, contents string) error {
	form := fmt.Sprintf("recipient_uid=%s&sender_uid=alice&contents=%s", recipient, contents)
	return c.do(fmt.Sprintf("POST /send HTTP/1.1\r\nHost: relay\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(form), form))
}

func (c *conn) do(request string) error {
	if _, err := io.WriteString(c, request); err != nil {
		return err
	}
	resp, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the relay answers %s", resp.Status)
	}
	return nil
}

// inParallel returns how many calls a second all clients together get done.
func inParallel(addr string, clients, each int, call func(*conn, int) error) (float64, error) {
	errs := make([]error, clients)
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range clients {
		wg.Go(func() { errs[i] = repeat(addr, each, func(c *conn) error { return call(c, i) }) })
	}
	wg.Wait()
	return float64(clients*each) / time.Since(begin).Seconds(), errors.Join(errs...)
}

func repeat(addr string, times int, call func(*conn) error) error {
	tcp, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer tcp.Close()
	c := &conn{tcp, bufio.NewReader(tcp)}
	for range times {
		if err := call(c); err != nil {
			return err
		}
	}
	return nil
}
