package main

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"onetimechat/hostlink"
	"onetimechat/hostlink/relay"
)

// restingDevice is a pad device that only says whose it is.
type restingDevice struct{ hostlink.Device }

func (restingDevice) Status(time.Time) hostlink.Status {
	return hostlink.Status{Owner: "alice", Screen: "home", Pads: []hostlink.Pad{}}
}

// starting measures how long otc takes from its start until it has asked pad
// device and relay and answers a command, beside a start that asks nobody.
func starting(dir string) (list []figure, err error) {
	if err := buildPrograms(dir); err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "otc")
	r, err := relay.Open(relay.Config{DataDir: filepath.Join(dir, "relay")})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 2)
	relayAt, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		stop()
		return nil, err
	}
	go func() { served <- r.Serve(ctx, relayAt, nil) }()
	defer func() { stop(); err = errors.Join(err, <-served) }()
	deviceAt, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() { served <- hostlink.NewServer(restingDevice{}, hostlink.Options{}).Serve(ctx, deviceAt) }()
	defer func() { stop(); err = errors.Join(err, <-served) }()

	var prompts, bare []float64 // ms, interleaved
	for range 21 {
		began := time.Now()
		if err := exec.Command(program, "help").Run(); err != nil {
			return nil, err
		}
		bare = append(bare, 1e3*time.Since(began).Seconds())
		took, err := toPrompt(exec.Command(program, "chat", "--data", filepath.Join(dir, "alice"),
			relayAt.Addr().String(), deviceAt.Addr().String(), "alice"))
		if err != nil {
			return nil, err
		}
		prompts = append(prompts, 1e3*took.Seconds())
	}
	ms := median(prompts)
	return []figure{figure{Name: "otc-start", Value: ms, Unit: "ms"}.against(median(bare)).goal("< 100 ms", ms < 100)}, nil
}

// toPrompt starts a chat and returns how long it took to answer the command id.
func toPrompt(chat *exec.Cmd) (took time.Duration, err error) {
	chat.Stdin = strings.NewReader("id\n")
	out, err := chat.StdoutPipe()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := chat.Start(); err != nil {
		return 0, err
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if took == 0 && strings.HasPrefix(lines.Text(), "alice, relay ") {
			took = time.Since(began)
		}
	}
	err = chat.Wait()
	if err == nil && took == 0 {
		err = errors.New("the chat answered nothing")
	}
	return took, err
}
