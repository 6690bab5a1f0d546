package device_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/hostlink"
	"onetimechat/padstore"
	"onetimechat/padstore/seal"
)

func TestWhatIsApprovedIsWhatIsSealed(t *testing.T) {
	for _, suite := range []seal.Suite{seal.Unconditional, seal.Paper} {
		t.Run(suite.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				disks := cards(t, suite, 64<<10, "alice", "bob")
				alice, bob := start(t, disks["alice"], "alice"), storeOf(t, disks["bob"], "bob")
				cost, err := alice.store.Room("bob", "see you at noon")
				if err != nil {
					t.Fatal(err)
				}
				before := alice.left()
				answer := send(t.Context(), alice, "", "see you at noon", "bob")
				alice.wantScreen("approve-send")
				alice.wantText("bob", "see you at noon", fmt.Sprintf("uses %d bytes", cost.Cost))
				alice.approve("approve")
				got := <-answer
				if got.err != nil || got.sealed[0].To != "bob" || got.sealed[0].Err != "" {
					t.Fatalf("answer %+v", got)
				}
				if text := read(t, bob, "alice", got.sealed[0].Package); text != "see you at noon" {
					t.Errorf("bob reads %q", text)
				}
				if spent := before[0] - alice.left()[0]; spent != cost.Cost {
					t.Errorf("spent %d bytes, the screen said %d", spent, cost.Cost)
				}
				alice.wantScreen("home")
			})
		})
	}
}

func TestApproveComesAliveHalfASecondAfterTheQuestion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		answer := send(t.Context(), alice, "", "hello", "bob")
		alice.wantScreen("approve-send")
		p := middle(alice.target("approve"))
		time.Sleep(499 * time.Millisecond)
		if name, active := alice.Press(p); name != "approve" || active {
			t.Errorf("pressed %q, alive %v after 0.499 s", name, active)
		}
		time.Sleep(time.Millisecond)
		if !alice.target("approve").Active {
			t.Error("approve is dead after 0.5 s")
		}
		// The finger that was put down on the dead button does not count.
		if _, active := alice.Release(p); active || !pending(answer) {
			t.Error("a finger put down before approve was alive approved")
		}
		alice.tap("approve")
		if got := <-answer; got.err != nil {
			t.Error(got.err)
		}
	})
}

func TestApproveNeedsTheLastPage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		text := strings.Repeat("a long letter. ", 200) + "and I owe you nothing"
		answer := send(t.Context(), alice, "", text, "bob")
		alice.wantScreen("approve-send")
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if alice.glass.now().Pages < 3 {
			t.Fatalf("only %d pages", alice.glass.now().Pages)
		}
		for !alice.glass.now().LastPage() {
			if alice.target("approve").Active {
				t.Fatalf("approve is alive on page %d", alice.glass.now().Page)
			}
			alice.tap("next")
		}
		if !alice.target("approve").Active {
			t.Fatal("approve is dead on the last page")
		}
		alice.tap("prev")
		if !alice.target("approve").Active {
			t.Error("approve died again on an earlier page, though all were shown")
		}
		alice.tap("approve")
		got := <-answer
		if got.err != nil || read(t, bob, "alice", got.sealed[0].Package) != text {
			t.Errorf("the long text did not arrive: %v", got.err)
		}
	})
}

func TestATapNeedsOneButtonOfOneQuestion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		first := send(t.Context(), alice, "", "first", "bob")
		alice.wantScreen("approve-send")
		time.Sleep(time.Second)
		approve, deny := middle(alice.target("approve")), middle(alice.target("deny"))

		alice.Press(deny)
		if _, counts := alice.Release(approve); counts || !pending(first) {
			t.Fatal("sliding from deny to approve counted")
		}
		alice.Press(approve)
		if _, counts := alice.Release(deny.Sub(deny)); counts || !pending(first) {
			t.Fatal("lifting the finger elsewhere counted")
		}
		if _, counts := alice.Release(approve); counts || !pending(first) {
			t.Fatal("a finger that was never put down counted")
		}

		// The finger goes down on the first question; when it is lifted, the
		// second one is there, and alive.
		second := send(t.Context(), alice, "", "second", "bob")
		synctest.Wait()
		alice.Press(approve)
		time.Sleep(questionTime)
		wantErr(t, (<-first).err, hostlink.TimedOut)
		alice.wantText("second")
		time.Sleep(time.Second)
		if _, counts := alice.Release(approve); counts || !pending(second) {
			t.Fatal("a finger put down on one question approved the next")
		}
		alice.tap("deny")
		wantErr(t, (<-second).err, hostlink.Rejected)
	})
}

const questionTime = 60 * time.Second

func TestDenyCostsNothingAndIsNotAskedAgainFor10s(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		before := alice.left()
		answer := send(t.Context(), alice, "", "hello", "bob")
		alice.wantScreen("approve-send")
		twin := send(t.Context(), alice, "", "hello", "bob") // waits in the queue
		synctest.Wait()
		alice.tap("deny")
		wantErr(t, (<-answer).err, hostlink.Rejected)
		wantErr(t, (<-twin).err, hostlink.Rejected)

		time.Sleep(10*time.Second - time.Millisecond)
		wantErr(t, (<-send(t.Context(), alice, "another id", "hello", "bob")).err, hostlink.Rejected)
		if n := alice.glass.seen("approve-send"); n != 1 {
			t.Errorf("asked %d times", n)
		}
		other := send(t.Context(), alice, "", "hello!", "bob")
		alice.wantScreen("approve-send")
		alice.tap("deny")
		wantErr(t, (<-other).err, hostlink.Rejected)

		time.Sleep(time.Millisecond)
		again := send(t.Context(), alice, "", "hello", "bob")
		alice.wantScreen("approve-send")
		alice.approve("approve")
		if got := <-again; got.err != nil {
			t.Error(got.err)
		}
		if n := alice.logged(padstore.KindDenied); n != 2 {
			t.Errorf("%d denials in the log, want 2", n)
		}
		if spent := before[0] - alice.left()[0]; spent != 48 {
			t.Errorf("three questions, one approved, cost %d bytes", spent)
		}
	})
}

func TestAMinuteWithoutATapDenies(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		before := alice.left()
		answer := send(t.Context(), alice, "", strings.Repeat("words ", 500), "bob")
		alice.wantScreen("approve-send")
		time.Sleep(59 * time.Second)
		alice.tap("next")
		time.Sleep(59 * time.Second)
		if !pending(answer) {
			t.Fatal("denied 59 s after a tap")
		}
		time.Sleep(time.Second)
		wantErr(t, (<-answer).err, hostlink.TimedOut)
		alice.wantScreen("home")
		if alice.left() != before || alice.logged(padstore.KindTimedOut) != 1 {
			t.Error("it cost pad, or was not logged")
		}
	})
}

func TestAWithdrawnQuestionIsTappedAwayBeforeAnyOther(t *testing.T) {
	for _, how := range []string{"gone", "cancelled"} {
		t.Run(how, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				alice, _ := pair(t)
				before := alice.left()
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				answer := send(ctx, alice, "a", "first", "bob")
				alice.wantScreen("approve-send")
				next := send(t.Context(), alice, "b", "second", "bob")
				synctest.Wait()
				if how == "gone" {
					leave()
				} else {
					alice.Cancel("a")
				}
				wantErr(t, (<-answer).err, hostlink.Withdrawn)
				alice.wantScreen("warning")
				alice.wantText("bob")
				time.Sleep(time.Hour)
				alice.wantScreen("warning")
				if !pending(next) {
					t.Fatal("the next question ran out behind the notice")
				}
				alice.tap("ok")
				alice.wantScreen("approve-send")
				alice.wantText("second")
				if alice.target("approve").Active {
					t.Error("a question that just appeared can be approved")
				}
				alice.tap("deny")
				wantErr(t, (<-next).err, hostlink.Rejected)
				if alice.left() != before || alice.logged(padstore.KindWithdrawn) != 1 {
					t.Error("it cost pad, or was not logged")
				}
			})
		})
	}
}

func TestAQueuedQuestionWithdrawnDisappears(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		first := send(t.Context(), alice, "", "first", "bob")
		synctest.Wait()
		queued := send(t.Context(), alice, "q", "queued", "bob")
		synctest.Wait()
		alice.Cancel("q")
		wantErr(t, (<-queued).err, hostlink.Withdrawn)
		alice.wantText("first")
		alice.tap("deny")
		<-first
		alice.wantScreen("home")
		if alice.glass.seen("warning") > 0 || strings.Contains(strings.Join(alice.glass.text, " "), "queued") {
			t.Error("it was on the glass")
		}
	})
}

func TestAShortQueueThenBusy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		var waiting []<-chan sent
		for n := range 5 {
			waiting = append(waiting, send(t.Context(), alice, "", numbered(n), "bob"))
			synctest.Wait()
		}
		wantErr(t, (<-send(t.Context(), alice, "", "one more", "bob")).err, hostlink.Busy)
		for n, answer := range waiting {
			alice.wantText(numbered(n)) // one at a time, in order
			alice.tap("deny")
			wantErr(t, (<-answer).err, hostlink.Rejected)
		}
		alice.wantScreen("home")
	})
}

func TestTheQuestionSaysWhatIsLeftWhenItIsShown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disks := cards(t, seal.Unconditional, 1024, "alice", "bob")
		alice := start(t, disks["alice"], "alice")
		first := send(t.Context(), alice, "", "first", "bob")
		synctest.Wait()
		second := send(t.Context(), alice, "", "second", "bob")
		synctest.Wait()
		alice.wantText("448 bytes") // a lane of 512 bytes, its key cell, and 48 bytes a text
		alice.approve("approve")
		<-first
		alice.wantText("second", "400 bytes")
		alice.approve("approve")
		if got := <-second; got.err != nil {
			t.Error(got.err)
		}
	})
}

func TestPadUsedUpMeanwhileIsNotAskedAbout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disks := cards(t, seal.Unconditional, 1024, "alice", "bob")
		alice := start(t, disks["alice"], "alice")
		text := strings.Repeat("x", 300)
		first := send(t.Context(), alice, "", text, "bob")
		synctest.Wait()
		second := send(t.Context(), alice, "", text+"y", "bob")
		synctest.Wait()
		alice.approve("approve")
		if got := <-first; got.err != nil {
			t.Fatal(got.err)
		}
		wantErr(t, (<-second).err, hostlink.Depleted)
		if n := alice.glass.seen("approve-send"); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestRefusedWithoutAQuestion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		before := alice.left()
		many := strings.Split("a b c d e f g h i", " ")
		for _, c := range []struct {
			why  string
			req  hostlink.PackageRequest
			want hostlink.Refusal
		}{
			{"to oneself", hostlink.PackageRequest{From: "alice", To: []string{"alice"}}, hostlink.ToYourself},
			{"from another", hostlink.PackageRequest{From: "bob", To: []string{"alice"}}, hostlink.NoPad},
			{"to a stranger", hostlink.PackageRequest{From: "alice", To: []string{"carol"}}, hostlink.NoPad},
			{"to no user id", hostlink.PackageRequest{From: "alice", To: []string{"../bob"}}, hostlink.NoPad},
			{"to nobody", hostlink.PackageRequest{From: "alice"}, hostlink.NoPad},
			{"to too many", hostlink.PackageRequest{From: "alice", To: many}, hostlink.TooLong},
			{"twice to one", hostlink.PackageRequest{From: "alice", To: []string{"bob", "bob"}}, hostlink.EncryptionFailed},
			{"too long", hostlink.PackageRequest{From: "alice", To: []string{"bob"}, Text: strings.Repeat("x", hostlink.MaxText+1)}, hostlink.TooLong},
			{"not UTF-8", hostlink.PackageRequest{From: "alice", To: []string{"bob"}, Text: "\xff"}, hostlink.EncryptionFailed},
			{"no room", hostlink.PackageRequest{From: "alice", To: []string{"bob"}, Text: strings.Repeat("x", 40000)}, hostlink.Depleted},
		} {
			t.Log(c.why)
			sealed, err := alice.Package(t.Context(), c.req)
			if err == nil {
				t.Fatalf("answered %+v", sealed)
			}
			wantErr(t, err, c.want)
		}
		if alice.glass.seen("approve-send") > 0 || alice.left() != before {
			t.Error("it reached the screen or cost pad")
		}
	})
}

func TestSameIDReturnsTheSameBytesUntilAcknowledged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disks := cards(t, seal.Unconditional, 64<<10, "alice", "bob", "carol")
		alice := start(t, disks["alice"], "alice")
		ask := func(id, text, to string) []byte {
			t.Helper()
			answer := send(t.Context(), alice, id, text, to)
			alice.wantScreen("approve-send")
			alice.approve("approve")
			got := <-answer
			if got.err != nil {
				t.Fatal(got.err)
			}
			return got.sealed[0].Package
		}
		first := ask("id", "hello", "bob")
		time.Sleep(time.Hour)
		alice.LinkDown() // forgets opened texts only
		again := <-send(t.Context(), alice, "id", "hello", "bob")
		if again.err != nil || !bytes.Equal(again.sealed[0].Package, first) {
			t.Fatalf("fetched again: %+v", again)
		}
		if n := alice.glass.seen("approve-send"); n != 1 {
			t.Fatalf("asked %d times", n)
		}
		for _, other := range [][]byte{
			ask("id", "hello!", "bob"), ask("id", "hello", "carol"), ask("other", "hello", "bob"), ask("", "hello", "bob"),
		} {
			if bytes.Equal(other, first) {
				t.Error("another request got the same bytes")
			}
		}
		alice.Acknowledge("id")
		if bytes.Equal(ask("id", "hello", "bob"), first) {
			t.Error("kept after it was acknowledged")
		}
	})
}

func TestSixteenPackagesAreKeptThenBusy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		for n := range 16 {
			answer := send(t.Context(), alice, numbered(n), "hello", "bob")
			alice.approve("approve")
			if got := <-answer; got.err != nil {
				t.Fatal(got.err)
			}
		}
		asked := alice.glass.seen("approve-send")
		wantErr(t, (<-send(t.Context(), alice, "more", "hello", "bob")).err, hostlink.Busy)
		if alice.glass.seen("approve-send") != asked {
			t.Error("Busy came after the question")
		}
		if got := <-send(t.Context(), alice, numbered(3), "hello", "bob"); got.err != nil {
			t.Errorf("what is kept cannot be fetched: %v", got.err)
		}
		alice.Acknowledge(numbered(3))
		answer := send(t.Context(), alice, "more", "hello", "bob")
		alice.wantScreen("approve-send")
		alice.approve("approve")
		if got := <-answer; got.err != nil {
			t.Error(got.err)
		}
	})
}

func TestIdenticalRequestsJoin(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		ctx, leave := context.WithCancel(t.Context())
		first := send(ctx, alice, "id", "hello", "bob")
		synctest.Wait()
		second := send(t.Context(), alice, "id", "hello", "bob")
		synctest.Wait()
		leave() // the question goes on for the second
		wantErr(t, (<-first).err, hostlink.Withdrawn)
		third := send(t.Context(), alice, "id", "hello", "bob")
		alice.wantScreen("approve-send")
		alice.approve("approve")
		a, b := <-second, <-third
		if a.err != nil || b.err != nil || !bytes.Equal(a.sealed[0].Package, b.sealed[0].Package) {
			t.Errorf("%v, %v", a, b)
		}
		alice.wantScreen("home")
		if n := alice.glass.seen("approve-send"); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

// A client whose connection broke asks again at once: it must not be told that
// it withdrew.
func TestAClientThatReconnectsIsAskedAbout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		for range 10 {
			ctx, leave := context.WithCancel(t.Context())
			first := send(ctx, alice, "id", "hello", "bob")
			alice.wantScreen("approve-send")
			leave()
			again := send(t.Context(), alice, "id", "hello", "bob")
			<-first
			if alice.screen() == "warning" {
				alice.tap("ok")
			}
			alice.wantScreen("approve-send")
			alice.approve("approve")
			if got := <-again; got.err != nil {
				t.Fatal(got.err)
			}
			alice.Acknowledge("id")
		}
	})
}

func TestAClientGoneAfterTheTapFindsItsAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		ctx, leave := context.WithCancel(t.Context())
		answer := send(ctx, alice, "id", "hello", "bob")
		alice.wantScreen("approve-send")
		time.Sleep(time.Second)
		synctest.Wait()
		alice.disk.Trace(func(string) { leave() }) // at the first step of burning
		alice.tap("approve")
		<-answer // Withdrawn or sealed: both happen to it at once
		alice.disk.Trace(nil)
		alice.wantScreen("home")
		again := <-send(t.Context(), alice, "id", "hello", "bob")
		if again.err != nil || read(t, bob, "alice", again.sealed[0].Package) != "hello" {
			t.Errorf("fetched again: %v", again.err)
		}
		if n := alice.glass.seen("approve-send"); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

// A screen takes its time, more so on a slow bus.
func TestAClientHasItsAnswerBeforeTheScreenGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		drawn := make(chan struct{})
		alice.wantScreen("home")
		alice.glass.mu.Lock()
		alice.glass.shown = func(screen string) {
			if screen == "home" {
				<-drawn
			}
		}
		alice.glass.mu.Unlock()
		answer := send(t.Context(), alice, "id", "hello", "bob")
		alice.wantScreen("approve-send")
		alice.approve("approve")
		if got := <-answer; got.err != nil {
			t.Error(got.err)
		}
		close(drawn)
		alice.wantScreen("home")
	})
}

func TestOneApprovalForSeveralContacts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disks := cards(t, seal.Unconditional, 16<<10, "alice", "bob", "carol", "dave")
		alice := start(t, disks["alice"], "alice")
		answer := send(t.Context(), alice, "id", "party at mine", "bob", "carol", "dave")
		alice.wantScreen("approve-send")
		alice.approve("approve")
		got := <-answer
		if got.err != nil {
			t.Fatal(got.err)
		}
		for i, name := range []string{"bob", "carol", "dave"} {
			store := storeOf(t, disks[name], name)
			if s := got.sealed[i]; s.To != name || read(t, store, "alice", s.Package) != "party at mine" {
				t.Errorf("%s: %+v", name, s)
			}
		}
		if n := alice.glass.seen("approve-send"); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestSeveralContactsAreAllOrNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disks := cards(t, seal.Unconditional, 4<<10, "alice", "bob", "carol")
		alice := start(t, disks["alice"], "alice")
		before := alice.store.Pads()
		got := <-send(t.Context(), alice, "id", "hello", "bob", "dave", "carol")
		if got.err != nil || len(got.sealed) != 3 || got.sealed[1].Err != hostlink.NoPad {
			t.Fatalf("answer %+v", got)
		}
		for _, s := range got.sealed {
			if s.Err == "" || s.Package != nil {
				t.Errorf("%s was sealed", s.To)
			}
		}
		// Room for bob, but no longer for carol when the answer comes.
		long := strings.Repeat("x", 1000)
		answer := send(t.Context(), alice, "id", long, "bob", "carol")
		alice.wantScreen("approve-send")
		if _, err := alice.store.Seal("carol", long); err != nil {
			t.Fatal(err)
		}
		alice.approve("approve")
		got = <-answer
		if got.err != nil || got.sealed[1].Err != hostlink.Depleted || got.sealed[0].Package != nil {
			t.Fatalf("answer %+v", got)
		}
		for i, p := range alice.store.Pads() {
			if p.Contact == "bob" && p.SendLeft != before[i].SendLeft {
				t.Error("bob's pad was burned, though carol's has no room")
			}
		}
	})
}

func TestTwoRequestsDoNotShareAnApproval(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		good := send(t.Context(), alice, "same", "yes", "bob")
		synctest.Wait()
		bad := send(t.Context(), alice, "same", "no", "bob")
		synctest.Wait()
		alice.wantText("yes")
		alice.approve("approve")
		got := <-good
		if got.err != nil || read(t, bob, "alice", got.sealed[0].Package) != "yes" {
			t.Fatalf("%+v", got)
		}
		if !pending(bad) {
			t.Fatal("the second text was answered without its own question")
		}
		alice.wantText("no")
		alice.tap("deny")
		wantErr(t, (<-bad).err, hostlink.Rejected)
	})
}

// A withdrawal and a tap meet: one of them wins, wholly.
func TestCancelRacesWithTheTap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		sealedOnce := false
		for n := range 25 {
			before := alice.left()
			answer := send(t.Context(), alice, "id", numbered(n), "bob")
			alice.wantScreen("approve-send")
			time.Sleep(time.Second)
			p := middle(alice.target("approve"))
			alice.Press(p)
			if n%2 == 0 {
				go alice.Cancel("id")
			} else {
				alice.Cancel("id") // the finger may still be faster than the notice
			}
			_, counts := alice.Release(p)
			got := <-answer
			synctest.Wait()
			spent := before != alice.left()
			switch {
			case got.err == nil && counts && spent:
				sealedOnce = true
				alice.wantScreen("home")
			case got.err == hostlink.Withdrawn && !counts && !spent:
				alice.wantScreen("warning")
				alice.tap("ok")
			default:
				t.Fatalf("round %d: tap counted %v, pad spent %v, answer %v", n, counts, spent, got.err)
			}
			alice.Acknowledge("id")
		}
		if !sealedOnce {
			t.Log("the tap never won") // either is allowed
		}
	})
}

// A client that comes back while its question is being withdrawn is asked for anew.
func TestAClientThatComesBackAtOnceIsAskedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		ctx, leave := context.WithCancel(t.Context())
		first := send(ctx, alice, "id", "hello", "bob")
		alice.wantScreen("approve-send")
		back := make(chan (<-chan sent), 1)
		var once sync.Once
		alice.disk.Trace(func(string) { // the log is told of the withdrawal
			once.Do(func() {
				second := send(t.Context(), alice, "id", "hello", "bob")
				synctest.Wait()
				back <- second
			})
		})
		leave()
		wantErr(t, (<-first).err, hostlink.Withdrawn)
		second := <-back
		alice.disk.Trace(nil)
		alice.wantScreen("warning")
		alice.tap("ok")
		alice.wantScreen("approve-send")
		alice.approve("approve")
		if got := <-second; got.err != nil || read(t, bob, "alice", got.sealed[0].Package) != "hello" {
			t.Errorf("%+v", got)
		}
	})
}

// What was not sealed takes none of the room for what was, and is forgotten.
func TestDenialsTakeNoRoom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := pair(t)
		for i := range 20 {
			answer := send(t.Context(), alice, numbered(i), numbered(i), "bob")
			alice.wantScreen("approve-send")
			alice.tap("deny")
			wantErr(t, (<-answer).err, hostlink.Rejected)
			alice.wantScreen("home")
			time.Sleep(time.Second)
		}
		// Under its id it is asked about anew once the denial is forgotten.
		time.Sleep(10 * time.Second)
		answer := send(t.Context(), alice, numbered(0), numbered(0), "bob")
		alice.wantScreen("approve-send")
		alice.approve("approve")
		if got := <-answer; got.err != nil {
			t.Error(got.err)
		}
	})
}
