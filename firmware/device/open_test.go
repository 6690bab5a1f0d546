package device_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"onetimechat/hostlink"
	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

func TestToTheLaptop(t *testing.T) {
	for _, suite := range []seal.Suite{seal.Unconditional, seal.Paper} {
		t.Run(suite.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				disks := cards(t, suite, 64<<10, "alice", "bob")
				alice, bob := start(t, disks["alice"], "alice"), storeOf(t, disks["bob"], "bob")
				answer := open(t.Context(), alice, "", from(t, bob, "alice", "the key is under the mat"))
				alice.wantScreen("approve-open")
				alice.wantText("1 from bob")
				alice.approve("to-laptop")
				got := <-answer
				want := hostlink.Opened{Text: "the key is under the mat"}
				if got.err != nil || got.opened[0] != want {
					t.Fatalf("answer %+v", got)
				}
				alice.wantScreen("home")
				if strings.Contains(strings.Join(alice.glass.text, " "), "under the mat") {
					t.Error("the text was on the glass as well")
				}
			})
		})
	}
}

func TestReadHereNeverLeavesTheDevice(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		in := from(t, bob, "alice", "for your eyes only")
		answer := open(t.Context(), alice, "id", in)
		alice.approve("read-here")
		got := <-answer // at once, not when the owner has read
		want := hostlink.Opened{Err: hostlink.ShownOnDevice}
		if got.err != nil || got.opened[0] != want {
			t.Fatalf("answer %+v", got)
		}
		alice.wantScreen("reader")
		alice.wantText("bob", "for your eyes only")
		if got := <-open(t.Context(), alice, "id", in); got.opened[0] != want {
			t.Errorf("asked again: %+v", got)
		}
		if got := <-open(t.Context(), alice, "other", in); got.opened[0].Err != hostlink.AlreadyOpened || got.opened[0].Text != "" {
			t.Errorf("asked with another id: %+v", got)
		}
		queued := send(t.Context(), alice, "", "reply", "bob")
		time.Sleep(9 * time.Minute)
		alice.wantScreen("reader") // its owner closes it
		alice.tap("ok")
		alice.wantScreen("approve-send")
		alice.tap("deny")
		<-queued
		alice.wantScreen("home")
	})
}

// readHere has bob's text on alice's screen, for her alone.
func readHere(t *testing.T, alice *rig, bob *padstore.Store, text string) {
	t.Helper()
	answer := open(t.Context(), alice, "", from(t, bob, "alice", text))
	alice.approve("read-here")
	<-answer
	alice.wantScreen("reader")
}

func TestADoubleTapDoesNotCloseTheReader(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		readHere(t, alice, bob, "read me")
		ok := middle(alice.target("ok"))
		time.Sleep(100 * time.Millisecond)
		if _, active := alice.Press(ok); active {
			t.Error("ok is alive at once")
		}
		if _, counts := alice.Release(ok); counts {
			t.Error("the second tap closed the text unread")
		}
		time.Sleep(400 * time.Millisecond)
		alice.tap("ok")
		alice.wantScreen("home")
	})
}

func TestATextIsNotClosedUnreadByOneTap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		readHere(t, alice, bob, strings.Repeat("page after page ", 60)+"to the end")
		alice.tap("ok") // beside next
		alice.wantScreen("question")
		alice.wantText("Not all pages")
		time.Sleep(10 * time.Minute)
		alice.wantScreen("idle") // covered, as the text would be
		alice.tap("wake")
		alice.wantScreen("reader")
		alice.tap("next")
		alice.tap("ok")
		alice.tap("no")
		alice.wantScreen("reader")
		if page := alice.glass.now().Page; page != 1 {
			t.Errorf("the text goes on at page %d, want 1", page)
		}
		if text := strings.Join(alice.readsAll(), " "); !strings.Contains(text, "to the end") {
			t.Errorf("read %q", text)
		}
		alice.tap("prev")
		alice.tap("ok")
		alice.wantScreen("home")

		readHere(t, alice, bob, strings.Repeat("page after page ", 60))
		alice.tap("ok")
		alice.tap("yes") // it may be closed unread all the same
		alice.wantScreen("home")
	})
}

// A text that was read is no news after a power cut.
func TestATextThatWasReadIsNotTold(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		readHere(t, alice, bob, "read me")
		unfinished := func() int { return len(storeOf(t, alice.disk.Clone(1), "alice").Unfinished()) }
		if n := unfinished(); n != 1 {
			t.Errorf("%d messages may not have been read before it is closed", n)
		}
		time.Sleep(500 * time.Millisecond)
		alice.tap("ok")
		alice.wantScreen("home")
		if n := unfinished(); n != 0 {
			t.Errorf("%d messages may not have been read after that", n)
		}
	})
}

func TestAnOpenTextIsCoveredAfterTenMinutesNotLost(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		readHere(t, alice, bob, "read me")
		time.Sleep(10 * time.Minute)
		alice.wantScreen("idle")
		alice.wantText("A message is open here")
		if text := alice.text(); strings.Contains(text, "read me") || strings.Contains(text, "bob") {
			t.Errorf("still in sight: %q", text)
		}
		alice.tap("wake")
		alice.wantScreen("reader")
		alice.wantText("read me")
		if _, active := alice.Press(middle(alice.target("ok"))); active {
			t.Error("a second tap in the same place would close the text unread")
		}
		time.Sleep(time.Minute)
		alice.tap("ok")
		alice.wantScreen("home")
	})
}

func TestDenyKeepsTheMessageForLater(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		before := alice.left()
		in := from(t, bob, "alice", "hello")
		answer := open(t.Context(), alice, "id", in)
		alice.wantScreen("approve-open")
		alice.tap("deny")
		if got := <-answer; got.err != nil || got.opened[0].Err != hostlink.Rejected {
			t.Fatalf("answer %+v", got)
		}
		if got := <-open(t.Context(), alice, "", in); got.opened[0].Err != hostlink.Rejected || alice.glass.seen("approve-open") != 1 {
			t.Errorf("asked again at once: %+v", got)
		}
		if alice.left() != before {
			t.Error("a denial cost pad")
		}
		if e := alice.store.Log()[0]; e.Text != "the owner denied opening 1 message from bob" {
			t.Errorf("logged is %+v", e)
		}
		time.Sleep(10 * time.Second)
		answer = open(t.Context(), alice, "id", in)
		alice.approve("to-laptop")
		if got := <-answer; got.opened[0].Text != "hello" {
			t.Errorf("later: %+v", got)
		}
	})
}

// A request that waited for the screen while its like was denied is denied with it.
func TestADenialIsForWhatWaitsToo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		in := from(t, bob, "alice", "hello")
		first := open(t.Context(), alice, "", in)
		alice.wantScreen("approve-open")
		second := open(t.Context(), alice, "", in)
		alice.screen()
		alice.tap("deny")
		for _, answer := range []<-chan opened{first, second} {
			if got := <-answer; got.err != nil || got.opened[0] != (hostlink.Opened{Err: hostlink.Rejected}) {
				t.Errorf("%+v", got)
			}
		}
		if n := alice.glass.seen("approve-open"); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestForgeriesNeverReachTheScreen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		before := alice.left()
		in := from(t, bob, "alice", "hello")
		for i := range in.Package {
			forged := hostlink.Incoming{From: "bob", Package: append([]byte{}, in.Package...)}
			forged.Package[i] ^= 1
			got := <-open(t.Context(), alice, "", forged)
			if want := (hostlink.Opened{Err: hostlink.DecryptionFailed}); got.err != nil || got.opened[0] != want {
				t.Fatalf("byte %d: %+v", i, got)
			}
		}
		if alice.glass.seen("approve-open") > 0 || alice.left() != before {
			t.Fatal("it reached the screen or cost pad")
		}
		alice.wantText("54") // counted on the home screen
		if n := alice.logged(padstore.KindForgery); n != 1 || !alice.Status(time.Time{}).LogUnread {
			t.Errorf("%d log entries, want one that counts", n)
		}
		answer := open(t.Context(), alice, "", in)
		alice.approve("to-laptop")
		if got := <-answer; got.opened[0] != (hostlink.Opened{Text: "hello"}) {
			t.Errorf("the honest package: %+v", got)
		}
	})
}

func TestOpenRefusedWithoutAQuestion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		in := from(t, bob, "alice", "hello")
		one := func(from string) []hostlink.Incoming { return []hostlink.Incoming{{From: from, Package: in.Package}} }
		for _, c := range []struct {
			req  hostlink.UnpackageRequest
			want hostlink.Refusal
		}{
			{hostlink.UnpackageRequest{To: "bob", Packages: one("alice")}, hostlink.NoPad},
			{hostlink.UnpackageRequest{To: "alice", Packages: make([]hostlink.Incoming, hostlink.MaxBatch+1)}, hostlink.TooLong},
		} {
			_, err := alice.Unpackage(t.Context(), c.req)
			wantErr(t, err, c.want)
		}
		for name, want := range map[string]hostlink.Refusal{
			"alice": hostlink.ToYourself, "carol": hostlink.NoPad, "../bob": hostlink.NoPad, "": hostlink.NoPad,
		} {
			got := <-open(t.Context(), alice, "", one(name)...)
			if got.err != nil || got.opened[0].Err != want {
				t.Errorf("from %q: %+v", name, got)
			}
		}
		if got := <-open(t.Context(), alice, ""); got.err != nil || len(got.opened) != 0 {
			t.Errorf("nothing to open: %+v", got)
		}
		if alice.glass.seen("approve-open") > 0 {
			t.Error("it reached the screen")
		}
	})
}

func TestSkipsAndLateArrivals(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		first, second := from(t, bob, "alice", "one"), from(t, bob, "alice", "two")
		answer := open(t.Context(), alice, "", second)
		alice.wantText("missing")
		alice.approve("to-laptop")
		if got := <-answer; got.opened[0] != (hostlink.Opened{Text: "two", Skip: true}) {
			t.Errorf("%+v", got)
		}
		if alice.logged(padstore.KindSkip) != 1 {
			t.Error("the skip is not in the log")
		}
		answer = open(t.Context(), alice, "", first)
		alice.approve("to-laptop")
		if got := <-answer; got.opened[0] != (hostlink.Opened{Text: "one"}) {
			t.Errorf("late: %+v", got)
		}
		again := <-open(t.Context(), alice, "", first)
		if again.opened[0] != (hostlink.Opened{Err: hostlink.AlreadyOpened, Reuse: true}) {
			t.Errorf("replayed: %+v", again)
		}
		if alice.logged(padstore.KindReuse) != 1 {
			t.Error("the replay is not in the log")
		}
	})
}

func TestOneApprovalForABatch(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disks := cards(t, seal.Unconditional, 64<<10, "alice", "bob", "carol")
		alice := start(t, disks["alice"], "alice")
		bob, carol := storeOf(t, disks["bob"], "bob"), storeOf(t, disks["carol"], "carol")
		b1, b2, c1 := from(t, bob, "alice", "b1"), from(t, bob, "alice", "b2"), from(t, carol, "alice", "c1")
		forged := hostlink.Incoming{From: "carol", Package: append([]byte{}, b1.Package...)}
		for _, where := range []string{"deny", "to-laptop"} {
			answer := open(t.Context(), alice, "", b1, forged, c1, b1, b2)
			alice.wantScreen("approve-open")
			alice.wantText("2 from bob", "1 from carol")
			if strings.Contains(alice.text(), "missing") {
				t.Error("a whole batch looks like a skip")
			}
			alice.approve(where)
			got := <-answer
			want := []hostlink.Opened{
				{Text: "b1"}, {Err: hostlink.DecryptionFailed}, {Text: "c1"},
				{Err: hostlink.AlreadyOpened, Reuse: true}, {Text: "b2"},
			}
			if where == "deny" {
				for _, i := range []int{0, 2, 3, 4} {
					want[i] = hostlink.Opened{Err: hostlink.Rejected}
				}
			}
			if got.err != nil || len(got.opened) != len(want) {
				t.Fatalf("%s: %+v", where, got)
			}
			for i := range want {
				if got.opened[i] != want[i] {
					t.Errorf("%s, package %d: %+v, want %+v", where, i, got.opened[i], want[i])
				}
			}
			time.Sleep(10 * time.Second)
		}
	})
}

// What the card cannot read any more is named, and keeps nothing else from being
// opened.
func TestAPackageOnADeadSectorHoldsUpNoOther(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		var all []hostlink.Incoming
		for i := range 30 {
			all = append(all, from(t, bob, "alice", numbered(i)))
		}
		answer := open(t.Context(), alice, "", all[29])
		alice.approve("to-laptop")
		<-answer
		index, err := seal.Index(all[15].Package)
		if err != nil {
			t.Fatal(err)
		}
		alice.disk.Unreadable("alice.bob.random.store", int(index/durable.SectorSize))
		answer = open(t.Context(), alice, "", all[0], all[15], all[28])
		alice.wantText("2 from bob")
		alice.approve("to-laptop")
		got := (<-answer).opened
		if len(got) != 3 || got[0].Text != numbered(0) || got[1].Err != hostlink.PadUnreadable || got[2].Text != numbered(28) {
			t.Errorf("opened %+v", got)
		}
		alice.wantScreen("home")
		alice.wantText("Log: new")
		got = (<-open(t.Context(), alice, "", all[15])).opened
		if got[0].Err != hostlink.PadUnreadable || alice.logged(padstore.KindFault) != 1 {
			t.Errorf("opened %+v, %d times in the log", got, alice.logged(padstore.KindFault))
		}
	})
}

func TestABatchIsReadHereOneByOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		answer := open(t.Context(), alice, "", from(t, bob, "alice", "number one"), from(t, bob, "alice", "number two"))
		alice.approve("read-here")
		for i, o := range (<-answer).opened {
			if o.Err != hostlink.ShownOnDevice || o.Text != "" {
				t.Errorf("package %d: %+v", i, o)
			}
		}
		for _, text := range []string{"number one", "number two"} {
			alice.wantScreen("reader")
			alice.wantText(text)
			time.Sleep(time.Second)
			alice.tap("ok")
		}
		alice.wantScreen("home")
	})
}

func TestAPackageOpenedMeanwhileIsNotAskedAbout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		in := from(t, bob, "alice", "hello")
		first := open(t.Context(), alice, "a", in)
		synctest.Wait()
		second := open(t.Context(), alice, "b", in)
		synctest.Wait()
		alice.approve("to-laptop")
		if got := <-first; got.opened[0].Text != "hello" {
			t.Errorf("%+v", got)
		}
		if got := <-second; got.opened[0].Err != hostlink.AlreadyOpened || !got.opened[0].Reuse {
			t.Errorf("%+v", got)
		}
		if n := alice.glass.seen("approve-open"); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestAnOpenedTextCanBeFetchedAgain(t *testing.T) {
	for _, c := range []struct {
		when string
		do   func(alice *rig)
		id   string
		want string
	}{
		{"at once", func(*rig) {}, "id", "hello"},
		{"within a minute", func(*rig) { time.Sleep(60*time.Second - time.Millisecond) }, "id", "hello"},
		{"after a minute", func(*rig) { time.Sleep(60 * time.Second) }, "id", ""},
		{"once acknowledged", func(a *rig) { a.Acknowledge("id") }, "id", ""},
		{"another acknowledged", func(a *rig) { a.Acknowledge("other") }, "id", "hello"},
		{"after the link went down", func(a *rig) { a.LinkDown() }, "id", ""},
		{"by another id", func(*rig) {}, "other", ""},
		{"without an id", func(*rig) {}, "", ""},
	} {
		t.Run(c.when, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				alice, bob := pair(t)
				in := from(t, bob, "alice", "hello")
				answer := open(t.Context(), alice, "id", in)
				alice.approve("to-laptop")
				if got := <-answer; got.opened[0].Text != "hello" {
					t.Fatalf("%+v", got)
				}
				c.do(alice)
				got := <-open(t.Context(), alice, c.id, in)
				want := hostlink.Opened{Text: c.want}
				if c.want == "" {
					want = hostlink.Opened{Err: hostlink.AlreadyOpened, Reuse: true}
				}
				if got.err != nil || got.opened[0] != want {
					t.Errorf("%+v, want %+v", got, want)
				}
				if n := alice.glass.seen("approve-open"); n != 1 {
					t.Errorf("asked %d times", n)
				}
			})
		})
	}
}

// The link goes down between the tap and the answer.
func TestATextOpenedAfterTheLinkWentDownIsNotKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		in := from(t, bob, "alice", "hello")
		answer := open(t.Context(), alice, "id", in)
		alice.wantScreen("approve-open")
		time.Sleep(time.Second)
		synctest.Wait()
		alice.disk.Trace(func(string) { alice.LinkDown() })
		alice.tap("to-laptop")
		if got := <-answer; got.opened[0].Text != "hello" {
			t.Errorf("who waited got %+v", got)
		}
		alice.disk.Trace(nil)
		if got := <-open(t.Context(), alice, "id", in); got.opened[0] != (hostlink.Opened{Err: hostlink.AlreadyOpened, Reuse: true}) {
			t.Errorf("fetched again: %+v", got)
		}
	})
}

func TestAnotherPackageUnderTheSameIDGetsNoText(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		in := from(t, bob, "alice", "hello")
		answer := open(t.Context(), alice, "id", in)
		alice.approve("to-laptop")
		<-answer
		other := hostlink.Incoming{From: "bob", Package: append([]byte{}, in.Package...)}
		other.Package[len(other.Package)-1] ^= 1
		if got := <-open(t.Context(), alice, "id", other); got.opened[0].Text != "" {
			t.Errorf("%+v", got)
		}
	})
}

func TestAReaderGoneAfterTheTapFindsItsText(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, bob := pair(t)
		in := from(t, bob, "alice", "hello")
		ctx, leave := context.WithCancel(t.Context())
		answer := open(ctx, alice, "id", in)
		alice.wantScreen("approve-open")
		time.Sleep(time.Second)
		synctest.Wait()
		alice.disk.Trace(func(string) { leave() })
		alice.tap("to-laptop")
		<-answer
		alice.disk.Trace(nil)
		alice.wantScreen("home")
		if got := <-open(t.Context(), alice, "id", in); got.err != nil || got.opened[0].Text != "hello" {
			t.Errorf("%+v", got)
		}
	})
}

// bob's device is broken: its package verifies, but holds no text.
func TestAVerifiedPackageWithoutTextIsAFailure(t *testing.T) {
	for _, where := range []string{"to-laptop", "read-here"} {
		t.Run(where, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				disks := cards(t, seal.Unconditional, 4<<10, "alice", "bob")
				alice := start(t, disks["alice"], "alice")
				before := alice.left()
				in := hostlink.Incoming{From: "bob", Package: sealRaw(t, disks["bob"], 4<<10, 2)}
				answer := open(t.Context(), alice, "id", in)
				alice.approve(where)
				for range 2 { // asked again, it is the same failure, and no replay
					if got := <-answer; got.opened[0] != (hostlink.Opened{Err: hostlink.DecryptionFailed}) {
						t.Errorf("%+v", got)
					}
					answer = open(t.Context(), alice, "id", in)
				}
				<-answer
				if alice.left() == before || alice.logged(padstore.KindMalformed) != 1 {
					t.Error("it was not burned, or not logged")
				}
				if where == "read-here" {
					alice.wantScreen("warning")
					alice.tap("ok")
				}
				alice.wantScreen("home")
			})
		})
	}
}

// sealRaw seals a frame of another kind with the first segment of bob's
// backward lane.
func sealRaw(t *testing.T, disk *durabletest.Disk, nBytes int, kind byte) []byte {
	t.Helper()
	pad := disk.Bytes("bob.alice.random.store")
	if len(pad) != nBytes {
		t.Fatalf("bob's pad has %d bytes", len(pad))
	}
	lane := make([]byte, nBytes/2)
	for i := range lane {
		lane[i] = pad[nBytes-1-i]
	}
	key, err := seal.NewHashKey(lane[:seal.CellSize])
	if err != nil {
		t.Fatal(err)
	}
	plain := make([]byte, seal.DefaultBucket)
	plain[0], plain[1] = kind, 0x80
	from := seal.CellSize
	segment := seal.NewSegment(lane[from : from+int(seal.Unconditional.SegmentSize(len(plain)))])
	pkg, err := seal.Unconditional.Seal(key, int64(nBytes-1-from), segment, plain)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}
