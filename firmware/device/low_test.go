package device_test

import (
	"strings"
	"testing"

	"onetimechat/hostlink"
	"onetimechat/padstore/seal"
)

// Of a pad of 4 KiB each lane has room for 14 texts of 100 bytes: with the 13th a
// tenth of it is left, or less.
func TestHomeWarnsOfLittlePadEachWay(t *testing.T) {
	text := strings.Repeat("x", 100)
	for way, use := range map[string]func(alice *rig, pkg []byte){
		"send": func(alice *rig, _ []byte) {
			answer := send(alice.t.Context(), alice, "", text, "bob")
			alice.approve("approve")
			if s := <-answer; s.err != nil {
				alice.t.Error(s.err)
			}
		},
		"receive": func(alice *rig, pkg []byte) {
			answer := open(alice.t.Context(), alice, "", hostlink.Incoming{From: "bob", Package: pkg})
			alice.approve("to-laptop")
			if o := <-answer; o.err != nil || o.opened[0].Err != "" {
				alice.t.Errorf("%+v", o)
			}
		},
	} {
		bubble(t, func(t *testing.T) {
			disks := cards(t, seal.Unconditional, 4<<10, "alice", "bob")
			store, bob := storeOf(t, disks["alice"], "alice"), storeOf(t, disks["bob"], "bob")
			for range 12 {
				if way == "receive" {
					read(t, store, "bob", from(t, bob, "alice", text).Package)
				} else if _, err := store.Seal("bob", text); err != nil {
					t.Fatal(err)
				}
			}
			alice := startWith(t, disks["alice"], store)
			alice.wantScreen("home")
			if shown := alice.text(); strings.Contains(shown, "is low") {
				t.Errorf("with %v left home says %q", alice.left(), shown)
			}
			use(alice, from(t, bob, "alice", text).Package)
			alice.wantScreen("home")
			alice.wantText("Pad to " + way + " with is low: meet soon to make a new one")
			if n := strings.Count(alice.text(), "is low"); n != 1 {
				t.Errorf("%d ways are low, with %v left: %q", n, alice.left(), alice.text())
			}
			alice.wantText("about 1 message ")
			use(alice, from(t, bob, "alice", text).Package)
			alice.wantScreen("home")
			alice.wantText("Pad to "+way+" with is almost used up: meet to make a new one", "no messages")
		})
	}
}
