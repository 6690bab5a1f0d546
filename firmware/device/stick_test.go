package device_test

import (
	"sync"
	"testing"
	"time"

	"onetimechat/firmware/device"
	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
	"onetimechat/padstore/seal"
)

// socket is a socket for sticks.
type socket struct {
	mu    sync.Mutex
	stick *durabletest.Disk // nil while none is plugged in
}

func (s *socket) plug(stick *durabletest.Disk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stick = stick
}

func (s *socket) Look() (device.Folder, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stick == nil {
		return nil, "", nil
	}
	return plugged{s.stick}, "stick", nil
}

type plugged struct{ *durabletest.Disk }

func (plugged) Close() error { return nil }

// padStick is a stick with a pad between alice and bob.
func padStick(t *testing.T) *durabletest.Disk {
	t.Helper()
	stick := durabletest.New(7)
	g := padstore.Generation{A: "alice", B: "bob", Bytes: 64 << 10, Suite: seal.Unconditional, Bucket: seal.DefaultBucket, Source: "random"}
	if err := padstore.Generate(stick, g, padtest.Stream(t.Name()), nil); err != nil {
		t.Fatal(err)
	}
	return stick
}

func TestPadsOnAStickAreMovedIfTheOwnerSaysSo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		socket := &socket{}
		alice := startRig(t, durabletest.New(1), "alice", func(c *config) { c.Stick = socket })
		time.Sleep(time.Minute)
		alice.wantScreen("home")

		stick := padStick(t)
		socket.plug(stick)
		time.Sleep(3 * time.Second)
		alice.wantScreen("question")
		alice.wantText("bob", "Flash memory may still remember")
		alice.tap("no")
		time.Sleep(time.Minute)
		alice.wantScreen("home") // it is not asked again
		if n := len(alice.store.Pads()); n != 0 {
			t.Fatalf("there are %d pads", n)
		}

		socket.plug(nil)
		time.Sleep(3 * time.Second)
		socket.plug(stick)
		time.Sleep(3 * time.Second)
		alice.approve("yes")
		alice.wantScreen("warning")
		alice.wantText("bob is here now", "may still remember")
		alice.tap("ok")
		alice.wantScreen("home")
		if pads := alice.store.Pads(); len(pads) != 1 || pads[0].Contact != "bob" {
			t.Fatalf("the pads are %+v", pads)
		}
		names, err := stick.List()
		if err != nil || len(names) != 2 { // bob's are his
			t.Errorf("on the stick there are %q, %v", names, err)
		}
		time.Sleep(time.Minute)
		alice.wantScreen("home")
	})
}

func TestAPadThatWasHereBeforeIsRefusedFromAStick(t *testing.T) {
	bubble(t, func(t *testing.T) {
		socket := &socket{}
		alice := startRig(t, durabletest.New(1), "alice", func(c *config) { c.Stick = socket })
		for i := range 2 {
			socket.plug(padStick(t))
			time.Sleep(3 * time.Second)
			alice.approve("yes")
			alice.wantScreen("warning")
			if i == 1 {
				alice.wantText("Not everything was moved", "was on this device before")
			}
			alice.tap("ok")
			socket.plug(nil)
			time.Sleep(3 * time.Second)
		}
		if n := len(alice.store.Pads()); n != 1 {
			t.Errorf("there are %d pads", n)
		}
	})
}
