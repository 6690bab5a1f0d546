package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/hostlink/host"
)

// held is a Place whose lock somebody holds for so long.
type held struct {
	host.Place
	time time.Duration
}

func (h held) Lock(context.Context, string) (func(), error) {
	time.Sleep(h.time)
	return func() {}, nil
}

func TestWhoWaitsForAnotherProcessIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var errs bytes.Buffer
		u := newUI(&bytes.Buffer{}, &errs, func(string) string { return "" })
		for _, c := range []struct {
			time time.Duration
			told int
		}{{patience / 2, 0}, {2 * patience, 1}} {
			errs.Reset()
			p := &patient{Place: held{time: c.time}, ui: u}
			for range 2 {
				if _, err := p.Lock(t.Context(), "sending"); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			if got := strings.Count(errs.String(), "comes first"); got != c.told {
				t.Errorf("after %s each: %q", c.time, errs.String())
			}
		}
	})
}
