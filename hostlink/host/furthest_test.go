package host_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/hostlink"
	"onetimechat/hostlink/host"
	"onetimechat/padstore/durable/durabletest"
)

// card is a device whose packages have an index and a size as real ones do. A
// copy of it is a copy of the card.
type card struct {
	*device
	mark string
	pad  string
	next map[string]int64 // lane position by contact and pad
}

func newCard(owner string, contacts ...string) *card {
	return &card{device: newDevice(owner, contacts...), mark: "m", pad: "1", next: map[string]int64{}}
}

// cell is what a text of one bucket uses up: 32 + 16 bytes.
const cell = 48

func (c *card) Status(ctx context.Context, told time.Time) (hostlink.Status, error) {
	status, err := c.device.Status(ctx, told)
	status.Device = c.mark
	var pads []hostlink.Pad
	for _, p := range status.Pads {
		for n := 1; n <= 9; n++ {
			pads = append(pads, hostlink.Pad{Contact: p.Contact, Number: fmt.Sprint(n), Suite: "unconditional", Bucket: 32})
		}
	}
	status.Pads = pads
	return status, err
}

func (c *card) Package(ctx context.Context, req hostlink.PackageRequest) ([]hostlink.Sealed, error) {
	_, again := c.sealed[req.ID]
	out, err := c.device.Package(ctx, req)
	kept := c.sealed[req.ID]
	if !again {
		for i, one := range kept.out {
			at := c.next[one.To+c.pad] + 16
			c.next[one.To+c.pad] += cell
			if c.owner > one.To {
				at = 1<<20 - 1 - at
			}
			pkg := make([]byte, 6+32+16)
			pkg[0], pkg[1], pkg[2] = byte(at), byte(at>>8), byte(at>>16)
			copy(pkg[6:], req.Text)
			kept.out[i].Package, kept.out[i].Pad = pkg, c.pad
		}
	}
	if err != nil {
		return out, err
	}
	return kept.out, nil
}

// restored is the card as it was with so many messages sealed.
func (c *card) restored(to string, messages int64) *card {
	copied := newCard(c.owner, c.contacts...)
	copied.mark, copied.pad = c.mark, c.pad
	copied.next[to+c.pad] = messages * cell
	return copied
}

func outcome(t *testing.T, h *host.Host, text, to string) error {
	t.Helper()
	results, err := h.Send(t.Context(), []string{to}, text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if sealed := results[0].Err == nil; sealed != (results[0].Number > 0) {
		t.Errorf("%+v", results[0])
	}
	return results[0].Err
}

// A card restored from a copy seals from where the copy was made. Until it has
// caught up, on either lane, nothing that it seals reaches the relay.
func TestARestoredCopyIsNoticedOnBothLanes(t *testing.T) {
	for _, who := range [][2]string{{"alice", "bob"}, {"bob", "alice"}} {
		owner, to := who[0], who[1]
		c, r, place := newCard(owner, to), newRelay(), newShelf(1)
		for i := range 3 {
			if err := outcome(t, start(t, owner, c, r, place), fmt.Sprint(i), to); err != nil {
				t.Fatal(err)
			}
		}
		old := c.restored(to, 1)
		for i := range 2 {
			if err := outcome(t, start(t, owner, old, r, place), fmt.Sprint("again", i), to); !errors.Is(err, host.ErrRestored) {
				t.Errorf("%s to %s: the copy's message %d: %v", owner, to, i, err)
			}
		}
		if got := len(r.contents(to)); got != 3 {
			t.Errorf("%s got %d packages", to, got)
		}
		if kept, err := start(t, owner, old, r, place).Outbox(t.Context()); err != nil || len(kept) > 0 {
			t.Errorf("left in the outbox: %v, %v", kept, err)
		}
	}
}

// What was sealed and got lost with its answer may be fetched when more was sealed
// since, as long as its gap is remembered. A copy gets no such leave.
func TestALostAnswerThatIsFetchedLateIsNoCopys(t *testing.T) {
	for _, c := range []struct {
		gaps int
		want error
	}{{1, nil}, {16, nil}, {17, host.ErrRestored}} {
		synctest.Test(t, func(t *testing.T) {
			card, r, place := newCard("alice", "bob", "carol"), newRelay(), newShelf(1)
			h := start(t, "alice", card, r, place)
			both := []string{"bob", "carol"}
			if err := outcome(t, h, "first", "bob"); err != nil {
				t.Fatal(err)
			}
			card.breaks = linkTries
			if _, err := h.Send(t.Context(), both, "lost"); !errors.Is(err, hostlink.ErrUnreachable) {
				t.Fatal(err)
			}
			for i := range c.gaps {
				if i > 0 {
					card.next["bob1"] += cell
				}
				if err := outcome(t, h, fmt.Sprint(i), "bob"); err != nil {
					t.Fatal(err)
				}
			}
			if err := outcome(t, start(t, "alice", card.restored("bob", 1), r, place), "copy", "bob"); !errors.Is(err, host.ErrRestored) {
				t.Errorf("%d gaps: a copy: %v", c.gaps, err)
			}
			results, err := h.Send(t.Context(), both, "lost")
			if err != nil || len(results) != 2 || !errors.Is(results[0].Err, c.want) || results[1].Err != nil {
				t.Errorf("%d gaps: %v, %v", c.gaps, results, err)
			}
			copied := card.restored("bob", 1) // asked again, it seals where the answer lay
			copied.breaks = linkTries
			h = start(t, "alice", copied, r, place)
			if _, err := h.Send(t.Context(), both, "copy"); !errors.Is(err, hostlink.ErrUnreachable) {
				t.Fatal(err)
			}
			if results, err = h.Send(t.Context(), both, "copy"); err != nil || !errors.Is(results[0].Err, host.ErrRestored) {
				t.Errorf("%d gaps: a copy asked again: %v, %v", c.gaps, results, err)
			}
		})
	}
}

// A device that names a pad which it does not have is not believed.
func TestAPadThatTheDeviceDoesNotHaveIsRefused(t *testing.T) {
	c := newCard("alice", "bob")
	c.pad = "none"
	if _, err := start(t, "alice", c, newRelay(), newShelf(1)).Send(t.Context(), []string{"bob"}, "x"); !errors.Is(err, hostlink.ErrProtocol) {
		t.Error(err)
	}
}

// Another pad, and an erased card that counts its pads from 1 again, are
// judged for themselves; going back to the first pad is still noticed.
func TestPadsAndCardsAreNotConfused(t *testing.T) {
	c, r, place := newCard("alice", "bob"), newRelay(), newShelf(1)
	send := func(c *card) error { return outcome(t, start(t, "alice", c, r, place), "x", "bob") }
	old := c.restored("bob", 0)
	second := c.restored("bob", 0)
	second.pad = "2"
	erased := c.restored("bob", 0)
	erased.mark = "other"
	for i, c := range []*card{c, c, second, erased} {
		if err := send(c); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	if err := send(old); !errors.Is(err, host.ErrRestored) {
		t.Errorf("the first pad's copy: %v", err)
	}
}

// What a card sealed before its first noise, when it had no mark, counts.
func TestTheMarkOfTheFirstNoiseForgetsNothing(t *testing.T) {
	c, r, place := newCard("alice", "bob"), newRelay(), newShelf(1)
	c.mark = ""
	old := c.restored("bob", 0)
	old.mark = "m"
	if err := outcome(t, start(t, "alice", c, r, place), "x", "bob"); err != nil {
		t.Fatal(err)
	}
	if err := outcome(t, start(t, "alice", old, r, place), "y", "bob"); !errors.Is(err, host.ErrRestored) {
		t.Error(err)
	}
}

// The host's power goes at every disk operation of a send. The same request
// goes through afterwards, and a copy of the card never does once a package
// has reached the relay.
func TestTheHostsPowerCutForgetsNothingThatWasSent(t *testing.T) {
	for _, fate := range []durabletest.Unsynced{durabletest.Lost, durabletest.Kept, durabletest.PartlyKept} {
		for k := 1; ; k++ {
			c, r, place := newCard("alice", "bob"), newRelay(), newShelf(uint64(k))
			place.disk.CutAt(k)
			_, err := sendOnce(t.Context(), start(t, "alice", c, r, place), "one", "bob")
			if err == nil && !place.disk.Failed() {
				break
			}
			place.disk.PowerOn(fate)
			h := start(t, "alice", c, r, place)
			if _, err := h.Deliver(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(r.contents("bob")) == 0 {
				if err := outcome(t, h, "one", "bob"); err != nil {
					t.Fatalf("cut at %d, unsynced %s: again: %v", k, fate, err)
				}
			}
			if err := outcome(t, h, "copy", "bob"); err != nil {
				t.Fatalf("cut at %d, unsynced %s: next: %v", k, fate, err)
			}
			if err := outcome(t, start(t, "alice", c.restored("bob", 0), r, place), "x", "bob"); !errors.Is(err, host.ErrRestored) {
				t.Fatalf("cut at %d, unsynced %s: a copy passes: %v", k, fate, err)
			}
		}
	}
}
