package adversary

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"onetimechat/hostlink/mailbox"
)

var (
	kills = flag.Int("kills", 16, "how many processes TestAConversationThroughKills kills")
	seed  = flag.Uint64("seed", 0, "of its choices; 0 means another one each time")
)

// lastKill is the latest moment of a kill after the beginning of a command: by
// then a command that nobody disturbs is over.
const lastKill = 1100 * time.Millisecond

// conversation is what was said and heard, for the judgement at the end.
type conversation struct {
	*world
	t      *testing.T
	random *rand.Rand
	sent   map[string]string // text to recipient: it has to arrive
	heard  map[string][]arrival
	// powerCuts counts the kills of a device. Without one no warning is right.
	powerCuts int
	killed    map[string]int
}

// Client, relay and devices are killed at any moment of a conversation, one
// after the other, and started again. In the end every text was opened once,
// or its reader was told that one is lost; no pad served twice; nobody was
// warned but after a device lost its power.
func TestAConversationThroughKills(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed %d -kills %d", *seed, *kills)
	c := &conversation{
		world: newWorld(t, "4MiB"), t: t, random: rand.New(rand.NewPCG(*seed, 0)),
		sent: map[string]string{}, heard: map[string][]arrival{}, killed: map[string]int{},
	}
	c.alice.tapping()
	c.bob.tapping()
	for n := 0; n < *kills; n += 2 {
		from, to := c.alice, c.bob
		if c.random.IntN(2) == 0 {
			from, to = to, from
		}
		c.say(from, to, fmt.Sprintf("word-%06d", n))
		c.hear(to)
		if t.Failed() {
			t.Fatalf("after %d kills", n+2)
		}
	}
	for _, p := range []*person{c.alice, c.bob} {
		if exit, output := p.says("outbox", "retry"); exit != 0 {
			t.Fatalf("%s's outbox: %s", p.name, output)
		}
	}
	c.drain(c.alice)
	c.drain(c.bob)
	c.judge()
	c.noPadTwice()
	t.Logf("killed %v; alice was warned %d times, bob %d times", c.killed, c.alice.warned(), c.bob.warned())
}

// disturbed runs a command of p's laptop and kills something meanwhile. It
// returns the exit code, -1 after a kill.
func (c *conversation) disturbed(p *person, args ...string) (exit int, output []byte) {
	c.t.Helper()
	cmd := p.otc(soon(c.t), args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // its error is the exit code
		close(ended)
	}()
	select {
	case <-time.After(time.Duration(c.random.Int64N(int64(lastKill)))):
	case <-ended:
	}
	victim := []string{"client", "device", "relay"}[c.random.IntN(3)]
	c.killed[victim]++
	switch victim {
	case "client":
		_ = cmd.Process.Kill() // it may be over
	case "device":
		c.powerCuts++
		p.device.kill()
		p.device.start()
	case "relay":
		c.relay.kill()
		c.relay.start()
	}
	<-ended
	return cmd.ProcessState.ExitCode(), out.Bytes()
}

// say has text sent, as a person would who reads what otc says: what may not
// have been sent is sent again.
func (c *conversation) say(from, to *person, text string) {
	c.t.Helper()
	exit, output := c.disturbed(from, "send", to.name, text)
	for range 8 {
		_, outbox := from.says("outbox")
		unsure := strings.Contains(outbox, "was never sent")
		switch {
		case exit == 0, exit == 5 && !unsure, exit == -1 && !unsure && from.tapped("approve", text) > 0:
			c.sent[text] = to.name
			return
		case exit == -1 && !unsure && from.tapped("approve", text) == 0:
			return // it was never approved: it must not arrive
		}
		var said string
		exit, said = from.says("send", to.name, text)
		output = append(output, said...)
	}
	c.t.Errorf("%q cannot be sent: %s", text, output)
}

// hear receives once with a kill in between, and then in peace.
func (c *conversation) hear(p *person) {
	c.t.Helper()
	_, output := c.disturbed(p, "receive", "--json")
	c.heard[p.name] = append(c.heard[p.name], arrivals(bytes.NewReader(output))...)
	c.drain(p)
}

func (c *conversation) drain(p *person) {
	c.t.Helper()
	var exit int
	for range 8 {
		var all []arrival
		exit, all = p.receive()
		c.heard[p.name] = append(c.heard[p.name], all...)
		if exit == 0 || exit == 6 {
			break
		}
	}
	if exit != 0 && exit != 6 {
		c.t.Errorf("%s cannot receive: exit code %d", p.name, exit)
	}
	for _, a := range c.heard[p.name] {
		if c.powerCuts == 0 && (a.Type != "message" || a.Skip || a.Reuse) {
			c.t.Errorf("%s is warned of nothing: %+v", p.name, a)
		}
	}
}

// judge holds what was heard against what was said.
func (c *conversation) judge() {
	lost := 0 // texts that were named as lost
	refs := map[string][]int64{}
	skips := map[string]int{}
	for name, all := range c.heard {
		counted := map[int64]string{}
		for _, a := range all {
			if before, again := counted[a.Ref]; again && before != a.Type+a.Text {
				c.t.Errorf("%s has two outcomes under ref %d: %q and %+v", name, a.Ref, before, a)
			} else if again {
				continue // shown again, because it was killed before it could note that it had shown it
			}
			counted[a.Ref] = a.Type + a.Text
			if a.Skip {
				skips[name]++
			}
			switch {
			case a.Type == "message" && !a.Reuse:
				refs[a.Text] = append(refs[a.Text], a.Ref)
				if c.sent[a.Text] != name {
					c.t.Errorf("%s reads %q, which was not sent to them", name, a.Text)
				}
			case a.Outcome == "opened, text lost":
				lost++
			default:
				c.t.Errorf("%s is told %+v", name, a)
			}
		}
	}
	missing := 0
	for text := range c.sent {
		switch len(refs[text]) {
		case 1:
		case 0:
			missing++
		default:
			c.t.Errorf("%q came %d times: %d", text, len(refs[text]), refs[text])
		}
	}
	if missing != lost || lost > c.powerCuts {
		c.t.Errorf("%d texts are missing, %d were named as lost, after %d power cuts", missing, lost, c.powerCuts)
	}
	// A power cut between burning and answering makes a skip, and the device
	// that did it says so at its next start.
	if skips["bob"] > c.alice.warned() || skips["alice"] > c.bob.warned() {
		c.t.Errorf("skips %v, but alice's device warned %d times and bob's %d times", skips, c.alice.warned(), c.bob.warned())
	}
	c.t.Logf("%d texts, %d named as lost, skips %v, after %d power cuts", len(c.sent), lost, skips, c.powerCuts)
}

// noPadTwice looks through all that the relay ever got.
func (c *conversation) noPadTwice() {
	client, err := mailbox.NewClient(c.address)
	if err != nil {
		c.t.Fatal(err)
	}
	defer client.Close()
	type stretch struct{ from, to int64 }
	var used []stretch
	for _, recipient := range []string{"alice", "bob"} {
		for start, complete := int64(0), false; !complete; {
			batch, err := client.Messages(soon(c.t), recipient, start, 0, 0)
			if err != nil {
				c.t.Fatal(err)
			}
			for _, m := range batch.Messages {
				start = m.Ref + 1
				pkg, err := base64.StdEncoding.DecodeString(m.Contents)
				if err != nil || len(pkg) <= 6+16 {
					c.t.Fatalf("%s's mailbox has %+v", recipient, m)
				}
				index := int64(binary.LittleEndian.Uint64(append(pkg[:6:6], 0, 0)))
				cost := int64(len(pkg) - 6) // the text's length and 16
				s := stretch{index, index + cost}
				if recipient == "alice" { // bob's lane runs backwards
					s = stretch{index + 1 - cost, index + 1}
				}
				used = append(used, s)
			}
			complete = batch.Complete || len(batch.Messages) == 0
		}
	}
	slices.SortFunc(used, func(a, b stretch) int { return int(a.from - b.from) })
	for i := 1; i < len(used); i++ {
		if used[i].from < used[i-1].to {
			c.t.Errorf("pad served twice: %v and %v", used[i-1], used[i])
		}
	}
	if len(used) < len(c.sent) {
		c.t.Errorf("the relay has %d packages, %d texts were sent", len(used), len(c.sent))
	}
}
