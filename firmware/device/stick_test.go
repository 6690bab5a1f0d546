package device_test

import (
	"bytes"
	"errors"
	"reflect"
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
	fails error             // why it cannot be looked at
	hides bool              // its folder cannot be read
}

// bad has whatever is plugged in not be looked at, from now on.
func (s *socket) bad(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = why
}

func (s *socket) plug(stick *durabletest.Disk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stick = stick
}

func (s *socket) Look() (device.Folder, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stick == nil || s.fails != nil {
		return nil, "", s.fails
	}
	if s.hides {
		return hidden{plugged{s.stick}}, "stick", nil
	}
	return plugged{s.stick}, "stick", nil
}

type plugged struct{ *durabletest.Disk }

func (plugged) Close() error { return nil }

// hidden is one whose folder cannot be read.
type hidden struct{ plugged }

func (hidden) List() ([]string, error) { return nil, errors.New("bad sector") }

// insert plugs a stick in, or out if it is nil, and waits until it is noticed.
func (s *socket) insert(stick *durabletest.Disk) {
	s.plug(stick)
	time.Sleep(3 * time.Second)
}

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
				alice.wantText("Not everything was moved", "was on this device before", "the stick holds a copy of it: erase it")
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

// A pad that was here before keeps no other on the stick from being moved.
func TestAPadThatWasHereBeforeKeepsNoOtherOut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		socket := &socket{}
		alice := startRig(t, durabletest.New(1), "alice", func(c *config) { c.Stick = socket })
		socket.insert(padStick(t))
		alice.approve("yes")
		alice.tap("ok")
		socket.insert(nil)
		stick := padStick(t)
		g := padstore.Generation{A: "alice", B: "carol", Bytes: 64 << 10, Suite: seal.Unconditional, Bucket: seal.DefaultBucket, Source: "random"}
		if err := padstore.Generate(stick, g, padtest.Stream("of carol"), nil); err != nil {
			t.Fatal(err)
		}
		socket.insert(stick)
		alice.approve("yes")
		alice.wantText("Not everything was moved", "alice.bob.random.metadata: this pad was on this device before")
		pads := alice.store.Pads()
		if len(pads) != 2 || pads[0].Contact != "carol" || pads[0].State != padstore.InUse {
			t.Errorf("the pads are %+v", pads)
		}
		if stick.Bytes("alice.carol.random.store") != nil || stick.Bytes("alice.bob.random.store") == nil {
			t.Error("carol's pad is still on the stick, or bob's is not any more")
		}
	})
}

// Whenever a stick is pulled out: the pad is on it, or here, or is finished when
// it is plugged in again, and serves at one place only.
func TestAStickThatIsPulledOutInTheMiddleIsGoneOnWith(t *testing.T) {
	pulled := 0
	for k, reached := 1, true; reached; k++ {
		bubble(t, func(t *testing.T) {
			socket, stick := &socket{}, padStick(t)
			alice := startRig(t, durabletest.New(1), "alice", func(c *config) { c.Stick = socket })
			socket.insert(stick)
			alice.wantScreen("question")
			stick.CutAt(k)
			alice.approve("yes")
			alice.wantScreen("warning")
			if reached = stick.Failed(); !reached {
				alice.wantText("Moved", "may still remember")
				return
			}
			pulled++
			alice.wantText("Not everything was moved")
			if len(alice.store.Pads()) > 0 {
				alice.wantText("Plug the stick in again")
			}
			alice.approve("ok")
			for _, p := range alice.store.Pads() {
				alice.wantText("half moved")
				if _, err := alice.store.Seal("bob", "too early"); p.State != padstore.Importing || !errors.Is(err, padstore.ErrNoPad) {
					t.Errorf("pulled at operation %d: the pad is %s, sealing ends with %v", k, p.State, err)
				}
			}

			socket.insert(nil)
			stick.PowerOn(durabletest.PartlyKept)
			socket.insert(stick)
			alice.approve("yes")
			alice.wantText("Moved")
			alice.tap("ok")
			alice.wantScreen("home")
			if pads := alice.store.Pads(); len(pads) != 1 || pads[0].State != padstore.InUse {
				t.Errorf("pulled at operation %d: the pads are %+v", k, pads)
			}
			if names, err := stick.List(); err != nil || len(names) != 2 {
				t.Errorf("pulled at operation %d: on the stick there are %q, %v", k, names, err)
			}
		})
		if t.Failed() {
			return
		}
	}
	if pulled < 10 {
		t.Errorf("the stick was pulled at %d moments only", pulled)
	}
}

// What is not a sound pad is said, and left on the stick as it is.
func TestBadFilesOnAStickAreRefused(t *testing.T) {
	const meta, store = "alice.bob.random.metadata", "alice.bob.random.store"
	for name, c := range map[string]struct {
		harm func(stick *durabletest.Disk)
		says string
	}{
		"a pad that is too short":   {func(d *durabletest.Disk) { d.Put(store, d.Bytes(store)[:1000]) }, "bytes"},
		"a pad of zeros":            {func(d *durabletest.Disk) { d.Put(store, make([]byte, 64<<10)) }, "unusable hash key"},
		"a pad that is not there":   {func(d *durabletest.Disk) { remove(d, store) }, "does not exist"},
		"a pad that cannot be read": {func(d *durabletest.Disk) { d.Unreadable(store, 9) }, "read"},
		"metadata of nobody":        {func(d *durabletest.Disk) { d.Put(meta, []byte("PK\x03\x04")) }, meta},
		"metadata that are empty":   {func(d *durabletest.Disk) { d.Put(meta, nil) }, meta},
		"metadata of another's": {func(d *durabletest.Disk) {
			d.Put(meta, bytes.ReplaceAll(d.Bytes(meta), []byte(`"alice"`), []byte(`"carol"`)))
		}, meta},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				socket, stick := &socket{}, padStick(t)
				c.harm(stick)
				before := stick.Image()
				alice := startRig(t, durabletest.New(1), "alice", func(c *config) { c.Stick = socket })
				socket.insert(stick)
				alice.approve("yes")
				alice.wantScreen("warning")
				alice.wantText("Not everything was moved", c.says)
				alice.tap("ok")
				time.Sleep(time.Minute)
				alice.wantScreen("home")
				if n := len(alice.store.Pads()); n != 0 || !reflect.DeepEqual(stick.Image(), before) {
					t.Errorf("there are %d pads, and the stick is changed: %v", n, !reflect.DeepEqual(stick.Image(), before))
				}
				socket.insert(nil)
				socket.insert(padStick(t)) // a good one
				alice.approve("yes")
				alice.wantText("bob is here now")
			})
		})
	}
}

func remove(d *durabletest.Disk, name string) {
	if err := errors.Join(d.Remove(name), d.Sync()); err != nil {
		panic(err) // a disk at rest does not fail
	}
}

func TestFilesThatAreNoPadOfOursAreNotAskedAbout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		socket, stick := &socket{}, padStick(t)
		for _, suffix := range []string{"metadata", "store"} {
			bobs := "bob.alice.random." + suffix
			for _, name := range []string{"Alice.bob.random.", "alice.alice.random.", "alice..random.", "alice.b/ob.random.", "holiday."} {
				stick.Put(name+suffix, stick.Bytes(bobs))
			}
			remove(stick, "alice.bob.random."+suffix)
		}
		alice := startRig(t, durabletest.New(1), "alice", func(c *config) { c.Stick = socket })
		socket.insert(stick)
		time.Sleep(time.Minute)
		if alice.wantScreen("home"); alice.glass.seen("question") > 0 {
			t.Error("the owner was asked")
		}
	})
}

// A stick that cannot be read is said in the log, once each time that it is plugged
// in, and not because it is only half plugged in yet.
func TestAStickThatCannotBeReadIsSaid(t *testing.T) {
	bubble(t, func(t *testing.T) {
		socket := &socket{}
		alice := startRig(t, durabletest.New(1), "alice", func(c *config) { c.Stick = socket })
		alice.wantScreen("home")
		for entries := range 3 {
			socket.bad(errors.New("half of it is there"))
			time.Sleep(time.Second)
			socket.bad(errors.New("no file system that is known"))
			time.Sleep(time.Hour)
			if n := alice.logged(padstore.KindPad); n != entries+1 {
				t.Errorf("plugged in %d times, there are %d entries", entries+1, n)
			}
			socket.bad(nil)
			time.Sleep(time.Minute)
		}
		socket.hides = true
		socket.insert(padStick(t))
		time.Sleep(time.Minute)
		alice.tap("log")
		const said = "A stick is plugged in that cannot be read: "
		alice.wantText(said+"no file system that is known", said+"bad sector")
		alice.tap("ok")
		socket.insert(nil)
		socket.hides = false
		socket.insert(padStick(t))
		alice.wantText("Move pads here?")
	})
}

// A pad that came to be damaged here, before it was overwritten on the stick, is not
// passed over in silence.
func TestAHalfMovedPadThatIsDamagedIsSaid(t *testing.T) {
	const pad = "alice.bob.random.store"
	bubble(t, func(t *testing.T) {
		var card *durabletest.Disk
		for k, half := 1, false; !half; k++ { // until it is here, and still there
			card = durabletest.New(1)
			store, err := padstore.Open(card, "alice")
			if err != nil {
				t.Fatal(err)
			}
			stick := padStick(t)
			stick.FailAt(k)
			_, err = store.Import(stick, "stick", nil) // a read that fails once is done again
			if !stick.Failed() {
				t.Fatal("nothing kept it from being moved")
			}
			half = err != nil && len(store.Pads()) > 0
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
		}
		harmed := card.Bytes(pad)
		clear(harmed[:seal.CellSize])
		card.Put(pad, harmed)

		socket, stick := &socket{}, padStick(t)
		before := stick.Image()
		alice := startRig(t, card, "alice", func(c *config) { c.Stick = socket })
		socket.insert(stick)
		alice.approve("yes")
		alice.wantScreen("warning")
		alice.wantText("The pad is damaged", "on the stick it is as it was", "Switch the device off and on")
		alice.approve("ok")
		alice.wantScreen("home")
		alice.wantText("damaged")
		if !reflect.DeepEqual(stick.Image(), before) {
			t.Error("the stick has changed")
		}
		time.Sleep(time.Minute)
		alice.wantScreen("home") // it is not asked again
	})
}
