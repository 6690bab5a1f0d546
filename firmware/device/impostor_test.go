package device_test

import (
	"context"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"onetimechat/firmware/meeting"
	"onetimechat/padstore"
	"onetimechat/padstore/durable/durabletest"
	"onetimechat/padstore/padtest"
)

// The laptop was asked away, and stays: what answers at the meeting's port is
// the laptop. A device cannot know, and so its owner learns it by the screen.
func TestALaptopThatAnswersTheMeetingMakesNoPad(t *testing.T) {
	says := func(text string) func(*testing.T, net.Conn) {
		return func(_ *testing.T, conn net.Conn) {
			go io.Copy(io.Discard, conn)
			_, _ = io.WriteString(conn, text)
		}
	}
	for _, c := range []struct {
		name   string
		laptop func(t *testing.T, conn net.Conn)
		title  string // of what the screen says in the end
	}{
		{"it says nothing", says(""), "No answer"},
		{"it takes the device for a web server", says("GET / HTTP/1.1\r\nHost: 10.77.1.1:9051\r\n\r\n"), "The other device is not understood"},
		{"it takes the device for a pad device's link", says("POST /runrpc HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{}"), "The other device is not understood"},
		{"it hangs up", func(_ *testing.T, conn net.Conn) { conn.Close() }, "The cable is out"},
		{"it sends back what comes", func(_ *testing.T, conn net.Conn) { go io.Copy(conn, conn) }, "This is the same device"},
		{"it plays alice", plays("alice"), "You have the same name"},
		{"it plays bob, whom alice has met", plays("bob"), "Another device has this name"},
		{"it plays carol, who sits there with another device", plays("carol"), "The words differ"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				alice, bob := newPair(t)
				pairUp(alice, bob)
				before := alice.store.Pads()
				time.Sleep(time.Hour) // for new noise
				alice.sockets.noted = nil
				alice.tap("new-contact")
				conn, err := alice.sockets.find(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				c.laptop(t, conn)
				time.Sleep(time.Minute)
				if c.title == "The words differ" {
					alice.tap("size-1")
					alice.wantScreen("meeting-words")
					alice.approve("different") // than those on carol's device
				}
				alice.wantScreen("warning")
				if !slices.Contains(alice.glass.now().Text, c.title) {
					t.Errorf("the screen says %q", alice.glass.now().Text)
				}
				alice.tap("ok")
				alice.wantScreen("home")
				if got := alice.sockets.noted; !slices.Equal(got, []string{"link closed", "met", "link open"}) {
					t.Errorf("the ports: %q", got)
				}
				if after := alice.store.Pads(); !slices.Equal(after, before) || alice.store.Draft() != nil {
					t.Errorf("the pads went from %+v to %+v", before, after)
				}
				asking := send(t.Context(), alice.rig, "", "are you there?", "bob")
				alice.approve("approve")
				if got := <-asking; got.err != nil || got.sealed[0].Err != "" {
					t.Errorf("bob cannot be written to any more: %+v", got)
				}
			})
		})
	}
}

// Nobody is looked for before the laptop's link is closed, and a device that
// nobody has told to meet hears no calls at all.
func TestADeviceLooksForNobodyUnlessToldTo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		alice, _ := newPair(t)
		alice.wantScreen("home")
		calling, leave := context.WithTimeout(t.Context(), time.Hour)
		defer leave()
		if conn, err := alice.sockets.find(calling); err == nil {
			t.Errorf("%v answers", conn.LocalAddr())
		}
		alice.wantScreen("home")
		if len(alice.sockets.noted) > 0 {
			t.Errorf("the ports: %q", alice.sockets.noted)
		}
	})
}

// plays has a laptop play a device, with noise and a card of its own, whose
// owner says yes to everything.
func plays(owner string) func(*testing.T, net.Conn) {
	return func(t *testing.T, conn net.Conn) {
		t.Helper()
		store, err := padstore.Open(durabletest.New(7), owner)
		if err == nil {
			err = store.Reservoir().Resize(reservoir)
		}
		noise := make([]byte, reservoir)
		if err == nil {
			_, err = io.ReadFull(padtest.Stream("a laptop's noise"), noise)
		}
		if err == nil {
			err = store.Reservoir().Add(noise, []padstore.Origin{{Name: "a laptop"}})
		}
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			result, err := meeting.Run(t.Context(), conn, meeting.Config{
				Store: store, Owner: yes{}, Rate: func() float64 { return 0 },
				Filled: func() (<-chan struct{}, error) { return nil, io.EOF },
			})
			if err == nil {
				t.Errorf("the laptop has made a pad: %+v", result)
			}
		}()
		t.Cleanup(func() { <-ended })
	}
}

// yes is an owner who agrees to everything and chooses nothing.
type yes struct{}

func (yes) Choose(ctx context.Context, _ meeting.Offer) (int64, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}
func (yes) Confirm(context.Context, meeting.Offer, int64) error               { return nil }
func (yes) Show(meeting.Progress)                                             {}
func (yes) Compare(context.Context, string, [4]string) (same bool, err error) { return true, nil }
func (yes) Wait(string)                                                       {}
func (yes) Discard()                                                          {}
