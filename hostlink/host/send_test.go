package host_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/hostlink"
	"onetimechat/hostlink/host"
	"onetimechat/hostlink/mailbox"
	"onetimechat/padstore/durable/durabletest"
)

// sendOnce has text sent and delivered as a program does.
func sendOnce(ctx context.Context, h *host.Host, text string, to ...string) ([]host.Result, error) {
	results, err := h.Send(ctx, to, text)
	if err == nil {
		_, err = h.Deliver(ctx)
	}
	return results, err
}

// The process dies before, or in, every single disk operation between the
// question and the delivery. Afterwards a message that was sealed is delivered
// once, or named as possibly unsent; sending the same text again then uses
// what was sealed.
func TestNoStepOfSendingLosesOrDoublesAMessage(t *testing.T) {
	for _, fate := range []durabletest.Unsynced{durabletest.Lost, durabletest.Kept, durabletest.PartlyKept} {
		for k := 1; ; k++ {
			seed := uint64(k)
			place, d, r := newShelf(seed), newDevice("alice", "bob", "carol"), newRelay()
			place.disk.CutAt(k)
			_, err := sendOnce(t.Context(), start(t, "alice", d, r, place), "hello", "bob", "carol")
			if err == nil && !place.disk.Failed() {
				if k < 10 {
					t.Fatalf("only %d disk operations", k)
				}
				break
			}
			place.disk.PowerOn(fate)

			h := start(t, "alice", d, r, place)
			if _, err := h.Deliver(t.Context()); err != nil {
				t.Fatalf("cut at %d, unsynced %s: %v", k, fate, err)
			}
			unsure, err := h.Unsure(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			delivered := len(r.contents("bob"))
			if d.serial > 0 && delivered == 0 && len(unsure) == 0 {
				t.Fatalf("cut at %d, unsynced %s: a sealed message is neither delivered nor named", k, fate)
			}
			if delivered == 0 {
				if _, err := sendOnce(t.Context(), h, "hello", "bob", "carol"); err != nil {
					t.Fatal(err)
				}
			}
			if d.serial != 2 || len(r.contents("bob")) != 1 || len(r.contents("carol")) != 1 {
				t.Fatalf("cut at %d, unsynced %s: sealed %d, bob got %q, carol got %q",
					k, fate, d.serial, r.contents("bob"), r.contents("carol"))
			}
			kept, err := h.Outbox(t.Context())
			if err != nil || len(kept) > 0 && delivered == 0 {
				t.Fatalf("cut at %d, unsynced %s: left in the outbox: %v, %v", k, fate, kept, err)
			}
		}
	}
}

// One disk operation fails and the process lives on: what it said it keeps outlives a
// power cut, and what it asked and was denied is gone, or it says so.
func TestAFailingDiskOperationBreaksNoWord(t *testing.T) {
	for _, denied := range []hostlink.Refusal{"", hostlink.Rejected} {
		for k := 1; ; k++ {
			place, d, r := newShelf(uint64(k)), newCard("alice", "bob"), newRelay()
			d.deny = denied
			h := start(t, "alice", d, r, place)
			place.disk.FailAt(k)
			_, err := h.Send(t.Context(), []string{"bob"}, "hello")
			if !place.disk.Failed() {
				break
			}
			if err != nil {
				continue
			}
			place.disk.PowerOn(durabletest.Lost)
			kept, err := start(t, "alice", d, r, place).Outbox(t.Context())
			if err != nil || denied == "" && (len(kept) != 1 || kept[0].State != host.Waiting) || denied != "" && len(kept) > 0 {
				t.Errorf("answered %q, operation %d failed: nothing was said, and kept is %v, %v", denied, k, kept, err)
			}
			if denied == "" && !errors.Is(outcome(t, start(t, "alice", d.restored("bob", 0), r, place), "x", "bob"), host.ErrRestored) {
				t.Errorf("operation %d failed: nothing was said, and a copy of the card passes", k)
			}
		}
	}
}

// One disk operation fails and the process lives on: it says so, or sends.
func TestAFailingDiskOperationIsToldOrHarmless(t *testing.T) {
	for k := 1; ; k++ {
		place, d, r := newShelf(uint64(k)), newDevice("alice", "bob"), newRelay()
		h := start(t, "alice", d, r, place)
		place.disk.FailAt(k)
		_, err := sendOnce(t.Context(), h, "hello", "bob")
		if !place.disk.Failed() {
			break
		}
		if err == nil && len(r.contents("bob")) != 1 {
			t.Fatalf("operation %d failed: nothing was said and %q delivered", k, r.contents("bob"))
		}
		if _, err := h.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(r.contents("bob")) == 0 {
			if _, err := sendOnce(t.Context(), h, "hello", "bob"); err != nil {
				t.Fatal(err)
			}
		}
		if got := r.contents("bob"); len(got) != 1 || d.serial != 1 {
			t.Fatalf("operation %d failed: bob got %q, sealed %d", k, got, d.serial)
		}
	}
}

func TestALostAnswerIsFetchedAgainWithoutASecondQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, r := newDevice("alice", "bob"), newRelay()
		d.breaks = 2
		if _, err := sendOnce(t.Context(), start(t, "alice", d, r, newShelf(1)), "hello", "bob"); err != nil {
			t.Fatal(err)
		}
		if d.asked != 1 || len(r.contents("bob")) != 1 {
			t.Fatalf("asked %d times, bob got %q", d.asked, r.contents("bob"))
		}
	})
}

func TestAnAnswerLostForGoodIsNamedAndSentWithTheNextTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, r := newDevice("alice", "bob"), newRelay()
		place := newShelf(1)
		d.breaks = 3
		results, err := sendOnce(t.Context(), start(t, "alice", d, r, place), "hello", "bob")
		if !errors.Is(err, hostlink.ErrUnreachable) || len(results) != 1 || !errors.Is(results[0].Err, host.ErrUnsure) {
			t.Fatalf("%v, %v", results, err)
		}
		h := start(t, "alice", d, r, place)
		if unsure, err := h.Unsure(t.Context()); err != nil || len(unsure) != 1 || unsure[0].To != "bob" {
			t.Fatalf("%v, %v", unsure, err)
		}
		if _, err := sendOnce(t.Context(), h, "hello", "bob"); err != nil {
			t.Fatal(err)
		}
		if kept, _ := h.Outbox(t.Context()); d.asked != 1 || len(r.contents("bob")) != 1 || len(kept) != 0 {
			t.Fatalf("asked %d times, bob got %q, kept %v", d.asked, r.contents("bob"), kept)
		}
	})
}

func TestADeviceThatWasNeverReachedLeavesNothingBehind(t *testing.T) {
	d := newDevice("alice", "bob")
	d.unplugged = true
	h := start(t, "alice", d, newRelay(), newShelf(1))
	if _, err := h.Send(t.Context(), []string{"bob"}, "hello"); !errors.Is(err, hostlink.ErrUnreachable) {
		t.Fatal(err)
	}
	if kept, err := h.Outbox(t.Context()); len(kept) > 0 || err != nil {
		t.Fatal(kept, err)
	}
}

func TestEveryRecipientGetsAResult(t *testing.T) {
	var contacts []string
	for i := range 20 {
		contacts = append(contacts, fmt.Sprintf("user%d", i))
	}
	d, r := newDevice("alice", contacts...), newRelay()
	h := start(t, "alice", d, r, newShelf(1))
	to := append([]string{"alice", "zed", "user3"}, contacts...)
	results, err := sendOnce(t.Context(), h, "hi", to...)
	if err != nil || len(results) != 22 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for _, result := range results {
		want := map[string]error{"alice": hostlink.ToYourself, "zed": hostlink.NoPad}[result.To]
		if result.Err != want || want == nil && len(r.contents(result.To)) != 1 {
			t.Errorf("%s: %v, got %q", result.To, result.Err, r.contents(result.To))
		}
	}
	if d.asked != 3 { // 8 + 8 + 4
		t.Errorf("asked %d times", d.asked)
	}
	d.deny = hostlink.Rejected
	if results, err = h.Send(t.Context(), []string{"user1", "user2"}, "no"); err != nil || len(results) != 2 || results[1].Err != hostlink.Rejected {
		t.Errorf("denied: %v, %v", results, err)
	}
	if kept, err := h.Outbox(t.Context()); len(kept) > 0 || err != nil {
		t.Errorf("left: %v, %v", kept, err)
	}
}

// A device seals for all of a request or for none: members of a group whose pad is
// used up do not keep the others from being written to.
func TestAMemberWithoutPadSpoilsNoGroup(t *testing.T) {
	d, r := newDevice("alice", "bob", "carol", "dave", "erin"), newRelay()
	d.spent = []string{"carol", "erin"}
	h := start(t, "alice", d, r, newShelf(1))
	results, err := sendOnce(t.Context(), h, "hi", "bob", "carol", "dave", "erin")
	if err != nil || len(results) != 4 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for _, result := range results {
		want := map[string]error{"carol": hostlink.Depleted, "erin": hostlink.Depleted}[result.To]
		if result.Err != want || (want == nil) != (len(r.contents(result.To)) == 1) {
			t.Errorf("%s: %v, got %q", result.To, result.Err, r.contents(result.To))
		}
	}
	if d.asked != 1 {
		t.Errorf("asked %d times", d.asked)
	}
	d.spent = d.contacts
	if results, err = h.Send(t.Context(), d.contacts, "no"); err != nil || len(results) != 4 || d.asked != 1 {
		t.Errorf("nobody has pad: %v, %v", results, err)
	}
	if kept, err := h.Outbox(t.Context()); len(kept) > 0 || err != nil {
		t.Errorf("left: %v, %v", kept, err)
	}
}

func TestWhatCannotBeSentIsNotAsked(t *testing.T) {
	d := newDevice("alice", "bob")
	h := start(t, "alice", d, newRelay(), newShelf(1))
	for text, want := range map[string]error{
		strings.Repeat("x", hostlink.MaxText+1): hostlink.TooLong,
		"\xff":                                  host.ErrNotText,
	} {
		if _, err := h.Send(t.Context(), []string{"bob"}, text); !errors.Is(err, want) {
			t.Errorf("%.10q: %v", text, err)
		}
	}
	if _, err := start(t, "mallory", d, newRelay(), newShelf(1)).Send(t.Context(), []string{"bob"}, "x"); err == nil || d.asked > 0 {
		t.Errorf("another owner's device: %v, asked %d", err, d.asked)
	}
	damaged := newShelf(1)
	damaged.disk.Put("sealed", []byte(`[{"device":`))
	if _, err := start(t, "alice", d, newRelay(), damaged).Send(t.Context(), []string{"bob"}, "x"); err == nil || d.asked > 0 {
		t.Errorf("what was sealed furthest cannot be read: %v, asked %d", err, d.asked)
	}
}

func TestARelayWhoseAnswersGetLostKeepsOneCopy(t *testing.T) {
	d, r := newDevice("alice", "bob"), newRelay()
	h := start(t, "alice", d, r, newShelf(1))
	r.lose = true
	if _, err := sendOnce(t.Context(), h, "hello", "bob"); !errors.Is(err, mailbox.ErrUnreachable) {
		t.Fatal(err)
	}
	r.lose = false
	if tried, err := h.Deliver(t.Context()); err != nil || len(tried) != 1 || tried[0].State != host.Delivered {
		t.Fatal(tried, err)
	}
	if got := r.contents("bob"); len(got) != 1 {
		t.Fatalf("bob got %q", got)
	}
}

func TestDeliveryKeepsTheOrderOfEachRecipient(t *testing.T) {
	d, r := newDevice("alice", "bob", "carol"), newRelay()
	h := start(t, "alice", d, r, newShelf(1))
	full := true
	r.refuse = func(m mailbox.Outgoing) error {
		if m.Recipient == "bob" && full {
			return &mailbox.BusyError{Code: 429, Text: "mailbox full"}
		}
		return nil
	}
	for i := range 3 {
		if _, err := sendOnce(t.Context(), h, fmt.Sprint(i), "bob", "carol"); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.contents("bob")) != 0 || len(r.contents("carol")) != 3 {
		t.Fatalf("bob %q, carol %q", r.contents("bob"), r.contents("carol"))
	}
	full = false
	if _, err := h.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(r.contents("bob")); got != "[bob|1|0 bob|3|1 bob|5|2]" {
		t.Fatal(got)
	}
}

func TestALaterMessageDoesNotOvertakeInOnePass(t *testing.T) {
	d, r := newDevice("alice", "bob"), newRelay()
	h := start(t, "alice", d, r, newShelf(1))
	for i := range 3 {
		if _, err := h.Send(t.Context(), []string{"bob"}, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	r.refuse = func(mailbox.Outgoing) error {
		r.refuse = nil // busy once
		return &mailbox.BusyError{Code: 503}
	}
	for range 2 {
		if _, err := h.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(r.contents("bob")); got != "[bob|1|0 bob|2|1 bob|3|2]" {
		t.Fatal(got)
	}
}

func TestNothingStaysBehindAMessage(t *testing.T) {
	place, d, r := newShelf(1), newDevice("alice", "bob", "carol"), newRelay()
	if _, err := sendOnce(t.Context(), start(t, "alice", d, r, place), "hello", "bob", "carol"); err != nil {
		t.Fatal(err)
	}
	if len(d.sealed) > 0 {
		t.Error("the device still keeps the packages")
	}
	if image := place.disk.Image(); len(image) > 0 {
		t.Errorf("left on disk: %v", image)
	}
}

func TestAPermanentRefusalParksOneMessageOnly(t *testing.T) {
	d, r := newDevice("alice", "bob"), newRelay()
	h := start(t, "alice", d, r, newShelf(1))
	r.refuse = func(mailbox.Outgoing) error { return &mailbox.RefusedError{Code: 413, Text: "too long"} }
	if _, err := h.Send(t.Context(), []string{"bob"}, "one"); err != nil {
		t.Fatal(err)
	}
	if tried, err := h.Deliver(t.Context()); err != nil || len(tried) != 1 || tried[0].State != host.Parked || tried[0].Err == nil {
		t.Fatalf("told %+v, %v", tried, err)
	}
	r.refuse = nil
	if _, err := sendOnce(t.Context(), h, "two", "bob"); err != nil {
		t.Fatal(err)
	}
	kept, err := h.Outbox(t.Context())
	if err != nil || len(kept) != 1 || kept[0].State != host.Parked || !strings.Contains(kept[0].Reason, "too long") {
		t.Fatalf("%+v, %v", kept, err)
	}
	if err := h.Retry(t.Context(), kept[0].Number); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Deliver(t.Context()); err != nil || len(r.contents("bob")) != 2 {
		t.Fatal(err, r.contents("bob"))
	}
	if err := h.Drop(t.Context(), 99); !errors.Is(err, host.ErrNoSuchMessage) {
		t.Fatal(err)
	}
}

// A damaged outbox is told, whatever is asked of it: nothing is sealed or forgotten.
func TestADamagedOutboxIsTold(t *testing.T) {
	d, r, place := newDevice("alice", "bob"), newRelay(), newShelf(1)
	h := start(t, "alice", d, r, place)
	if _, err := h.Send(t.Context(), []string{"bob"}, "hello"); err != nil {
		t.Fatal(err)
	}
	place.disk.Put(place.disk.Names()[0], []byte("{"))
	_, sending := h.Send(t.Context(), []string{"bob"}, "more")
	_, delivering := h.Deliver(t.Context())
	_, listing := h.Outbox(t.Context())
	_, unsure := h.Unsure(t.Context())
	for i, err := range []error{sending, delivering, listing, unsure, h.Drop(t.Context(), 1)} {
		if _, ok := errors.AsType[*host.DamagedError](err); !ok || d.asked != 1 {
			t.Errorf("%d: asked %d times, %v", i, d.asked, err)
		}
	}
}

// Its sender drops a message while the relay takes it: it is delivered nevertheless.
func TestAMessageDroppedOnItsWayIsDelivered(t *testing.T) {
	d, r := newDevice("alice", "bob"), newRelay()
	h := start(t, "alice", d, r, newShelf(1))
	results, err := h.Send(t.Context(), []string{"bob"}, "hello")
	if err != nil {
		t.Fatal(err)
	}
	r.refuse = func(mailbox.Outgoing) error { return h.Drop(t.Context(), results[0].Number) }
	if tried, err := h.Deliver(t.Context()); err != nil || len(tried) != 1 || tried[0].State != host.Delivered {
		t.Errorf("%+v, %v", tried, err)
	}
}

func TestDeliveryWaitsLongerAndLongerAndLessThanAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, r := newDevice("alice", "bob"), newRelay()
		h := start(t, "alice", d, r, newShelf(1))
		r.down = true
		if _, err := h.Send(t.Context(), []string{"bob"}, "hello"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var at []time.Duration
		began := time.Now()
		var done sync.WaitGroup
		done.Go(func() {
			_ = h.KeepDelivering(ctx, func(host.Delivery) { at = append(at, time.Since(began).Round(time.Second)) }, func(error) {})
		})
		time.Sleep(200 * time.Second)
		r.mu.Lock()
		r.down = false
		r.mu.Unlock()
		time.Sleep(43*time.Second + time.Millisecond)
		r.mu.Lock()
		r.down = true
		r.mu.Unlock()
		if _, err := h.Send(t.Context(), []string{"bob"}, "hello"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(70 * time.Second) // it is found after a minute, and waits short again
		cancel()
		done.Wait()
		seconds := []time.Duration{0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 304, 306, 310}
		if !slices.EqualFunc(at, seconds, func(a, s time.Duration) bool { return a == s*time.Second }) {
			t.Errorf("tried after %v", at)
		}
		if len(r.contents("bob")) != 1 {
			t.Error("not delivered")
		}
	})
}

// What is dropped while its recipient's turn is awaited leaves nothing to wait for, and
// what is to be tried again goes out at once.
func TestTheOwnerDropsAndRetriesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, r := newDevice("alice", "bob"), newRelay()
		h := start(t, "alice", d, r, newShelf(1))
		ctx, cancel := context.WithCancel(t.Context())
		passes := 0
		var done sync.WaitGroup
		refuse := func(with error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.refuse = func(mailbox.Outgoing) error { return with }
		}
		refuse(&mailbox.BusyError{Code: 503})
		send := func() int64 {
			results, err := h.Send(t.Context(), []string{"bob"}, "hello")
			if err != nil {
				t.Fatal(err)
			}
			return results[0].Number
		}
		number := send()
		done.Go(func() {
			_ = h.KeepDelivering(ctx, func(host.Delivery) {}, func(error) {
				if passes++; passes > 1000 {
					cancel()
				}
			})
		})
		synctest.Wait()
		if err := h.Drop(t.Context(), number); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if passes > 20 {
			t.Errorf("%d passes in 10 minutes with nothing to deliver", passes)
		}
		refuse(&mailbox.RefusedError{Code: 413})
		number = send()
		time.Sleep(time.Minute)
		refuse(nil)
		if err := h.Retry(t.Context(), number); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := r.contents("bob"); len(got) != 1 {
			t.Errorf("bob got %q", got)
		}
		cancel()
		done.Wait()
	})
}

// A message that its sender delivers is told once; one that waits goes out soon.
func TestWhoSendsDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, r := newDevice("alice", "bob"), newRelay()
		h := start(t, "alice", d, r, newShelf(1))
		ctx, cancel := context.WithCancel(t.Context())
		var notified []host.Delivery
		var done sync.WaitGroup
		done.Go(func() {
			_ = h.KeepDelivering(ctx, func(d host.Delivery) { notified = append(notified, d) }, func(error) {})
		})
		defer done.Wait()
		defer cancel()
		for _, down := range []bool{false, true} {
			r.mu.Lock()
			r.down = down
			r.mu.Unlock()
			synctest.Wait()
			if _, err := h.Send(t.Context(), []string{"bob"}, "hello"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // whoever was woken has had its turn
			tried, err := h.Deliver(t.Context())
			if len(tried) != 1 || len(notified) != 0 || (err != nil) != down {
				t.Fatalf("the sender delivered %v, %v; others %v", tried, err, notified)
			}
		}
		r.mu.Lock()
		r.down = false
		r.mu.Unlock()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(notified) != 1 || notified[0].State != host.Delivered || len(r.contents("bob")) != 2 {
			t.Errorf("what waited: %v, bob got %q", notified, r.contents("bob"))
		}
	})
}

func TestABusyRelaySaysHowLongToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, r := newDevice("alice", "bob"), newRelay()
		h := start(t, "alice", d, r, newShelf(1))
		busy := true
		r.refuse = func(mailbox.Outgoing) error {
			if busy {
				busy = false
				return &mailbox.BusyError{Code: 429, After: 30 * time.Second}
			}
			return nil
		}
		if _, err := h.Send(t.Context(), []string{"bob"}, "hello"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		began := time.Now()
		var last time.Duration
		_ = h.KeepDelivering(ctx, func(host.Delivery) { last = time.Since(began) }, func(error) {})
		if last != 30*time.Second || len(r.contents("bob")) != 1 {
			t.Errorf("last try after %v, bob got %q", last, r.contents("bob"))
		}
	})
}

// Two processes share one folder: every message arrives once, and each
// process's messages in its order.
func TestTwoProcessesShareAnOutbox(t *testing.T) {
	dir := t.TempDir()
	d, r := newDevice("alice", "bob"), newRelay()
	const each = 15
	var both sync.WaitGroup
	for p := range 2 {
		folder, err := host.NewFolder(dir)
		if err != nil {
			t.Fatal(err)
		}
		h := start(t, "alice", d, r, folder)
		both.Go(func() {
			for i := range each {
				if _, err := sendOnce(t.Context(), h, fmt.Sprintf("%d:%02d", p, i), "bob"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	both.Wait()
	got := r.contents("bob")
	if len(got) != 2*each {
		t.Fatalf("%d messages", len(got))
	}
	// Packages carry the order in which they were sealed.
	last := -1
	for _, pkg := range got {
		var serial int
		if _, err := fmt.Sscanf(pkg, "bob|%d|", &serial); err != nil || serial <= last {
			t.Fatalf("out of order: %q", got)
		}
		last = serial
	}
}
