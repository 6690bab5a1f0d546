package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// idlePolls is how many people wait for a message that does not come.
const idlePolls = 10_000

// idling measures how much memory a relay has while 10 000 people wait for
// messages; beside it while nobody does. Either end of the connections is in a
// process of its own: a process has less than 20 000 descriptors in some
// places. (Go raises the soft limit to the hard one by itself.)
func idling() (list []figure, err error) {
	err = withRelay(func(relay *process, at string) error {
		alone, err := relay.resident(1e6)
		if err != nil {
			return err
		}
		for i := range idlePolls {
			c, err := net.Dial("tcp", at)
			if err != nil {
				return err
			}
			defer c.Close()
			if _, err := fmt.Fprint(c, pollFor(fmt.Sprintf("idle%d", i), 0)); err != nil {
				return err
			}
		}
		if err := allWait(at); err != nil {
			return err
		}
		waited, err := relay.resident(1e6)
		f := figure{Name: "relay-idle-10000", Value: waited, Unit: "MB"}.against(alone)
		list = []figure{f.goal("< 250 MB", waited < 250)}
		return err
	})
	return list, err
}

// allWait waits until the relay says that all the polls wait.
func allWait(at string) error {
	for {
		resp, err := http.Get("http://" + at + "/metrics")
		if err != nil {
			return err
		}
		var waiting int
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if text, ok := strings.CutPrefix(lines.Text(), "otc_relay_waiting_requests "); ok {
				if waiting, err = strconv.Atoi(text); err != nil {
					return err
				}
			}
		}
		if err := resp.Body.Close(); err != nil || waiting == idlePolls {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}
