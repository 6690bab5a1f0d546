package device_test

import (
	"slices"
	"testing"
	"time"

	"onetimechat/padstore"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/seal"
)

// slowCard takes its time to sync files.
type slowCard struct {
	*durabletest.Disk
	takes time.Duration
}

func (c *slowCard) SyncFiles(files ...durable.File) error {
	time.Sleep(c.takes)
	return c.Disk.SyncFiles(files...)
}

// startOn switches alice's device on with a card of which each sync takes so long.
func startOn(t *testing.T, takes time.Duration) *rig {
	t.Helper()
	disk := cards(t, seal.Unconditional, 16<<10, "alice", "bob")["alice"]
	store, err := padstore.Open(&slowCard{disk, takes}, "alice")
	if err != nil {
		t.Fatal(err)
	}
	return startWith(t, disk, store)
}

// What is done at once is not told: a screen for nothing flickers, and on a slow bus
// the message would wait for it. What takes its time is told.
func TestTheScreenTellsOfWorkThatTakesLong(t *testing.T) {
	for _, c := range []struct {
		name  string
		takes time.Duration
		told  bool
	}{{"a quick card", time.Millisecond, false}, {"a slow card", time.Second, true}} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				alice := startOn(t, c.takes)
				answer := send(t.Context(), alice, "id", "hello", "bob")
				alice.wantScreen("approve-send")
				alice.approve("approve")
				if got := <-answer; got.err != nil {
					t.Fatal(got.err)
				}
				alice.wantScreen("home")
				if got := slices.Contains(alice.glass.text, "Working with the pad"); got != c.told {
					t.Errorf("it is told: %v", got)
				}
			})
		})
	}
}

// While the device is at work, what was decided can still be seen, and does nothing.
func TestWhatIsDecidedIsDead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice := startOn(t, time.Second)
		answer := send(t.Context(), alice, "id", "hello", "bob")
		alice.wantScreen("approve-send")
		deny := middle(alice.target("deny"))
		alice.approve("approve")
		alice.wantScreen("busy")
		alice.wantText("Send this to bob?")
		alice.Press(deny)
		if _, active := alice.Release(deny); active {
			t.Error("it was denied after it was approved")
		}
		if got := <-answer; got.err != nil {
			t.Error(got.err)
		}
	})
}
