package adversary

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// Two laptops use one device at once, and two processes one outbox: every text
// is approved once, sealed once and delivered once.
func TestTwoLaptopsAndTwoProcessesShareADevice(t *testing.T) {
	w := newWorld(t, "64KiB")
	w.alice.tapping()
	w.bob.tapping()
	second := *w.laptop(t, w.alice)
	var all sync.WaitGroup
	const each = 3
	for client, p := range []*person{w.alice, w.alice, &second} { // two processes share the first one's outbox
		all.Go(func() {
			for i := range each {
				if exit, output := p.says("send", "bob", fmt.Sprintf("word-%d-%d", client, i)); exit != 0 {
					t.Errorf("client %d: exit code %d, %s", client, exit, output)
				}
			}
		})
	}
	all.Wait()
	// Bob's two laptops fetch at once too.
	other := *w.laptop(t, w.bob)
	var mu sync.Mutex
	var texts []string
	for _, p := range []*person{w.bob, w.bob, &other} {
		all.Go(func() {
			_, got := p.receive()
			mu.Lock()
			defer mu.Unlock()
			for _, a := range got {
				if a.Type == "message" {
					texts = append(texts, a.Text)
				}
				if a.Skip {
					t.Errorf("bob is warned: %+v", a)
				}
			}
		})
	}
	all.Wait()
	if slices.Sort(texts); len(texts) != 3*each || len(slices.Compact(texts)) != 3*each {
		t.Errorf("bob reads %q", texts)
	}
	if n := w.alice.tapped("approve", ""); n != 3*each {
		t.Errorf("alice was asked %d times", n)
	}
}

// laptop is a second laptop of p's, with an outbox of its own.
func (w *world) laptop(t *testing.T, p *person) *person {
	return &person{t: t, name: p.name, host: p.host, finger: p.finger, env: append(slices.Clone(p.env), "OTC_DATA="+t.TempDir())}
}

// couples is how many pairs of devices share a relay: 64 devices.
const couples = 32

// Sixty-four devices talk through one relay at once, and nobody gets anything
// that was not sent to them.
func TestSixtyFourDevicesOnOneRelay(t *testing.T) {
	first := newWorld(t, "16KiB")
	people := []*person{first.alice, first.bob}
	for i := 1; i < couples; i++ {
		dir := t.TempDir()
		a, b := fmt.Sprint("alice", i), fmt.Sprint("bob", i)
		pads := makePads(t, dir, a, b, "16KiB")
		people = append(people, enter(t, dir, a, pads, first.address), enter(t, dir, b, pads, first.address))
	}
	for _, p := range people {
		p.tapping()
	}
	began := time.Now()
	var all sync.WaitGroup
	for i := 0; i < len(people); i += 2 {
		a, b := people[i], people[i+1]
		all.Go(func() {
			for _, turn := range [][2]*person{{a, b}, {b, a}} {
				text := "from-" + turn[0].name
				if exit, output := turn[0].says("send", turn[1].name, text); exit != 0 {
					t.Errorf("%s: exit code %d, %s", turn[0].name, exit, output)
				}
				if _, got := turn[1].receive(); len(got) != 1 || got[0].brief() != text || got[0].From != turn[0].name {
					t.Errorf("%s reads %+v", turn[1].name, got)
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d devices, a message each: %v", len(people), time.Since(began))
}
