package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"onetimechat/hostlink/mailbox"
	"onetimechat/hostlink/relay"
)

// relaySends measures accepted, synced sends of 200-byte packages over HTTP,
// beside requests of as many clients that the relay need not keep.
func relaySends() (list []figure, err error) {
	dir, err := os.MkdirTemp("out", "bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
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
	url := "http://" + listener.Addr().String()
	one, err := sends(ctx, url, 1, 400)
	if err != nil {
		return nil, err
	}
	many, err := sends(ctx, url, 64, 400)
	if err != nil {
		return nil, err
	}
	return []figure{one.goal("none", true), many.goal("≥ 10 000/s", many.Value >= 10_000)}, nil
}

// sends lets senders clients send each messages, after as many empty requests.
func sends(ctx context.Context, url string, senders, each int) (figure, error) {
	contents := strings.Repeat("A", 268) // 200 bytes in base64
	limit, err := inParallel(ctx, url, senders, each, func(c *mailbox.Client, _ int) error { return c.Check(ctx) })
	if err != nil {
		return figure{}, err
	}
	rate, err := inParallel(ctx, url, senders, each, func(c *mailbox.Client, sender int) error {
		_, err := c.Send(ctx, mailbox.Outgoing{Recipient: "bob", Sender: fmt.Sprintf("s%d", sender), Contents: contents})
		return err
	})
	return figure{Name: fmt.Sprintf("relay-send-%d", senders), Value: rate, Unit: "/s"}.against(limit), err
}

// inParallel returns how many calls a second all clients together get done.
func inParallel(ctx context.Context, url string, clients, each int, call func(*mailbox.Client, int) error) (float64, error) {
	errs := make([]error, clients)
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range clients {
		wg.Go(func() {
			c, err := mailbox.NewClient(url)
			if err != nil {
				errs[i] = err
				return
			}
			defer c.Close()
			for range each {
				if errs[i] = call(c, i); errs[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(clients*each) / time.Since(begin).Seconds(), errors.Join(errs...)
}
